//! The actor: the state, what is known beside it, and work that goes on behind.
//!
//! Every message is a [`Turn`], a closure over the actor: a command, a question, the end of a piece of work. So there is one
//! queue, and everything happens in one order. The actor never waits: what takes time is a task whose end is another turn. Before a
//! command is taken the state is read from the ledger again, because another process may have gone on; while a run of
//! our own holds the ledger, nobody else can have.

use super::command::{Command, Contact, Places, Recovery, Task};
use super::event::{Event, Events};
use super::found::{self, Found, with_places};
use super::rules::{self, Known, Work};
use super::state::{Checks, LoggedOn, State};
use super::step::{Journey, Step};
use super::texts;
use super::upload::Run;
use super::view::{Trouble, UploadState};
use crate::checks::{Selection, run as checks, waiver};
use crate::config::{Config, Rate, take_password};
use crate::exit::Exit;
use crate::ledger::{Ledger, Reader};
use crate::migration::{Consent, Control, Summary, migrate};
use crate::onsite::changes;
use crate::onsite::logon::Attempts;
use crate::people::suggest::suggestions;
use crate::people::{Decisions, People, Plans, Problem, ProblemKind, address, cannot_hold, problems, table, undo};
use crate::tenant::protocol::{Mode, TenantInfo, TenantState};
use crate::{Code, Error, Result};
use actix::{Actor, AsyncContext, Context, Handler, Message};
use secrecy::SecretString;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::future::Future;
use std::sync::Arc;
use tokio::sync::watch;
use tokio::time::{Duration, Instant};

/// A message: what is to happen to the actor.
pub(super) struct Turn(pub(super) Box<dyn FnOnce(&mut Wizard, &mut Context<Wizard>) + Send>);

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
    base: Config,
    /// Of the database; never written anywhere.
    password: Option<SecretString>,
    pub(super) state: State,
    pub(super) found: Found,
    pub(super) tenant: Option<Result<TenantInfo>>,
    pub(super) decisions: Decisions,
    pub(super) problems: Vec<Problem>,
    pub(super) phones: Vec<String>,
    pub(super) frozen: Vec<String>,
    attempts: Attempts,
    /// When the next log-on is taken.
    next_log_on: Option<Instant>,
    /// The user who tried last, and how that ended.
    pub(super) tried: Option<LoggedOn>,
    pub(super) busy: Option<Work>,
    pub(super) trouble: Option<Trouble>,
    pub(super) run: Option<Run>,
    pub(super) revision: u64,
    /// How the last run ended, for the exit status of the process.
    pub(super) exit: Exit,
    events: Events,
    going: watch::Sender<Going>,
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
            (Decisions::read(&reader)?, outstanding.iter().map(|one| one.change.to_string()).collect())
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
    fn examine(&mut self) {
        let plans = self.plans();
        self.problems = self.people().map(|people| problems(people, &self.decisions, &plans)).unwrap_or_default();
    }

    /// Tells that the view is another one.
    fn changed(&mut self) {
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

    /// Takes a command, or says why not.
    pub(super) fn take(&mut self, command: Command, context: &mut Context<Self>) -> Result<()> {
        self.reload()?;
        if let Some(block) = rules::refusal(&self.state, &self.known(), command.name()) {
            let error = Error::new(Code::CommandRefused, format!("`{}` is not taken: {}", block.command, block.why));
            return Err(match block.todo {
                Some(todo) => error.hint(todo),
                None => error.hint("the view says under `may` what is taken now"),
            });
        }
        self.trouble = None;
        self.act(command, context)?;
        self.changed();
        Ok(())
    }

    fn act(&mut self, command: Command, context: &mut Context<Self>) -> Result<()> {
        match command {
            Command::Accept if self.tenant_state().is_none() => self.look(context, Some(Step::Welcome)),
            Command::Accept => self.accept()?,
            Command::Choose { recovery } => self.choose(recovery)?,
            Command::Locate(places) => {
                self.locate(places)?;
                self.look(context, None);
            }
            Command::Detect => self.look(context, None),
            Command::UseInstallation => self.go(Step::LogOn, json!({ "command": "use-installation" }))?,
            Command::LogOn { user, password } => self.log_on(user, password, context),
            Command::GoOn => self.leave_log_on(context)?,
            Command::Confirm(contact) => self.confirm(contact, context)?,
            Command::Check => self.check(context),
            Command::Waive { check, why } => self.waive(&check, true, &why)?,
            Command::Unwaive { check, why } => self.waive(&check, false, &why)?,
            Command::Assign { users, plan } => self.assign(&users, plan.as_deref())?,
            Command::RemoveAllPlans => {
                let mut next = self.decisions.clone();
                let all: Vec<i64> = next.plans().map(|(user, _)| user).collect();
                all.into_iter().for_each(|user| next.set_plan(user, None));
                self.decide(next, "no plan for anybody")?;
            }
            Command::SuggestPlans => self.suggest()?,
            Command::Name { names } => self.name(names)?,
            Command::ImportUsers { csv } => self.import(&csv)?,
            Command::Undo => self.undo()?,
            Command::Notify { welcome, summary } => self.notify(welcome, summary)?,
            Command::Tick { task, done } => self.tick(task, done)?,
            Command::Upload { identity_changed } => self.upload(identity_changed, context)?,
            Command::Pause => self.with_run(|run| run.control.valve.hold(true)),
            Command::Resume => self.with_run(|run| run.control.valve.hold(false)),
            Command::Stop => self.with_run(Run::stop),
            Command::Limit { rate } => self.limit(rate.as_deref())?,
            Command::Unfreeze => self.thaw(context),
            Command::LookAgain => {
                self.state.journey = Some(Journey::Missing);
                self.state.step = Step::Upload;
                self.upload(false, context)?;
            }
            Command::StartOver => {
                self.state.logon = None;
                (self.tried, self.state.journey, self.state.upload) = (None, None, UploadState::Ready);
                self.go(Step::Welcome, json!({ "command": "start-over" }))?;
            }
            Command::Back => {
                if let Some(step) = self.journey().before(self.state.step) {
                    self.go(step, json!({ "command": "back" }))?;
                }
            }
        }
        Ok(())
    }

    fn with_run(&self, what: impl FnOnce(&Run)) {
        if let Some(run) = &self.run {
            what(run);
        }
    }

    /// Goes to a step, and keeps it. If that cannot be written, nothing has happened.
    fn go(&mut self, step: Step, said: Value) -> Result<()> {
        let before = std::mem::replace(&mut self.state.step, step);
        self.keep(said).inspect_err(|_| self.state.step = before)
    }

    fn keep(&mut self, said: Value) -> Result<()> {
        self.state.write(&self.base.migration.ledger, said)
    }

    fn accept(&mut self) -> Result<()> {
        let step = match self.tenant_state() {
            Some(TenantState::OfflineMaintenance | TenantState::Running) => {
                self.state.journey = Some(Journey::Missing);
                Step::Recovery
            }
            _ => {
                self.state.journey = Some(Journey::Initial);
                Step::Installation
            }
        };
        self.go(step, json!({ "command": "accept", "journey": self.state.journey }))
    }

    fn choose(&mut self, recovery: Recovery) -> Result<()> {
        let choices = texts::recoveries(self.tenant_state());
        if let Some(why) = choices.into_iter().find(|choice| choice.value == recovery).and_then(|choice| choice.not) {
            return Err(Error::new(Code::CommandRefused, format!("this cannot be chosen: {why}")));
        }
        self.state.journey = Some(match recovery {
            Recovery::Missing => Journey::Missing,
            Recovery::Overwrite => Journey::Overwrite,
        });
        self.state.upload = UploadState::Ready;
        self.go(Step::LogOn, json!({ "command": "choose", "recovery": recovery }))
    }

    fn locate(&mut self, places: Places) -> Result<()> {
        let kept = &mut self.state.places;
        let text = |to: &mut Option<String>, given: Option<String>| {
            if let Some(given) = given {
                *to = Some(given.trim().to_owned()).filter(|text| !text.is_empty());
            }
        };
        let mut database = places.database;
        // A password inside the address is taken out of it: the address is kept, the password is not.
        let inside = database.as_mut().and_then(take_password);
        text(&mut kept.database, database);
        text(&mut kept.prefix, places.prefix);
        text(&mut kept.user, places.user);
        text(&mut kept.rest, places.rest);
        let path = |given: std::path::PathBuf| Some(given).filter(|path| !path.as_os_str().is_empty());
        if let Some(folder) = places.folder {
            kept.folder = path(folder);
        }
        if let Some(templates) = places.templates {
            kept.templates = path(templates);
        }
        if let Some(archives) = places.archives {
            kept.archives =
                Some(archives.into_iter().filter_map(path).collect::<Vec<_>>()).filter(|all| !all.is_empty());
        }
        self.password = places.password.or(inside).or(self.password.take());
        let said = json!({ "command": "locate", "places": self.state.places });
        self.keep(said)
    }

    fn leave_log_on(&mut self, context: &mut Context<Self>) -> Result<()> {
        let Some(next) = self.journey().after(Step::LogOn) else { return Ok(()) };
        let user = self.state.logon.as_ref().map(|logon| logon.user.clone());
        self.go(next, json!({ "command": "go-on", "user": user }))?;
        if next == Step::Confirm {
            self.read_phones(context);
        }
        Ok(())
    }

    /// Phone numbers are a convenience: without them the field is empty.
    fn read_phones(&mut self, context: &mut Context<Self>) {
        let (config, logon) = (self.config(), self.state.logon.clone());
        let Some(logon) = logon else { return };
        self.beside(
            context,
            async move { blocking(move || found::phones(&config, &logon)).await },
            |wizard, phones| {
                wizard.phones = phones.unwrap_or_default();
                wizard.changed();
            },
        );
    }

    fn confirm(&mut self, mut contact: Contact, context: &mut Context<Self>) -> Result<()> {
        for text in [&mut contact.name, &mut contact.email, &mut contact.phone, &mut contact.language] {
            *text = text.trim().to_owned();
        }
        let invalid = |what: String| Error::new(Code::CommandRefused, what).hint("mend it, and confirm again");
        if contact.name.is_empty() {
            return Err(invalid("the name of the person who migrates is missing".into()));
        }
        if let Some(objection) = address::objection(&contact.email) {
            return Err(invalid(format!("nothing can be sent to `{}`: {objection}", contact.email)));
        }
        if !texts::LANGUAGES.contains(&contact.language.as_str()) {
            let known = texts::LANGUAGES.join("`, `");
            return Err(invalid(format!("mails are not written in `{}`, but in `{known}`", contact.language)));
        }
        let modes = texts::modes(self.tenant_state());
        if let Some(why) = modes.into_iter().find(|mode| mode.value == contact.mode).and_then(|mode| mode.not) {
            return Err(invalid(format!("a test migration cannot be made: {why}")));
        }
        let said = json!({ "command": "confirm", "contact": contact });
        self.state.contact = Some(contact);
        self.go(Step::Checklist, said)?;
        if self.state.checks.is_none() {
            self.check(context);
        }
        Ok(())
    }

    fn waive(&mut self, check: &str, waived: bool, why: &str) -> Result<()> {
        let who = match (&self.state.contact, &self.state.logon) {
            (Some(contact), _) => contact.name.clone(),
            (None, Some(logon)) => logon.user.clone(),
            (None, None) => String::new(),
        };
        let ledger = self.base.migration.ledger.clone();
        waiver::decide(&ledger, check, waived, &who, why)?;
        if let Some(checks) = &mut self.state.checks {
            checks.apply(&waiver::Waivers::read(&ledger));
            self.keep(json!({ "command": if waived { "waive" } else { "unwaive" }, "check": check }))?;
        }
        Ok(())
    }

    fn opened_people(&self) -> Result<Arc<People>> {
        self.people().cloned().ok_or_else(|| {
            Error::new(Code::CommandRefused, "the users of the installation are not known").hint("look again: `detect`")
        })
    }

    fn assign(&mut self, users: &[i64], plan: Option<&str>) -> Result<()> {
        let people = self.opened_people()?;
        let plan = plan.map(|plan| self.plans().find(plan).map(|plan| plan.name.clone())).transpose()?;
        let mut next = self.decisions.clone();
        for id in users {
            // Whoever is gone from the installation can only lose a plan.
            let user = people.get(*id);
            if user.is_none() && plan.is_some() {
                return Err(Error::new(Code::PeopleInvalid, format!("there is no user {id}"))
                    .hint("the query `users` has all of them; nothing was changed"));
            }
            if let (Some(user), true) = (user, plan.is_some())
                && let Some(why) = cannot_hold(user)
            {
                return Err(Error::new(Code::PeopleInvalid, format!("{} {why} and cannot hold a plan", user.login))
                    .hint("leave it out; nothing was changed"));
            }
            next.set_plan(*id, plan.clone());
        }
        let what = match &plan {
            Some(plan) => format!("plan `{plan}` for {} users", users.len()),
            None => format!("no plan for {} users", users.len()),
        };
        self.decide(next, &what)
    }

    fn suggest(&mut self) -> Result<()> {
        let people = self.opened_people()?;
        let found = suggestions(&people, &self.decisions, &self.plans());
        let mut next = self.decisions.clone();
        let mut count = 0;
        for suggestion in found {
            if let Some(plan) = suggestion.plan {
                next.set_plan(suggestion.user, Some(plan));
                count += 1;
            }
        }
        self.decide(next, &format!("suggested plans for {count} users"))
    }

    fn name(&mut self, names: BTreeMap<i64, Option<String>>) -> Result<()> {
        let people = self.opened_people()?;
        let mut next = self.decisions.clone();
        for (id, name) in &names {
            if people.get(*id).is_none() && name.is_some() {
                return Err(
                    Error::new(Code::PeopleInvalid, format!("there is no user {id}")).hint("nothing was changed")
                );
            }
            if let Some((name, objection)) =
                name.as_deref().and_then(|name| Some((name, address::objection(name.trim())?)))
            {
                return Err(Error::new(Code::PeopleInvalid, format!("`{name}` cannot be a user name: {objection}"))
                    .hint("a user name is an e-mail address; nothing was changed"));
            }
            next.set_name(*id, name.as_deref());
        }
        self.decide(next, &format!("user names of {} users", names.len()))
    }

    fn import(&mut self, csv: &str) -> Result<()> {
        let people = self.opened_people()?;
        let import = table::import(csv.as_bytes(), &people, &self.decisions, &self.plans())?;
        if !import.faults.is_empty() {
            let shown: Vec<String> =
                import.faults.iter().take(20).map(|fault| format!("line {}: {}", fault.line, fault.text)).collect();
            let what = format!("the table has {} faults: {}", import.faults.len(), shown.join("; "));
            return Err(Error::new(Code::PeopleInvalid, what).hint("mend these lines; nothing was changed"));
        }
        self.decide(import.decisions, &format!("a table with {} users", import.rows))
    }

    fn undo(&mut self) -> Result<()> {
        let nothing = || Error::new(Code::CommandRefused, "there is no change to take back");
        if !self.base.migration.ledger.exists() {
            return Err(nothing());
        }
        let ledger = Ledger::open(&self.base.migration.ledger)?;
        let undone = undo(&ledger)?;
        ledger.close()?;
        self.decisions = undone.ok_or_else(nothing)?.decisions;
        self.examine();
        Ok(())
    }

    fn notify(&mut self, welcome: Option<bool>, summary: Option<String>) -> Result<()> {
        let mut next = self.decisions.clone();
        next.welcome = welcome.or(next.welcome);
        if let Some(summary) = summary {
            let summary = Some(summary.trim().to_owned()).filter(|summary| !summary.is_empty());
            if let Some((to, objection)) = summary.as_deref().and_then(|to| Some((to, address::objection(to)?))) {
                let what = format!("nothing can be sent to `{to}`: {objection}");
                return Err(Error::new(Code::PeopleInvalid, what).hint("give an e-mail address, or nothing"));
            }
            next.summary = summary;
        }
        self.decide(next, "notifications")
    }

    /// Writes decisions down, and looks what is wrong with them.
    fn decide(&mut self, next: Decisions, what: &str) -> Result<()> {
        let ledger = Ledger::open(&self.base.migration.ledger)?;
        next.save(&self.decisions, what, &ledger)?;
        ledger.close()?;
        self.decisions = next;
        self.examine();
        Ok(())
    }

    fn tick(&mut self, task: Task, done: bool) -> Result<()> {
        if done {
            let wrong = self.known().problems.remove(&task).unwrap_or_default();
            if let Some(first) = wrong.first() {
                let more = if wrong.len() > 1 { format!(", and {} more", wrong.len() - 1) } else { String::new() };
                let what = format!("{} are not right yet: {first}{more}", task.title());
                return Err(Error::new(Code::CommandRefused, what).hint("the query `user-problems` has all of them"));
            }
            if task == Task::Plans && self.tenant_state().is_none() {
                return Err(Error::new(
                    Code::CommandRefused,
                    "the tenant does not answer, so nobody knows what was bought",
                )
                .hint("look again when it does: `detect`"));
            }
            if task == Task::Notifications && self.decisions.welcome.is_none() {
                // Ticked without a choice is a choice: nobody is written to.
                self.notify(Some(false), None)?;
            }
            self.state.ticks.insert(task);
        } else {
            self.state.ticks.remove(&task);
        }
        self.keep(json!({ "command": "tick", "task": task, "done": done }))
    }

    fn limit(&self, rate: Option<&str>) -> Result<()> {
        let rate = rate.map(str::parse::<Rate>).transpose().map_err(|cause| {
            Error::new(Code::CommandRefused, cause.to_string())
                .hint("as `20 MiB/s`, or `unlimited`; nothing goes back to the configuration")
        })?;
        self.with_run(|run| run.control.valve.wish(rate.map(|rate| rate.0)));
        Ok(())
    }

    /// Looks for the installation and asks the tenant; `then` is what a person wanted to leave.
    fn look(&mut self, context: &mut Context<Self>, then: Option<Step>) {
        let config = self.config();
        let asking = config.clone();
        let work = async move {
            let looking = async { blocking(move || Ok(found::look(&config))).await };
            tokio::join!(looking, found::ask(asking))
        };
        self.work(Work::Looking, context, work, move |wizard, (found, tenant), _| {
            match found {
                Ok(found) => wizard.found = found,
                Err(error) => wizard.fail(&error),
            }
            if let (Some(Step::Welcome), Err(error)) = (then, &tenant) {
                wizard.fail(error);
            }
            wizard.tenant = Some(tenant);
            wizard.examine();
            if then == Some(Step::Welcome)
                && wizard.tenant_state().is_some()
                && let Err(error) = wizard.accept()
            {
                wizard.fail(&error);
            }
        });
    }

    fn log_on(&mut self, user: String, password: Option<SecretString>, context: &mut Context<Self>) {
        let password = password.filter(|password| !secrecy::ExposeSecret::expose_secret(password).is_empty());
        let work = found::log_on(self.config(), user.clone(), password);
        self.work(Work::LoggingOn, context, work, move |wizard, answer, context| {
            let (verdict, logon) = match answer {
                Ok(answer) => answer,
                Err(error) => return wizard.fail(&error),
            };
            wizard.attempts.note(verdict);
            wizard.next_log_on = wizard.attempts.pause().map(|pause: Duration| Instant::now() + pause);
            let account = logon.account.unwrap_or(NOBODY);
            let tried = LoggedOn::new(user, &account, verdict, logon.proofs);
            wizard.tried = Some(tried.clone());
            wizard.state.logon = Some(tried).filter(LoggedOn::admits);
            let kept = match verdict {
                crate::onsite::logon::Verdict::Proven => wizard.leave_log_on(context),
                _ => wizard.keep(json!({ "command": "log-on", "verdict": verdict })),
            };
            if let Err(error) = kept {
                wizard.fail(&error);
            }
        });
    }

    fn check(&mut self, context: &mut Context<Self>) {
        let config = self.config();
        let work = async move { checks::check(&config, Selection::All, None).await };
        self.work(Work::Checking, context, work, |wizard, checked, _| match checked {
            Ok(checked) => {
                let before = wizard.state.checks.take();
                wizard.state.checks = Some(Checks::of(&checked, before.as_ref()));
                if let Err(error) = wizard.keep(json!({ "command": "check", "exit": checked.exit })) {
                    wizard.fail(&error);
                }
            }
            Err(error) => wizard.fail(&error),
        });
    }

    fn thaw(&mut self, context: &mut Context<Self>) {
        let config = self.config();
        let work = async move { blocking(move || crate::onsite::changes::put_back(&config)).await };
        self.work(Work::Thawing, context, work, |wizard, done, _| {
            if let Err(error) = done.and_then(|_| wizard.reload()) {
                wizard.fail(&error);
            }
        });
    }

    fn upload(&mut self, identity_changed: bool, context: &mut Context<Self>) -> Result<()> {
        (self.state.step, self.state.upload) = (Step::Upload, UploadState::Running);
        (self.state.failed, self.state.summary) = (None, None);
        self.keep(json!({ "command": "upload", "mode": self.mode(), "journey": self.journey() }))?;
        let config = self.config();
        let control = Control::default();
        let run = Run::new(control.clone(), config.tables.moving);
        let observer = run.observer(self.events.clone());
        let consent = Consent { identity_changed, ..Consent::default() };
        tokio::spawn(run.clone().watch(self.events.clone()));
        self.run = Some(run.clone());
        self.tell_going();
        let me = context.address();
        // It is bound to this thread, as actors are; a panic in it must not take the actor away.
        let running = actix::spawn(async move { migrate(config, consent, control, observer).await });
        actix::spawn(async move {
            let ended = running.await.unwrap_or_else(|lost| {
                Err(Error::new(Code::Internal, "the upload panicked").hint("upload again, it resumes").because(lost))
            });
            run.end();
            // If nobody is there any more, nobody wants to know.
            let _ = me.try_send(Turn(Box::new(move |wizard, context| wizard.uploaded(ended, context))));
        });
        Ok(())
    }

    fn uploaded(&mut self, ended: Result<Summary>, context: &mut Context<Self>) {
        let last = self.run.take();
        let arrived = match &ended {
            Ok(summary) => {
                let ended = summary.complete && summary.committed;
                let stopped = summary.exit == u8::from(Exit::Interrupted);
                self.state.upload = match (ended, stopped) {
                    (true, _) => UploadState::Done,
                    (_, true) => UploadState::Stopped,
                    _ => UploadState::Failed,
                };
                self.state.failed = summary.error.as_ref().map(|failure| Trouble {
                    code: failure.code.clone(),
                    message: failure.message.clone(),
                    hint: failure.hint.clone(),
                });
                self.exit = Exit::of(summary.exit);
                let text = serde_json::to_value(summary).unwrap_or_default();
                self.state.summary = Some(text.clone());
                self.events.tell(Event::Finished { summary: text });
                ended
            }
            Err(error) => {
                self.exit = Exit::from(error);
                self.state.upload = UploadState::Failed;
                self.state.failed = Some(Trouble::from(error));
                let failure = json!({ "event": "finished", "exit": u8::from(self.exit), "error": self.state.failed });
                self.events.tell(Event::Finished { summary: failure });
                false
            }
        };
        drop(last);
        if arrived {
            self.state.step = Step::Complete;
        }
        self.trouble = self.state.failed.clone();
        let said = json!({ "ended": self.state.upload, "exit": u8::from(self.exit) });
        if let Err(error) = self.keep(said) {
            self.fail(&error);
        }
        self.tell_going();
        self.changed();
        // The tenant is in another state now.
        self.look(context, None);
    }

    fn fail(&mut self, error: &Error) {
        let trouble = Trouble::from(error);
        self.events.tell(Event::Failed { trouble: trouble.clone() });
        self.trouble = Some(trouble);
    }

    fn tell_going(&self) {
        self.going.send_replace(Going { work: self.busy.is_some(), upload: self.run.is_some() });
    }

    /// Begins a piece of work; commands that would disturb it wait until `then` has its result.
    fn work<T: Send + 'static>(
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
    fn beside<T: Send + 'static>(
        &self,
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

/// Who tried, where there is no such user.
const NOBODY: crate::onsite::logon::Account = crate::onsite::logon::Account {
    associate: 0,
    initials: String::new(),
    user_name: String::new(),
    person: 0,
    retired: false,
    kind: 0,
};

/// Which task of the checklist a problem belongs to.
pub(super) fn task_of(kind: ProblemKind) -> Task {
    match kind {
        ProblemKind::UnknownUser
        | ProblemKind::UnknownPlan
        | ProblemKind::TooMany
        | ProblemKind::CannotHold
        | ProblemKind::NoAdministrator => Task::Plans,
        ProblemKind::NoName | ProblemKind::InvalidName | ProblemKind::DuplicateName | ProblemKind::TakenName => {
            Task::Names
        }
        ProblemKind::InvalidSummary => Task::Notifications,
    }
}

/// Does what blocks on a thread for it.
pub(super) async fn blocking<T: Send + 'static>(work: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
    tokio::task::spawn_blocking(work)
        .await
        .map_err(|lost| Error::new(Code::Internal, "a part of the work panicked").because(lost))?
}
