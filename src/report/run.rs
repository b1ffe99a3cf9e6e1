//! One run, as its summary in the ledger tells it.
//!
//! The summary may have been written by another version of this program: what it does not say is nothing, and
//! words that are not known are shown as they are.

use super::units::{Duration, moment};
use crate::exit::Exit;
use crate::migration::{DatabaseSummary, Failure, FreezeSummary, Point, Summary};
use crate::tenant::protocol::Mails;
use serde::Deserialize;
use std::collections::BTreeMap;

/// The figures of a run.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct Run {
    pub(super) started: String,
    pub(super) exit: Option<u8>,
    pub(super) kind: Option<String>,
    /// `seed` or `cut-over`.
    pub(super) pass: Option<String>,
    pub(super) mode: Option<String>,
    /// Rows that were read, before it ended.
    pub(super) rows: u64,
    pub(super) outcomes: BTreeMap<String, u64>,
    pub(super) pending: u64,
    pub(super) orphans: u64,
    /// Whether all rows were read and all have an outcome.
    pub(super) complete: bool,
    pub(super) committed: bool,
    /// Where the receipt was laid.
    pub(super) receipt: Option<String>,
    pub(super) mails: Option<Mails>,
    pub(super) database: Option<DatabaseSummary>,
    pub(super) freeze: Option<FreezeSummary>,
    pub(super) bytes: Bytes,
    pub(super) seconds: f64,
    pub(super) requests: u64,
    pub(super) retries: u64,
    pub(super) edges: Vec<Edge>,
    pub(super) curve: Vec<Point>,
    pub(super) error: Option<Failure>,
}

/// Bytes of a run.
#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[serde(default)]
pub(super) struct Bytes {
    pub(super) read: u64,
    pub(super) sent: u64,
    pub(super) skipped: u64,
    pub(super) verified: u64,
}

/// One edge of the pipeline.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct Edge {
    /// As in `scanner→hasher`.
    #[serde(rename = "edge")]
    pub(super) name: String,
    pub(super) capacity: u64,
    pub(super) items: u64,
    /// Seconds that senders waited, all together.
    pub(super) waited: f64,
}

impl Edge {
    /// The stage that the edge leads into.
    pub(super) fn stage(&self) -> &str {
        self.name.rsplit('→').next().unwrap_or(&self.name)
    }
}

/// Waiting for less than this part of the run proves no bottleneck: short runs fit into the queues.
const NOTICEABLE: f64 = 0.2;

impl Run {
    /// Reads the summary of the run that began at `started`; `None` is a run that could not leave one.
    pub(super) fn read(started: &str, summary: Option<&str>) -> Self {
        let mut run: Self = summary.and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default();
        started.clone_into(&mut run.started);
        run
    }

    /// The run that `summary` is about.
    pub(super) fn of(summary: &Summary) -> Self {
        let text = serde_json::to_string(summary).ok();
        Self::read(&summary.started, text.as_deref())
    }

    /// Whether anything was sent or proven in it, so that its throughput says something.
    pub(super) fn worked(&self) -> bool {
        self.bytes.sent > 0 || self.bytes.verified > 0
    }

    /// As in `initial upload, test`.
    pub(super) fn what(&self) -> String {
        let kind = match self.pass.as_deref().or(self.kind.as_deref()) {
            Some("initial") => "initial upload",
            Some(other) => other,
            None => "run",
        };
        match self.mode.as_deref() {
            Some(mode) => format!("{kind}, {mode}"),
            None => kind.to_owned(),
        }
    }

    /// When it began.
    pub(super) fn when(&self) -> String {
        moment(&self.started)
    }

    /// What its exit status says.
    pub(super) fn ending(&self) -> String {
        let Some(exit) = self.exit else { return "it left no summary".into() };
        let words = [
            (Exit::Verified, "everything verified"),
            (Exit::Left, "complete, with items left behind"),
            (Exit::Usage, "it could not go on: configuration or usage"),
            (Exit::Blocked, "blocked by a check or by the tenant"),
            (Exit::Incomplete, "incomplete"),
            (Exit::Different, "a difference was found"),
            (Exit::Interrupted, "interrupted"),
        ];
        words
            .into_iter()
            .find(|(known, _)| u8::from(*known) == exit)
            .map_or_else(|| format!("exit status {exit}"), |(_, word)| word.to_owned())
    }

    /// The edge whose senders waited longest, if anybody waited noticeably.
    pub(super) fn longest_wait(&self) -> Option<&Edge> {
        let edge = self.edges.iter().max_by(|one, other| one.waited.total_cmp(&other.waited))?;
        (edge.waited >= (self.seconds * NOTICEABLE).max(0.05)).then_some(edge)
    }

    /// Which stage is the bottleneck, in a sentence without a full stop. `None` if nothing went through.
    pub(super) fn bottleneck(&self) -> Option<String> {
        if self.edges.iter().all(|edge| edge.items == 0) {
            return None;
        }
        let Some(edge) = self.longest_wait() else {
            return Some(
                "no stage waited long for the next one: finding the files set the pace, or all of it fitted into the \
                 queues and the link to the tenant did"
                    .into(),
            );
        };
        let why = match edge.stage() {
            "hasher" => "reading files",
            "chunker" => "cutting and compressing, that is the processor,",
            "uploader" => "the link to the tenant",
            "verifier" => "the tenant, re-reading what it holds,",
            _ => "that stage",
        };
        let stage = edge.stage();
        let waited = Duration(edge.waited);
        Some(format!("the {stage} was the bottleneck: stages before it waited {waited} for it, so {why} set the pace"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::fixture;

    #[test]
    fn a_summary_says_the_same_after_it_was_in_the_ledger() {
        let summary = fixture::summary();
        let run = Run::of(&summary);
        assert_eq!((run.rows, run.pending, run.exit), (summary.rows, 0, Some(1)));
        assert_eq!(run.bytes.sent, summary.bytes.sent);
        assert_eq!(run.curve, summary.curve);
        assert_eq!(run.edges.len(), summary.edges.len());
        assert_eq!(run.what(), "initial upload, test");
        assert_eq!(run.when(), "2026-11-22 20:00:00 UTC");
    }

    #[test]
    fn the_longest_wait_leads_into_the_bottleneck() {
        let run = Run::of(&fixture::summary());
        assert_eq!(run.longest_wait().map(Edge::stage), Some("uploader"));
        let sentence = run.bottleneck().unwrap();
        assert!(
            sentence.starts_with("the uploader was the bottleneck: stages before it waited 1 min 31 s"),
            "{sentence}"
        );
    }

    #[test]
    fn a_little_waiting_proves_no_bottleneck() {
        let mut run = Run::of(&fixture::summary());
        run.edges.iter_mut().for_each(|edge| edge.waited /= 4.0);
        assert!(run.bottleneck().unwrap().contains("finding the files set the pace"));
        run.edges.iter_mut().for_each(|edge| edge.items = 0);
        assert_eq!(run.bottleneck(), None);
    }

    #[test]
    fn a_run_of_another_version_is_still_read() {
        let run = Run::read("2026-01-01T00:00:00Z", Some(r#"{"kind":"cut-over","exit":77,"new":[1]}"#));
        assert_eq!((run.what().as_str(), run.ending().as_str()), ("cut-over", "exit status 77"));
        assert_eq!(Run::read("x", None).ending(), "it left no summary");
        assert_eq!(Run::read("x", Some("{ torn")).what(), "run");
    }
}
