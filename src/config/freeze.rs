//! `[freeze]`: how the installation is held still while a live migration makes its last pass.
//!
//! The vendor does not publish the key of the event that keeps users of the Windows client out, nor its scope. Both stand
//! here with a stated default; whoever knows better says so. Nothing else of `omt.toml` lets this program change anything
//! on-site.

use super::secret;
use secrecy::SecretString;
use serde::Deserialize;

/// `[freeze]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Freeze {
    /// Whether the word `frozen` is written into the Service `config` files that were found.
    pub service: bool,
    /// Whether an event is put into the database that lets nobody log in with the Windows client.
    pub database: bool,
    /// The key of that event. Not public: the vendor's pages name only the type, `NoLogin`.
    pub event_key: String,
    /// Its scope: 1 the system, 2 the database. Not public which of them the vendor's own tool takes.
    pub event_scope: i64,
    /// What whoever tries to log in is told.
    pub event_text: String,
    /// A SQL Server login that may write `SystemEvent` and `sequence`, where `database.user` may only read.
    pub user: Option<String>,
    /// Its password. Better given as `OMT_FREEZE_PASSWORD`.
    #[serde(deserialize_with = "secret::read")]
    pub password: Option<SecretString>,
    /// What becomes of the freeze when the tenant has accepted: the on-site system is not to be used any more, so it stays.
    pub after_commit: Ending,
    /// What becomes of it when somebody has written meanwhile, and the tenant was therefore not asked to accept.
    pub after_write: Ending,
    /// Tables whose rows may change during the freeze without anything being refused. A `*` at the end is allowed.
    pub ignore: Vec<String>,
}

impl Default for Freeze {
    fn default() -> Self {
        Self {
            service: true,
            database: true,
            event_key: "NoLogin".into(),
            event_scope: 1,
            event_text: "The database is being moved to SuperOffice CRM Online".into(),
            user: None,
            password: None,
            after_commit: Ending::Keep,
            after_write: Ending::Restore,
            ignore: Vec::new(),
        }
    }
}

/// What becomes of a freeze.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Ending {
    /// It stays until `omt unfreeze`.
    Keep,
    /// The installation is put back as it was.
    Restore,
}

impl Freeze {
    /// What cannot be meant.
    pub(super) fn check(&self) -> Result<(), String> {
        // The columns hold 254 characters.
        for (name, text) in [("event_key", &self.event_key), ("event_text", &self.event_text)] {
            let length = text.chars().count();
            if length > 254 || (length == 0 && name == "event_key") {
                return Err(format!("`freeze.{name}` must have 1 to 254 characters, it has {length}"));
            }
        }
        if !(1..=4).contains(&self.event_scope) {
            return Err(format!("`freeze.event_scope` must be between 1 and 4, it is {}", self.event_scope));
        }
        if self.password.is_some() && self.user.is_none() {
            return Err("`freeze.password` needs `freeze.user`".into());
        }
        Ok(())
    }

    /// Whether a table may change.
    #[must_use]
    pub fn ignores(&self, table: &str) -> bool {
        let table = table.to_lowercase();
        self.ignore.iter().map(|pattern| pattern.trim().to_lowercase()).any(|pattern| match pattern.strip_suffix('*') {
            Some(start) => table.starts_with(start),
            None => table == pattern,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_are_ignored_by_name_or_by_their_beginning() {
        let freeze = Freeze { ignore: vec!["Associate".into(), "y_log*".into()], ..Freeze::default() };
        let ignored = ["associate", "Y_LogBook", "associateX", "contact"].map(|table| freeze.ignores(table));
        assert_eq!(ignored, [true, true, false, false]);
    }
}
