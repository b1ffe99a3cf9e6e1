//! The edges between stages: a name, a capacity, and how long anybody waited to get something through.
//!
//! The edge whose senders wait longest leads into the bottleneck. That is the whole diagnosis.

use crossbeam_channel::{Receiver, SendError, Sender, TrySendError, bounded};
use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed};
use std::time::{Duration, Instant};

/// What is known of one edge.
#[derive(Debug)]
pub struct Edge {
    /// As in `scanner→hasher`.
    pub name: &'static str,
    /// How many items it holds.
    pub capacity: usize,
    passed: AtomicU64,
    waited: AtomicU64,
    queued: AtomicUsize,
}

impl Edge {
    /// An edge for `capacity` items.
    #[must_use]
    pub fn new(name: &'static str, capacity: usize) -> Self {
        Self { name, capacity, passed: AtomicU64::new(0), waited: AtomicU64::new(0), queued: AtomicUsize::new(0) }
    }

    /// Counts an item that went in, when `queued` are in.
    pub(super) fn passed(&self, queued: usize) {
        self.passed.fetch_add(1, Relaxed);
        self.queued.store(queued, Relaxed);
    }

    /// Awaits `room` and counts the time.
    pub(super) async fn wait<F: Future>(&self, room: F) -> F::Output {
        let start = Instant::now();
        let output = room.await;
        self.add(start.elapsed());
        output
    }

    /// The same for a thread that blocks.
    pub(super) fn waiting<T>(&self, room: impl FnOnce() -> T) -> T {
        let start = Instant::now();
        let output = room();
        self.add(start.elapsed());
        output
    }

    fn add(&self, waited: Duration) {
        self.waited.fetch_add(waited.as_nanos() as u64, Relaxed);
    }

    /// How many items went through.
    #[must_use]
    pub fn items(&self) -> u64 {
        self.passed.load(Relaxed)
    }

    /// How long senders have waited, all together.
    #[must_use]
    pub fn waited(&self) -> Duration {
        Duration::from_nanos(self.waited.load(Relaxed))
    }

    /// How many items were in it when the last one went in.
    #[must_use]
    pub fn queued(&self) -> usize {
        self.queued.load(Relaxed)
    }
}

/// A channel between threads that is an edge.
pub(super) fn channel<T>(edge: &Arc<Edge>) -> (Way<T>, Receiver<T>) {
    let (to, from) = bounded(edge.capacity);
    (Way { to, edge: Arc::clone(edge) }, from)
}

/// The sending end of a [`channel`].
pub(super) struct Way<T> {
    to: Sender<T>,
    edge: Arc<Edge>,
}

impl<T> Clone for Way<T> {
    fn clone(&self) -> Self {
        Self { to: self.to.clone(), edge: Arc::clone(&self.edge) }
    }
}

impl<T> Way<T> {
    /// Sends; waits while the edge is full. Gives the item back when nobody receives any more.
    pub(super) fn send(&self, item: T) -> Result<(), SendError<T>> {
        match self.to.try_send(item) {
            Ok(()) => {}
            Err(TrySendError::Full(item)) => {
                self.edge.waiting(|| self.to.send(item))?;
            }
            Err(TrySendError::Disconnected(item)) => return Err(SendError(item)),
        }
        self.edge.passed(self.to.len());
        Ok(())
    }
}
