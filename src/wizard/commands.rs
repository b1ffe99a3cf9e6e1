//! Taking a command: what each does to the state, and what it begins.

use super::actor::{Wizard, blocking};
use super::command::{Command, Contact, Places, Recovery};
use super::found;
use super::rules;
use super::step::{Journey, Step};
use super::texts;
use super::upload::Run;
use super::view::UploadState;
use crate::checks::waiver;
use crate::config::take_password;
use crate::people::address;
use crate::tenant::protocol::TenantState;
use crate::{Code, Error, Result};
use actix::Context;
use serde_json::{Value, json};

impl Wizard {
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
                for (user, _) in self.decisions.plans() {
                    next.set_plan(user, None);
                }
                self.decide(next, "no plan for anybody")?;
            }
            Command::SuggestPlans => self.suggest()?,
            Command::Name { names } => self.name(&names)?,
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

    pub(super) fn with_run(&self, what: impl FnOnce(&Run)) {
        if let Some(run) = &self.run {
            what(run);
        }
    }

    /// Goes to a step, and keeps it. If that cannot be written, nothing has happened.
    fn go(&mut self, step: Step, said: Value) -> Result<()> {
        let before = std::mem::replace(&mut self.state.step, step);
        self.keep(said).inspect_err(|_| self.state.step = before)
    }

    pub(super) fn keep(&mut self, said: Value) -> Result<()> {
        self.state.write(&self.base.migration.ledger, said)
    }

    pub(super) fn accept(&mut self) -> Result<()> {
        let holds = matches!(self.tenant_state(), Some(TenantState::OfflineMaintenance | TenantState::Running));
        let (journey, step) =
            if holds { (Journey::Missing, Step::Recovery) } else { (Journey::Initial, Step::Installation) };
        self.state.journey = Some(journey);
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

    pub(super) fn leave_log_on(&mut self, context: &mut Context<Self>) -> Result<()> {
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
        Self::beside(
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
}
