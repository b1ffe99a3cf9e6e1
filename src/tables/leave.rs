//! What stays behind, and why: tables of the machine, and secrets.
//!
//! The list follows the vendor's own list of tables that mirroring does not touch, and the places where secrets are known
//! to lie (`domain.md` 2.1 and 2.8). A table that stays behind is there on the other side, but empty; a column that
//! stays behind is NULL in every row. The configuration adds to the list (`tables.leave`) and takes from it (`tables.take`),
//! with names as in the list.

use super::TableShape;
use crate::{Code, Error, Result};
use serde::Serialize;

/// Why something stays behind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reason {
    /// It says what this machine or this installation is doing, and would be wrong on another.
    Machine,
    /// It holds passwords, tokens or tickets.
    Secret,
    /// The tenant has its own.
    Tenant,
    /// The configuration says so.
    Configured,
}

impl Reason {
    /// In one line, for people.
    #[must_use]
    pub fn text(self) -> &'static str {
        match self {
            Self::Machine => "it describes the running installation and is made anew on the other side",
            Self::Secret => "it holds secrets, which must be set anew",
            Self::Tenant => "the tenant has its own",
            Self::Configured => "`tables.leave` names it",
        }
    }
}

/// Names of tables or of columns as `table.column`, in any case of letters. A `*` at the end stands for any further letters.
const LEAVE: &[(Reason, &[&str])] = &[
    (
        Reason::Machine,
        &[
            "activeuser",
            "batchtask",
            "cacheinvalidation",
            "cachetables",
            "chat_session",
            "config",
            "ejscript_debug",
            "entitycounts",
            "foreigndevice",
            "freetext*",
            "locking",
            "log_debug",
            "log_events",
            "notify",
            "registry",
            "satellite",
            "area",
            "areauser*",
            "session_object",
            "sms_hysteria",
            "systemevent",
            "temp_db_lock",
            "temporary_words",
            "travel*",
            "webhook_usage",
            "winpossize",
        ],
    ),
    (
        Reason::Secret,
        &[
            "credentials",
            "email_account",
            "service_auth",
            "login",
            "login_customer",
            "temporarykey",
            "pushnotificationservice",
            "user_candidate.secret_key",
            "user_candidate.secret_value",
            "mail_in_filter.pop_password",
            "ejuser.password",
            "ext_datasource.password",
            "webhook.application_token",
            "webhook.secret",
            "webhook.headers",
            "quoteconnection.extradata",
            "connectionconfigfield.fieldvalue",
        ],
    ),
    (Reason::Tenant, &["moduleowner", "modulelicense", "modulelicence", "licenseassoclink", "licensesatllink"]),
];

/// The list as the configuration has made it.
#[derive(Debug, Clone, Default)]
pub struct LeaveList {
    leave: Vec<String>,
    take: Vec<String>,
}

impl LeaveList {
    /// The list, and what the configuration adds to it and takes from it. A name on both sides is an error.
    pub fn new(leave: &[String], take: &[String]) -> Result<Self> {
        let fold = |names: &[String]| names.iter().map(|name| name.trim().to_lowercase()).collect::<Vec<_>>();
        let list = Self { leave: fold(leave), take: fold(take) };
        let both = list.leave.iter().find(|name| list.take.contains(name));
        both.map_or(Ok(()), |name| {
            Err(Error::new(Code::ConfigInvalid, format!("`{name}` is in `tables.leave` and in `tables.take`"))
                .hint("take it out of one of them"))
        })?;
        Ok(list)
    }

    /// Why a table stays behind, if it does.
    #[must_use]
    pub fn table(&self, table: &str) -> Option<Reason> {
        self.reason(&table.to_lowercase())
    }

    /// Why a column of a table that moves stays behind, if it does.
    #[must_use]
    pub fn column(&self, table: &str, column: &str) -> Option<Reason> {
        let name = format!("{table}.{column}").to_lowercase();
        self.reason(&name)
    }

    /// Masks the columns that stay behind; gives them and why. A key never does: without it no row could be named.
    pub(crate) fn mask(&self, shape: &mut TableShape) -> Vec<(String, Reason)> {
        let mut masked = Vec::new();
        for column in shape.columns.iter_mut().filter(|column| column.key == 0) {
            if let Some(reason) = self.column(&shape.name, &column.name) {
                (column.masked, column.nullable) = (true, true);
                masked.push((column.name.clone(), reason));
            }
        }
        masked
    }

    fn reason(&self, name: &str) -> Option<Reason> {
        // A table's pattern says nothing about single columns, and the other way round.
        let of_columns = name.contains('.');
        let fits = |pattern: &str| pattern.contains('.') == of_columns && fits(pattern, name);
        if self.leave.iter().any(|pattern| fits(pattern)) {
            return Some(Reason::Configured);
        }
        if self.take.iter().any(|pattern| fits(pattern)) {
            return None;
        }
        LEAVE.iter().find(|(_, patterns)| patterns.iter().any(|pattern| fits(pattern))).map(|(reason, _)| *reason)
    }
}

fn fits(pattern: &str, name: &str) -> bool {
    pattern.strip_suffix('*').map_or(pattern == name, |start| name.starts_with(start))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_configuration_adds_and_takes_away() {
        let list = LeaveList::new(&["y_secret*".into(), "Person.x_Pin".into()], &["Registry".into()]).unwrap();
        assert_eq!(list.table("Y_SecretThings"), Some(Reason::Configured));
        assert_eq!(list.table("registry"), None);
        assert_eq!(list.table("FreeTextIndex"), Some(Reason::Machine));
        assert_eq!(list.table("Credentials"), Some(Reason::Secret));
        assert_eq!(list.table("contact"), None);
        assert_eq!(list.column("person", "X_PIN"), Some(Reason::Configured));
        assert_eq!(list.column("ejuser", "password"), Some(Reason::Secret));
        assert_eq!(list.column("freetextindex", "word"), None);
        assert_eq!(list.table("sequence"), None);
    }

    #[test]
    fn a_name_on_both_sides_is_refused() {
        let error = LeaveList::new(&["A".into()], &["a ".into()]).unwrap_err();
        assert_eq!(error.code(), Code::ConfigInvalid);
    }

    #[test]
    fn every_name_of_the_list_is_one_of_the_vendors() {
        let known: Vec<String> = include_str!("../sample/superoffice-schema.tsv")
            .lines()
            .skip(1)
            .map(|line| line.to_lowercase().split('\t').map(str::to_owned).collect::<Vec<_>>())
            .flat_map(|cells| [cells[0].clone(), format!("{}.{}", cells[0], cells[3])])
            .collect();
        for pattern in LEAVE.iter().flat_map(|(_, patterns)| *patterns) {
            // Renamed in version 7, in which this spelling was the old one.
            if *pattern != "modulelicence" {
                assert!(known.iter().any(|name| fits(pattern, name)), "{pattern}");
            }
        }
    }
}
