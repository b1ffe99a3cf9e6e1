//! What a face sees: the step, what may be done now, what stands in the way and why, and the data of the step.
//!
//! A view is made anew for each look and says everything that a screen needs, but for lists that may be long: those are
//! pages of a [`Query`](super::Query). Its `revision` grows with every change, so that a face knows when its own is old.

mod upload;

pub use upload::{Group, Left, Row, Upload, UploadState};

use super::command::{Contact, Recovery, Task};
use super::step::{Journey, Step};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use utoipa::ToSchema;

/// The version of commands, queries, views and events.
pub const VERSION: u32 = 1;

/// Everything that a face needs to draw a step.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct View {
    /// The version of the interface, [`VERSION`].
    pub version: u32,
    /// Grows with every change.
    pub revision: u64,
    /// Which way.
    pub journey: Journey,
    /// Where.
    pub step: Step,
    /// The steps of the journey, in their order.
    pub steps: Vec<Place>,
    /// The commands that would be taken now, by name.
    pub may: Vec<&'static str>,
    /// The commands of this step that would be refused now, each with the reason.
    pub blocked: Vec<Block>,
    /// What is being worked on; commands of the step wait for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub busy: Option<Busy>,
    /// What went wrong in the last piece of work.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trouble: Option<Trouble>,
    /// The installation, as far as it is known.
    pub installation: Installation,
    /// The tenant, as far as it is known.
    pub tenant: Tenant,
    /// What belongs to the step.
    pub data: Data,
    /// What was changed on the installation and not put back.
    pub frozen: Vec<String>,
}

/// A step in the list of steps.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Place {
    /// Which.
    pub step: Step,
    /// Where it is seen from the present step.
    pub state: PlaceState,
}

/// Where a step is, seen from the present one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum PlaceState {
    /// Behind.
    Done,
    /// This is it.
    Here,
    /// Ahead.
    Ahead,
}

/// Why a command would be refused.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Block {
    /// The command, by name.
    pub command: &'static str,
    /// A stable code.
    pub code: String,
    /// Why.
    pub why: String,
    /// What to do about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub todo: Option<String>,
}

/// A piece of work under way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Busy {
    /// What, as `looking for the installation`.
    pub what: String,
}

/// An error as a face shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Trouble {
    /// A stable code.
    pub code: String,
    /// What happened, to what.
    pub message: String,
    /// What to do next.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
}

impl From<&crate::Error> for Trouble {
    fn from(error: &crate::Error) -> Self {
        Self {
            code: error.code().as_str().to_owned(),
            message: error.chain(),
            hint: error.hint_text().map(str::to_owned),
        }
    }
}

/// What is known about the installation.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct Installation {
    /// Whose it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub owner: Option<String>,
    /// The serial number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub serial: Option<String>,
    /// The version, as `8.5.7458`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
}

/// What is known about the tenant.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct Tenant {
    /// The vendor's customer name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub customer: Option<String>,
    /// The company that the tenant was made for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub company: Option<String>,
    /// Where it is in its life.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state: Option<crate::tenant::protocol::TenantState>,
    /// Why nothing is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trouble: Option<Trouble>,
}

/// What belongs to one step.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(tag = "step", rename_all = "kebab-case")]
pub enum Data {
    /// What will happen.
    Welcome {
        /// The terms, a paragraph each.
        terms: Vec<&'static str>,
        /// What may stop working after the migration.
        cautions: Vec<&'static str>,
    },
    /// The choice.
    Recovery {
        /// What may be chosen, each with what it means.
        choices: Vec<Choice<Recovery>>,
        /// What was chosen.
        chosen: Option<Recovery>,
    },
    /// What was found, and where from.
    Installation {
        /// The folders that were looked into, and the files that were read.
        looked: Vec<String>,
        /// What was found, with the place that says it. Secrets are never shown.
        found: Vec<Finding>,
        /// What a person still has to give.
        wanted: Vec<Wanted>,
        /// Sources that say different things.
        contradictions: Vec<String>,
    },
    /// Who logged on.
    LogOn {
        /// Who tried last.
        user: Option<String>,
        /// `proven`, `allowed`, `denied` or `wrong-password`.
        verdict: Option<crate::onsite::logon::Verdict>,
        /// What was proven, and how.
        #[schema(value_type = Vec<Object>)]
        proofs: Vec<crate::onsite::logon::Proof>,
        /// Seconds until the next try is taken.
        wait: Option<u64>,
    },
    /// Who migrates.
    Confirm {
        /// What was confirmed, or what is proposed.
        contact: Option<Contact>,
        /// Addresses of the person who logged on.
        emails: Vec<String>,
        /// Phone numbers of the person who logged on.
        phones: Vec<String>,
        /// Languages that mails can be written in.
        languages: Vec<&'static str>,
        /// What test and live mean.
        modes: Vec<Choice<crate::tenant::protocol::Mode>>,
    },
    /// The rows of the checklist.
    Checklist {
        /// A test migration, or the real one.
        mode: crate::tenant::protocol::Mode,
        /// The checks, as a summary; the query `checks` has each.
        checks: ChecksRow,
        /// The three tasks.
        tasks: Vec<TaskRow>,
        /// Employees of the installation, users with a plan, plans that the tenant has.
        users: u64,
        /// Users with a plan.
        planned: u64,
        /// Plans that the tenant has, all together.
        available: u64,
        /// Who is told.
        notify: Notify,
    },
    /// The rows of the upload.
    Upload(Upload),
    /// What came of it.
    Complete {
        /// How the run ended, the object of `finished`.
        #[schema(value_type = Option<Object>)]
        summary: Option<serde_json::Value>,
        /// Documents that did not come, by outcome.
        left: BTreeMap<String, u64>,
        /// What is to be done next, in order.
        next: Vec<String>,
    },
}

/// Something that may be chosen, with what it means.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Choice<T> {
    /// The value to choose it.
    pub value: T,
    /// Its name.
    pub title: &'static str,
    /// What it means, in a sentence or two.
    pub means: &'static str,
    /// Why it cannot be chosen now.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub not: Option<String>,
}

/// Something that was found about the installation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Finding {
    /// What it is, as `database.server`.
    pub key: String,
    /// Its value; a secret is shown as dots.
    pub value: String,
    /// Where that is said.
    pub place: String,
    /// Whether another place overrules it.
    pub overruled: bool,
}

/// Something that a person has to give.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Wanted {
    /// What, as a key of the configuration.
    pub key: String,
    /// Why it is not known.
    pub why: String,
    /// What to do.
    pub todo: String,
}

/// The checks, as a row of the checklist.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct ChecksRow {
    /// Whether they have run.
    pub done: bool,
    /// What was found and not waived, by severity.
    pub found: BTreeMap<String, u64>,
    /// How many block a live migration.
    pub blockers: u64,
    /// How many were waived.
    pub waived: u64,
}

/// A task of the checklist.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct TaskRow {
    /// Which.
    pub task: Task,
    /// Its name in the guide.
    pub title: &'static str,
    /// Whether it is ticked.
    pub done: bool,
    /// What keeps it from being ticked.
    pub problems: u64,
    /// The first of them.
    pub first: Vec<String>,
}

/// Who is told.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct Notify {
    /// Whether users get a welcome e-mail; nothing while nobody has said.
    pub welcome: Option<bool>,
    /// Who gets the summary of users.
    pub summary: Option<String>,
}
