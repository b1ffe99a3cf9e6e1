//! One moment for all that is read: a database snapshot, or a transaction under snapshot isolation.
//!
//! A database snapshot is a read-only database beside the original, with one sparse file beside each of its data files. A login
//! that only reads may not make one; it is asked first, so that nothing is tried in vain. Snapshot isolation is a
//! setting of the database: where it is on it is used, where it is off it is switched on only with consent. Readers reach a
//! snapshot by `USE` on an ordinary connection, so that they end up on the same machine of an availability group, and
//! find it again when the connection breaks. A transaction does not survive its connection, and says so.

use super::super::query::Rendered;
use super::super::{Climbed, Moment, Refused, Rung, Terms};
use super::line::{Answer, Hold};
use super::{Code, Error, MssqlDatabase, Result, Row, Value};
use crate::onsite::changes::Change;
use std::fmt::Write as _;
use uuid::Uuid;

/// The database, and whether the login may make another: directly or by a right of the server that includes it.
const MAY: &str = "SELECT DB_NAME(), HAS_PERMS_BY_NAME(N'master', N'DATABASE', N'CREATE DATABASE')";
/// The files of the database. Type 0 has rows, 1 is the log; others cannot be in a snapshot.
const FILES: &str = "SELECT f.name, f.physical_name, f.type FROM sys.database_files AS f ORDER BY f.file_id";
const SNAPSHOTS: &str =
    "SELECT COUNT(*) FROM sys.databases AS d WHERE d.name = @P1 AND d.source_database_id IS NOT NULL";
/// 0 is off, 1 on, 2 and 3 are the ways there.
const STATE: &str = "SELECT d.snapshot_isolation_state FROM sys.databases AS d WHERE d.name = @P1";

/// A snapshot's name may have 128 characters; so many of the original's come before the rest.
const OF_NAME: usize = 80;

impl MssqlDatabase {
    pub(super) fn climb_to(&mut self, terms: Terms, enter: &mut dyn FnMut(Change) -> Result<()>) -> Result<Climbed> {
        let may = self.ask_rows(MAY, Vec::new())?;
        let (database, may_create) = may.first().map_or((String::new(), true), |row| {
            // Where the server does not say, trying tells.
            (row.text(0), row.is_null(1) || row.integer(1) != 0)
        });
        let mut refused = Vec::new();
        for rung in [Rung::DatabaseSnapshot, Rung::SnapshotIsolation] {
            if rung > terms.highest {
                continue;
            }
            let tried = match rung {
                Rung::DatabaseSnapshot if !may_create => Err("the login may not create a database".to_owned()),
                Rung::DatabaseSnapshot => self.make_snapshot(&database, enter)?,
                _ => self.isolation(&database, terms, enter)?,
            };
            match tried {
                Ok(moment) => return Ok(Climbed { moment, refused }),
                Err(why) => refused.push(Refused { rung, why }),
            }
        }
        Ok(Climbed { moment: terms.ground(), refused })
    }

    /// The moment, or why there is none.
    fn make_snapshot(
        &mut self,
        database: &str,
        enter: &mut dyn FnMut(Change) -> Result<()>,
    ) -> Result<Result<Moment, String>> {
        let files = self.ask_rows(FILES, Vec::new())?;
        if files.iter().any(|file| !matches!(file.integer(2), 0 | 1)) {
            return Ok(Err("the database has files of a kind that a snapshot cannot have".to_owned()));
        }
        let id = Uuid::now_v7().simple();
        let name = format!("{}_omt_{id}", database.chars().take(OF_NAME).collect::<String>());
        let mut sql = format!("CREATE DATABASE {} ON ", bracketed(&name));
        for (place, file) in files.iter().filter(|file| file.integer(2) == 0).enumerate() {
            let comma = if place > 0 { ", " } else { "" };
            let path = quoted(&format!("{}.omt-{id}.ss", file.text(1)));
            let _ = write!(sql, "{comma}(NAME = {}, FILENAME = {path})", bracketed(&file.text(0)));
        }
        let _ = write!(sql, " AS SNAPSHOT OF {}", bracketed(database));
        enter(Change::DatabaseSnapshot { name: name.clone() })?;
        let made = self.line.ask(&plain(sql));
        // An answer may be lost although the snapshot was made: what is there counts.
        if self.has_snapshot(&name)? {
            return Ok(Ok(Moment::in_snapshot(name)));
        }
        Ok(Err(made.err().map_or_else(|| "the server has not made it".to_owned(), |trouble| trouble.error.chain())))
    }

    /// The moment, or why there is none.
    fn isolation(
        &mut self,
        database: &str,
        terms: Terms,
        enter: &mut dyn FnMut(Change) -> Result<()>,
    ) -> Result<Result<Moment, String>> {
        let state = self.isolation_state(database)?;
        let why = match state {
            Some(1) => return Ok(Ok(Moment::of(Rung::SnapshotIsolation))),
            Some(0) if terms.frozen => "it is off, and what is frozen is not changed".to_owned(),
            Some(0) if !terms.switch_on => {
                "it is off, and `tables.switch_on` does not allow to switch it on".to_owned()
            }
            Some(0) => {
                enter(Change::SnapshotIsolation { database: database.to_owned() })?;
                let switched = self.line.ask(&plain(switch(database, true)));
                if self.isolation_state(database)? == Some(1) {
                    return Ok(Ok(Moment::of(Rung::SnapshotIsolation)));
                }
                switched
                    .err()
                    .map_or_else(|| "it cannot be switched on now".to_owned(), |trouble| trouble.error.chain())
            }
            Some(_) => "it is just being switched".to_owned(),
            None => "the server does not say whether it is on".to_owned(),
        };
        Ok(Err(why))
    }

    pub(super) fn hold_on(&mut self, moment: &Moment) -> Result<()> {
        let hold = match (moment.taken(), moment.snapshot()) {
            (_, Some(name)) => Hold { sql: format!("USE {}", bracketed(name)), moment: None },
            (Rung::SnapshotIsolation, None) => {
                let (schema, catalogue) = self.known()?;
                let table = catalogue.tables().next().map(|table| table.name.clone()).ok_or_else(|| {
                    Error::new(Code::DatabaseUnreadable, format!("there is no table in `{}`", self.server))
                        .hint("is `database.prefix` right?")
                })?;
                // A transaction sees the moment of its first read, so that must be now.
                let sql = format!(
                    "SET TRANSACTION ISOLATION LEVEL SNAPSHOT; BEGIN TRANSACTION; SELECT TOP (1) 1 FROM {}.{}",
                    bracketed(&schema),
                    bracketed(&table)
                );
                Hold { sql, moment: Some(moment.clone()) }
            }
            _ => return Ok(()),
        };
        self.line.hold(hold).map_err(|trouble| trouble.error)
    }

    pub(super) fn undo(&mut self, change: &Change) -> Result<String> {
        if let Change::DatabaseSnapshot { name } = change {
            return self.drop_snapshot(name);
        }
        if let Change::SnapshotIsolation { database } = change {
            return self.switch_off(database);
        }
        Err(Error::new(Code::Internal, "this change was not made at the SQL Server")
            .hint("this is a defect of omt, please report it with the ledger"))
    }

    fn drop_snapshot(&mut self, name: &str) -> Result<String> {
        // Only what is a snapshot is dropped, whatever else has this name.
        if !self.has_snapshot(name)? {
            return Ok("it was not there".to_owned());
        }
        let dropped = self.line.ask(&plain(format!("DROP DATABASE {}", bracketed(name))));
        if self.has_snapshot(name)? {
            return Err(still_there(&format!("the database snapshot `{name}` cannot be dropped"), dropped));
        }
        Ok("dropped".to_owned())
    }

    fn switch_off(&mut self, database: &str) -> Result<String> {
        if let Some(0 | 2) | None = self.isolation_state(database)? {
            return Ok("it was off".to_owned());
        }
        let switched = self.line.ask(&plain(switch(database, false)));
        if let Some(1 | 3) = self.isolation_state(database)? {
            let what = format!("snapshot isolation of `{database}` cannot be switched off");
            return Err(still_there(&what, switched));
        }
        Ok("switched off".to_owned())
    }

    fn has_snapshot(&mut self, name: &str) -> Result<bool> {
        let count = self.ask_rows(SNAPSHOTS, vec![Value::Text(name.to_owned())])?;
        Ok(count.first().is_some_and(|row| row.integer(0) > 0))
    }

    fn isolation_state(&mut self, database: &str) -> Result<Option<i64>> {
        let state = self.ask_rows(STATE, vec![Value::Text(database.to_owned())])?;
        Ok(state.first().map(|row| row.integer(0)))
    }

    fn ask_rows(&mut self, sql: &str, values: Vec<Value>) -> Result<Vec<Row>> {
        let asked = Rendered { sql: sql.to_owned(), values };
        self.line.ask(&asked).map(Answer::into_rows).map_err(|trouble| trouble.error)
    }
}

fn still_there(what: &str, answer: Result<Answer, super::Trouble>) -> Error {
    let error = Error::new(Code::DatabaseUnreadable, what)
        .hint("let the administrator do it, or give the login the right and run the same command again");
    match answer {
        Ok(_) => error,
        Err(trouble) => error.because(trouble.error),
    }
}

fn switch(database: &str, on: bool) -> String {
    let state = if on { "ON" } else { "OFF" };
    format!("ALTER DATABASE {} SET ALLOW_SNAPSHOT_ISOLATION {state}", bracketed(database))
}

fn plain(sql: String) -> Rendered {
    Rendered { sql, values: Vec::new() }
}

/// A name that cannot end its own brackets.
fn bracketed(name: &str) -> String {
    format!("[{}]", name.replace(']', "]]"))
}

/// A text that cannot end its own quotation.
fn quoted(text: &str) -> String {
    format!("N'{}'", text.replace('\'', "''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_name_ends_its_own_quotation() {
        assert_eq!(bracketed("a]; DROP"), "[a]]; DROP]");
        assert_eq!(quoted("O'Hara.mdf"), "N'O''Hara.mdf'");
        assert_eq!(switch("My CRM", false), "ALTER DATABASE [My CRM] SET ALLOW_SNAPSHOT_ISOLATION OFF");
    }
}
