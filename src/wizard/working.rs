//! Work that goes on behind the commands, and what follows from its result.

use super::actor::{Turn, Wizard, blocking};
use super::event::Event;
use super::found;
use super::rules::Work;
use super::state::{Checks, LoggedOn};
use super::step::Step;
use super::upload::Run;
use super::view::{Trouble, UploadState};
use crate::checks::{Selection, run as checks};
use crate::config::{Config, Rate};
use crate::exit::Exit;
use crate::ledger::Ledger;
use crate::migration::{Consent, Control, Summary, migrate};
use crate::onsite::take_back::take_back_all;
use crate::{Code, Error, Result};
use actix::{AsyncContext, Context};
use secrecy::SecretString;
use serde_json::json;
use tokio::time::{Duration, Instant};

impl Wizard {
    /// Looks for the installation and asks the tenant; `then` is what a person wanted to leave.
    pub(super) fn look(&mut self, context: &mut Context<Self>, then: Option<Step>) {
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

    pub(super) fn log_on(&mut self, user: String, password: Option<SecretString>, context: &mut Context<Self>) {
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

    pub(super) fn check(&mut self, context: &mut Context<Self>) {
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

    pub(super) fn thaw(&mut self, context: &mut Context<Self>) {
        let config = self.config();
        let work = async move { blocking(move || thaw(&config)).await };
        self.work(Work::Thawing, context, work, |wizard, done, _| {
            if let Err(error) = done.and_then(|()| wizard.reload()) {
                wizard.fail(&error);
            }
        });
    }

    pub(super) fn upload(&mut self, identity_changed: bool, context: &mut Context<Self>) -> Result<()> {
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
            let _ = me.try_send(Turn(Box::new(move |wizard, context| wizard.uploaded(&ended, context))));
        });
        Ok(())
    }

    pub(super) fn uploaded(&mut self, ended: &Result<Summary>, context: &mut Context<Self>) {
        let last = self.run.take();
        let (arrived, finished) = match ended {
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
                (ended, text)
            }
            Err(error) => {
                self.exit = Exit::from(error);
                self.state.upload = UploadState::Failed;
                self.state.failed = Some(Trouble::from(error));
                let failure = json!({ "event": "finished", "exit": u8::from(self.exit), "error": self.state.failed });
                (false, failure)
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
        // Whoever hears of it looks at once, perhaps from another process: it must be written down by then.
        self.events.tell(Event::Finished { summary: finished });
        self.tell_going();
        self.changed();
        // The tenant is in another state now.
        self.look(context, None);
    }

    pub(super) fn limit(&self, rate: Option<&str>) -> Result<()> {
        let rate = rate.map(str::parse::<Rate>).transpose().map_err(|cause| {
            Error::new(Code::CommandRefused, cause.to_string())
                .hint("as `20 MiB/s`, or `unlimited`; nothing goes back to the configuration")
        })?;
        self.with_run(|run| run.control.valve.wish(rate.map(|rate| rate.0)));
        Ok(())
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

/// Takes back whatever was changed on the installation, also what was kept on purpose: a person says so.
fn thaw(config: &Config) -> Result<()> {
    if !config.migration.ledger.exists() {
        return Ok(());
    }
    let ledger = Ledger::open(&config.migration.ledger)?;
    let restored = take_back_all(&ledger, config, true)?;
    ledger.close()?;
    restored.map_or(Ok(()), |restored| restored.must_be_complete())
}
