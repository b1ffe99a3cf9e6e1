//! The one place where an item ends: ledger, figures and event together, so that they cannot drift apart.

use super::stats::Stats;
use crate::Result;
use crate::item::{Key, Kind, Outcome};
use crate::ledger::{Proof, Record, Writer};
use serde::Serialize;
use serde_json::{Map, Value, json};
use std::sync::Arc;

/// Something that front ends want to know.
#[derive(Debug, Clone, Serialize)]
#[serde(tag = "event", rename_all = "lowercase")]
pub enum Event {
    /// An item ended as anything but verified.
    Item {
        /// What it is.
        item: Kind,
        /// The id of its row.
        id: u32,
        /// The language of a translated template.
        #[serde(skip_serializing_if = "Option::is_none")]
        language: Option<&'static str>,
        /// How it ended.
        outcome: Outcome,
        /// Where its file is, or should be.
        #[serde(skip_serializing_if = "Option::is_none")]
        path: Option<String>,
        /// Why, and for a missing file where it was looked for.
        #[serde(flatten)]
        detail: Map<String, Value>,
    },
    /// Something that a person should know, and that is no outcome.
    Warning {
        /// One line.
        message: String,
    },
}

/// Whoever wants to know. Called from any thread; may wait, which slows the run down.
pub type Observer = Arc<dyn Fn(Event) + Send + Sync>;

/// Where items end.
#[derive(Clone)]
pub struct Outcomes {
    ledger: Writer,
    stats: Arc<Stats>,
    observer: Observer,
}

impl Outcomes {
    /// Outcomes that go to `ledger`, `stats` and `observer`.
    #[must_use]
    pub fn new(ledger: Writer, stats: Arc<Stats>, observer: Observer) -> Self {
        Self { ledger, stats, observer }
    }

    /// The tenant has proven it.
    pub fn verified(&self, key: Key, proof: Proof) -> Result<()> {
        self.stats.add_verified(key.kind(), proof.stamp.size);
        self.ledger.put(Record::Ended(key, Outcome::Verified, Some(proof), None))
    }

    /// It ended otherwise. `path` is where its file is or should be, `detail` a JSON object that says why.
    pub fn left(
        &self,
        key: Key,
        outcome: Outcome,
        proof: Option<Proof>,
        path: Option<String>,
        detail: Map<String, Value>,
    ) -> Result<()> {
        debug_assert_ne!(outcome, Outcome::Verified);
        self.stats.add_left(key.kind());
        let mut kept = detail.clone();
        if let Some(path) = &path {
            kept.insert("path".into(), path.clone().into());
        }
        self.ledger.put(Record::Ended(key, outcome, proof, Some(Value::Object(kept).to_string())))?;
        tracing::debug!(item = %key, %outcome, ?path, "left behind");
        let event = Event::Item { item: key.kind(), id: key.id(), language: key.language(), outcome, path, detail };
        (self.observer)(event);
        Ok(())
    }

    /// Tells something that is no outcome.
    pub fn warn(&self, message: String) {
        tracing::warn!("{message}");
        (self.observer)(Event::Warning { message });
    }
}

/// A detail that is just a reason.
pub(super) fn reason(text: impl Into<String>) -> Map<String, Value> {
    match json!({ "reason": text.into() }) {
        Value::Object(map) => map,
        _ => Map::new(),
    }
}
