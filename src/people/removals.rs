//! Addresses that become user names, on the cards of other persons.
//!
//! An address can log in one person only, so it is removed from the card of every other person in what is uploaded;
//! the installation stays as it is. The list streams: there may be millions of addresses, and only the user names are
//! held. Addresses of companies and projects are nobody's card and stay.

use super::read::{full_name, is_mail};
use super::{Decisions, People, address};
use crate::Result;
use crate::onsite::database::{Database, Query};
use crate::tenant::protocol::RemovedAddress;
use std::collections::HashMap;

/// Rows of a page.
const PAGE: usize = 5000;

/// The names whose other uses are looked for, and whose they are: the user and the person.
#[derive(Debug, Default)]
pub struct Owners(HashMap<String, Vec<(i64, i64, String)>>);

impl Owners {
    /// The user names of everybody who holds a plan.
    #[must_use]
    pub fn of_plan_holders(people: &People, decisions: &Decisions) -> Self {
        let mut owners = Self::default();
        for user in decisions.plans().filter_map(|(id, _)| people.get(id)) {
            if let Some(name) = decisions.name_of(user) {
                owners.add(name, user.id, user.person, &user.login);
            }
        }
        owners
    }

    /// Enters an address and whose it is.
    pub fn add(&mut self, address: &str, user: i64, person: i64, login: &str) {
        self.0.entry(address::normal(address)).or_default().push((user, person, login.to_owned()));
    }
}

/// Hands over every row of `Email` with one of these addresses that is on the card of another person.
pub fn removals(
    database: &mut dyn Database,
    owners: &Owners,
    tell: &mut dyn FnMut(RemovedAddress) -> Result<()>,
) -> Result<()> {
    if owners.0.is_empty() || !database.has_table("Email")? {
        return Ok(());
    }
    let text =
        "SELECT {top} {Email.email_id}, {Email.person_id}, {Email.email_address}, {Email.rank|0}, {Email.protocol|''},
                       {Email.type|0}, {person.firstname|''}, {person.middleName|''}, {person.lastname|''}
                FROM {Email} LEFT JOIN {person} ON {=person.person_id} = {=Email.person_id}
                WHERE {=Email.email_id} > ?1 AND {=Email.person_id} <> 0
                ORDER BY {=Email.email_id} {limit}";
    let mut after = i64::from(i32::MIN);
    loop {
        let page = database.rows(&Query::new(text).number(after).limit(PAGE))?;
        for row in &page {
            let (person, address) = (row.integer(1), row.text(2));
            if !is_mail(&row.text(4), row.integer(5)) {
                continue;
            }
            let Some(users) = owners.0.get(&address::normal(&address)) else { continue };
            // One of several accounts of the same person keeps it on the card that they share.
            let Some((user, _, login)) = users.first().filter(|_| users.iter().all(|(_, owner, _)| *owner != person))
            else {
                continue;
            };
            tell(RemovedAddress {
                email: row.integer(0),
                person,
                person_name: full_name(&[row.text(6), row.text(7), row.text(8)]),
                rank: row.integer(3),
                address,
                user: *user,
                login: login.clone(),
            })?;
        }
        match page.last().map(|row| row.integer(0)) {
            Some(last) if page.len() == PAGE && last > after => after = last,
            _ => return Ok(()),
        }
    }
}
