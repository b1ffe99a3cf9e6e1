//! Drawing the view.

use super::actor::Wizard;
use super::command::{Contact, Task};
use super::rules::{self, COMMANDS, Known};
use super::step::{Journey, Step};
use super::texts;
use super::upload::{Run, resting};
use super::view::{
    Block, Busy, Data, Installation, Notify, Place, PlaceState, TaskRow, Tenant, Trouble, Upload, UploadState, VERSION,
    View,
};
use std::collections::BTreeMap;

/// Problems that are shown with a task.
const FIRST: usize = 5;

impl Wizard {
    /// The view as it is now.
    pub(super) fn draw(&self) -> View {
        let known = self.known();
        let mut may = Vec::new();
        let mut blocked: Vec<Block> = Vec::new();
        for (command, steps) in COMMANDS {
            match rules::refusal(&self.state, &known, command) {
                None => may.push(command),
                // What belongs to other steps is no news.
                Some(block) if steps.contains(&self.state.step) => blocked.push(block),
                Some(_) => {}
            }
        }
        View {
            version: VERSION,
            revision: self.revision,
            journey: self.journey(),
            step: self.state.step,
            steps: places(self.journey(), self.state.step),
            may,
            blocked,
            busy: self.busy.map(|work| Busy { what: work.as_str().to_owned() }),
            trouble: self.trouble.clone(),
            installation: self.installation(),
            tenant: self.tenant_view(),
            data: self.data(&known),
            frozen: self.frozen.clone(),
        }
    }

    fn installation(&self) -> Installation {
        let Some(Ok(opened)) = &self.found.opened else { return Installation::default() };
        Installation {
            owner: opened.identity.as_ref().map(|identity| identity.owner.clone()),
            serial: opened.identity.as_ref().map(|identity| identity.serial.clone()),
            version: opened.version.clone(),
        }
    }

    fn tenant_view(&self) -> Tenant {
        match &self.tenant {
            None => Tenant::default(),
            Some(Err(error)) => Tenant { trouble: Some(Trouble::from(error)), ..Tenant::default() },
            Some(Ok(info)) => Tenant {
                customer: Some(info.customer.clone()),
                company: Some(info.company.clone()),
                state: Some(info.state),
                trouble: None,
            },
        }
    }

    fn data(&self, known: &Known) -> Data {
        match self.state.step {
            Step::Welcome => Data::Welcome { terms: texts::TERMS.into(), cautions: texts::CAUTIONS.into() },
            Step::Recovery => Data::Recovery { choices: texts::recoveries(self.tenant_state()), chosen: None },
            Step::Installation => Data::Installation {
                looked: self.found.looked.clone(),
                found: self.found.settings.clone(),
                wanted: self.found.wanted.clone(),
                contradictions: self.found.contradictions.clone(),
            },
            Step::LogOn => {
                let tried = self.tried.as_ref().or(self.state.logon.as_ref());
                Data::LogOn {
                    user: tried.map(|tried| tried.user.clone()),
                    verdict: tried.map(|tried| tried.verdict),
                    proofs: tried.map(|tried| tried.proofs.clone()).unwrap_or_default(),
                    wait: known.wait,
                }
            }
            Step::Confirm => self.confirm_data(),
            Step::Checklist => self.checklist(known),
            Step::Upload => Data::Upload(self.upload_view()),
            Step::Complete => self.complete(),
        }
    }

    fn confirm_data(&self) -> Data {
        let person = self.state.logon.as_ref().and_then(|logon| self.people()?.get(logon.associate));
        let emails: Vec<String> =
            person.map(|user| user.candidates().into_iter().map(str::to_owned).collect()).unwrap_or_default();
        let proposed = person.map(|user| Contact {
            name: user.name.clone(),
            email: emails.first().cloned().unwrap_or_default(),
            phone: self.phones.first().cloned().unwrap_or_default(),
            language: "en".into(),
            mode: self.mode(),
        });
        Data::Confirm {
            contact: self.state.contact.clone().or(proposed),
            emails,
            phones: self.phones.clone(),
            languages: texts::LANGUAGES.into(),
            modes: texts::modes(self.tenant_state()),
        }
    }

    fn checklist(&self, known: &Known) -> Data {
        let users = self.people().map(|people| people.users()).unwrap_or_default();
        let row = |task: Task| {
            let problems = known.problems.get(&task).map(Vec::as_slice).unwrap_or_default();
            TaskRow {
                task,
                title: task.heading(),
                done: known.done(&self.state, task),
                problems: problems.len() as u64,
                first: problems.iter().take(FIRST).cloned().collect(),
            }
        };
        Data::Checklist {
            mode: self.mode(),
            checks: self.state.checks.as_ref().map(super::state::Checks::row).unwrap_or_default(),
            tasks: Task::ALL.map(row).into(),
            users: users.iter().filter(|user| user.is_active_employee()).count() as u64,
            planned: self.decisions.plans().count() as u64,
            available: self.plans().list().iter().map(|plan| u64::from(plan.quantity)).sum(),
            notify: Notify { welcome: self.decisions.welcome, summary: self.decisions.summary.clone() },
        }
    }

    fn upload_view(&self) -> Upload {
        let state = match self.state.upload {
            UploadState::Running | UploadState::Paused | UploadState::Stopping => UploadState::Stopped,
            other => other,
        };
        self.run.as_ref().map_or_else(|| resting(state), Run::figures)
    }

    fn complete(&self) -> Data {
        let summary = self.state.summary.clone();
        let outcomes = summary.as_ref().and_then(|summary| summary["outcomes"].as_object());
        let left: BTreeMap<String, u64> = outcomes
            .into_iter()
            .flatten()
            .filter(|(outcome, _)| *outcome != "verified")
            .filter_map(|(outcome, count)| Some((outcome.clone(), count.as_u64().filter(|count| *count > 0)?)))
            .collect();
        let committed = summary.as_ref().is_some_and(|summary| summary["committed"] == true);
        Data::Complete { next: texts::next(left.values().sum(), self.mode(), committed), summary, left }
    }
}

fn places(journey: Journey, here: Step) -> Vec<Place> {
    let steps = journey.steps();
    let at = steps.iter().position(|step| *step == here).unwrap_or_default();
    let state = |place: usize| match place.cmp(&at) {
        std::cmp::Ordering::Less => PlaceState::Done,
        std::cmp::Ordering::Equal => PlaceState::Here,
        std::cmp::Ordering::Greater => PlaceState::Ahead,
    };
    steps.iter().enumerate().map(|(place, step)| Place { step: *step, state: state(place) }).collect()
}
