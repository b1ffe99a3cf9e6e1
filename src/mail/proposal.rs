//! For each old address the new one: `<local>@<mail domain of the tenant>`.
//!
//! New addresses are unique. Where two old ones want the same, the first keeps it and the other gets a number behind
//! its local part, and that is said. The same rows give the same proposals again: mailboxes come first, then aliases,
//! each in order of their ids, and a number never takes what somebody else wants plainly.

use super::address::Address;
use std::collections::HashSet;
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// The longest local part that mail servers take.
const LONGEST: usize = 64;

/// What is proposed for an old address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proposal {
    /// The local part of the new address.
    pub local: String,
    /// Why it is not simply the old one.
    pub said: Option<String>,
}

/// A proposal for each address, in the order given.
pub fn propose(old: &[&Address]) -> Vec<Proposal> {
    let plain: Vec<String> = old.iter().map(|address| plain(&address.local)).collect();
    let wanted: HashSet<&str> = plain.iter().map(String::as_str).collect();
    let mut taken: HashSet<String> = HashSet::new();
    let mut proposals: Vec<Proposal> = Vec::with_capacity(old.len());
    for (index, (address, local)) in old.iter().zip(&plain).enumerate() {
        if taken.insert(local.clone()) {
            let changed = *local != address.local.to_lowercase();
            let said = changed.then(|| format!("`{}` has characters that a new address cannot have", address.local));
            proposals.push(Proposal { local: local.clone(), said });
            continue;
        }
        // Twice as many numbers as addresses: one of them is free.
        let free = (2..=2 * old.len() + 2)
            .map(|number| numbered(local, number))
            .find(|candidate| !wanted.contains(candidate.as_str()) && !taken.contains(candidate))
            .unwrap_or_else(|| local.clone());
        taken.insert(free.clone());
        let first = old[..index].iter().zip(&plain).find(|(_, other)| *other == local).map(|(address, _)| *address);
        let said = first.map(|first| {
            if first.is(address) {
                format!("`{address}` is there twice, and mail can be forwarded to one new address only")
            } else {
                format!("`{first}` takes `{local}`")
            }
        });
        proposals.push(Proposal { local: free, said });
    }
    proposals
}

/// The local part in lower case, in the characters that every mail service takes.
fn plain(local: &str) -> String {
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-' | '+');
    let spelled = local.to_lowercase().replace('ø', "o").replace('æ', "ae").replace('ß', "ss");
    let mut plain: String =
        spelled.nfkd().filter(|c| !is_combining_mark(*c)).map(|c| if allowed(c) { c } else { '-' }).collect();
    plain.truncate(LONGEST);
    while plain.contains("..") {
        plain = plain.replace("..", ".");
    }
    let plain = plain.trim_matches(['.', '-']);
    if plain.is_empty() { "mailbox".to_owned() } else { plain.to_owned() }
}

fn numbered(local: &str, number: usize) -> String {
    let end = format!("-{number}");
    format!("{}{end}", &local[..local.len().min(LONGEST - end.len())])
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn of(addresses: &[&str]) -> Vec<Proposal> {
        let read: Vec<Address> = addresses.iter().map(|text| Address::read(text).unwrap()).collect();
        propose(&read.iter().collect::<Vec<_>>())
    }

    #[test]
    fn conflicts_get_a_number_and_are_said() {
        let proposals = of(&["support@a.example", "Support@b.example", "support-2@a.example", "support@A.example"]);
        let locals: Vec<&str> = proposals.iter().map(|proposal| proposal.local.as_str()).collect();
        assert_eq!(locals, ["support", "support-3", "support-2", "support-4"]);
        assert_eq!(proposals[0].said, None);
        assert_eq!(proposals[1].said.as_deref(), Some("`support@a.example` takes `support`"));
        assert!(proposals[3].said.as_deref().is_some_and(|said| said.contains("there twice")));
    }

    #[test]
    fn strange_letters_become_plain_ones() {
        let proposals = of(&["kjøp@a.example", "o'neil@a.example"]);
        assert_eq!((proposals[0].local.as_str(), proposals[1].local.as_str()), ("kjop", "o-neil"));
        assert!(proposals.iter().all(|proposal| proposal.said.is_some()));
    }

    proptest! {
        #[test]
        fn every_old_address_gets_its_own_new_one(locals in prop::collection::vec("[a-cA-C]{1,2}|[\\PC]{1,80}", 0..40)) {
            let old: Vec<Address> =
                locals.iter().map(|local| Address { local: local.clone(), domain: "a.example".into() }).collect();
            let proposals = propose(&old.iter().collect::<Vec<_>>());
            let new: HashSet<&str> = proposals.iter().map(|proposal| proposal.local.as_str()).collect();
            prop_assert_eq!(new.len(), old.len());
            for local in new {
                prop_assert!(Address::read(&format!("{local}@a.example")).is_some(), "{}", local);
            }
        }
    }
}
