//! Who works at the sample's company.
//!
//! The roster is made before anything is written, because rows, folders and faults all refer to it. A few people play a
//! fixed part: the first is the general administrator, some left years ago, some were renamed, and one never wrote a
//! document, so that a fault can give him a folder of his own.

use std::collections::HashSet;

use rand::Rng;
use rand_chacha::ChaCha8Rng;

use super::calendar::Calendar;
use super::random::{below, pick, stream};
use super::words::{FIRST, LAST, plain};

/// The place of the one who owns no document.
pub(super) const LONELY: usize = 7;
/// Those who had another log-in once.
const RENAMED: &[usize] = &[2, 8, 13];
/// Names that mean something else as a folder: Windows devices and what lies in an archive anyway.
const RESERVED: &[&str] = &["CON", "PRN", "AUX", "NUL", "DATA", "LOG", "OLD", "LOST", "WISH"];
/// People who left did so when this share of the time was over, in percent.
const LEFT: i64 = 35;

/// An employee.
pub(super) struct User {
    /// `associate_id`.
    pub id: i64,
    /// `person_id`.
    pub person: i64,
    /// Log-in name, and name of the folder in the archive.
    pub login: String,
    /// The log-in before a change of name.
    pub former: Option<String>,
    /// First name.
    pub first: String,
    /// Last name.
    pub last: String,
    /// Addresses, the preferred one first.
    pub addresses: Vec<String>,
    /// Left the company.
    pub retired: bool,
    /// Customer Service user, where there is one.
    pub ejuser: Option<i64>,
}

/// Everybody.
pub(super) struct Roster {
    /// Employees; `associate_id` is the place in the list, plus one.
    pub users: Vec<User>,
}

impl Roster {
    /// Invents `count` employees with addresses at `domain`.
    pub(super) fn new(seed: u64, count: u32, domain: &str) -> Self {
        let mut chance = stream(seed, "roster", 0);
        let mut logins = HashSet::new();
        let mut taken = HashSet::new();
        let mut users = Vec::with_capacity(count as usize);
        for index in 0..count as usize {
            let first = (*pick(&mut chance, FIRST)).to_owned();
            let last = (*pick(&mut chance, LAST)).to_owned();
            let login = new_login(&mut chance, &mut logins, &first, &last);
            let former = RENAMED.contains(&index).then(|| {
                let maiden = *pick(&mut chance, LAST);
                new_login(&mut chance, &mut logins, &first, maiden)
            });
            let local = format!("{}.{}", plain(&first), plain(&last)).to_lowercase();
            let mut addresses = vec![new_address(&mut taken, &local, domain)];
            if chance.random_bool(0.4) {
                addresses.push(new_address(&mut taken, &login.to_lowercase(), domain));
            }
            if chance.random_bool(0.2) {
                addresses.push(new_address(&mut taken, &local, "home.example"));
            }
            let id = index as i64 + 1;
            users.push(User {
                id,
                person: id,
                login,
                former,
                first,
                last,
                addresses,
                retired: index % 10 == 5,
                ejuser: (index % 3 == 0).then_some(id / 3 + 1),
            });
        }
        Self { users }
    }

    /// The place of somebody who may own a document of this moment. Some own far more than others.
    pub(super) fn owner(&self, chance: &mut ChaCha8Rng, moment: i64) -> usize {
        loop {
            let index = below(chance, self.users.len()).min(below(chance, self.users.len()));
            if index != LONELY && (!self.users[index].retired || moment < Calendar::after(LEFT)) {
                return index;
            }
        }
    }

    /// The place of somebody who may own a document of this moment, but is none of `others` and was never renamed.
    pub(super) fn stranger(&self, chance: &mut ChaCha8Rng, moment: i64, others: &[usize]) -> usize {
        loop {
            let index = self.owner(chance, moment);
            if !others.contains(&index) && self.users[index].former.is_none() {
                return index;
            }
        }
    }

    /// The place of the `nth` person with a former log-in, with that log-in.
    pub(super) fn renamed(&self, nth: u64) -> (usize, &str) {
        let index = RENAMED[nth as usize % RENAMED.len()];
        // All in the list got a former log-in, and a roster has at least 20 people.
        (index, self.users[index].former.as_deref().unwrap_or_default())
    }

    /// Those who still work here and play no part of their own, the last ones first: who a fault may happen to.
    pub(super) fn ordinary(&self) -> impl Iterator<Item = &User> {
        let free =
            |(index, user): &(usize, &User)| *index > 2 && *index != LONELY && !user.retired && user.former.is_none();
        self.users.iter().enumerate().filter(free).map(|(_, user)| user).rev()
    }
}

/// A log-in of two to five capital letters that nobody has or had.
fn new_login(chance: &mut ChaCha8Rng, taken: &mut HashSet<String>, first: &str, last: &str) -> String {
    let (first, last) = (plain(first).to_uppercase(), plain(last).to_uppercase());
    // All names are at least two letters long in plain form.
    let shapes = [(1, 1), (1, 2), (2, 1), (2, 2), (2, 3), (1, 4)];
    for (front, back) in shapes {
        let login = format!("{}{}", &first[..front.min(first.len())], &last[..back.min(last.len())]);
        if free(&login) && taken.insert(login.clone()) {
            return login;
        }
    }
    loop {
        let mut login = format!("{}{}", &first[..1], &last[..1]);
        for _ in 0..3 {
            login.push(char::from(b'A' + below(chance, 26) as u8));
        }
        if free(&login) && taken.insert(login.clone()) {
            return login;
        }
    }
}

/// Whether a log-in can be a folder in an archive without meaning something else there.
fn free(login: &str) -> bool {
    !RESERVED.contains(&login) && !login.starts_with("TEMP")
}

/// An address that nobody has.
fn new_address(taken: &mut HashSet<String>, local: &str, domain: &str) -> String {
    let mut address = format!("{local}@{domain}");
    let mut number = 2;
    while !taken.insert(address.clone()) {
        address = format!("{local}{number}@{domain}");
        number += 1;
    }
    address
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ten_thousand_people_have_log_ins_and_addresses_of_their_own() {
        let roster = Roster::new(1, 10_000, "x.example");
        let logins: HashSet<&str> = roster
            .users
            .iter()
            .flat_map(|user| [Some(user.login.as_str()), user.former.as_deref()])
            .flatten()
            .collect();
        assert_eq!(logins.len(), 10_000 + RENAMED.len());
        for login in logins {
            assert!(
                (2..=5).contains(&login.len()) && login.bytes().all(|letter| letter.is_ascii_uppercase()),
                "{login}"
            );
        }
        let addresses: Vec<&String> = roster.users.iter().flat_map(|user| &user.addresses).collect();
        assert_eq!(addresses.len(), addresses.iter().collect::<HashSet<_>>().len());
    }

    #[test]
    fn who_left_owns_only_old_documents_and_one_owns_none() {
        let roster = Roster::new(1, 20, "x.example");
        let mut chance = stream(1, "test", 0);
        for percent in 0..100 {
            let moment = Calendar::after(percent);
            let owner = roster.owner(&mut chance, moment);
            assert_ne!(owner, LONELY);
            assert!(!roster.users[owner].retired || percent < LEFT);
        }
        assert!(roster.ordinary().count() >= 8, "faults need somebody to happen to");
    }
}
