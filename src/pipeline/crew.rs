//! A stage whose work is done by threads of its own.
//!
//! The processor's work must not run on the runtime's threads, and a `SyncArbiter` neither bounds its queue nor
//! survives a panic. A [`Crew`] is an actor that starts named threads, learns how each of them ended (also by
//! a panic), and tells the supervisor once, when the last one is gone.

use super::supervisor::{Ended, Stage, Supervisor};
use crate::{Code, Error, Result};
use actix::{Actor, ActorContext, Addr, AsyncContext, Context, Handler, Message};
use std::panic::{AssertUnwindSafe, catch_unwind};

/// The work of one thread.
pub type Work = Box<dyn FnOnce() -> Result<()> + Send>;

/// Threads that do the work of one stage.
pub struct Crew {
    stage: Stage,
    waiting: Vec<Work>,
    at_work: usize,
    /// The first error of any of them.
    result: Result<()>,
    supervisor: Addr<Supervisor>,
    /// Its own address, until the last thread has been heard: actix drops what is queued when the last address goes
    /// just after a message was posted, and a crew whose end nobody hears of would never end.
    me: Option<Addr<Self>>,
}

/// One of the threads has ended.
#[derive(Message)]
#[rtype(result = "()")]
struct Left(Result<()>);

impl Crew {
    /// A crew that does `work`, one thread each.
    #[must_use]
    pub fn new(stage: Stage, work: Vec<Work>, supervisor: Addr<Supervisor>) -> Self {
        Self { stage, waiting: work, at_work: 0, result: Ok(()), supervisor, me: None }
    }

    fn end(&mut self, context: &mut Context<Self>) {
        let result = std::mem::replace(&mut self.result, Ok(()));
        Ended::tell(&self.supervisor, self.stage, result);
        self.me = None;
        context.stop();
    }
}

impl Actor for Crew {
    type Context = Context<Self>;

    fn started(&mut self, context: &mut Self::Context) {
        context.set_mailbox_capacity(0);
        self.me = Some(context.address());
        for (number, work) in std::mem::take(&mut self.waiting).into_iter().enumerate() {
            let (stage, me) = (self.stage, context.address());
            let thread = std::thread::Builder::new().name(format!("{}-{number}", stage.as_str())).spawn(move || {
                let result = catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|panic| Err(panicked(stage, &*panic)));
                // One message for each thread: bounded by their number. The actor outlives its threads, and
                // if the whole system is gone there is nobody left to tell.
                let _ = me.try_send(Left(result));
            });
            match thread {
                Ok(_) => self.at_work += 1,
                Err(cause) => {
                    self.result =
                        Err(Error::new(Code::Internal, format!("cannot start a thread of the {}", stage.as_str()))
                            .hint("the machine is out of threads or memory; run the same command again, it resumes")
                            .because(cause));
                }
            }
        }
        if self.at_work == 0 {
            self.end(context);
        }
    }
}

impl Handler<Left> for Crew {
    type Result = ();

    fn handle(&mut self, Left(result): Left, context: &mut Self::Context) {
        self.at_work -= 1;
        if self.result.is_ok() && result.is_err() {
            // Told at once, so that the others are stopped, and the end again when all are gone.
            if let Err(error) = &result {
                Ended::alarm(&self.supervisor, self.stage, error);
            }
            self.result = result;
        }
        if self.at_work == 0 {
            self.end(context);
        }
    }
}

/// The error for a part of the pipeline that panicked.
pub(super) fn panicked(stage: Stage, panic: &(dyn std::any::Any + Send)) -> Error {
    let said = panic
        .downcast_ref::<&str>()
        .map(|text| (*text).to_owned())
        .or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "without a word".into());
    Error::new(Code::Internal, format!("the {} panicked: {said}", stage.as_str()))
        .hint("this is a defect of omt, please report it; the ledger is sound, the same command resumes")
}
