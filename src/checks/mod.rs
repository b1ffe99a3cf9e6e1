//! What could go wrong, found before anything is moved.
//!
//! A [`Check`] is one small unit: what it looks for, how bad that is, why it matters, what to do, and a function that
//! looks. The catalogue is a table in the file of each subject; [`catalogue`] joins them, and `docs/checks.md` is written
//! from the same source. A check never changes anything. What it finds is counted completely; the first few are kept, and
//! whoever wants all of them gives a [`Findings`] an export to write to.
//!
//! [`run`] looks, one check after the other, and goes on when one of them fails. A person may [waive](waiver) what
//! a check found. [`causes`] say which checks are one trouble seen from several sides.

mod address;
mod archive;
pub mod causes;
mod customization;
mod database;
pub mod docs;
mod export;
mod installation;
mod machine;
mod mail;
mod old_server;
mod people;
pub mod run;
mod secrets;
mod selection;
mod service;
mod size;
mod sweep;
mod tenant;
#[cfg(test)]
pub(crate) mod testing;
mod travel;
pub mod waiver;

pub use selection::Selection;

use crate::Result;
use crate::config::Config;
use crate::onsite::Installation;
use crate::onsite::database::Database;
use crate::people::People;
use crate::tenant::protocol::TenantInfo;
use serde::Serialize;
use std::sync::Arc;

/// How bad it is if a check finds something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Severity {
    /// A live migration must not begin; a person may waive it on record.
    Blocker,
    /// Something will be missing or wrong online.
    Error,
    /// Somebody should look at it.
    Warning,
    /// Good to know.
    Note,
}

impl Severity {
    /// All of them, the worst first.
    pub const ALL: [Self; 4] = [Self::Blocker, Self::Error, Self::Warning, Self::Note];

    /// The word for it, as in JSON.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Blocker => "blocker",
            Self::Error => "error",
            Self::Warning => "warning",
            Self::Note => "note",
        }
    }
}

/// What a check is about; each has a file of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Subject {
    /// Configuration files, version, licence.
    Installation,
    /// The state of the CRM database.
    Database,
    /// Users, plans, addresses.
    People,
    /// Mailboxes and domains.
    Mail,
    /// Documents, templates and where they lie.
    Archive,
    /// Customer Service.
    Service,
    /// The receiving side and the way to it.
    Tenant,
    /// The machine that this runs on.
    Machine,
}

impl Subject {
    /// All of them, in the order of the catalogue.
    pub const ALL: [Self; 8] = [
        Self::Installation,
        Self::Database,
        Self::People,
        Self::Mail,
        Self::Archive,
        Self::Service,
        Self::Tenant,
        Self::Machine,
    ];

    /// The word for it: the part of an id before the dot.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Installation => "installation",
            Self::Database => "database",
            Self::People => "people",
            Self::Mail => "mail",
            Self::Archive => "archive",
            Self::Service => "service",
            Self::Tenant => "tenant",
            Self::Machine => "machine",
        }
    }
}

/// One line of the catalogue.
pub struct Check {
    /// Stable, as `people.duplicate-address`; the part before the dot is the subject.
    pub id: &'static str,
    /// What it is about.
    pub subject: Subject,
    /// How bad it is.
    pub severity: Severity,
    /// What is wrong when it finds something, in one line.
    pub title: &'static str,
    /// Why that matters for the migration.
    pub why: &'static str,
    /// What to do about it.
    pub todo: &'static str,
    /// Looks. An error means that it could not look; the other checks go on.
    pub look: fn(&mut Ground<'_>, &mut Findings<'_>) -> Result<Looked>,
}

/// Whether a check could look.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Looked {
    /// It did; what it found is in the findings.
    Yes,
    /// There was nothing to look at, for this reason: a table that this version lacks, a tenant that is not configured.
    NotHere(String),
}

/// What checks look at.
pub struct Ground<'a> {
    /// The configuration.
    pub config: &'a Config,
    /// The installation as it was found.
    pub installation: &'a Installation,
    /// Its database.
    pub database: &'a mut dyn Database,
    /// The tenant, if it is configured and answers.
    pub tenant: Option<&'a TenantInfo>,
    /// Everybody with an account, once a check has asked for them: `None` at first.
    pub people: Option<Arc<People>>,
}

impl Ground<'_> {
    /// Everybody with an account; read once for all checks.
    pub fn people(&mut self) -> Result<Arc<People>> {
        if let Some(people) = &self.people {
            return Ok(Arc::clone(people));
        }
        let people = Arc::new(People::read(self.database)?);
        Ok(Arc::clone(self.people.insert(people)))
    }
}

/// A thing that a check found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Evidence {
    /// What it is, as `user/17`, `document/3`, `table/contact`, `mailbox/2`, `file/SO_ARC/…`.
    pub item: String,
    /// What is wrong with it, in one line.
    pub text: String,
}

/// So many of the things that a check found are kept; all are counted.
pub const KEPT: usize = 5;

/// Collects what a check finds.
pub struct Findings<'a> {
    /// How many things were found.
    pub count: u64,
    /// The first of them.
    pub first: Vec<Evidence>,
    /// Takes all of them, as they are found.
    export: &'a mut dyn FnMut(&Evidence) -> Result<()>,
}

impl<'a> Findings<'a> {
    /// Nothing found yet; `export` is given everything that will be.
    pub fn new(export: &'a mut dyn FnMut(&Evidence) -> Result<()>) -> Self {
        Self { count: 0, first: Vec::new(), export }
    }

    /// Notes a thing.
    pub fn add(&mut self, item: impl Into<String>, text: impl Into<String>) -> Result<()> {
        let evidence = Evidence { item: item.into(), text: text.into() };
        (self.export)(&evidence)?;
        self.count += 1;
        if self.first.len() < KEPT {
            self.first.push(evidence);
        }
        Ok(())
    }
}

/// Every check there is, subject by subject.
pub fn catalogue() -> impl Iterator<Item = &'static Check> {
    let files = [
        installation::CHECKS,
        customization::CHECKS,
        travel::CHECKS,
        database::CHECKS,
        secrets::CHECKS,
        archive::CHECKS,
        size::CHECKS,
        service::CHECKS,
        old_server::CHECKS,
        tenant::CHECKS,
        machine::CHECKS,
        people::CHECKS,
        mail::CHECKS,
    ];
    files.into_iter().flatten()
}

/// The check with this id.
#[must_use]
pub fn find(id: &str) -> Option<&'static Check> {
    catalogue().find(|check| check.id == id)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_check_has_an_id_of_its_own_that_begins_with_its_subject() {
        let mut ids = BTreeSet::new();
        for check in catalogue() {
            assert!(ids.insert(check.id), "{} is there twice", check.id);
            assert!(check.id.starts_with(&format!("{}.", check.subject.as_str())), "{}", check.id);
            for text in [check.title, check.why, check.todo] {
                assert!(!text.is_empty() && !text.ends_with('.'), "{}: {text}", check.id);
            }
        }
        assert!(ids.len() >= 34, "only {} checks", ids.len());
    }

    #[test]
    fn all_findings_are_counted_and_exported_and_the_first_are_kept() {
        let mut exported = Vec::new();
        let mut export = |evidence: &Evidence| {
            exported.push(evidence.item.clone());
            Ok(())
        };
        let mut findings = Findings::new(&mut export);
        for number in 0..8 {
            findings.add(format!("user/{number}"), "is there").unwrap();
        }
        assert_eq!((findings.count, findings.first.len()), (8, KEPT));
        assert_eq!(exported.len(), 8);
    }
}
