//! Reading the ledger while it is written.

mod listing;

use super::{JournalEntry, PENDING, Proof, Stamp, journal, schema};
use crate::digest::Digest;
use crate::item::{Key, Kind, Outcome};
use crate::{Code, Error, Result};
use rusqlite::{Connection, OptionalExtension, Row, params};
use serde::Serialize;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// A connection that only reads; each thread opens its own.
pub struct Reader {
    connection: Connection,
    path: PathBuf,
}

/// What the ledger knows of an item.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Known {
    /// The item.
    pub key: Key,
    /// How it ended; `None` while pending.
    pub outcome: Option<Outcome>,
    /// Where its file was found: root, folder in the root, name.
    pub place: Option<(i64, String, String)>,
    /// The file as it was.
    pub stamp: Option<Stamp>,
    /// The fingerprint of the row.
    pub print: Option<i64>,
    /// BLAKE3 of the whole, once it was read.
    pub blake3: Option<Digest>,
    /// What is to be said about the outcome.
    pub detail: Option<String>,
}

/// An item that did not arrive, as reports show it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Left {
    /// What it is.
    pub item: Kind,
    /// The id of its row.
    pub id: u32,
    /// The language, for a translated template.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub language: Option<&'static str>,
    /// How it ended.
    pub outcome: Outcome,
    /// Where its file is, or should be.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// Why, and for a missing file where it was looked for.
    #[serde(flatten)]
    pub detail: serde_json::Map<String, serde_json::Value>,
}

/// Items and bytes by kind and outcome. The identity of the report is `rows = Σ outcomes + pending`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Totals(BTreeMap<(Kind, Option<Outcome>), (u64, u64)>);

impl Totals {
    /// Items and bytes with this outcome (`None` is pending), of all kinds or of one.
    #[must_use]
    pub fn of(&self, kind: Option<Kind>, outcome: Option<Outcome>) -> (u64, u64) {
        self.sum(|key| key.1 == outcome && kind.is_none_or(|kind| kind == key.0))
    }

    /// All items and bytes of a kind, or of all kinds.
    #[must_use]
    pub fn all(&self, kind: Option<Kind>) -> (u64, u64) {
        self.sum(|key| kind.is_none_or(|kind| kind == key.0))
    }

    fn sum(&self, wanted: impl Fn(&(Kind, Option<Outcome>)) -> bool) -> (u64, u64) {
        self.0.iter().filter(|(key, _)| wanted(key)).fold((0, 0), |sum, (_, next)| (sum.0 + next.0, sum.1 + next.1))
    }
}

const KNOWN: &str =
    "SELECT item.key, item.state, dir.root, dir.path, item.name, item.size, item.modified, item.file_id,
    item.print, item.blake3, item.detail FROM item LEFT JOIN dir ON dir.id = item.dir";

impl Reader {
    /// Opens the ledger at `path` for reading.
    pub fn open(path: &Path) -> Result<Self> {
        if !path.exists() {
            return Err(Error::new(Code::LedgerUnusable, format!("there is no ledger `{}`", path.display()))
                .hint("nothing was migrated with this configuration yet; `omt migrate` makes one"));
        }
        Ok(Self { connection: schema::open_reader(path)?, path: path.to_owned() })
    }

    fn explain(&self, cause: rusqlite::Error) -> Error {
        schema::explain(&self.path, cause)
    }

    /// Up to `limit` items after `after`, in key order.
    pub fn items_after(&self, after: i64, limit: usize) -> Result<Vec<Known>> {
        self.list(&format!("{KNOWN} WHERE item.key > ?1 ORDER BY item.key LIMIT ?2"), after, limit)
    }

    /// Up to `limit` parked items after `after`.
    pub fn parked_after(&self, after: i64, limit: usize) -> Result<Vec<Known>> {
        let sql =
            format!("{KNOWN} JOIN parked USING (key) WHERE item.key > ?1 AND state = 0 ORDER BY item.key LIMIT ?2");
        self.list(&sql, after, limit)
    }

    /// Up to `limit` items whose file was not found by the rule, after `after`.
    pub fn unfound_after(&self, after: i64, limit: usize) -> Result<Vec<Known>> {
        let sql =
            format!("{KNOWN} JOIN unfound USING (key) WHERE item.key > ?1 AND state = 0 ORDER BY item.key LIMIT ?2");
        self.list(&sql, after, limit)
    }

    /// The folded name that an unfound row wants.
    pub fn unfound_name(&self, key: Key) -> Result<String> {
        let read = || {
            self.connection
                .prepare_cached("SELECT folded FROM unfound WHERE key = ?1")?
                .query_row([key.number()], |row| row.get(0))
                .optional()
        };
        Ok(read().map_err(|cause| self.explain(cause))?.unwrap_or_default())
    }

    /// How many unfound rows want a file of this folded name.
    pub fn unfound_count(&self, folded: &str) -> Result<u64> {
        let read = || {
            self.connection
                .prepare_cached("SELECT count(*) FROM unfound WHERE folded = ?1")?
                .query_row([folded], |row| row.get::<_, i64>(0))
        };
        read().map(|count| count as u64).map_err(|cause| self.explain(cause))
    }

    /// Up to `limit` items that ended as anything but verified, after `after`, of one outcome.
    pub fn left_after(&self, outcome: Outcome, after: i64, limit: usize) -> Result<Vec<Known>> {
        // `state > 1` says nothing new, but without these very words the partial index `item_left` is not used.
        let state = outcome as i64;
        let sql = format!("{KNOWN} WHERE state > 1 AND state = {state} AND item.key > ?1 ORDER BY item.key LIMIT ?2");
        self.list(&sql, after, limit)
    }

    fn list(&self, sql: &str, after: i64, limit: usize) -> Result<Vec<Known>> {
        let read = || -> rusqlite::Result<Vec<Known>> {
            self.connection.prepare_cached(sql)?.query_map(params![after, limit as i64], known)?.collect()
        };
        read().map_err(|cause| self.explain(cause))
    }

    /// One item.
    pub fn item(&self, key: Key) -> Result<Option<Known>> {
        let read = || {
            self.connection
                .prepare_cached(&format!("{KNOWN} WHERE item.key = ?1"))?
                .query_row([key.number()], known)
                .optional()
        };
        read().map_err(|cause| self.explain(cause))
    }

    /// The listed chunks of an item; empty when it is one chunk or none.
    pub fn chunks_of(&self, key: Key) -> Result<Vec<Digest>> {
        let read = || {
            self.connection
                .prepare_cached("SELECT chunks FROM item_chunks WHERE key = ?1")?
                .query_row([key.number()], |row| row.get::<_, Vec<u8>>(0))
                .optional()
        };
        let bytes = read().map_err(|cause| self.explain(cause))?.unwrap_or_default();
        Ok(bytes.chunks_exact(32).filter_map(Digest::from_slice).collect())
    }

    /// Stamp, digest and chunks of an item that was read.
    pub fn proof_of(&self, known: &Known) -> Result<Option<Proof>> {
        let (Some(blake3), Some(stamp)) = (known.blake3, known.stamp) else { return Ok(None) };
        Ok(Some(Proof { blake3, stamp, chunks: self.chunks_of(known.key)? }))
    }

    /// Whether the tenant has acknowledged this chunk.
    pub fn has_chunk(&self, name: &Digest) -> Result<bool> {
        let read = || {
            self.connection.prepare_cached("SELECT 1 FROM chunk WHERE name = ?1")?.exists([name.as_bytes().as_slice()])
        };
        read().map_err(|cause| self.explain(cause))
    }

    /// How many chunks the tenant has acknowledged. Reads the whole table: once a run.
    pub fn chunk_count(&self) -> Result<u64> {
        self.number("SELECT count(*) FROM chunk")
    }

    /// How many files have no row.
    pub fn orphan_count(&self) -> Result<u64> {
        self.number("SELECT count(*) FROM orphan")
    }

    pub(super) fn collect<T>(&self, sql: &str, read: impl FnMut(&Row<'_>) -> rusqlite::Result<T>) -> Result<Vec<T>> {
        let rows =
            || -> rusqlite::Result<Vec<T>> { self.connection.prepare_cached(sql)?.query_map([], read)?.collect() };
        rows().map_err(|cause| self.explain(cause))
    }

    fn number(&self, sql: &str) -> Result<u64> {
        self.connection
            .query_row(sql, [], |row| row.get::<_, i64>(0))
            .map(|number| number as u64)
            .map_err(|cause| self.explain(cause))
    }

    /// The names of the files in a folder that belong to items.
    pub fn names_in(&self, root: i64, dir: &str) -> Result<Vec<String>> {
        let read = || -> rusqlite::Result<Vec<String>> {
            let Some(id) = self
                .connection
                .prepare_cached("SELECT id FROM dir WHERE root = ?1 AND path = ?2")?
                .query_row(params![root, dir], |row| row.get::<_, i64>(0))
                .optional()?
            else {
                return Ok(Vec::new());
            };
            self.connection
                .prepare_cached("SELECT name FROM item WHERE dir = ?1")?
                .query_map([id], |row| row.get(0))?
                .collect()
        };
        read().map_err(|cause| self.explain(cause))
    }

    /// Files without a row whose folded path ends in the folded name `name`: root, path, size, time. At most `limit`.
    pub fn orphans_named(&self, name: &str, limit: usize) -> Result<Vec<(i64, String, u64, i64)>> {
        self.orphan_list("WHERE folded = ?1 ORDER BY id LIMIT ?2", params![name, limit as i64])
    }

    /// Whether a file without a row is known with this size and time; `None` if it is not known at all.
    pub fn has_orphan(&self, root: i64, path: &str, folded: &str, size: u64, modified: i64) -> Result<Option<bool>> {
        let read = || {
            self.connection
                .prepare_cached(
                    "SELECT size = ?4 AND modified = ?5 FROM orphan WHERE folded = ?3 AND root = ?1 AND path = ?2",
                )?
                .query_row(params![root, path, folded, size as i64, modified], |row| row.get(0))
                .optional()
        };
        read().map_err(|cause| self.explain(cause))
    }

    fn orphan_list(&self, rest: &str, values: impl rusqlite::Params) -> Result<Vec<(i64, String, u64, i64)>> {
        let read = || -> rusqlite::Result<Vec<_>> {
            self.connection
                .prepare_cached(&format!("SELECT root, path, size, modified FROM orphan {rest}"))?
                .query_map(values, |row| Ok((row.get(0)?, row.get(1)?, row.get::<_, i64>(2)? as u64, row.get(3)?)))?
                .collect()
        };
        read().map_err(|cause| self.explain(cause))
    }

    /// Rows that are gone, of which the tenant has not been told; at most `limit`.
    pub fn withdrawn(&self, limit: usize) -> Result<Vec<Key>> {
        let read = || -> rusqlite::Result<Vec<i64>> {
            self.connection
                .prepare_cached("SELECT key FROM withdrawn ORDER BY key LIMIT ?1")?
                .query_map([limit as i64], |row| row.get(0))?
                .collect()
        };
        Ok(read().map_err(|cause| self.explain(cause))?.into_iter().filter_map(Key::from_number).collect())
    }

    /// The kept totals.
    pub fn totals(&self) -> Result<Totals> {
        let read = || -> rusqlite::Result<Vec<(u8, i64, i64, i64)>> {
            self.connection
                .prepare_cached("SELECT kind, state, items, bytes FROM total")?
                .query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?)))?
                .collect()
        };
        let rows = read().map_err(|cause| self.explain(cause))?;
        Ok(Totals(
            rows.into_iter()
                .filter_map(|(kind, state, items, bytes)| {
                    Some(((Kind::from_number(kind)?, Outcome::from_number(state)), (items as u64, bytes as u64)))
                })
                .collect(),
        ))
    }

    /// Labels and paths of the roots by number.
    pub fn roots(&self) -> Result<BTreeMap<i64, (String, String)>> {
        let read = || -> rusqlite::Result<_> {
            self.connection
                .prepare_cached("SELECT id, label, path FROM root")?
                .query_map([], |row| Ok((row.get(0)?, (row.get(1)?, row.get(2)?))))?
                .collect()
        };
        read().map_err(|cause| self.explain(cause))
    }

    /// A named value.
    pub fn meta(&self, name: &str) -> Result<Option<String>> {
        self.connection
            .query_row("SELECT value FROM meta WHERE name = ?1", [name], |row| row.get(0))
            .optional()
            .map_err(|cause| self.explain(cause))
    }

    /// When the last run began, and when it ended, if it did.
    pub fn last_run(&self) -> Result<Option<(String, Option<String>)>> {
        self.connection
            .query_row("SELECT started, ended FROM run ORDER BY id DESC LIMIT 1", [], |row| {
                Ok((row.get(0)?, row.get(1)?))
            })
            .optional()
            .map_err(|cause| self.explain(cause))
    }

    /// The journal, checked.
    pub fn journal(&self) -> Result<Vec<JournalEntry>> {
        journal::check(&self.connection)
    }
}

fn known(row: &Row<'_>) -> rusqlite::Result<Known> {
    let number: i64 = row.get(0)?;
    let key = Key::from_number(number).ok_or(rusqlite::Error::IntegralValueOutOfRange(0, number))?;
    let state: i64 = row.get(1)?;
    let place = match (row.get(2)?, row.get(3)?, row.get(4)?) {
        (Some(root), Some(dir), Some(name)) => Some((root, dir, name)),
        _ => None,
    };
    let modified: Option<i64> = row.get(6)?;
    let stamp = match modified {
        Some(modified) => Some(Stamp { size: row.get::<_, i64>(5)? as u64, modified, file_id: row.get(7)? }),
        None => None,
    };
    let digest: Option<Vec<u8>> = row.get(9)?;
    Ok(Known {
        key,
        outcome: if state == PENDING { None } else { Outcome::from_number(state) },
        place,
        stamp,
        print: row.get(8)?,
        blake3: digest.and_then(|bytes| Digest::from_slice(&bytes)),
        detail: row.get(10)?,
    })
}
