//! Commands of the checklist about users: each changes the decisions in the ledger, or nothing.

use super::actor::Wizard;
use super::command::Task;
use crate::ledger::Ledger;
use crate::people::suggest::suggestions;
use crate::people::{Decisions, People, ProblemKind, address, cannot_hold, table, undo};
use crate::{Code, Error, Result};
use serde_json::json;
use std::collections::BTreeMap;
use std::sync::Arc;

impl Wizard {
    pub(super) fn opened_people(&self) -> Result<Arc<People>> {
        self.people().cloned().ok_or_else(|| {
            Error::new(Code::CommandRefused, "the users of the installation are not known").hint("look again: `detect`")
        })
    }

    pub(super) fn assign(&mut self, users: &[i64], plan: Option<&str>) -> Result<()> {
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

    pub(super) fn suggest(&mut self) -> Result<()> {
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

    pub(super) fn name(&mut self, names: &BTreeMap<i64, Option<String>>) -> Result<()> {
        let people = self.opened_people()?;
        let mut next = self.decisions.clone();
        for (id, name) in names {
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

    pub(super) fn import(&mut self, csv: &str) -> Result<()> {
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

    pub(super) fn undo(&mut self) -> Result<()> {
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

    pub(super) fn notify(&mut self, welcome: Option<bool>, summary: Option<String>) -> Result<()> {
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
    pub(super) fn decide(&mut self, next: Decisions, what: &str) -> Result<()> {
        let ledger = Ledger::open(&self.base.migration.ledger)?;
        next.save(&self.decisions, what, &ledger)?;
        ledger.close()?;
        self.decisions = next;
        self.examine();
        Ok(())
    }

    pub(super) fn tick(&mut self, task: Task, done: bool) -> Result<()> {
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
}

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
