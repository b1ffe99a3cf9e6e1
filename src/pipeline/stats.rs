//! The figures of a run: counted where things happen, read by anybody at any time.

use super::edge::Edge;
use crate::item::Kind;
use serde::Serialize;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

/// A counter that everybody may add to.
#[derive(Debug, Default)]
pub struct Count(AtomicU64);

impl Count {
    /// Adds.
    pub fn add(&self, number: u64) {
        self.0.fetch_add(number, Relaxed);
    }

    /// The sum so far.
    #[must_use]
    pub fn get(&self) -> u64 {
        self.0.load(Relaxed)
    }

    /// Replaces the value, for counters that are gauges.
    pub fn set(&self, number: u64) {
        self.0.store(number, Relaxed);
    }
}

/// Items and their bytes.
#[derive(Debug, Default)]
pub struct Tally {
    /// Items.
    pub items: Count,
    /// Bytes.
    pub bytes: Count,
}

impl Tally {
    /// Counts one item.
    pub fn add(&self, bytes: u64) {
        self.items.add(1);
        self.bytes.add(bytes);
    }
}

/// The same for items of one kind, as front ends show it.
#[derive(Debug, Default)]
pub struct KindFigures {
    /// Files or parts that have to be read.
    pub found: Tally,
    /// Verified before and unchanged.
    pub unchanged: Tally,
    /// Proven by the tenant in this run.
    pub verified: Tally,
    /// Ended otherwise in this run.
    pub left: Count,
}

/// What a run has done so far.
#[derive(Debug)]
pub struct Stats {
    /// Rows that the installation said it has.
    pub expected: Count,
    /// Rows read.
    pub rows: Count,
    /// Files that have to be read.
    pub found: Tally,
    /// Items that were verified before and have not changed: not opened.
    pub unchanged: Tally,
    /// Files opened.
    pub opened: Count,
    /// Files read and hashed.
    pub read: Tally,
    /// Chunks that were not sent because the tenant has them, or they are on their way.
    pub shared: Tally,
    /// Packs and their bytes that the tenant has acknowledged.
    pub sent: Tally,
    /// Bytes that went out, acknowledged or not.
    pub wire: Count,
    /// Items proven by the tenant in this run.
    pub verified: Tally,
    /// Items that ended otherwise in this run.
    pub left: Count,
    /// Files without a row.
    pub orphans: Count,
    /// Calls to the tenant.
    pub requests: Count,
    /// Calls that had to be repeated.
    pub retries: Count,
    /// How many packs may be on their way at once, now.
    pub width: Count,
    /// The walk for orphans is done: nothing more is coming.
    pub scanned: Count,
    /// Parts of tables that were written and sent, because their rows were new or had changed.
    pub parts: Tally,
    /// Every table was read: no more parts are coming.
    pub exported: Count,
    /// Since when the installation is held still for a cut-over, if it is.
    pub frozen: OnceLock<Instant>,
    kinds: [KindFigures; Kind::ALL.len()],
    edges: Vec<Arc<Edge>>,
    started: Instant,
}

/// The figures of one edge.
#[derive(Debug, Clone, Serialize)]
pub struct EdgeFigures {
    /// As in `scanner→hasher`.
    pub edge: &'static str,
    /// How many items it holds.
    pub capacity: usize,
    /// How many went through.
    pub items: u64,
    /// How many are in it.
    pub queued: usize,
    /// How long senders waited, all together, in seconds.
    pub waited: f64,
}

impl Stats {
    /// Nothing done yet.
    #[must_use]
    pub fn new(edges: Vec<Arc<Edge>>) -> Self {
        Self {
            expected: Count::default(),
            rows: Count::default(),
            found: Tally::default(),
            unchanged: Tally::default(),
            opened: Count::default(),
            read: Tally::default(),
            shared: Tally::default(),
            sent: Tally::default(),
            wire: Count::default(),
            verified: Tally::default(),
            left: Count::default(),
            orphans: Count::default(),
            requests: Count::default(),
            retries: Count::default(),
            width: Count::default(),
            scanned: Count::default(),
            parts: Tally::default(),
            exported: Count::default(),
            frozen: OnceLock::new(),
            kinds: Default::default(),
            edges,
            started: Instant::now(),
        }
    }

    /// The figures of one kind.
    #[must_use]
    pub fn kind(&self, kind: Kind) -> &KindFigures {
        // Kinds are numbered from 1, without gaps.
        &self.kinds[kind as usize - 1]
    }

    /// An item has to be read.
    pub fn add_found(&self, kind: Kind, bytes: u64) {
        self.found.add(bytes);
        self.kind(kind).found.add(bytes);
    }

    /// An item was verified before and has not changed.
    pub fn add_unchanged(&self, kind: Kind, bytes: u64) {
        self.unchanged.add(bytes);
        self.kind(kind).unchanged.add(bytes);
    }

    /// An item was proven by the tenant.
    pub fn add_verified(&self, kind: Kind, bytes: u64) {
        self.verified.add(bytes);
        self.kind(kind).verified.add(bytes);
    }

    /// An item ended otherwise.
    pub fn add_left(&self, kind: Kind) {
        self.left.add(1);
        self.kind(kind).left.add(1);
    }

    /// How long the run has lasted.
    #[must_use]
    pub fn elapsed(&self) -> Duration {
        self.started.elapsed()
    }

    /// The edges as they are now.
    #[must_use]
    pub fn edges(&self) -> Vec<EdgeFigures> {
        self.edges
            .iter()
            .map(|edge| EdgeFigures {
                edge: edge.name,
                capacity: edge.capacity,
                items: edge.items(),
                queued: edge.queued(),
                waited: edge.waited().as_secs_f64(),
            })
            .collect()
    }

    /// Seconds until everything is sent and proven, if it goes on as in the whole run so far; `None` as long
    /// as nobody can know.
    #[must_use]
    pub fn seconds_left(&self) -> Option<f64> {
        let elapsed = self.elapsed().as_secs_f64();
        let (rows, expected) = (self.rows.get().max(1) as f64, self.expected.get() as f64);
        // The bytes to come are those found so far, stretched to the rows that are still to be read.
        let stretch = (expected / rows).max(1.0);
        let (all, done) = (self.found.bytes.get() as f64 * stretch, self.verified.bytes.get() as f64);
        (elapsed > 1.0 && done > 0.0).then(|| (all - done).max(0.0) / (done / elapsed))
    }
}
