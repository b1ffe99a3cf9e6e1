//! Databases that a login has made: they can be filled, change their names, and go.
//!
//! Each is a SQLite file. Whoever is in a database when it is set to a single user is sent away with the next statement, as
//! on a real server, and a name is not changed while anybody is in.

use super::translate::Refusal;
use rusqlite::Connection;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Weak};

/// A database and who is in it.
struct Own {
    file: PathBuf,
    /// Every session that is in it looks at this one. When all are sent away another takes its place.
    guests: Arc<()>,
}

/// All of them, by name.
#[derive(Default)]
pub(super) struct OwnDatabases {
    all: BTreeMap<String, Own>,
    made: usize,
}

/// Shows that a session is in a database.
pub(super) struct Guest(Weak<()>);

impl Guest {
    /// Whether it was sent away.
    pub(super) fn is_sent_away(&self) -> bool {
        self.0.strong_count() == 0
    }
}

impl OwnDatabases {
    pub(super) fn names(&self) -> impl Iterator<Item = &String> {
        self.all.keys()
    }

    pub(super) fn file(&self, name: &str) -> Option<PathBuf> {
        self.all.get(name).map(|own| own.file.clone())
    }

    /// Lets a session in.
    pub(super) fn enter(&self, name: &str) -> Option<(PathBuf, Guest)> {
        let own = self.all.get(name)?;
        Some((own.file.clone(), Guest(Arc::downgrade(&own.guests))))
    }

    /// `CREATE DATABASE […]`
    pub(super) fn create(&mut self, name: String, folder: &Path) -> Result<(), Refusal> {
        if self.all.contains_key(&name) {
            return Err((1801, format!("Database '{name}' already exists. Choose a different database name.")));
        }
        self.made += 1;
        let file = folder.join(format!("own-{}.db", self.made));
        Connection::open(&file)
            .and_then(|made| made.execute_batch("PRAGMA journal_mode = WAL; CREATE TABLE \"#\" (x); DROP TABLE \"#\""))
            .map_err(|cause| (1802, cause.to_string()))?;
        self.all.insert(name, Own { file, guests: Arc::default() });
        Ok(())
    }

    /// `ALTER DATABASE […] …`
    pub(super) fn alter(&mut self, name: &str, what: &str) -> Result<(), Refusal> {
        let absent =
            || (5011, format!("User does not have permission to alter database '{name}', or it does not exist."));
        match what {
            "SET SINGLE_USER WITH ROLLBACK IMMEDIATE" => {
                self.all.get_mut(name).ok_or_else(absent)?.guests = Arc::default();
            }
            "SET MULTI_USER" => drop(self.all.get(name).ok_or_else(absent)?),
            _ => {
                let to = what.strip_prefix("MODIFY NAME = ").and_then(super::databases::bracketed);
                let to = to.ok_or_else(|| (102, format!("Incorrect syntax near '{what}'.")))?;
                if self.all.contains_key(&to) {
                    return Err((1801, format!("Database '{to}' already exists.")));
                }
                let own = self.all.get(name).ok_or_else(absent)?;
                if Arc::weak_count(&own.guests) > 0 {
                    let what = "The database could not be exclusively locked to perform the operation.";
                    return Err((5030, what.to_owned()));
                }
                let own = self.all.remove(name).ok_or_else(absent)?;
                self.all.insert(to, own);
            }
        }
        Ok(())
    }

    /// `DROP DATABASE […]`
    pub(super) fn drop(&mut self, name: &str) -> Option<Result<(), Refusal>> {
        let own = self.all.get(name)?;
        if Arc::weak_count(&own.guests) > 0 {
            return Some(Err((3702, format!("Cannot drop database \"{name}\" because it is currently in use."))));
        }
        self.all.remove(name);
        Some(Ok(()))
    }
}
