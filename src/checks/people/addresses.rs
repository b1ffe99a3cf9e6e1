//! Checks of the addresses of users: each needs one of its own that can be a user name.

use super::{active, each, repeated};
use crate::Result;
use crate::checks::{Findings, Ground, Looked};
use crate::people::{Owners, User, address, removals};
use std::collections::{BTreeMap, HashSet};

pub(super) fn duplicate_address(ground: &mut Ground<'_>, findings: &mut Findings<'_>) -> Result<Looked> {
    let people = ground.people()?;
    // Accounts of one person share its addresses: that is another check.
    let mut persons = HashSet::new();
    let mut users = active(&people).filter(|user| user.person == 0 || persons.insert(user.person));
    let keys = |user: &User| {
        let addresses = user.addresses.iter().map(|address| (address::normal(&address.text), address.text.clone()));
        addresses.collect()
    };
    repeated(findings, &mut users, keys, |shown, other| format!("`{shown}` is also an address of {}", other.login))
}

pub(super) fn no_address(ground: &mut Ground<'_>, findings: &mut Findings<'_>) -> Result<Looked> {
    each(ground, findings, |user| user.addresses.is_empty().then(|| "the person has no e-mail address".into()))
}

pub(super) fn invalid_address(ground: &mut Ground<'_>, findings: &mut Findings<'_>) -> Result<Looked> {
    each(ground, findings, |user| {
        let first = user.addresses.first().filter(|_| user.proposed().is_none())?;
        let why = address::objection(&first.text).unwrap_or_default();
        Some(format!("`{}` cannot be a user name: {why}", first.text.trim()))
    })
}

pub(super) fn address_elsewhere(ground: &mut Ground<'_>, findings: &mut Findings<'_>) -> Result<Looked> {
    if !ground.database.has_table("Email")? {
        return Ok(Looked::NotHere("there is no table `Email`".into()));
    }
    let people = ground.people()?;
    let (mut owners, mut colleagues) = (Owners::default(), HashSet::new());
    for user in active(&people) {
        colleagues.insert(user.person);
        // Only the one that is proposed: others stay where they are.
        if let Some(address) = user.proposed() {
            owners.add(address, user.id, user.person, &user.login);
        }
    }
    let mut rows: BTreeMap<i64, Vec<String>> = BTreeMap::new();
    removals(ground.database, &owners, &mut |removed| {
        // Between users it is a duplicate, which has a check of its own.
        if !colleagues.contains(&removed.person) {
            let text = format!(
                "`{}` is also on the card of {} (person {}, e-mail row {}, rank {})",
                removed.address.trim(),
                removed.person_name,
                removed.person,
                removed.email,
                removed.rank
            );
            rows.entry(removed.user).or_default().push(text);
        }
        Ok(())
    })?;
    for (user, texts) in rows {
        for text in texts {
            findings.add(format!("user/{user}"), format!("{}: {text}", people.login(user)))?;
        }
    }
    Ok(Looked::Yes)
}

pub(super) fn bouncing_address(ground: &mut Ground<'_>, findings: &mut Findings<'_>) -> Result<Looked> {
    each(ground, findings, |user| {
        let proposed = user.proposed()?;
        let address = user.addresses.iter().find(|address| address.text.trim() == proposed)?;
        (address.bounces > 0).then(|| format!("{} mails to `{proposed}` came back", address.bounces))
    })
}
