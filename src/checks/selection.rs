//! Which checks are to look.

use super::{Check, Severity, Subject, catalogue};
use crate::{Code, Error, Result};

/// A choice of checks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Selection {
    /// Every check.
    All,
    /// Those that stand before a live migration.
    Blockers,
    /// Those with one of these ids or of one of these subjects.
    Only(Vec<String>),
}

impl Selection {
    /// Reads ids and subjects; without any, all checks are meant.
    pub fn parse(words: &[String]) -> Result<Self> {
        let words: Vec<String> =
            words.iter().map(|word| word.trim().to_ascii_lowercase()).filter(|word| !word.is_empty()).collect();
        if words.is_empty() {
            return Ok(Self::All);
        }
        for word in &words {
            let subject = Subject::ALL.into_iter().any(|subject| subject.as_str() == word);
            if !subject && !catalogue().any(|check| check.id == word) {
                return Err(unknown(word));
            }
        }
        Ok(Self::Only(words))
    }

    /// Whether this check is chosen.
    #[must_use]
    pub fn has(&self, check: &Check) -> bool {
        match self {
            Self::All => true,
            Self::Blockers => check.severity == Severity::Blocker,
            Self::Only(words) => words.iter().any(|word| word == check.id || word == check.subject.as_str()),
        }
    }
}

/// There is no check of this name.
pub(super) fn unknown(word: &str) -> Error {
    let subject = word.split('.').next().unwrap_or_default();
    let mut near: Vec<&str> =
        catalogue().filter(|check| check.subject.as_str() == subject).map(|check| check.id).collect();
    if near.is_empty() {
        near = Subject::ALL.iter().map(|subject| subject.as_str()).collect();
    }
    Error::new(Code::ConfigInvalid, format!("there is no check `{word}`"))
        .hint(format!("known are {}; `docs/checks.md` has all", near.join(", ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_and_subjects_choose_and_typing_errors_are_named() {
        let words = |list: &[&str]| list.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
        assert_eq!(Selection::parse(&words(&["", " "])).unwrap(), Selection::All);
        let chosen = Selection::parse(&words(&["Machine", "database.traveller"])).unwrap();
        let ids: Vec<&str> = catalogue().filter(|check| chosen.has(check)).map(|check| check.id).collect();
        assert!(ids.contains(&"database.traveller") && ids.contains(&"machine.disk-space"));
        assert!(!ids.contains(&"database.not-central"));
        let error = Selection::parse(&words(&["database.travler"])).unwrap_err();
        assert!(error.hint_text().unwrap().contains("database.traveller"), "{error:?}");
        assert!(Selection::parse(&words(&["nothing"])).unwrap_err().hint_text().unwrap().contains("machine"));
    }
}
