//! Who can log in on-site, as this program sees them.

use super::address;
use std::collections::HashMap;
use std::sync::Arc;

pub use crate::tenant::protocol::UserKind;

/// An e-mail address on the card of a user's person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Address {
    /// `email_id`, so that a report can name the row.
    pub email: i64,
    /// The place among the person's addresses; the lowest is preferred.
    pub rank: i64,
    /// The address as it is written there.
    pub text: String,
    /// How many mails to it came back.
    pub bounces: i64,
}

/// A licence module that stands for a user plan on-site.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Module {
    /// The technical name, as `ten-sales`.
    pub name: String,
    /// What it is called on screen, as `SalesPREM`; may be empty.
    pub title: String,
}

impl Module {
    /// What people know it by.
    #[must_use]
    pub fn shown(&self) -> &str {
        if self.title.trim().is_empty() { &self.name } else { &self.title }
    }
}

/// A row of `associate` with everything that a card shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    /// `associate_id`, which names the user in the ledger and at the tenant.
    pub id: i64,
    /// The log-in name, which the vendor also calls initials.
    pub login: String,
    /// First, middle and last name; the log-in where the person is missing.
    pub name: String,
    /// What kind of account it is: some kinds do not exist online.
    pub kind: UserKind,
    /// Whether the account is closed; such rows move too, but nobody logs in with them.
    pub retired: bool,
    /// The primary group.
    pub group: String,
    /// Further groups.
    pub groups: Vec<String>,
    /// The role, empty if there is none.
    pub role: String,
    /// The position of the person, or its title.
    pub position: String,
    /// The company of the person.
    pub company: String,
    /// `person_id`; 0 where the account belongs to no person.
    pub person: i64,
    /// Whether a row of `person` has that id.
    pub has_person: bool,
    /// Whether the role grants `admin-all` or `admin-users`.
    pub administrator: bool,
    /// The addresses of the person, the preferred one first.
    pub addresses: Vec<Address>,
    /// The modules held on-site that stand for a plan.
    pub modules: Vec<Arc<Module>>,
    /// How many licences are held on-site, of any kind.
    pub licences: u32,
    /// The ids of other accounts of the same person.
    pub others: Vec<i64>,
}

impl User {
    /// An account of which nothing but this is known.
    #[must_use]
    pub fn new(id: i64, login: impl Into<String>, kind: UserKind) -> Self {
        let login = login.into();
        Self {
            id,
            name: login.clone(),
            login,
            kind,
            retired: false,
            group: String::new(),
            groups: Vec::new(),
            role: String::new(),
            position: String::new(),
            company: String::new(),
            person: 0,
            has_person: false,
            administrator: false,
            addresses: Vec::new(),
            modules: Vec::new(),
            licences: 0,
            others: Vec::new(),
        }
    }

    /// An employee who still works here: one of those a plan is meant for.
    #[must_use]
    pub fn is_active_employee(&self) -> bool {
        self.kind == UserKind::Employee && !self.retired
    }

    /// What may become the user name: each address once, the preferred one first.
    #[must_use]
    pub fn candidates(&self) -> Vec<&str> {
        let mut seen = Vec::with_capacity(self.addresses.len());
        let mut candidates = Vec::with_capacity(self.addresses.len());
        for address in &self.addresses {
            let normal = address::normal(&address.text);
            if !seen.contains(&normal) {
                seen.push(normal);
                candidates.push(address.text.trim());
            }
        }
        candidates
    }

    /// The user name unless somebody decides otherwise: the preferred one of the addresses that can be one. The order
    /// is the installation's own, and whoever lists or exports users sees it.
    #[must_use]
    pub fn proposed(&self) -> Option<&str> {
        let mut addresses = self.addresses.iter().map(|address| address.text.trim());
        addresses.find(|address| address::objection(address).is_none())
    }
}

/// Everybody who has an account, in order of their ids.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct People {
    users: Vec<User>,
}

impl People {
    /// These users, in the order of their ids. Accounts of one person are told of each other.
    #[must_use]
    pub fn of(mut users: Vec<User>) -> Self {
        users.sort_by_key(|user| user.id);
        users.dedup_by_key(|user| user.id);
        let mut accounts: HashMap<i64, Vec<i64>> = HashMap::new();
        for user in users.iter().filter(|user| user.person != 0) {
            accounts.entry(user.person).or_default().push(user.id);
        }
        for user in &mut users {
            let all = accounts.get(&user.person).map(Vec::as_slice).unwrap_or_default();
            user.others = all.iter().copied().filter(|id| *id != user.id).collect();
        }
        Self { users }
    }

    /// All of them, in order of their ids.
    #[must_use]
    pub fn users(&self) -> &[User] {
        &self.users
    }

    /// All of them, accounts of one person one behind the other.
    #[must_use]
    pub fn together(&self) -> Vec<&User> {
        let mut users: Vec<&User> = self.users.iter().collect();
        users.sort_by_key(|user| (user.others.iter().copied().min().unwrap_or(user.id).min(user.id), user.id));
        users
    }

    /// The user with this id.
    #[must_use]
    pub fn get(&self, id: i64) -> Option<&User> {
        let place = self.users.binary_search_by_key(&id, |user| user.id).ok()?;
        self.users.get(place)
    }

    /// Those with this log-in: exactly, or if nobody has it so, in any case of letters.
    #[must_use]
    pub fn named(&self, login: &str) -> Vec<&User> {
        let exact: Vec<&User> = self.users.iter().filter(|user| user.login == login).collect();
        if !exact.is_empty() {
            return exact;
        }
        let wanted = login.trim().to_lowercase();
        self.users.iter().filter(|user| user.login.trim().to_lowercase() == wanted).collect()
    }

    /// The log-in of a user, or its number.
    #[must_use]
    pub fn login(&self, id: i64) -> String {
        self.get(id).map_or_else(|| format!("user {id}"), |user| user.login.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accounts_of_one_person_stand_together() {
        let user = |id, person| User { person, ..User::new(id, format!("U{id}"), UserKind::Employee) };
        let people = People::of(vec![user(9, 5), user(3, 7), user(1, 5), user(2, 0), user(4, 0)]);
        let order: Vec<i64> = people.together().iter().map(|user| user.id).collect();
        assert_eq!(order, [1, 9, 2, 3, 4]);
        assert_eq!(people.get(9).unwrap().others, [1]);
        assert!(people.get(2).unwrap().others.is_empty());
    }

    #[test]
    fn a_log_in_is_found_as_it_is_typed_first() {
        let people = People::of(vec![
            User::new(1, "LM", UserKind::Employee),
            User::new(2, "lm", UserKind::Employee),
            User::new(3, "ÅSE", UserKind::Employee),
        ]);
        assert_eq!(people.named("lm").iter().map(|user| user.id).collect::<Vec<_>>(), [2]);
        assert_eq!(people.named("Lm").len(), 2);
        assert_eq!(people.named("åse").len(), 1);
    }

    #[test]
    fn the_first_address_that_can_be_a_name_is_proposed() {
        let address = |rank, text: &str| Address { email: rank, rank, text: text.into(), bounces: 0 };
        let mut user = User::new(1, "LM", UserKind::Employee);
        user.addresses = vec![address(1, "lm at x.no"), address(2, " LM@x.no "), address(3, "lm@X.no")];
        assert_eq!(user.proposed(), Some("LM@x.no"));
        assert_eq!(user.candidates(), ["lm at x.no", "LM@x.no"]);
    }
}
