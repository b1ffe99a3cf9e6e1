//! The customer's database at the tenant: built from parts, proven, and only then in place.
//!
//! The client says in a manifest what the database is to be; the manifest goes into the store and outlives everything else. A
//! database is built beside its place ([`Home`]), read again, compared with the manifest, adjusted, and renamed
//! into its place: all of it or nothing. Beside the catalogue lies what was proven, so that a tenant that was started again knows what it
//! has. A build that was cut off leaves nothing, and begins anew when the client asks.
//!
//! What a database must be is a [`Goal`]: the manifest, the people by whom it is adjusted, and whether it is a rehearsal's. Another
//! list of people, or the live migration after a rehearsal, is another goal: then it is built anew from the parts, which are
//! what was sent, and never adjusted a second time. The database of a running tenant is in use, and nothing replaces it.

mod adjusting;
mod build;
mod content;
mod home;
mod sides;

pub(super) use build::{Built, build};
pub(super) use home::Home;

use super::held::Tenant;
use super::protocol::{Commit, DatabaseKind, DatabaseManifest, DatabaseState, ManifestTable, Mode, TenantState};
use crate::digest::Digest;
use crate::item::Kind;
use crate::tables::KeyRange;
use crate::{Code, Error, Result};
use serde::de::DeserializeOwned;
use std::collections::{HashMap, HashSet};
use std::io::Write;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};
use tokio::sync::watch;

/// What to do about a running tenant.
pub(super) const LATE_ONLY: &str =
    "only late documents come in; to bring them without the database, set `tables.move = false`";

/// The most tables and columns in a manifest; far above what there is, and a bound for what a stranger may ask for.
const MOST_TABLES: usize = 100_000;
/// The most columns that SQLite can have in a table.
const MOST_COLUMNS: usize = 2000;

/// What a database must be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Goal {
    /// The manifest, by its name.
    manifest: Digest,
    /// The people list by which it is adjusted.
    people: Option<Digest>,
    /// A live migration does not take over the database of a rehearsal: people may have tried it out.
    mode: Mode,
}

/// How the database of a tenant stands, for everybody who asks.
pub(crate) struct Database {
    /// What it is about; nothing until it was looked at.
    state: watch::Sender<Option<(Goal, DatabaseState)>>,
    /// Held while it is decided what happens next.
    decision: Mutex<()>,
    /// Held by the one that builds.
    turn: Mutex<()>,
}

impl Default for Database {
    fn default() -> Self {
        Self { state: watch::Sender::new(None), decision: Mutex::default(), turn: Mutex::default() }
    }
}

impl Database {
    /// How it stands now, and whenever that changes.
    pub(crate) fn watch(&self) -> watch::Receiver<Option<(Goal, DatabaseState)>> {
        self.state.subscribe()
    }

    /// Nobody waits any more: what is being built is given up.
    pub(crate) fn give_up(&self) {
        self.state.send_replace(None);
    }

    fn is_about(&self, goal: &Goal) -> bool {
        self.state.borrow().as_ref().is_some_and(|(about, _)| about == goal)
    }

    /// Notes how it stands, if it is still about this.
    fn note(&self, goal: Goal, state: DatabaseState) {
        // Who waits, waits for its end: how far it is is only looked up.
        let ended = !matches!(state, DatabaseState::Building { .. });
        self.state.send_if_modified(|now| {
            let same = now.as_ref().is_some_and(|(about, _)| *about == goal);
            if same {
                *now = Some((goal, state));
            }
            same && ended
        });
    }
}

impl Tenant {
    /// What the database must be for this manifest, as things stand now.
    fn goal(&self, manifest: Digest) -> Goal {
        let card = self.card();
        let mode = card.run.as_ref().map_or(Mode::Test, |run| run.mode);
        Goal { manifest, people: card.people.map(|people| people.name), mode }
    }

    /// Takes a manifest, or looks at the one that is in the store. The manifest that is to be built now is given back;
    /// nothing, if there is nothing to do.
    pub(crate) fn settle_database(&self, asked: Option<DatabaseManifest>) -> Result<Option<(Goal, DatabaseManifest)>> {
        let _decision = self.database.decision.lock().unwrap_or_else(PoisonError::into_inner);
        let again = asked.is_some();
        let stored = self.fetch(self.objects.database_path())?;
        let known = stored.as_ref().map(|json| Digest::of(json));
        let name = match (&asked, known) {
            (Some(manifest), _) => {
                check(manifest, self.objects.place.home.kind())?;
                let json = manifest.json();
                let name = Digest::of(&json);
                match (known, &stored) {
                    (Some(known), _) if known == name => name,
                    (Some(known), Some(kept)) if self.card().state == TenantState::Running => {
                        must_be_what_it_is(manifest, &understood(kept)?)?;
                        known
                    }
                    _ => {
                        if self.card().state == TenantState::Running {
                            return Err(in_use());
                        }
                        let (objects, path) = (self.objects.clone(), self.objects.database_path());
                        self.objects.place.wait(async move { objects.put(&path, json.into()).await })?;
                        name
                    }
                }
            }
            (None, Some(name)) => name,
            (None, None) => {
                self.database.state.send_replace(Some((self.goal(Digest::of(b"")), DatabaseState::Absent)));
                return Ok(None);
            }
        };
        let goal = self.goal(name);
        let now = self.database.state.borrow().clone().filter(|(about, _)| *about == goal).map(|(_, state)| state);
        match now {
            Some(DatabaseState::Building { .. } | DatabaseState::Proven { .. }) => return Ok(None),
            // What differs or fails stays so until the client has sent what was wrong, and says so.
            Some(_) if !again => return Ok(None),
            _ => {}
        }
        if let Some(proven) = self.proven(&goal)? {
            self.database.state.send_replace(Some((goal, proven)));
            return Ok(None);
        }
        let Some(manifest) =
            asked.map_or_else(|| stored.map(|json| understood(&json)).transpose(), |asked| Ok(Some(asked)))?
        else {
            return Ok(None);
        };
        let tables = manifest.tables.len() as u64;
        let state = DatabaseState::Building { tables_done: 0, tables, rows: 0 };
        self.database.state.send_replace(Some((goal, state)));
        Ok(Some((goal, manifest)))
    }

    /// Builds what a manifest says. Whatever comes of it is noted, unless another manifest has come meanwhile.
    pub(crate) fn build_database(&self, goal: Goal, manifest: &DatabaseManifest) {
        let _turn = self.database.turn.lock().unwrap_or_else(PoisonError::into_inner);
        if !self.database.is_about(&goal) {
            return;
        }
        let state = self.try_build(manifest, goal).unwrap_or_else(|error| {
            tracing::error!(customer = self.objects.customer, error = error.chain(), "the database cannot be built");
            let why = match error.code() {
                Code::PartInvalid | Code::DatabaseChanged | Code::DatabaseUnreadable => error.message().to_owned(),
                _ => "the tenant failed; its log says why".to_owned(),
            };
            Some(DatabaseState::Failed { why })
        });
        if let Some(state) = state {
            self.database.note(goal, state);
        }
    }

    /// Nothing if another manifest has come meanwhile.
    fn try_build(&self, manifest: &DatabaseManifest, goal: Goal) -> Result<Option<DatabaseState>> {
        let people = match goal.people {
            Some(name) => self.people_named(&name)?,
            None => super::protocol::People::default(),
        };
        let tables = manifest.tables.len() as u64;
        let import = self.objects.place.home.begin(&self.objects.place, &self.objects.customer)?;
        let built = build(self, manifest, import, &mut |tables_done, rows| {
            self.database.note(goal, DatabaseState::Building { tables_done, tables, rows });
            self.database.is_about(&goal)
        })?;
        let (mut import, sums) = match built {
            Built::Ready(import, sums) => (import, sums),
            Built::Different { table, what, rows } => return Ok(Some(DatabaseState::Different { table, what, rows })),
            Built::Failed { part, why } => {
                // What is bad in the store is forgotten there, so that it is sent again.
                self.verify(&[part], true)?;
                return Ok(Some(DatabaseState::Failed { why }));
            }
            Built::Stopped => return Ok(None),
        };
        let adjustments = adjusting::adjustments(&mut *import.database()?, manifest, &people)?;
        let adjusted = import.adjust(&adjustments)?;
        // Nobody decides otherwise from here to the end.
        let _decision = self.database.decision.lock().unwrap_or_else(PoisonError::into_inner);
        if !self.database.is_about(&goal) {
            return Ok(None);
        }
        let (rows, bound) = (manifest.rows(), manifest.bound());
        let Goal { manifest, people, mode } = goal;
        let state = DatabaseState::Proven { manifest, tables, rows, sums, mode, people, adjusted, bound };
        // Between the two the word about the old one must not stand beside the new one.
        remove(self.database_word())?;
        import.finish()?;
        self.keep_word(&state)?;
        Ok(Some(state))
    }

    /// What was said last about the database.
    pub(crate) fn database_manifest(&self) -> Result<Option<DatabaseManifest>> {
        self.fetch(self.objects.database_path())?.map(|json| understood(&json)).transpose()
    }

    /// The database that a commit is about: the one in place, for the people that were put last. A client that speaks of one
    /// must speak of that; one that does not speak of any leaves the one that is here, if that is what it must be.
    pub(super) fn agree_on_database(&self, commit: &Commit) -> Result<Option<DatabaseState>> {
        let wanted = match commit.database {
            Some(wanted) => wanted,
            // None is in place: there is nothing to agree on.
            None if !self.database_word().exists() => return Ok(None),
            None => match self.fetch(self.objects.database_path())? {
                Some(json) => Digest::of(&json),
                None => return Ok(None),
            },
        };
        let goal = self.goal(wanted);
        let known = self.database.state.borrow().clone().filter(|(about, _)| *about == goal).map(|(_, state)| state);
        let proven = match known.filter(|state| matches!(state, DatabaseState::Proven { .. })) {
            Some(proven) => Some(proven),
            None => self.proven(&goal)?,
        };
        proven.map(Some).ok_or_else(|| {
            refused("the tenant's database is not proven to be what the client speaks of, for the people that were put last")
                .hint("send the manifest of the database, and wait until it is proven")
        })
    }

    /// What is in place, if it is this.
    fn proven(&self, goal: &Goal) -> Result<Option<DatabaseState>> {
        let word = std::fs::read(self.database_word()).ok().and_then(|word| serde_json::from_slice(&word).ok());
        let Some(word) = word else { return Ok(None) };
        let same = match &word {
            DatabaseState::Proven { manifest, people, mode, .. } => {
                // What was built for a live migration is as good for a rehearsal.
                let mode = *mode == goal.mode || *mode == Mode::Live;
                (manifest, people) == (&goal.manifest, &goal.people) && mode
            }
            _ => false,
        };
        Ok((same && self.objects.place.home.has(&self.objects.place, &self.objects.customer)?).then_some(word))
    }

    fn keep_word(&self, state: &DatabaseState) -> Result<()> {
        let path = self.database_word();
        let folder = &self.objects.place.catalogue;
        let json = serde_json::to_vec(state)
            .map_err(|cause| Error::new(Code::Internal, "the state of a database cannot be written").because(cause))?;
        let written = || -> std::io::Result<()> {
            let mut file = tempfile::Builder::new().prefix(TEMPORARY).tempfile_in(folder)?;
            file.write_all(&json)?;
            file.as_file().sync_all()?;
            file.persist(&path).map(drop).map_err(|error| error.error)
        };
        written().map_err(|cause| Error::io("write", &path, cause))
    }

    /// What is known of the one that is in place.
    fn database_word(&self) -> PathBuf {
        self.objects.place.catalogue.join(format!("{}.crm.json", self.objects.customer))
    }
}

/// A manifest from the store, or what a receipt says of one.
pub(super) fn understood<T: DeserializeOwned>(json: &[u8]) -> Result<T> {
    serde_json::from_slice(json).map_err(|cause| {
        Error::new(Code::StoreUnusable, "the manifest of the database cannot be understood").because(cause)
    })
}

/// What can be said against a manifest before anything is built.
fn check(manifest: &DatabaseManifest, kind: DatabaseKind) -> Result<()> {
    if manifest.tables.len() + manifest.left.len() > MOST_TABLES {
        return Err(refused(format!("the manifest has more than {MOST_TABLES} tables")));
    }
    let (mut names, mut keys) = (HashSet::new(), HashMap::new());
    let left = manifest.left.iter().filter_map(|left| left.shape.as_ref());
    for shape in manifest.tables.iter().map(|table| &table.shape).chain(left) {
        if shape.name.eq_ignore_ascii_case(adjusting::TABLE) {
            return Err(refused(format!("`{}` is a name for a table of the tenant's own", shape.name))
                .hint("rename the customer's table"));
        }
        if !names.insert(shape.name.to_lowercase()) {
            return Err(refused(format!("the table `{}` is in the manifest twice", shape.name)));
        }
        if shape.columns.is_empty() || shape.columns.len() > MOST_COLUMNS {
            let what = format!("the table `{}` has {} columns", shape.name, shape.columns.len());
            return Err(refused(what).hint(format!("a table may have 1 to {MOST_COLUMNS}")));
        }
    }
    let left = manifest.left.iter().filter_map(|left| left.shape.as_ref()).map(|shape| (shape, false));
    for (shape, with_values) in manifest.tables.iter().map(|table| (&table.shape, true)).chain(left) {
        if let Some(objection) = kind.objection(shape, with_values) {
            return Err(cannot_have(&objection));
        }
    }
    for table in &manifest.tables {
        check_parts(table)?;
        for part in &table.parts {
            // A part of several tables has all rows of each.
            let whole = (part.range == KeyRange::all()).then_some(part.blake3);
            if let Some(other) = keys.insert(part.item, (&table.shape.name, whole))
                && (other.0 == &table.shape.name || whole.is_none() || other.1 != whole)
            {
                return Err(refused(format!("`{}` is in the manifest twice", part.item)));
            }
        }
    }
    Ok(())
}

fn check_parts(table: &ManifestTable) -> Result<()> {
    let name = &table.shape.name;
    if let Some(part) = table.parts.iter().find(|part| part.item.kind() != Kind::Part) {
        return Err(refused(format!("`{}` of the table `{name}` is no part of a table", part.item)));
    }
    let sum = table.parts.iter().map(|part| part.sum).sum();
    if table.sum == sum {
        return Ok(());
    }
    Err(refused(format!("the parts of the table `{name}` add up to {sum}, the manifest says {}", table.sum)))
}

/// What the names of temporary files of databases begin with.
const TEMPORARY: &str = ".import-";

fn remove(path: PathBuf) -> Result<()> {
    match std::fs::remove_file(&path) {
        Ok(()) => Ok(()),
        Err(cause) if cause.kind() == std::io::ErrorKind::NotFound => Ok(()),
        Err(cause) => Err(Error::io("remove", path, cause)),
    }
}

/// The tenant's database cannot have all of what is to move.
pub(crate) fn cannot_have(objection: &str) -> Error {
    refused(format!("the tenant's SQL Server cannot have all columns: {objection}"))
        .hint("leave it behind with `tables.leave`, or let the tenant's databases be SQLite")
}

/// A running tenant keeps its database. What is the same rows in the same parts is that database, however consistently they were read
/// this time: a run that was stopped and goes on reads at another moment.
fn must_be_what_it_is(asked: &DatabaseManifest, kept: &DatabaseManifest) -> Result<()> {
    let same = (&asked.tables, &asked.left) == (&kept.tables, &kept.left);
    if same { Ok(()) } else { Err(in_use()) }
}

fn in_use() -> Error {
    refused("the tenant is running: its database is in use and is not replaced any more").hint(LATE_ONLY)
}

fn refused(message: impl Into<String>) -> Error {
    Error::new(Code::TenantRefused, message)
}
