//! What was changed on the installation, and what puts it back.
//!
//! The installation is read-only to us but for the few changes that a consistent reading or a cut-over needs. Each of them
//! is entered here before it is made, with what takes it back, and once more when it was taken back. The entry survives
//! a power cut, so a change is *outstanding* from the moment it may have been made until it is known to be undone: taking back a
//! change that was never made must therefore do no harm. `omt unfreeze` takes back everything that is outstanding, the newest first.

use crate::config::Config;
use crate::ledger::{Ledger, Reader, Record, Setting};
use crate::{Code, Error, Result};
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::fmt;
use uuid::Uuid;

/// The settings of the ledger that hold what is outstanding.
const SCOPE: &str = "installation.change";
/// Journal entry: a change is about to be made.
const CHANGED: &str = "installation.changed";
/// Journal entry: a change was taken back.
const RESTORED: &str = "installation.restored";

/// A change, with what takes it back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "change", rename_all = "kebab-case")]
pub enum Change {
    /// A database on the SQL Server that shows the moment of its making. It is dropped again.
    DatabaseSnapshot {
        /// The name of the snapshot.
        name: String,
    },
    /// The installation's database keeps older versions of rows for readers. It is switched off again.
    SnapshotIsolation {
        /// The name of the database.
        database: String,
    },
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::DatabaseSnapshot { name } => write!(f, "the database snapshot `{name}`"),
            Self::SnapshotIsolation { database } => write!(f, "snapshot isolation of the database `{database}`"),
        }
    }
}

/// A change that was not taken back yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outstanding {
    /// Its name in the journal; names grow with time.
    pub id: Uuid,
    /// What it was.
    pub change: Change,
}

/// Enters a change that is about to be made. Once this returns, no crash and no power cut can lose it.
pub fn enter(ledger: &Ledger, change: Change) -> Result<Outstanding> {
    let outstanding = Outstanding { id: Uuid::now_v7(), change };
    let value = serde_json::to_string(&outstanding.change)
        .map_err(|cause| Error::new(Code::Internal, "a change cannot be written down").because(cause))?;
    let body = json!({ "id": outstanding.id, "what": outstanding.change });
    decided(ledger, CHANGED, body, outstanding.id, Some(value))?;
    Ok(outstanding)
}

/// Enters that a change was taken back. `how` says what was found, in a few words.
pub fn taken_back(ledger: &Ledger, outstanding: &Outstanding, how: &str) -> Result<()> {
    let body = json!({ "id": outstanding.id, "what": outstanding.change, "how": how });
    decided(ledger, RESTORED, body, outstanding.id, None)
}

fn decided(
    ledger: &Ledger,
    kind: &'static str,
    body: serde_json::Value,
    id: Uuid,
    value: Option<String>,
) -> Result<()> {
    let writer = ledger.writer();
    writer.put(Record::Decided(kind, body, vec![Setting { scope: SCOPE, key: id.to_string(), value }]))?;
    writer.flush()
}

/// Everything that was not taken back yet, the newest first.
pub fn outstanding(ledger: &Reader) -> Result<Vec<Outstanding>> {
    let mut all = Vec::new();
    for (key, value) in ledger.settings(SCOPE)? {
        let read = key.parse().ok().zip(serde_json::from_str(&value).ok());
        let (id, change) = read.ok_or_else(|| {
            let what = format!("the ledger has a change of the installation that this version cannot read: {value}");
            Error::new(Code::LedgerUnusable, what).hint("take it back with the version that made it")
        })?;
        all.push(Outstanding { id, change });
    }
    all.sort_by_key(|one| std::cmp::Reverse(one.id));
    Ok(all)
}

/// Takes one change back; gives what was found. A change that was never made is none.
fn take_back(config: &Config, change: &Change) -> Result<String> {
    let what =
        format!("this version does not know how to take back {change} of `{}`", config.installation.folder.display());
    Err(Error::new(Code::LedgerNewer, what).hint("take it back with the version of omt that made it"))
}

/// Takes back everything that is outstanding, the newest first; gives what was found, a line each. What cannot be taken back
/// stays outstanding and is the error, after everything else was tried.
pub fn put_back(config: &Config) -> Result<Vec<String>> {
    if !config.migration.ledger.exists() {
        return Ok(Vec::new());
    }
    let ledger = Ledger::open(&config.migration.ledger)?;
    let done = put_back_with(config, &ledger);
    ledger.close()?;
    done
}

/// The same with a ledger that is open.
pub fn put_back_with(config: &Config, ledger: &Ledger) -> Result<Vec<String>> {
    let (mut done, mut failed) = (Vec::new(), None);
    for one in outstanding(&ledger.reader()?)? {
        match take_back(config, &one.change) {
            Ok(how) => {
                taken_back(ledger, &one, &how)?;
                done.push(format!("{}: {how}", one.change));
            }
            Err(error) => failed = Some(error),
        }
    }
    failed.map_or(Ok(done), Err)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_is_outstanding_until_it_was_taken_back_also_for_another_process() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ledger.db");
        let ledger = Ledger::open(&path).unwrap();
        let first = enter(&ledger, Change::SnapshotIsolation { database: "crm".into() }).unwrap();
        let second = enter(&ledger, Change::DatabaseSnapshot { name: "crm_omt".into() }).unwrap();
        ledger.close().unwrap();

        let ledger = Ledger::open(&path).unwrap();
        assert_eq!(outstanding(&ledger.reader().unwrap()).unwrap(), [second.clone(), first.clone()]);
        taken_back(&ledger, &second, "dropped").unwrap();
        assert_eq!(outstanding(&ledger.reader().unwrap()).unwrap(), std::slice::from_ref(&first));
        taken_back(&ledger, &first, "switched off").unwrap();
        assert_eq!(outstanding(&ledger.reader().unwrap()).unwrap(), []);
        let kinds: Vec<_> = ledger.reader().unwrap().journal().unwrap().into_iter().map(|entry| entry.kind).collect();
        assert_eq!(kinds, [CHANGED, CHANGED, RESTORED, RESTORED]);
    }
}
