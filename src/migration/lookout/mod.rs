//! Watching for anybody who still writes while the installation is frozen, and refusing to commit what is not all.
//!
//! The vendor's freeze does not stop users of the web client. So after the last read, and directly before the tenant is
//! asked to accept, everything that was read is looked at once more: the rows of every table that moves, the rows of
//! documents, the files of verified items, and files that nobody has claimed. Values are compared with values, never with the
//! time of this machine. SQLite counts its own changes, so its rows are read again only if that number has moved.
//!
//! What cannot be seen: a change that was undone again before the look; a write into a file that leaves size, time of the
//! last write and file id as they were; that a file was deleted whose content the tenant has; and whatever happens between
//! the look and the tenant's word: milliseconds on SQLite, on SQL Server the time that reading the tables once takes.

mod files;
mod rows;
mod tables;
mod who;

use crate::archive::Roots;
use crate::config::Config;
use crate::item::{Kind, Outcome};
use crate::ledger::{Ledger, Reader, Record};
use crate::onsite::Installation;
use crate::onsite::database::Database;
use crate::pipeline::Stop;
use crate::pipeline::exporter::Exported;
use crate::tenant::destination::Destination;
use crate::{Code, Error, Result};
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::collections::BTreeMap;
use std::sync::Arc;
use tables::{Differs, Span};
use who::Who;

/// So many writes are named.
const NAMED: usize = 20;
/// So many are named in one line.
const SHOWN: usize = 5;
/// So often the rows are read again while somebody changes what does not move.
const ROUNDS: usize = 5;
/// So many parts are fetched from the tenant to name rows.
const FETCHED: usize = 16;

/// Something that was written while the installation was frozen.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Write {
    /// The row, as `contact(contact_id=17)`, or the file.
    pub what: String,
    /// What became of it.
    pub how: How,
    /// The log-in name of who did it, where the row says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub who: Option<String>,
}

/// What became of a row or a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum How {
    /// It was not there.
    New,
    /// It is another one.
    Changed,
    /// It is not there any more.
    Gone,
}

/// Everything that was written, the first of it by name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Written {
    /// How many writes were seen; at least, where rows could not be told apart.
    pub(super) count: u64,
    pub(super) first: Vec<Write>,
    /// Who is logged in, as the database says.
    pub(super) sessions: Vec<String>,
}

impl Written {
    /// The error that keeps the tenant from being asked.
    pub(super) fn refusal(&self) -> Error {
        let name = |write: &Write| {
            let how = match write.how {
                How::New => "is new",
                How::Changed => "was changed",
                How::Gone => "is gone",
            };
            let who = write.who.as_ref().map_or_else(String::new, |who| format!(" (by `{who}`)"));
            format!("`{}` {how}{who}", write.what)
        };
        let mut names: Vec<String> = self.first.iter().take(SHOWN).map(name).collect();
        if self.count > names.len() as u64 {
            names.push("…".into());
        }
        let sessions =
            if self.sessions.is_empty() { String::new() } else { format!("; logged in: {}", self.sessions.join(", ")) };
        let message = format!(
            "somebody has written while the installation was frozen ({} {}): {}{sessions}",
            self.count,
            if self.count == 1 { "change" } else { "changes" },
            names.join("; ")
        );
        Error::new(Code::InstallationWritten, message).hint(
            "the tenant was not asked to accept; stop the web client and whoever else writes, then run the same command \
             again: it sends what has changed",
        )
    }

    /// Keeps it in the journal.
    pub(super) fn note(&self, ledger: &Ledger) -> Result<()> {
        let body = json!({ "changes": self.count, "first": self.first, "sessions": self.sessions });
        ledger.writer().put(Record::Journal("installation.written", body))
    }
}

/// Who watches. Begins when the installation is frozen, before the first read.
pub(super) struct Lookout {
    installation: Installation,
    roots: Arc<Roots>,
    config: Config,
    stop: Stop,
    /// The connection whose number tells of changes, and that number before the first read.
    sentinel: Option<(Box<dyn Database>, i64)>,
}

/// What a round of looking found.
#[derive(Default)]
struct Found {
    writes: Vec<Write>,
    differs: Vec<Differs>,
    restless: bool,
}

impl Found {
    fn is_empty(&self) -> bool {
        self.writes.is_empty() && self.differs.is_empty()
    }
}

impl Lookout {
    /// Begins.
    pub(super) fn begin(installation: &Installation, roots: &Arc<Roots>, config: &Config, stop: &Stop) -> Result<Self> {
        let mut database = installation.connect()?;
        let version = database.version()?;
        Ok(Self {
            installation: installation.clone(),
            roots: Arc::clone(roots),
            config: config.clone(),
            stop: stop.clone(),
            sentinel: version.map(|version| (database, version)),
        })
    }

    /// Looks whether anything is not as it was read.
    pub(super) async fn look(
        mut self,
        ledger: &Ledger,
        exported: Option<&Exported>,
        to: &dyn Destination,
    ) -> Result<Option<Written>> {
        ledger.writer().flush()?;
        let shapes = exported.map(|exported| exported.shapes.clone()).unwrap_or_default();
        let spans = tables::spans(&ledger.reader()?, &shapes, &self.config.freeze)?;
        let readers = (0..=self.config.pipeline.finders).map(|_| ledger.reader()).collect::<Result<Vec<_>>>()?;
        let looked = tokio::task::spawn_blocking(move || self.rounds(&spans, readers).map(|found| (found, self)));
        let (found, mut this) = looked.await.map_err(lost)??;
        if found.is_empty() && !found.restless {
            return Ok(None);
        }
        let mut written = this.name(found, to).await?;
        written.sessions = who::sessions(&mut *this.installation.connect()?)?;
        Ok(Some(written))
    }

    fn rounds(&mut self, spans: &[Span], mut readers: Vec<Reader>) -> Result<Found> {
        let mut found = Found::default();
        for _ in 0..ROUNDS {
            let version = self.version()?;
            let moved = match (&self.sentinel, version) {
                (Some((_, seen)), Some(version)) => *seen != version,
                _ => true,
            };
            if moved {
                let connections = self.config.pipeline.exporters.max(1);
                found.differs = tables::compare(&self.installation, spans, connections, &self.stop)?;
                let mut source = self.installation.open()?;
                if let Some(reader) = readers.first() {
                    found.writes = rows::compare(&mut source, reader, &self.stop)?;
                }
            }
            readers = files::compare(&self.roots, readers, &self.stop, &mut found.writes)?;
            if let Some(reader) = readers.first() {
                found.writes.extend(changing(reader)?);
            }
            if self.stop.is_draining() {
                return Err(Error::new(Code::Interrupted, "stopped before the tenant was asked to accept")
                    .hint("run the same command again, it resumes"));
            }
            if !found.is_empty() || version.is_none() || self.version()? == version {
                return Ok(found);
            }
            // What has changed does not move. What was compared is as old as this number.
            if let (Some((_, seen)), Some(version)) = (&mut self.sentinel, version) {
                *seen = version;
            }
        }
        found.restless = true;
        Ok(found)
    }

    fn version(&mut self) -> Result<Option<i64>> {
        self.sentinel.as_mut().map_or(Ok(None), |(database, _)| database.version())
    }

    /// Gives names to what differs: the parts as they were sent lie at the tenant.
    async fn name(&mut self, found: Found, to: &dyn Destination) -> Result<Written> {
        let mut writes: BTreeMap<String, Write> = BTreeMap::new();
        let mut unnamed = 0;
        let mut database = self.installation.connect()?;
        let who = Who::read(&self.installation)?;
        for (place, differs) in found.differs.into_iter().enumerate() {
            if place >= FETCHED {
                // Each of them has at least one.
                unnamed += 1;
                continue;
            }
            let part = match differs.part {
                Some((key, digest)) => Some((to.content(key).await?, digest)),
                None => None,
            };
            let named = tokio::task::spawn_blocking(move || {
                let named = tables::name(&differs, part, &mut *database);
                named.map(|named| (named, differs, database))
            });
            let (named, differs, back) = named.await.map_err(lost)??;
            database = back;
            for row in named {
                let who = who.of(&row, &differs.shape, &mut *database)?;
                let write = Write { what: differs.shape.row_name(&row.key), how: row.how, who };
                writes.insert(write.what.clone(), write);
            }
        }
        for mut write in found.writes {
            if !writes.contains_key(&write.what) {
                write.who = who.of_row(&write, &mut *database)?;
                writes.insert(write.what.clone(), write);
            }
        }
        if found.restless {
            let what = "the database, all the time, in tables that do not move".to_owned();
            writes.insert(what.clone(), Write { what, how: How::Changed, who: None });
        }
        let count = writes.len() as u64 + unnamed;
        Ok(Written { count, first: writes.into_values().take(NAMED).collect(), sessions: Vec::new() })
    }
}

/// Files that were written while they were read: nobody should.
fn changing(reader: &Reader) -> Result<Vec<Write>> {
    let page = reader.left_after(Outcome::Changing, 0, NAMED)?;
    let files = page.into_iter().filter(|known| known.key.kind() != Kind::Part);
    Ok(files.map(|known| Write { what: format!("the file of {}", known.key), how: How::Changed, who: None }).collect())
}

fn lost(cause: tokio::task::JoinError) -> Error {
    Error::new(Code::Internal, "looking for writers was dropped").because(cause)
}
