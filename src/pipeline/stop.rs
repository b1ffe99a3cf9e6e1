//! Stopping: first gently, then at once.

use tokio_util::sync::CancellationToken;

/// The two ways to stop a run. Draining begins nothing new and finishes what is under way; aborting drops
/// everything. Either way the ledger is right and the next run resumes.
#[derive(Debug, Clone, Default)]
pub struct Stop {
    drain: CancellationToken,
    abort: CancellationToken,
}

impl Stop {
    /// Begin nothing new.
    pub fn drain(&self) {
        self.drain.cancel();
    }

    /// Drop everything.
    pub fn abort(&self) {
        self.drain.cancel();
        self.abort.cancel();
    }

    /// Whether nothing new is to be begun.
    #[must_use]
    pub fn is_draining(&self) -> bool {
        self.drain.is_cancelled()
    }

    /// Whether everything is to be dropped.
    #[must_use]
    pub fn is_aborting(&self) -> bool {
        self.abort.is_cancelled()
    }

    /// Waits until everything is to be dropped.
    pub async fn aborted(&self) {
        self.abort.cancelled().await;
    }

    /// Waits until nothing new is to be begun.
    pub async fn draining(&self) {
        self.drain.cancelled().await;
    }
}
