//! Taking back what was changed on the installation: the one place that knows every kind of change.
//!
//! The newest change is taken back first. One that cannot be taken back does not keep the others from it; it stays
//! outstanding. A freeze that was kept on purpose, because the tenant has accepted, is taken back only by a person.

use super::Installation;
use super::changes::{self, Change, Outstanding};
use super::database::Database;
use super::freeze::{self, Fingerprint};
use super::ladder;
use crate::config::Config;
use crate::ledger::{Ledger, Reader, Record};
use crate::{Code, Error, Result};
use serde::Serialize;
use serde_json::json;
use std::collections::BTreeSet;
use std::path::Path;
use uuid::Uuid;

/// The ledger keeps under this name which changes are to stay.
const KEPT: &str = "freeze.kept";

/// A change that was to be taken back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TakenBack {
    /// What it was, in words.
    pub what: String,
    /// What was found, in words; nothing if it failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub how: Option<String>,
    /// Why it is still there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

/// How an installation stands after everything was taken back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Restored {
    /// Each change, the newest first.
    pub changes: Vec<TakenBack>,
    /// The fingerprint from before the freeze.
    pub before: Option<Fingerprint>,
    /// The same now; nothing if it could not be taken.
    pub now: Option<Fingerprint>,
}

impl Restored {
    /// Whether nothing is left to be taken back.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.changes.iter().all(|change| change.error.is_none())
    }

    /// Whether the installation is proven to be exactly as it was; `None` if that cannot be said.
    #[must_use]
    pub fn is_same(&self) -> Option<bool> {
        Some(self.before.as_ref()? == self.now.as_ref()?)
    }

    /// What is not as it was before, in words.
    #[must_use]
    pub fn difference(&self) -> Vec<String> {
        self.before.as_ref().zip(self.now.as_ref()).map_or_else(Vec::new, |(before, now)| before.difference(now))
    }

    /// The error of whatever is still there.
    pub fn must_be_complete(&self) -> Result<()> {
        let left = self
            .changes
            .iter()
            .filter_map(|change| change.error.as_ref().map(|error| format!("{}: {error}", change.what)));
        let left: Vec<String> = left.collect();
        if left.is_empty() {
            return Ok(());
        }
        Err(Error::new(Code::FreezeStuck, format!("the installation is still frozen: {}", left.join("; ")))
            .hint("remove what stands in the way and run `omt unfreeze`"))
    }
}

/// Takes back everything that is outstanding; also what was kept on purpose if `kept` says so. Nothing if there is nothing.
pub fn take_back_all(ledger: &Ledger, config: &Config, kept: bool) -> Result<Option<Restored>> {
    let reader = ledger.reader()?;
    let stays = if kept { BTreeSet::new() } else { kept_changes(&reader)? };
    let outstanding: Vec<_> =
        changes::outstanding(&reader)?.into_iter().filter(|one| !stays.contains(&one.id)).collect();
    if outstanding.is_empty() {
        return Ok(None);
    }
    let mut hand = Hand { config, pen: None };
    let mut all = Vec::new();
    for one in &outstanding {
        let done = hand.take_back(&one.change).and_then(|how| {
            changes::taken_back(ledger, one, &how)?;
            Ok(how)
        });
        let what = named(&one.change);
        all.push(match done {
            Ok(how) => TakenBack { what, how: Some(how), error: None },
            Err(error) => {
                tracing::error!("{what} is not taken back: {}", error.chain());
                TakenBack { what, how: None, error: Some(error.chain()) }
            }
        });
    }
    let before = freeze::before(&reader)?;
    // That it cannot be proven does not make it undone.
    let now = Installation::find(config)
        .and_then(|installation| Fingerprint::take(&installation, &mut *installation.connect()?))
        .inspect_err(|error| tracing::warn!("the fingerprint cannot be taken: {}", error.chain()))
        .ok();
    let restored = Restored { changes: all, before, now };
    let digest = |print: &Option<Fingerprint>| print.as_ref().map(Fingerprint::digest);
    let body = json!({
        "complete": restored.is_complete(), "same": restored.is_same(), "before": digest(&restored.before),
        "fingerprint": digest(&restored.now), "differs": restored.difference(),
    });
    ledger.writer().put(Record::Decision("installation.unfrozen", body))?;
    ledger.writer().flush()?;
    Ok(Some(restored))
}

/// From now on only a person takes back what is outstanding of a freeze.
pub fn keep(ledger: &Ledger) -> Result<()> {
    let all = changes::outstanding(&ledger.reader()?)?;
    let freezes = all.iter().filter(|one| matches!(one.change, Change::ServiceWord(_) | Change::NoLogin(_)));
    let ids: Vec<Uuid> = freezes.map(|one| one.id).collect();
    let writer = ledger.writer();
    writer.put(Record::Meta(KEPT, json!(ids).to_string()))?;
    writer.put(Record::Decision("installation.stays-frozen", json!({ "changes": ids })))?;
    writer.flush()
}

/// The changes that are to stay until a person takes them back.
fn kept_changes(reader: &Reader) -> Result<BTreeSet<Uuid>> {
    Ok(reader.meta(KEPT)?.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default())
}

/// What is outstanding and was not kept on purpose: a run was broken off.
pub fn left_over(reader: &Reader) -> Result<Vec<Outstanding>> {
    let kept = kept_changes(reader)?;
    Ok(changes::outstanding(reader)?.into_iter().filter(|one| !kept.contains(&one.id)).collect())
}

/// What is outstanding in the ledger at this place; nothing if there is none or it cannot be read now.
#[must_use]
pub fn outstanding_at(ledger: &Path) -> Vec<Outstanding> {
    Reader::open(ledger).and_then(|reader| changes::outstanding(&reader)).unwrap_or_default()
}

/// Knows how each kind is taken back. The connection that writes is opened when the first change needs it.
struct Hand<'a> {
    config: &'a Config,
    pen: Option<Box<dyn Database>>,
}

impl Hand<'_> {
    fn take_back(&mut self, change: &Change) -> Result<String> {
        match change {
            Change::ServiceWord(word) => word.take_back(),
            Change::NoLogin(event) => event.take_back(self.pen()?),
            Change::DatabaseSnapshot { .. } | Change::SnapshotIsolation { .. } => {
                ladder::take_back(change, self.config)
            }
        }
    }

    fn pen(&mut self) -> Result<&mut dyn Database> {
        if self.pen.is_none() {
            self.pen = Some(freeze::pen(&Installation::find(self.config)?, &self.config.freeze)?);
        }
        match &mut self.pen {
            Some(pen) => Ok(&mut **pen),
            None => Err(Error::new(Code::Internal, "there is no connection to write with")),
        }
    }
}

/// What a change is, in words.
#[must_use]
pub fn named(change: &Change) -> String {
    match change {
        Change::ServiceWord(word) => format!("the word `frozen` in `{}`", word.file.display()),
        Change::NoLogin(event) => format!("the event `{}` with the number {}", event.key, event.id),
        Change::DatabaseSnapshot { name } => format!("the database snapshot `{name}`"),
        Change::SnapshotIsolation { database } => format!("snapshot isolation of `{database}`"),
    }
}
