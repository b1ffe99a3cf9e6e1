//! Which command may be given when: the whole of it, without anything else.
//!
//! [`refusal`] is asked before a command is taken, and for each command when a view is drawn, so that what a view promises is what
//! is done. What depends on the arguments of a command (an unknown user, a bad address) is refused where it is done.

use super::command::Task;
use super::state::State;
use super::step::{Journey, Step};
use super::view::{Block, UploadState};
use crate::onsite::logon::Verdict;
use crate::tenant::protocol::{Mode, TenantState};
use std::collections::BTreeMap;

/// Every command with the steps that it belongs to.
pub(super) const COMMANDS: [(&str, &[Step]); 28] = [
    ("accept", &[Step::Welcome]),
    ("choose", &[Step::Recovery]),
    ("locate", &[Step::Installation, Step::LogOn]),
    ("detect", &[Step::Welcome, Step::Installation, Step::LogOn, Step::Checklist]),
    ("use-installation", &[Step::Installation]),
    ("log-on", &[Step::LogOn]),
    ("go-on", &[Step::LogOn]),
    ("confirm", &[Step::Confirm]),
    ("check", &[Step::Checklist]),
    ("waive", &[Step::Checklist]),
    ("unwaive", &[Step::Checklist]),
    ("assign", &[Step::Checklist]),
    ("remove-all-plans", &[Step::Checklist]),
    ("suggest-plans", &[Step::Checklist]),
    ("name", &[Step::Checklist]),
    ("import-users", &[Step::Checklist]),
    ("undo", &[Step::Checklist]),
    ("notify", &[Step::Checklist]),
    ("tick", &[Step::Checklist]),
    ("upload", &[Step::Checklist, Step::Upload]),
    ("pause", &[Step::Upload]),
    ("resume", &[Step::Upload]),
    ("stop", &[Step::Upload]),
    ("limit", &[Step::Upload]),
    ("look-again", &[Step::Complete]),
    ("start-over", &[Step::Complete]),
    ("unfreeze", &Step::ALL),
    ("back", &[Step::Recovery, Step::Installation, Step::LogOn, Step::Confirm, Step::Checklist, Step::Upload]),
];

/// A piece of work that goes on behind the commands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Work {
    /// The installation is looked for and the tenant asked.
    Looking,
    /// Somebody logs on.
    LoggingOn,
    /// The checks run.
    Checking,
    /// The installation is put back.
    Thawing,
}

impl Work {
    /// What goes on, in words.
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Looking => "looking for the installation and asking the tenant",
            Self::LoggingOn => "proving the log-on",
            Self::Checking => "running the checks",
            Self::Thawing => "putting the installation back",
        }
    }

    /// Whether a command has to wait for it.
    fn holds(self, command: &str) -> bool {
        match self {
            Self::Checking => matches!(command, "check" | "waive" | "unwaive" | "upload" | "detect" | "unfreeze"),
            _ => true,
        }
    }
}

/// What is known beside the state.
#[derive(Debug, Clone, Default)]
pub(super) struct Known {
    /// What goes on.
    pub(super) busy: Option<Work>,
    /// How the upload stands.
    pub(super) upload: UploadState,
    /// The tenant's state; nothing if it does not answer.
    pub(super) tenant: Option<TenantState>,
    /// Why it does not.
    pub(super) tenant_trouble: Option<String>,
    /// Why the installation cannot be used; nothing if it can.
    pub(super) not_found: Option<String>,
    /// Seconds until the next log-on.
    pub(super) wait: Option<u64>,
    /// What keeps each task from being done.
    pub(super) problems: BTreeMap<Task, Vec<String>>,
    /// Checks that block a live migration.
    pub(super) blockers: Vec<String>,
    /// What was changed on the installation and not put back.
    pub(super) frozen: bool,
}

impl Known {
    /// Whether a task is done: ticked, and nothing is wrong with it.
    pub(super) fn done(&self, state: &State, task: Task) -> bool {
        state.ticks.contains(&task) && self.problems.get(&task).is_none_or(Vec::is_empty)
    }
}

/// Why a command would be refused now; nothing if it would be taken.
pub(super) fn refusal(state: &State, known: &Known, command: &'static str) -> Option<Block> {
    let block = |code: &str, why: String| Some(Block { command, code: code.into(), why, todo: None });
    let steps = COMMANDS.iter().find(|(name, _)| *name == command).map_or(&[][..], |(_, steps)| steps);
    if !steps.contains(&state.step) {
        let belongs: Vec<&str> = steps.iter().map(|step| step.as_str()).collect();
        return block(
            "wrong-step",
            format!("it belongs to {}, and this is {}", belongs.join(", "), state.step.as_str()),
        );
    }
    let running = matches!(known.upload, UploadState::Running | UploadState::Paused | UploadState::Stopping);
    if running && !matches!(command, "pause" | "resume" | "stop" | "limit") {
        return block("running", "an upload is going on".into());
    }
    if let Some(work) = known.busy.filter(|work| work.holds(command)) {
        return block("busy", format!("it is being worked on: {}", work.as_str()));
    }
    of_command(state, known, command).map(|(code, why, todo)| Block { command, code: code.into(), why, todo })
}

type Why = (&'static str, String, Option<String>);

fn of_command(state: &State, known: &Known, command: &str) -> Option<Why> {
    let no = |code, why: String| Some((code, why, None));
    let or = |code, why: String, todo: &str| Some((code, why, Some(todo.to_owned())));
    let no_tenant = || {
        let why = known.tenant_trouble.clone().unwrap_or_else(|| "the tenant was not asked yet".into());
        or("tenant", format!("the tenant does not answer: {why}"), "look again when it does")
    };
    let not_found = || {
        let why = known.not_found.clone()?;
        or("installation", format!("the installation cannot be used: {why}"), "say where things are, and look again")
    };
    match command {
        "choose" | "check" | "assign" | "suggest-plans" | "import-users" | "start-over" | "look-again"
            if known.tenant.is_none() =>
        {
            no_tenant()
        }
        "use-installation" | "log-on" => not_found().or_else(|| {
            let wait = known.wait.filter(|_| command == "log-on")?;
            no("wait", format!("too many log-ons have failed: try again in {wait} seconds"))
        }),
        "go-on" => match state.logon.as_ref().map(|logon| logon.verdict) {
            Some(Verdict::Proven | Verdict::Allowed) => None,
            _ => no("log-on", "nobody has logged on who may migrate".into()),
        },
        "remove-all-plans" | "name" | "tick" | "undo" => not_found(),
        "upload" => upload(state, known).or_else(|| known.tenant.is_none().then(no_tenant).flatten()),
        "pause" if known.upload != UploadState::Running => no("not-running", "nothing is being sent".into()),
        "resume" if known.upload != UploadState::Paused => no("not-paused", "the upload is not paused".into()),
        "stop" if !matches!(known.upload, UploadState::Running | UploadState::Paused | UploadState::Stopping) => {
            no("not-running", "no upload is going on".into())
        }
        "unfreeze" if !known.frozen => no("not-frozen", "nothing was changed on the installation".into()),
        _ => None,
    }
}

/// What stands in the way of an upload.
fn upload(state: &State, known: &Known) -> Option<Why> {
    if let Some(why) = &known.not_found {
        return Some(("installation", format!("the installation cannot be used: {why}"), None));
    }
    if !state.logon.as_ref().is_some_and(super::state::LoggedOn::admits) {
        return Some(("log-on", "nobody has logged on who may migrate".into(), Some("go back to the log-on".into())));
    }
    if state.journey == Some(Journey::Missing) {
        return None;
    }
    let Some(contact) = &state.contact else {
        return Some(("contact", "nobody has said who migrates".into(), None));
    };
    if state.checks.is_none() {
        return Some(("checks", "the checks have not run yet".into(), Some("run them".into())));
    }
    for task in [Task::Plans, Task::Names, Task::Notifications] {
        if !known.done(state, task) {
            let first = known.problems.get(&task).and_then(|problems| problems.first());
            let why = match first {
                Some(problem) => format!("{} are not checked: {problem}", task.title()),
                None => format!("{} are not checked", task.title()),
            };
            return Some(("task", why, None));
        }
    }
    if contact.mode == Mode::Live && !known.blockers.is_empty() {
        let why = format!("checks stand in the way of a live migration: {}", known.blockers.join(", "));
        return Some(("blocked", why, Some("do what they say, or waive them with a reason".into())));
    }
    if contact.mode == Mode::Test && known.tenant == Some(TenantState::Running) {
        return Some(("live", "a live migration was accepted already: there is nothing to rehearse".into(), None));
    }
    None
}

#[cfg(test)]
mod tests;
