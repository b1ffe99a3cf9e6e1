//! The actor that watches over a run.
//!
//! The pipeline, not the actor, is the unit of restart: when any stage fails the others are told to stop, the
//! run ends with the first error, and the next run resumes from the ledger. Stages end in order, because each
//! one ends when nobody can send to it any more; the supervisor only notes it.

use super::stop::Stop;
use crate::{Error, Result};
use actix::{Actor, ActorContext, Addr, Context, Handler, Message};
use std::collections::BTreeSet;
use tokio::sync::oneshot;

/// The stages of the pipeline.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stage {
    /// Joins rows and files.
    Scanner,
    /// Reads tables, part by part.
    Exporter,
    /// Reads once and hashes.
    Hasher,
    /// Cuts, squeezes and bundles.
    Chunker,
    /// Sends packs.
    Uploader,
    /// Has everything proven.
    Verifier,
}

impl Stage {
    /// All of them, in the order of the flow.
    pub const ALL: [Self; 6] =
        [Self::Scanner, Self::Exporter, Self::Hasher, Self::Chunker, Self::Uploader, Self::Verifier];

    /// Its name.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Scanner => "scanner",
            Self::Exporter => "exporter",
            Self::Hasher => "hasher",
            Self::Chunker => "chunker",
            Self::Uploader => "uploader",
            Self::Verifier => "verifier",
        }
    }
}

/// A stage has ended, or is in trouble.
#[derive(Message)]
#[rtype(result = "()")]
pub struct Ended {
    stage: Stage,
    /// `None` while it still has to clean up.
    over: bool,
    result: Result<()>,
}

impl Ended {
    /// The stage is over.
    pub fn tell(supervisor: &Addr<Supervisor>, stage: Stage, result: Result<()>) {
        // At most two such messages for each stage, so the mailbox cannot grow.
        let _ = supervisor.try_send(Self { stage, over: true, result });
    }

    /// The stage has failed and is cleaning up.
    pub fn alarm(supervisor: &Addr<Supervisor>, stage: Stage, error: &Error) {
        let _ = supervisor.try_send(Self { stage, over: false, result: Err(error.copy()) });
    }
}

/// Watches over the stages of one run.
pub struct Supervisor {
    running: BTreeSet<Stage>,
    stop: Stop,
    result: Result<()>,
    done: Option<oneshot::Sender<Result<()>>>,
}

impl Supervisor {
    /// A supervisor that reports the end of all stages to `done`.
    #[must_use]
    pub fn new(stop: Stop, done: oneshot::Sender<Result<()>>) -> Self {
        Self { running: Stage::ALL.into(), stop, result: Ok(()), done: Some(done) }
    }
}

impl Actor for Supervisor {
    type Context = Context<Self>;
}

impl Handler<Ended> for Supervisor {
    type Result = ();

    fn handle(&mut self, ended: Ended, context: &mut Self::Context) {
        if let Err(error) = ended.result {
            tracing::debug!(stage = ended.stage.as_str(), %error, "stage failed");
            // What follows a failure elsewhere is only its echo: the first error is the one to tell.
            if self.result.is_ok() {
                self.result = Err(error);
            }
            self.stop.abort();
        }
        if ended.over {
            tracing::debug!(stage = ended.stage.as_str(), "stage over");
            self.running.remove(&ended.stage);
        }
        if self.running.is_empty() {
            if let Some(done) = self.done.take() {
                let _ = done.send(std::mem::replace(&mut self.result, Ok(())));
            }
            context.stop();
        }
    }
}
