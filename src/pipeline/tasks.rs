//! A stage whose work is done by tasks on the runtime.
//!
//! The twin of [`super::crew`]: every task is watched, a panic in one of them is an error of the stage, and the
//! first error is kept until all tasks are over.

use super::crew::panicked;
use super::supervisor::{Ended, Stage, Supervisor};
use crate::{Error, Result};
use actix::Addr;
use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::runtime::Handle;
use tokio_util::task::TaskTracker;

/// The tasks of one stage.
#[derive(Clone)]
pub(super) struct Tasks {
    stage: Stage,
    tracker: TaskTracker,
    runtime: Handle,
    supervisor: Addr<Supervisor>,
    failure: Arc<Mutex<Option<Error>>>,
}

impl Tasks {
    pub(super) fn new(stage: Stage, runtime: Handle, supervisor: Addr<Supervisor>) -> Self {
        Self { stage, tracker: TaskTracker::new(), runtime, supervisor, failure: Arc::default() }
    }

    /// Starts a task; its failure stops the run.
    pub(super) fn spawn(&self, work: impl Future<Output = Result<()>> + Send + 'static) {
        let task = self.runtime.spawn(work);
        let me = self.clone();
        self.tracker.spawn_on(
            async move {
                if let Err(error) = joined(me.stage, task.await) {
                    Ended::alarm(&me.supervisor, me.stage, &error);
                    me.failure.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(error);
                }
            },
            &self.runtime,
        );
    }

    /// Nothing is started any more: when everything is over, does `last` (unless something failed) and tells
    /// the supervisor.
    pub(super) fn finish(self, last: impl Future<Output = Result<()>> + Send + 'static) {
        let runtime = self.runtime.clone();
        runtime.spawn(async move {
            self.tracker.close();
            self.tracker.wait().await;
            let failure = self.failure.lock().unwrap_or_else(PoisonError::into_inner).take();
            let result = match failure {
                Some(error) => {
                    drop(last);
                    Err(error)
                }
                None => joined(self.stage, self.runtime.spawn(last).await),
            };
            Ended::tell(&self.supervisor, self.stage, result);
        });
    }
}

fn joined(stage: Stage, result: std::result::Result<Result<()>, tokio::task::JoinError>) -> Result<()> {
    match result {
        Ok(result) => result,
        Err(lost) if lost.is_panic() => Err(panicked(stage, &*lost.into_panic())),
        Err(lost) => Err(panicked(stage, &lost.to_string())),
    }
}
