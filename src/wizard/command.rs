//! What a face may ask the front actor to do, and what it may ask it to tell.
//!
//! A [`Command`] changes something and is answered with the view; a [`Query`] only reads, page by page. Both are JSON objects
//! with a name in `command` or `query`, and mean the same over HTTP, over the lines of `--stdio`, and from Rust.

use crate::tenant::protocol::Mode;
use secrecy::SecretString;
use serde::{Deserialize, Deserializer, Serialize, de};
use std::collections::BTreeMap;
use std::path::PathBuf;
use utoipa::ToSchema;

/// Something to be done.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(tag = "command", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Command {
    /// Welcome: the terms are accepted.
    Accept,
    /// Recovery: what is wanted.
    Choose {
        /// Which of the two.
        recovery: Recovery,
    },
    /// Installation: where things are, where the vendor's own files do not say it. What is left out is as it was; an empty text takes a value back.
    Locate(Places),
    /// Installation: look again.
    Detect,
    /// Installation: this is the one.
    UseInstallation,
    /// Log-on: who this is. The password is never kept.
    LogOn {
        /// Initials, user name or e-mail address.
        user: String,
        /// The password, if it is to be proven.
        #[schema(value_type = Option<String>)]
        #[serde(default)]
        password: Option<SecretString>,
    },
    /// Log-on: go on although the password was not proven; needs a log-on that was allowed.
    GoOn,
    /// Confirm: who migrates, and how.
    Confirm(Contact),
    /// Checklist: run all checks.
    Check,
    /// Checklist: go on in spite of a check, on record.
    Waive {
        /// The id of the check.
        check: String,
        /// Why it is decided so: printed in every report.
        why: String,
    },
    /// Checklist: a check counts again.
    Unwaive {
        /// The id of the check.
        check: String,
        /// Why it counts again.
        why: String,
    },
    /// Checklist: users get a plan, or lose it.
    Assign {
        /// The ids of the users.
        users: Vec<i64>,
        /// The name of the plan; nothing takes it.
        plan: Option<String>,
    },
    /// Checklist: nobody has a plan.
    RemoveAllPlans,
    /// Checklist: plans as the installation's licences suggest them, for users without one.
    SuggestPlans,
    /// Checklist: user names; nothing goes back to the proposed one.
    Name {
        /// The id of each user, with the name.
        #[serde(deserialize_with = "by_id")]
        names: BTreeMap<i64, Option<String>>,
    },
    /// Checklist: plans and names from a table, as the query `users-table` gives it.
    ImportUsers {
        /// The table as CSV.
        csv: String,
    },
    /// Checklist: the last change of plans, names or notifications is taken back.
    Undo,
    /// Checklist: who is told.
    Notify {
        /// Whether users get a welcome e-mail.
        #[serde(default)]
        welcome: Option<bool>,
        /// Who gets the summary of users; an empty text is nobody.
        #[serde(default)]
        summary: Option<String>,
    },
    /// Checklist: a task is done, or open again.
    Tick {
        /// Which.
        task: Task,
        /// Whether it is done.
        #[serde(default = "yes")]
        done: bool,
    },
    /// Begin to upload; in a recovery, resume.
    Upload {
        /// Company or serial number differ from the last run, and that is known.
        #[serde(default)]
        identity_changed: bool,
    },
    /// Upload: send nothing for a while.
    Pause,
    /// Upload: go on.
    Resume,
    /// Upload: finish what is under way and stop. A second time: drop it.
    Stop,
    /// A limit for everything that is sent, at once and until it is changed: `10 MB/s`; nothing goes back to the configuration.
    Limit {
        /// The rate, as `20 MiB/s`, or `unlimited`. It holds at once, and until it is changed.
        rate: Option<String>,
    },
    /// Put the installation back as it was before the freeze.
    Unfreeze,
    /// Complete: look for the missing documents again.
    LookAgain,
    /// Complete, after a test: from the beginning, over the test migration.
    StartOver,
    /// A step back.
    Back,
}

/// The two kinds of recovery.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Recovery {
    /// Bring missing and changed documents.
    Missing,
    /// Replace an existing test migration.
    Overwrite,
}

/// The three tasks of the checklist that a person has to tick. The checks are a fourth row, ticked by themselves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Task {
    /// Check user plans.
    Plans,
    /// Check user names.
    Names,
    /// Check e-mail notifications.
    Notifications,
}

/// Where the parts of an installation are.
#[derive(Debug, Clone, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Places {
    /// The folder of `SuperOffice.config`.
    #[schema(value_type = Option<String>)]
    pub folder: Option<PathBuf>,
    /// `mssql://HOST[:PORT][\INSTANCE]/DATABASE`, `sqlite:///path/to/crm.db`, or a path.
    pub database: Option<String>,
    /// The schema that holds the tables.
    pub prefix: Option<String>,
    /// The SQL Server login.
    pub user: Option<String>,
    /// Its password; lives in memory only.
    #[schema(value_type = Option<String>)]
    pub password: Option<SecretString>,
    /// The archive roots in the order in which they are searched.
    #[schema(value_type = Option<Vec<String>>)]
    pub archives: Option<Vec<PathBuf>>,
    /// The template folder.
    #[schema(value_type = Option<String>)]
    pub templates: Option<PathBuf>,
    /// The base address of the on-site web services, where a log-on is checked.
    pub rest: Option<String>,
}

/// Who migrates, and how.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Contact {
    /// The person's name.
    pub name: String,
    /// Where the person is written to.
    pub email: String,
    /// Where the person is called.
    #[serde(default)]
    pub phone: String,
    /// The language of mails, as `en` or `nb`.
    pub language: String,
    /// A test migration, or the real one.
    pub mode: Mode,
}

/// Something to be told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "query", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Query {
    /// The view.
    View,
    /// The users: a page of those that a filter finds.
    Users {
        /// As in `omt users list --filter`; empty finds all.
        #[serde(default)]
        filter: String,
        /// Only those in this column of the board; an empty text is the column of those without a plan.
        #[serde(default)]
        plan: Option<String>,
        /// How many to leave out.
        #[serde(default)]
        skip: usize,
        /// How many to give, at most 1,000.
        #[serde(default = "page")]
        limit: usize,
    },
    /// The columns of the board: each plan with used and available.
    Plans,
    /// What is wrong with plans and names, each with the users on both sides.
    UserProblems,
    /// Which plans the licences of the installation suggest, with the reason.
    Suggestions,
    /// Plans and names as a table.
    UsersTable,
    /// What the checks said last, and what has changed since the time before.
    Checks,
    /// Documents that did not come: a page of them.
    Left {
        /// Only those with this outcome.
        #[serde(default)]
        outcome: Option<String>,
        /// Only those whose path, name or detail has this text.
        #[serde(default)]
        filter: String,
        /// How many to leave out.
        #[serde(default)]
        skip: usize,
        /// How many to give, at most 1,000.
        #[serde(default = "page")]
        limit: usize,
    },
    /// The report on the last run.
    Report {
        /// `json`, `text` or `html`.
        #[serde(default = "json")]
        form: String,
    },
    /// Mailboxes, forwarding, DNS.
    Mail,
    /// The tenant's receipt, as text: byte for byte what was signed.
    Receipt,
    /// What was decided and changed, in order.
    Journal {
        /// Only entries after this number.
        #[serde(default)]
        after: i64,
        /// How many to give, at most 1,000.
        #[serde(default = "page")]
        limit: usize,
    },
    /// What each field, command, check and outcome is and why it is asked.
    Help,
}

/// Ids as JSON has them before a colon: as texts.
fn by_id<'de, D: Deserializer<'de>>(deserializer: D) -> Result<BTreeMap<i64, Option<String>>, D::Error> {
    let names = BTreeMap::<String, Option<String>>::deserialize(deserializer)?;
    let id = |text: String| text.parse().map_err(|_| de::Error::custom(format!("`{text}` is no id of a user")));
    names.into_iter().map(|(user, name)| Ok((id(user)?, name))).collect()
}

fn yes() -> bool {
    true
}

fn page() -> usize {
    200
}

fn json() -> String {
    "json".into()
}

impl Command {
    /// The name of the command, as in JSON.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Accept => "accept",
            Self::Choose { .. } => "choose",
            Self::Locate(_) => "locate",
            Self::Detect => "detect",
            Self::UseInstallation => "use-installation",
            Self::LogOn { .. } => "log-on",
            Self::GoOn => "go-on",
            Self::Confirm(_) => "confirm",
            Self::Check => "check",
            Self::Waive { .. } => "waive",
            Self::Unwaive { .. } => "unwaive",
            Self::Assign { .. } => "assign",
            Self::RemoveAllPlans => "remove-all-plans",
            Self::SuggestPlans => "suggest-plans",
            Self::Name { .. } => "name",
            Self::ImportUsers { .. } => "import-users",
            Self::Undo => "undo",
            Self::Notify { .. } => "notify",
            Self::Tick { .. } => "tick",
            Self::Upload { .. } => "upload",
            Self::Pause => "pause",
            Self::Resume => "resume",
            Self::Stop => "stop",
            Self::Limit { .. } => "limit",
            Self::Unfreeze => "unfreeze",
            Self::LookAgain => "look-again",
            Self::StartOver => "start-over",
            Self::Back => "back",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_given_by_ids() {
        let read = |text: &str| serde_json::from_str::<Command>(text);
        let command = read(r#"{"command":"name","names":{"7":"a@x.no","12":null}}"#).unwrap();
        let Command::Name { names } = command else { panic!("{command:?}") };
        assert_eq!(names, BTreeMap::from([(7, Some("a@x.no".into())), (12, None)]));
        let error = read(r#"{"command":"name","names":{"LM":"a@x.no"}}"#).unwrap_err().to_string();
        assert!(error.contains("`LM` is no id"), "{error}");
    }
}
