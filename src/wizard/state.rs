//! What must survive: where a person is and what was said on the way.
//!
//! It lies in the ledger as one setting, so that every face and every process sees the same. What was decided about users and
//! checks is not here: these have their own place in the ledger. Passwords are nowhere.

use super::command::{Contact, Task};
use super::step::{Journey, Step};
use super::view::{Trouble, UploadState};
use crate::ledger::{Ledger, Reader, Record, Setting};
use crate::onsite::logon::{Account, Proof, Verdict};
use crate::{Code, Error, Result};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// The scope of the settings.
const SCOPE: &str = "wizard";
/// Journal entry: a person has gone on, or back, or said something.
const SAID: &str = "wizard.said";

/// Everything that must survive.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct State {
    /// Where.
    pub(super) step: Step,
    /// Which way, once it is known.
    pub(super) journey: Option<Journey>,
    /// What a person said about places.
    pub(super) places: Kept,
    /// Who logged on.
    pub(super) logon: Option<LoggedOn>,
    /// Who migrates, and how.
    pub(super) contact: Option<Contact>,
    /// The tasks that were ticked.
    pub(super) ticks: BTreeSet<Task>,
    /// How the upload stood when it was last written down.
    pub(super) upload: UploadState,
    /// How the last upload ended.
    pub(super) summary: Option<Value>,
    /// What it failed with.
    pub(super) failed: Option<Trouble>,
    /// What the checks said last, and the time before.
    pub(super) checks: Option<Checks>,
}

/// Places, as a person has given them; without the password.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Kept {
    /// The folder of `SuperOffice.config`.
    pub(super) folder: Option<PathBuf>,
    /// The address of the database.
    pub(super) database: Option<String>,
    /// The schema.
    pub(super) prefix: Option<String>,
    /// The login.
    pub(super) user: Option<String>,
    /// The archive roots.
    pub(super) archives: Option<Vec<PathBuf>>,
    /// The template folder.
    pub(super) templates: Option<PathBuf>,
    /// The on-site web services.
    pub(super) rest: Option<String>,
}

/// A log-on that was not refused.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct LoggedOn {
    /// What was typed as user.
    pub(super) user: String,
    /// The id of the user.
    pub(super) associate: i64,
    /// The id of the person.
    pub(super) person: i64,
    /// What follows from the proofs.
    pub(super) verdict: Verdict,
    /// The proofs.
    pub(super) proofs: Vec<Proof>,
}

impl LoggedOn {
    /// A log-on as it is kept.
    #[must_use]
    pub(super) fn new(user: String, account: &Account, verdict: Verdict, proofs: Vec<Proof>) -> Self {
        Self { user, associate: account.associate, person: account.person, verdict, proofs }
    }

    /// Whether a person may go on with it.
    #[must_use]
    pub(super) fn admits(&self) -> bool {
        matches!(self.verdict, Verdict::Proven | Verdict::Allowed)
    }
}

/// What checks said.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Checks {
    /// When, in UTC.
    pub(super) at: String,
    /// The verdicts, as `omt check --json` has them.
    pub(super) verdicts: Vec<Value>,
    /// How each check stood the time before: its status and how much it found.
    pub(super) before: std::collections::BTreeMap<String, (String, u64)>,
}

impl State {
    /// Reads the state from the ledger at `path`; a fresh one where there is none.
    pub(super) fn read(path: &Path) -> Result<Self> {
        if !path.exists() {
            return Ok(Self::default());
        }
        let kept = Reader::open(path)?.settings(SCOPE)?.into_iter().find(|(key, _)| key == "state");
        let Some((_, text)) = kept else { return Ok(Self::default()) };
        serde_json::from_str(&text).map_err(|cause| {
            Error::new(Code::LedgerNewer, "the ledger holds a state of the wizard that this version cannot read")
                .hint("use the version that wrote it, or `omt migrate`, which does not need it")
                .because(cause)
        })
    }

    /// Writes the state into the ledger at `path`, with a journal entry that says what was said.
    pub(super) fn write(&self, path: &Path, said: Value) -> Result<()> {
        let ledger = Ledger::open(path)?;
        self.enter(&ledger, said)?;
        ledger.close()
    }

    /// Writes the state into an open ledger.
    pub(super) fn enter(&self, ledger: &Ledger, said: Value) -> Result<()> {
        let text = serde_json::to_string(self)
            .map_err(|cause| Error::new(Code::Internal, "the wizard's state cannot be written").because(cause))?;
        let mut settings = vec![Setting { scope: SCOPE, key: "state".into(), value: Some(text) }];
        if let Some(contact) = &self.contact {
            // The tenant is told who migrates: this is where a run finds it.
            settings.push(Setting { scope: SCOPE, key: "contact".into(), value: Some(json!(contact).to_string()) });
        }
        let writer = ledger.writer();
        writer.put(Record::Decided(SAID, said, settings))?;
        writer.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tenant::protocol::Mode;

    #[test]
    fn the_state_survives() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ledger.db");
        assert_eq!(State::read(&path).unwrap(), State::default());
        let contact = Contact {
            name: "Åse Ørn".into(),
            email: "ase@x.no".into(),
            phone: String::new(),
            language: "nb".into(),
            mode: Mode::Live,
        };
        let state = State {
            step: Step::Checklist,
            journey: Some(Journey::Initial),
            contact: Some(contact),
            ticks: [Task::Names].into(),
            ..State::default()
        };
        state.write(&path, json!({ "command": "confirm" })).unwrap();
        assert_eq!(State::read(&path).unwrap(), state);
        let entries = Reader::open(&path).unwrap().journal().unwrap();
        assert_eq!(entries.last().map(|entry| entry.kind.as_str()), Some(SAID));
    }
}
