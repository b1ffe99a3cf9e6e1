//! The troubles that can be planted into a sample, and the list of what was planted.
//!
//! Each group has a file of its own with a table: a name, what is to be expected of it, and what plants it. To add a
//! trouble, add a line to the table (and, where it is a new kind of thing, a function beside it). Whatever is planted
//! is written to `faults.json`, so that a test can compare a run's outcomes with it exactly. What is found in every
//! installation (lock files, logs, signatures) is not a fault and is always there.

pub(super) mod archive;
pub(super) mod database;
pub(super) mod mail;
pub(super) mod people;
pub(super) mod plan;

use std::collections::BTreeSet;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::Site;
use super::database::Database;
use crate::error::{Code, Error, Result};

/// One instance of a fault per this many documents, beyond the least number.
const DOCUMENTS_PER_FAULT: u64 = 5_000;
/// No fault is planted more often: the list is to be read by a person too.
const MOST: u64 = 100;

/// Groups of faults that can be asked for by name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Group {
    /// Documents, templates, attachments and their files.
    Archive,
    /// Users, addresses and plans.
    People,
    /// The state of the CRM database.
    Database,
    /// Mailboxes of Customer Service.
    Mail,
}

impl Group {
    /// All groups, in the order of their faults.
    pub const ALL: [Self; 4] = [Self::Archive, Self::People, Self::Database, Self::Mail];

    /// The name it is asked for by.
    pub fn name(self) -> &'static str {
        match self {
            Self::Archive => "archive",
            Self::People => "people",
            Self::Database => "database",
            Self::Mail => "mail",
        }
    }
}

/// A trouble that can be planted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fault {
    /// The name it is asked for by.
    pub name: &'static str,
    /// The group it belongs to.
    pub group: Group,
    /// What a run must say of it: an outcome, `orphan`, or the id of a check.
    pub expect: &'static str,
    /// What it is, for `--help` and for the reader of a sample.
    pub about: &'static str,
    /// How often it is planted at least.
    pub least: u64,
}

impl Fault {
    /// A fault that is planted once in a small sample.
    const fn new(group: Group, name: &'static str, expect: &'static str, about: &'static str) -> Self {
        Self { name, group, expect, about, least: 1 }
    }

    /// The same, planted more often.
    const fn at_least(mut self, least: u64) -> Self {
        self.least = least;
        self
    }

    /// How often it is planted into an archive of this many documents.
    pub(super) fn count(&self, documents: u64) -> u64 {
        (documents / DOCUMENTS_PER_FAULT).clamp(self.least, MOST.max(self.least))
    }
}

/// Every fault there is, group by group.
pub fn catalogue() -> impl Iterator<Item = &'static Fault> {
    archive::faults().chain(people::faults()).chain(database::faults()).chain(mail::faults())
}

/// Which faults to plant. None by default.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FaultSelection(BTreeSet<&'static str>);

impl FaultSelection {
    /// No fault at all.
    pub fn none() -> Self {
        Self::default()
    }

    /// Every fault of the catalogue.
    pub fn all() -> Self {
        Self(catalogue().map(|fault| fault.name).collect())
    }

    /// Reads a comma list of groups (`archive`, `people`, `database`, `mail`, `all`) and names of single faults.
    /// An empty list, or `none`, selects nothing.
    pub fn parse(list: &str) -> Result<Self> {
        let mut selection = Self::none();
        for word in list.split(',').map(str::trim).filter(|word| !word.is_empty() && *word != "none") {
            let wanted = |fault: &&Fault| word == "all" || word == fault.group.name() || word == fault.name;
            let mut known = false;
            for fault in catalogue().filter(wanted) {
                known = true;
                selection.0.insert(fault.name);
            }
            if !known {
                return Err(unknown(word));
            }
        }
        Ok(selection)
    }

    /// Whether this fault is to be planted.
    pub fn contains(&self, name: &str) -> bool {
        self.0.contains(name)
    }

    /// Whether nothing is to be planted.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl FromStr for FaultSelection {
    type Err = Error;

    fn from_str(list: &str) -> Result<Self> {
        Self::parse(list)
    }
}

fn unknown(word: &str) -> Error {
    let groups: Vec<&str> = Group::ALL.iter().map(|group| group.name()).collect();
    let names: Vec<&str> = catalogue().map(|fault| fault.name).collect();
    Error::new(Code::ConfigInvalid, format!("unknown fault `{word}`")).hint(format!(
        "known groups: {}, all; known faults: {}",
        groups.join(", "),
        names.join(", ")
    ))
}

/// What kind of thing a fault was planted into.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Item {
    /// A row of `document`.
    Document,
    /// A row of `DocTmpl`.
    Template,
    /// A row of `attachment`.
    Attachment,
    /// A file without a row.
    File,
    /// A row of `associate`.
    User,
    /// Something in the database that is nobody's in particular.
    Database,
    /// A row of `mail_in_filter` or `mail_alias`.
    Mailbox,
}

/// A trouble that was planted: an entry of `faults.json`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Planted {
    /// The fault's name.
    pub fault: String,
    /// What it was planted into.
    pub item: Item,
    /// Primary key of the row, where there is one.
    pub id: Option<i64>,
    /// The file (or where it should be), relative to the sample's folder, with forward slashes.
    pub path: Option<String>,
    /// What a run must say: an outcome, `orphan`, or the id of a check.
    pub expect: String,
}

/// Collects what was planted.
#[derive(Default)]
pub(super) struct Harvest(pub Vec<Planted>);

impl Harvest {
    /// Notes an instance of a fault.
    pub(super) fn add(&mut self, fault: &Fault, item: Item, id: impl Into<Option<i64>>, path: Option<String>) {
        self.0.push(Planted {
            fault: fault.name.to_owned(),
            item,
            id: id.into(),
            path,
            expect: fault.expect.to_owned(),
        });
    }
}

/// Plants a row trouble, of which the group's table names one per fault.
type Plant = fn(&Fault, &Site, &Database, &mut Harvest) -> Result<()>;

/// Plants those of a group's table that were selected.
fn plant_rows(
    table: &[(Fault, Plant)],
    selection: &FaultSelection,
    site: &Site,
    database: &Database,
    harvest: &mut Harvest,
) -> Result<()> {
    for (fault, plant) in table.iter().filter(|(fault, _)| selection.contains(fault.name)) {
        plant(fault, site, database, harvest)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_of_groups_and_names_is_understood() {
        let selection = FaultSelection::parse("mail, missing-file").unwrap();
        assert!(selection.contains("missing-file") && selection.contains("pop-mailbox"));
        assert!(!selection.contains("orphan"));
        assert_eq!(FaultSelection::parse("archive,people,database,mail").unwrap(), FaultSelection::all());
        assert_eq!("all".parse::<FaultSelection>().unwrap(), FaultSelection::all());
        assert!(FaultSelection::parse(" ,none").unwrap().is_empty());
    }

    #[test]
    fn an_unknown_name_is_answered_with_the_known_ones() {
        let error = FaultSelection::parse("archive,typo").unwrap_err();
        assert_eq!(error.code(), Code::ConfigInvalid);
        let hint = error.hint_text().unwrap();
        assert!(hint.contains("people") && hint.contains("missing-file"), "{hint}");
    }

    #[test]
    fn names_are_unique_and_no_group_has_the_name_of_a_fault() {
        let mut names: Vec<&str> = catalogue().map(|fault| fault.name).collect();
        names.extend(Group::ALL.iter().map(|group| group.name()));
        names.extend(["all", "none"]);
        let all = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), all);
    }
}
