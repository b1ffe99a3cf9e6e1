//! The actor: the state, what is known beside it, and work that goes on behind.
//!
//! Every message is a [`Turn`], a closure over the actor: a command, a question, the end of a piece of work. So there is one
//! queue, and everything happens in one order. The actor never waits: what takes time is a task whose end is another turn. Before a
//! command is taken the state is read from the ledger again, because another process may have gone on; while a run of
//! our own holds the ledger, nobody else can have.

use super::command::Task;
use super::deciding::task_of;
use super::event::{Event, Events};
use super::found::{Found, with_places};
use super::rules::{Known, Work};
use super::state::{Checks, LoggedOn, State};
use super::step::Journey;
use super::upload::Run;
use super::view::{Trouble, UploadState};
use crate::config::Config;
use crate::exit::Exit;
use crate::ledger::Reader;
use crate::onsite::changes;
use crate::onsite::logon::Attempts;
use crate::onsite::take_back::named;
use crate::people::{Decisions, People, Plans, Problem, problems};
use crate::tenant::protocol::{Mode, TenantInfo, TenantState};
use crate::{Code, Error, Result};
use actix::{Actor, AsyncContext, Context, Handler, Message};
use secrecy::SecretString;
use std::collections::BTreeMap;
use std::future::Future;
use std::sync::Arc;
use tokio::sync::watch;
use tokio::time::Instant;

/// What happens in a turn.
type Happening = dyn FnOnce(&mut Wizard, &mut Context<Wizard>) + Send;

/// A message: what is to happen to the actor.
pub(super) struct Turn(pub(super) Box<Happening>);

impl Message for Turn {
    type Result = ();
}

/// What others wait for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Going {
    /// A piece of work goes on.
    pub(super) work: bool,
    /// An upload goes on.
    pub(super) upload: bool,
}

/// The front actor.
pub(super) struct Wizard {
    pub(super) base: Config,
    /// Of the database; never written anywhere.
    pub(super) password: Option<SecretString>,
    pub(super) state: State,
    pub(super) found: Found,
    pub(super) tenant: Option<Result<TenantInfo>>,
    pub(super) decisions: Decisions,
    pub(super) problems: Vec<Problem>,
    pub(super) phones: Vec<String>,
    pub(super) frozen: Vec<String>,
    pub(super) attempts: Attempts,
    /// When the next log-on is taken.
    pub(super) next_log_on: Option<Instant>,
    /// The user who tried last, and how that ended.
    pub(super) tried: Option<LoggedOn>,
    pub(super) busy: Option<Work>,
    pub(super) trouble: Option<Trouble>,
    pub(super) run: Option<Run>,
    pub(super) revision: u64,
    /// How the last run ended, for the exit status of the process.
    pub(super) exit: Exit,
    pub(super) events: Events,
    pub(super) going: watch::Sender<Going>,
}

impl Actor for Wizard {
    type Context = Context<Self>;

    fn started(&mut self, context: &mut Self::Context) {
        self.look(context, None);
    }
}

impl Handler<Turn> for Wizard {
    type Result = ();

    fn handle(&mut self, turn: Turn, context: &mut Self::Context) {
        turn.0(self, context);
    }
}

impl Wizard {
    pub(super) fn new(base: Config, events: Events, going: watch::Sender<Going>) -> Result<Self> {
        let mut wizard = Self {
            base,
            password: None,
            state: State::default(),
            found: Found::default(),
            tenant: None,
            decisions: Decisions::default(),
            problems: Vec::new(),
            phones: Vec::new(),
            frozen: Vec::new(),
            attempts: Attempts::default(),
            next_log_on: None,
            tried: None,
            busy: None,
            trouble: None,
            run: None,
            revision: 1,
            exit: Exit::Verified,
            events,
            going,
        };
        wizard.reload()?;
        Ok(wizard)
    }

    /// The configuration as it is now.
    pub(super) fn config(&self) -> Config {
        let mut config = with_places(&self.base, &self.state.places, self.password.as_ref());
        config.migration.mode = self.mode();
        config
    }

    /// Test or live: what the tenant holds says it in a recovery, a person otherwise.
    pub(super) fn mode(&self) -> Mode {
        match (self.state.journey, self.tenant_state()) {
            (Some(Journey::Missing), Some(TenantState::Running)) => Mode::Live,
            (Some(Journey::Missing), Some(TenantState::OfflineMaintenance)) => Mode::Test,
            _ => self.state.contact.as_ref().map_or(self.base.migration.mode, |contact| contact.mode),
        }
    }

    pub(super) fn tenant_state(&self) -> Option<TenantState> {
        self.tenant.as_ref()?.as_ref().ok().map(|info| info.state)
    }

    pub(super) fn plans(&self) -> Plans {
        match &self.tenant {
            Some(Ok(info)) => Plans::of(info),
            _ => Plans::unknown(),
        }
    }

    pub(super) fn people(&self) -> Option<&Arc<People>> {
        self.found.opened.as_ref()?.as_ref().ok().map(|opened| &opened.people)
    }

    /// The journey: the one that was begun, or the one that would be.
    pub(super) fn journey(&self) -> Journey {
        self.state.journey.unwrap_or(match self.tenant_state() {
            None | Some(TenantState::MigrationPending) => Journey::Initial,
            Some(TenantState::OfflineMaintenance | TenantState::Running) => Journey::Missing,
        })
    }

    /// Reads what the ledger says, unless a run of our own holds it.
    pub(super) fn reload(&mut self) -> Result<()> {
        if self.run.is_some() {
            return Ok(());
        }
        let path = &self.base.migration.ledger;
        let state = State::read(path)?;
        let (decisions, frozen) = if path.exists() {
            let reader = Reader::open(path)?;
            let outstanding = changes::outstanding(&reader)?;
            (Decisions::read(&reader)?, outstanding.iter().map(|one| named(&one.change)).collect())
        } else {
            (Decisions::default(), Vec::new())
        };
        if state != self.state || decisions != self.decisions || frozen != self.frozen {
            (self.state, self.decisions, self.frozen) = (state, decisions, frozen);
            if matches!(self.state.upload, UploadState::Running | UploadState::Paused | UploadState::Stopping) {
                // Whoever ran it is gone: it goes on when somebody says so.
                self.state.upload = UploadState::Stopped;
            }
            self.examine();
            self.changed();
        }
        Ok(())
    }

    /// Looks at plans and names again.
    pub(super) fn examine(&mut self) {
        let plans = self.plans();
        self.problems = self.people().map(|people| problems(people, &self.decisions, &plans)).unwrap_or_default();
    }

    /// Tells that the view is another one.
    pub(super) fn changed(&mut self) {
        self.revision += 1;
        self.events.tell(Event::Changed { revision: self.revision, step: self.state.step });
    }

    /// Everything that the rules want to know.
    pub(super) fn known(&self) -> Known {
        let mut by_task: BTreeMap<Task, Vec<String>> = BTreeMap::new();
        for problem in &self.problems {
            by_task.entry(task_of(problem.kind)).or_default().push(problem.text.clone());
        }
        let left = self.next_log_on.map(|at| at.saturating_duration_since(Instant::now()));
        let not_found = match &self.found.opened {
            None => Some("it is still being looked for".to_owned()),
            Some(Err(error)) => Some(error.chain()),
            Some(Ok(_)) => None,
        };
        Known {
            busy: self.busy,
            upload: self.run.as_ref().map_or(self.state.upload, Run::state),
            tenant: self.tenant_state(),
            tenant_trouble: self.tenant.as_ref().and_then(|asked| asked.as_ref().err()).map(Error::chain),
            not_found,
            wait: left.filter(|left| !left.is_zero()).map(|left| left.as_secs() + 1),
            problems: by_task,
            blockers: self.state.checks.as_ref().map(Checks::blockers).unwrap_or_default(),
            frozen: !self.frozen.is_empty(),
        }
    }

    pub(super) fn fail(&mut self, error: &Error) {
        let trouble = Trouble::from(error);
        self.events.tell(Event::Failed { trouble: trouble.clone() });
        self.trouble = Some(trouble);
    }

    pub(super) fn tell_going(&self) {
        self.going.send_replace(Going { work: self.busy.is_some(), upload: self.run.is_some() });
    }

    /// Begins a piece of work; commands that would disturb it wait until `then` has its result.
    pub(super) fn work<T: Send + 'static>(
        &mut self,
        work: Work,
        context: &mut Context<Self>,
        task: impl Future<Output = T> + Send + 'static,
        then: impl FnOnce(&mut Self, T, &mut Context<Self>) + Send + 'static,
    ) {
        self.busy = Some(work);
        self.events.tell(Event::Working { what: work.as_str().to_owned() });
        self.tell_going();
        let (me, task) = (context.address(), tokio::spawn(task));
        tokio::spawn(async move {
            let done = task.await;
            let turn = move |wizard: &mut Self, context: &mut Context<Self>| {
                wizard.busy = None;
                match done {
                    Ok(done) => then(wizard, done, context),
                    Err(lost) => {
                        let error = Error::new(Code::Internal, format!("{} failed inside", work.as_str()));
                        wizard.fail(
                            &error.hint("try again; if it stays, `omt bundle` collects what helps").because(lost),
                        );
                    }
                }
                wizard.tell_going();
                wizard.changed();
            };
            let _ = me.try_send(Turn(Box::new(turn)));
        });
    }

    /// Something small that nobody waits for.
    pub(super) fn beside<T: Send + 'static>(
        context: &mut Context<Self>,
        task: impl Future<Output = T> + Send + 'static,
        then: impl FnOnce(&mut Self, T) + Send + 'static,
    ) {
        let me = context.address();
        tokio::spawn(async move {
            let done = task.await;
            let _ = me.try_send(Turn(Box::new(move |wizard, _| then(wizard, done))));
        });
    }
}

/// Does what blocks on a thread for it.
pub(super) async fn blocking<T: Send + 'static>(work: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
    tokio::task::spawn_blocking(work)
        .await
        .map_err(|lost| Error::new(Code::Internal, "a part of the work panicked").because(lost))?
}
