//! What a run says at its end, and keeps in the ledger.

use super::curve::Point;
use super::database::DatabaseSummary;
use super::holding::FreezeSummary;
use crate::exit::Exit;
use crate::item::{Kind, Outcome};
use crate::ledger::Totals;
use crate::pipeline::{EdgeFigures, Stats};
use crate::resources::Resources;
use crate::tenant::protocol::{Mails, Mode, RunKind};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::PathBuf;

/// The last object of a run with `--json`, and a row of the ledger's run table.
#[derive(Debug, Clone, Serialize)]
pub struct Summary {
    /// `finished`
    pub event: &'static str,
    /// The exit status.
    pub exit: u8,
    /// Initial upload or recovery.
    pub kind: Option<RunKind>,
    /// `seed` while users work, `cut-over` while the installation is frozen; nothing otherwise.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pass: Option<&'static str>,
    /// Test or live.
    pub mode: Mode,
    /// When it began.
    pub started: String,
    /// Rows that were read.
    pub rows: u64,
    /// Items by outcome; the sum with `pending` is `rows` when the scan was complete.
    pub outcomes: BTreeMap<&'static str, u64>,
    /// The same by kind of item.
    pub kinds: BTreeMap<&'static str, BTreeMap<&'static str, u64>>,
    /// Items without an outcome.
    pub pending: u64,
    /// Files without a row.
    pub orphans: u64,
    /// Whether every row was read and has an outcome, and the sums agree.
    pub complete: bool,
    /// The database, if its tables have moved.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub database: Option<DatabaseSummary>,
    /// What became of the freeze, if the installation was frozen.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub freeze: Option<FreezeSummary>,
    /// Whether the tenant has accepted the migration.
    pub committed: bool,
    /// Where the tenant's signed receipt lies, if it has accepted and the receipt says what the ledger says.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub receipt: Option<PathBuf>,
    /// The mails that the tenant sends, if there are any.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mails: Option<Mails>,
    /// Bytes of this run.
    pub bytes: Bytes,
    /// Items of this run.
    pub items: Items,
    /// Seconds from start to end.
    pub seconds: f64,
    /// Calls to the tenant.
    pub requests: u64,
    /// Calls that had to be repeated.
    pub retries: u64,
    /// The edges of the pipeline, with the seconds that senders waited.
    pub edges: Vec<EdgeFigures>,
    /// What the process has cost.
    pub resources: Resources,
    /// Throughput over time.
    pub curve: Vec<Point>,
    /// What ended the run, if it failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<Failure>,
}

/// An error as data.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Failure {
    /// The stable code.
    pub code: String,
    /// What happened, to what.
    pub message: String,
    /// What to do next.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
}

impl From<&crate::Error> for Failure {
    fn from(error: &crate::Error) -> Self {
        Self { code: error.code().as_str().into(), message: error.chain(), hint: error.hint_text().map(str::to_owned) }
    }
}

/// Bytes of one run.
#[derive(Debug, Clone, Copy, Default, Serialize)]
pub struct Bytes {
    /// Read from files.
    pub read: u64,
    /// Acknowledged by the tenant, compressed.
    pub sent: u64,
    /// Not sent because nothing had changed or the tenant had the content already.
    pub skipped: u64,
    /// Proven by the tenant.
    pub verified: u64,
}

/// Items of one run.
#[derive(Debug, Clone, Copy, Default, Serialize)]
pub struct Items {
    /// Files opened.
    pub opened: u64,
    /// Verified before and unchanged.
    pub unchanged: u64,
    /// Chunks that were not sent because the tenant had the content, or it was on its way.
    pub shared: u64,
    /// Packs sent.
    pub packs: u64,
    /// Proven in this run.
    pub verified: u64,
}

impl Bytes {
    /// From the figures of a run.
    #[must_use]
    pub fn of(stats: &Stats) -> Self {
        Self {
            read: stats.read.bytes.get(),
            sent: stats.sent.bytes.get(),
            skipped: stats.unchanged.bytes.get() + stats.shared.bytes.get(),
            verified: stats.verified.bytes.get(),
        }
    }
}

impl Items {
    /// From the figures of a run.
    #[must_use]
    pub fn of(stats: &Stats) -> Self {
        Self {
            opened: stats.opened.get(),
            unchanged: stats.unchanged.items.get(),
            shared: stats.shared.items.get(),
            packs: stats.sent.items.get(),
            verified: stats.verified.items.get(),
        }
    }
}

/// Items by outcome, of one kind or of all.
#[must_use]
pub fn outcomes(totals: &Totals, kind: Option<Kind>) -> BTreeMap<&'static str, u64> {
    Outcome::ALL.into_iter().map(|outcome| (outcome.as_str(), totals.of(kind, Some(outcome)).0)).collect()
}

/// What the totals mean for the exit status.
#[must_use]
pub(super) fn exit_of(totals: &Totals, complete: bool) -> Exit {
    let count = |outcome| totals.of(None, Some(outcome)).0;
    if count(Outcome::Failed) > 0 {
        Exit::Different
    } else if !complete {
        Exit::Incomplete
    } else if totals.all(None).0 > count(Outcome::Verified) {
        Exit::Left
    } else {
        Exit::Verified
    }
}
