//! Waivers: a person has seen what a check finds, and goes on all the same.
//!
//! Who and why stand in the ledger's journal, which nobody can change; the latest word about a check counts. A waiver is
//! shown with every check and printed in every report.

use super::{find, selection};
use crate::ledger::{JournalEntry, Ledger, Reader, Record};
use crate::{Code, Error, Result};
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::collections::BTreeMap;
use std::path::Path;

/// The journal's word for a waiver.
const WAIVED: &str = "check.waived";
/// The journal's word for its end.
const UNWAIVED: &str = "check.unwaived";

/// A waiver that holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Waiver {
    /// Who decided.
    pub who: String,
    /// Why.
    pub why: String,
    /// When, in UTC.
    #[serde(default)]
    pub at: String,
}

/// The waivers that hold, by the id of the check.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Waivers(BTreeMap<String, Waiver>);

impl Waivers {
    /// Those in the ledger at `path`; none if there is no ledger, or none that can be believed.
    #[must_use]
    pub fn read(path: &Path) -> Self {
        let mut waivers = Self::default();
        // What is wrong with a ledger is for a check of its own; a journal that was changed waives nothing.
        if let Ok(entries) = Reader::open(path).and_then(|reader| reader.journal()) {
            for entry in &entries {
                waivers.hear(entry);
            }
        }
        waivers
    }

    /// Takes the next entry of the journal in.
    pub fn hear(&mut self, entry: &JournalEntry) {
        let Some(check) = entry.body["check"].as_str() else { return };
        match entry.kind.as_str() {
            WAIVED => {
                if let Ok(waiver) = serde_json::from_value::<Waiver>(entry.body.clone()) {
                    self.0.insert(check.to_owned(), Waiver { at: entry.at.clone(), ..waiver });
                }
            }
            UNWAIVED => drop(self.0.remove(check)),
            _ => {}
        }
    }

    /// The waiver of a check.
    #[must_use]
    pub fn of(&self, check: &str) -> Option<&Waiver> {
        self.0.get(check)
    }

    /// All of them, by the id of the check.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Waiver)> {
        self.0.iter().map(|(check, waiver)| (check.as_str(), waiver))
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// Enters in the ledger at `path` that a check is waived, or not any more. Makes the ledger where there is none.
///
/// # Errors
/// An unknown check, nobody who decided, no reason; a ledger that cannot be written or is in use.
pub fn decide(path: &Path, check: &str, waived: bool, who: &str, why: &str) -> Result<()> {
    let Some(known) = find(check) else { return Err(selection::unknown(check)) };
    for (what, text) in [("who", who), ("why", why)] {
        if text.trim().is_empty() {
            return Err(Error::new(Code::ConfigInvalid, format!("a decision needs `--{what}`"))
                .hint("name the person who decided and the reason: both are printed in every report"));
        }
    }
    let kind = if waived { WAIVED } else { UNWAIVED };
    if !waived && Waivers::read(path).of(check).is_none() {
        return Err(
            Error::new(Code::ConfigInvalid, format!("`{check}` is not waived")).hint("`omt check` shows what is")
        );
    }
    let ledger = Ledger::open(path)?;
    let severity = known.severity.as_str();
    let body = json!({ "check": known.id, "severity": severity, "who": who.trim(), "why": why.trim() });
    ledger.writer().put(Record::Decision(kind, body))?;
    ledger.close()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_latest_word_counts_and_survives() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ledger.db");
        assert!(Waivers::read(&path).is_empty());
        decide(&path, "database.traveller", true, "Ann", "on holiday").unwrap();
        decide(&path, "database.traveller", true, " Bo ", "will come home on Friday").unwrap();
        decide(&path, "service.frozen", true, "Bo", "meant").unwrap();
        decide(&path, "service.frozen", false, "Ann", "not any more").unwrap();
        let waivers = Waivers::read(&path);
        assert_eq!(waivers.iter().map(|(check, _)| check).collect::<Vec<_>>(), ["database.traveller"]);
        let waiver = waivers.of("database.traveller").unwrap();
        assert_eq!((waiver.who.as_str(), waiver.why.as_str()), ("Bo", "will come home on Friday"));
        assert!(waiver.at.ends_with('Z'));
    }

    #[test]
    fn nobody_no_reason_and_no_such_check_are_refused_before_a_ledger_is_made() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ledger.db");
        for (check, who, why, part) in [
            ("database.traveller", " ", "x", "--who"),
            ("database.traveller", "Ann", "", "--why"),
            ("database.typo", "Ann", "x", "database.typo"),
        ] {
            let error = decide(&path, check, true, who, why).unwrap_err();
            assert_eq!(error.code(), Code::ConfigInvalid);
            assert!(error.message().contains(part), "{error:?}");
        }
        assert!(decide(&path, "database.traveller", false, "Ann", "x").unwrap_err().message().contains("not waived"));
        assert!(!path.exists());
    }
}
