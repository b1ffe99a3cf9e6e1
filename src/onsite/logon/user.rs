//! The row of a user, and the rights that its roles carry.
//!
//! A user is found as the vendor's own log-on finds one: by initials, by user name, or by an e-mail address that only one user
//! has; in any case of letters. Rows are compared here and not by the database, because databases fold letters differently.

use crate::Result;
use crate::onsite::database::{Database, Query, Row};
use serde::Serialize;
use std::collections::BTreeMap;
use std::fmt;

/// Rows are read in pages of so many.
const PAGE: usize = 2000;
/// The rights of which a migrator needs one.
const ADMITTING: [&str; 2] = ["admin-all", "admin-users"];

/// A row of `associate`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Account {
    /// `associate_id`
    pub associate: i64,
    /// `name`: the initials.
    pub initials: String,
    /// `userName`; empty where the version has none.
    pub user_name: String,
    /// `person_id`
    pub person: i64,
    /// `deleted`: retired.
    pub retired: bool,
    /// `type`; 0 is an employee.
    pub kind: i64,
}

impl Account {
    fn of(row: &Row) -> Self {
        Self {
            associate: row.integer(0),
            initials: row.text(1).trim().to_owned(),
            user_name: row.text(2).trim().to_owned(),
            person: row.integer(3),
            retired: row.integer(4) != 0,
            kind: row.integer(5),
        }
    }

    /// Why the user is not active, if so.
    pub(super) fn inactive(&self) -> Option<String> {
        let kind = match self.kind {
            0 if self.retired => return Some("the user is retired".to_owned()),
            0 => return None,
            1 => "a resource",
            4 => "an external person",
            7 => "the anonymous user",
            13 => "a system user",
            other => return Some(format!("the user is of kind {other} and no employee")),
        };
        Some(format!("the user is {kind} and no employee"))
    }
}

/// How a search ended.
pub(super) enum Matched {
    /// One user, and by what.
    One(Account, String),
    /// Nobody.
    None,
    /// More than one; says who.
    Several(String),
}

/// Finds a user.
pub(super) fn find(database: &mut dyn Database, typed: &str) -> Result<Matched> {
    let wanted = typed.to_lowercase();
    if wanted.is_empty() {
        return Ok(Matched::None);
    }
    let (mut by_initials, mut by_name) = (Vec::new(), Vec::new());
    let mut after = i64::MIN;
    loop {
        let text =
            "SELECT {top} {associate.associate_id}, {associate.name}, {associate.userName|''}, {associate.person_id|0},
                           {associate.deleted|0}, {associate.type|0}
                    FROM {associate} WHERE {=associate.associate_id} > ?1 ORDER BY {=associate.associate_id} {limit}";
        let rows = database.rows(&Query::new(text).number(after).limit(PAGE))?;
        for account in rows.iter().map(Account::of) {
            after = account.associate;
            if account.initials.to_lowercase() == wanted {
                by_initials.push(account);
            } else if account.user_name.to_lowercase() == wanted {
                by_name.push(account);
            }
        }
        if rows.len() < PAGE {
            break;
        }
    }
    for (found, what) in
        [(by_initials, "initials"), (by_name, "user name"), (by_address(database, &wanted)?, "e-mail address")]
    {
        match found.as_slice() {
            [] => {}
            [only] => {
                return Ok(Matched::One(
                    only.clone(),
                    format!("found by {what}, user {} `{}`", only.associate, only.initials),
                ));
            }
            several => {
                let names: Vec<_> = several.iter().map(|account| format!("`{}`", account.initials)).collect();
                return Ok(Matched::Several(format!("`{typed}` is the {what} of several users: {}", names.join(", "))));
            }
        }
    }
    Ok(Matched::None)
}

/// Users whose person has this e-mail address.
fn by_address(database: &mut dyn Database, wanted: &str) -> Result<Vec<Account>> {
    // Only something with an `@` can be one, and many installations have more addresses than users.
    if !wanted.contains('@') || !database.has_table("Email")? {
        return Ok(Vec::new());
    }
    let mut found = BTreeMap::new();
    let (mut user, mut address) = (i64::MIN, i64::MIN);
    loop {
        // Both ids, because a person may have several log-ins and several addresses.
        let text =
            "SELECT {top} {associate.associate_id}, {associate.name}, {associate.userName|''}, {associate.person_id},
                           {associate.deleted|0}, {associate.type|0}, {Email.email_id}, {Email.email_address}
                    FROM {associate} JOIN {Email} ON {=Email.person_id} = {=associate.person_id}
                    WHERE {=associate.person_id} > 0 AND ({=associate.associate_id} > ?1
                          OR ({=associate.associate_id} = ?2 AND {=Email.email_id} > ?3))
                    ORDER BY {=associate.associate_id}, {=Email.email_id} {limit}";
        let rows = database.rows(&Query::new(text).number(user).number(user).number(address).limit(PAGE))?;
        for row in &rows {
            (user, address) = (row.integer(0), row.integer(6));
            if row.text(7).trim().to_lowercase() == wanted {
                found.insert(user, Account::of(row));
            }
        }
        if rows.len() < PAGE {
            return Ok(found.into_values().collect());
        }
    }
}

/// A right and the role that carries it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Held {
    right: String,
    role: String,
}

impl Held {
    /// Whether it is enough to migrate.
    pub(super) fn admits(&self) -> bool {
        ADMITTING.iter().any(|right| right.eq_ignore_ascii_case(&self.right))
    }
}

impl fmt::Display for Held {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` through the role `{}`", self.right, self.role)
    }
}

/// The rights of a user, over the role that is linked to it.
pub(super) fn rights(database: &mut dyn Database, associate: i64) -> Result<Vec<Held>> {
    let text = "SELECT {FunctionRight.name}, {Role.name}
                FROM {UserRoleLink}
                JOIN {Role} ON {=Role.Role_id} = {=UserRoleLink.role_id}
                JOIN {FunctionRightRoleLink} ON {=FunctionRightRoleLink.roleId} = {=Role.Role_id}
                JOIN {FunctionRight} ON {=FunctionRight.FunctionRight_id} = {=FunctionRightRoleLink.functionRightId}
                WHERE {=UserRoleLink.associate_id} = ?1 AND {=Role.deleted|0} = 0
                ORDER BY {=FunctionRight.FunctionRight_id}, {=Role.Role_id}";
    let rows = database.rows(&Query::new(text).number(associate))?;
    let mut held: Vec<Held> = Vec::new();
    for row in &rows {
        let next = Held { right: row.text(0).trim().to_owned(), role: row.text(1).trim().to_owned() };
        if !held.contains(&next) {
            held.push(next);
        }
    }
    Ok(held)
}
