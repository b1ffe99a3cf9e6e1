//! The databases of the server: the sample, snapshots of it that were made since, and those that logins have made.
//!
//! A snapshot is a copy of the sample's file. As on a real server it needs a right, names every data file, and cannot be
//! dropped while a session uses it. Snapshot isolation is a switch; a session that asks for it where it is off is refused
//! at its first read.

use super::own::{Guest, OwnDatabases};
use super::translate::Refusal;
use super::{DATABASE, Options};
use rusqlite::Connection;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard};

/// The data files of the sample's database as the server sees them: logical and physical name. One name needs care.
pub(super) const FILES: [(&str, &str); 2] =
    [("SuperOffice", r"D:\Data\SuperOffice.mdf"), ("O'Hara]2", r"E:\O'Hara\SuperOffice_2.ndf")];

/// A copy of the sample.
#[derive(Clone)]
struct Copy {
    file: PathBuf,
    /// Held by every session that uses it.
    used: Arc<()>,
}

struct State {
    isolation: bool,
    copies: BTreeMap<String, Copy>,
    own: OwnDatabases,
}

/// What is on the server.
pub(super) struct Databases {
    state: Mutex<State>,
    folder: tempfile::TempDir,
}

impl Databases {
    pub(super) fn new(isolation: bool) -> Self {
        let state = Mutex::new(State { isolation, copies: BTreeMap::new(), own: OwnDatabases::default() });
        Self { state, folder: tempfile::tempdir().expect("a folder") }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("nobody panicked")
    }

    pub(super) fn snapshots(&self) -> Vec<String> {
        self.state().copies.keys().cloned().collect()
    }

    pub(super) fn has_isolation(&self) -> bool {
        self.state().isolation
    }

    /// Those that logins have made.
    pub(super) fn own(&self) -> Vec<(String, PathBuf)> {
        let state = self.state();
        state.own.names().filter_map(|name| Some((name.clone(), state.own.file(name)?))).collect()
    }

    /// Lets a session into one of those.
    pub(super) fn enter(&self, name: &str) -> Option<(PathBuf, Guest)> {
        self.state().own.enter(name)
    }

    /// A database without tables, for whoever only manages others.
    pub(super) fn master(&self) -> PathBuf {
        let file = self.folder.path().join("master.db");
        let made =
            Connection::open(&file).and_then(|made| made.execute_batch("CREATE TABLE IF NOT EXISTS spt (x int)"));
        made.expect("a database");
        file
    }

    /// The file of a snapshot, and what shows that it is used.
    pub(super) fn open(&self, name: &str) -> Result<(PathBuf, Arc<()>), Refusal> {
        let copy = self.state().copies.get(name).cloned();
        let copy = copy.ok_or_else(|| (911, format!("Database '{name}' does not exist.")))?;
        Ok((copy.file, copy.used))
    }

    /// `CREATE DATABASE …`, also `… AS SNAPSHOT OF …`
    pub(super) fn create(&self, statement: &str, options: &Options) -> Result<(), Refusal> {
        if options.may_create != Some(true) {
            return Err((262, "CREATE DATABASE permission denied in database 'master'.".to_owned()));
        }
        let name = bracketed(statement).ok_or_else(|| (102, "Incorrect syntax near 'DATABASE'.".to_owned()))?;
        if statement.ends_with(']') && !statement.contains(" AS SNAPSHOT ") {
            return self.state().own.create(name, self.folder.path());
        }
        if !statement.ends_with(&format!(" AS SNAPSHOT OF [{DATABASE}]")) {
            return Err((102, "Incorrect syntax near 'SNAPSHOT'.".to_owned()));
        }
        for (logical, physical) in FILES {
            let start =
                format!("(NAME = [{}], FILENAME = N'{}.", logical.replace(']', "]]"), physical.replace('\'', "''"));
            if !statement.contains(&start) {
                return Err((5127, format!("Missing the file \"{logical}\".")));
            }
        }
        let mut state = self.state();
        let file = self.folder.path().join(format!("{name}.db"));
        let source = Connection::open(&options.file).expect("the sample");
        source.execute("VACUUM INTO ?1", [file.to_str().expect("plain letters")]).expect("a copy");
        state.copies.insert(name, Copy { file, used: Arc::default() });
        Ok(())
    }

    /// `DROP DATABASE …`
    pub(super) fn drop(&self, statement: &str) -> Result<(), Refusal> {
        let name = bracketed(statement).unwrap_or_default();
        let mut state = self.state();
        if let Some(dropped) = state.own.drop(&name) {
            return dropped;
        }
        match state.copies.get(&name).map(|copy| Arc::strong_count(&copy.used)) {
            None => Err((3701, format!("Cannot drop the database '{name}', because it does not exist."))),
            Some(1) => {
                state.copies.remove(&name);
                Ok(())
            }
            Some(_) => Err((3702, format!("Cannot drop database \"{name}\" because it is currently in use."))),
        }
    }

    /// `ALTER DATABASE … SET ALLOW_SNAPSHOT_ISOLATION …`
    pub(super) fn alter(&self, statement: &str, options: &Options) -> Result<(), Refusal> {
        let name = bracketed(statement).unwrap_or_default();
        if name != DATABASE {
            let what = statement.split_once("] ").map_or("", |(_, what)| what);
            return self.state().own.alter(&name, what);
        }
        if !options.may_alter {
            return Err((5011, format!("User does not have permission to alter database '{DATABASE}'.")));
        }
        match statement.strip_prefix(&format!("ALTER DATABASE [{DATABASE}] SET ALLOW_SNAPSHOT_ISOLATION ")) {
            Some("ON") => self.state().isolation = true,
            Some("OFF") => self.state().isolation = false,
            _ => return Err((102, "Incorrect syntax near 'SET'.".to_owned())),
        }
        Ok(())
    }

    /// Fills the system views about databases and their files anew.
    pub(super) fn describe(&self, connection: &Connection) -> rusqlite::Result<()> {
        connection.execute_batch("DELETE FROM sys.databases; DELETE FROM sys.database_files")?;
        let state = self.state();
        let mut database = connection.prepare("INSERT INTO sys.databases VALUES (?1, ?2, ?3, ?4)")?;
        database.execute((DATABASE, 5, None::<i64>, i64::from(state.isolation)))?;
        for (number, name) in (6..).zip(state.copies.keys()) {
            database.execute((name, number, Some(5), 1))?;
        }
        for (number, name) in (100..).zip(state.own.names()) {
            database.execute((name, number, None::<i64>, 0))?;
        }
        let mut files = connection.prepare("INSERT INTO sys.database_files VALUES (?1, ?2, ?3, ?4)")?;
        for (number, (logical, physical)) in (0..).zip(FILES) {
            // The log comes between them.
            files.execute((number * 2 + 1_i64, logical, physical, 0))?;
        }
        files.execute((2, "SuperOffice_log", r"L:\SuperOffice_log.ldf", 1))?;
        Ok(())
    }
}

/// The first name in brackets.
pub(super) fn bracketed(statement: &str) -> Option<String> {
    let (_, rest) = statement.split_once('[')?;
    rest.split_once(']').map(|(name, _)| name.to_owned())
}

/// The statements of a batch: what semicolons outside of texts and names separate.
pub(super) fn statements(batch: &str) -> Vec<&str> {
    let (mut all, mut start, mut inside) = (Vec::new(), 0, None);
    let mut letters = batch.char_indices().peekable();
    while let Some((at, letter)) = letters.next() {
        match (inside, letter) {
            (None, '\'') => inside = Some('\''),
            (None, '[') => inside = Some(']'),
            // Twice it is one of the letters.
            (Some(end), letter) if end == letter && letters.next_if(|(_, next)| *next == end).is_none() => {
                inside = None;
            }
            (None, ';') => {
                all.push(batch[start..at].trim());
                start = at + 1;
            }
            _ => {}
        }
    }
    all.push(batch[start..].trim());
    all.retain(|statement| !statement.is_empty());
    all
}
