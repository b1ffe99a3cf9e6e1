//! A database from one side to the other: exported, carried, imported, proven; and what a proof must find.

mod arriving;
mod differing;
mod importing;
mod large;

use super::beside::Beside;
use super::export::{TableExport, each_row};
use super::import::Import;
use super::part::{Part, PartLimits, PartReader};
use super::plan::Piece;
use super::*;
use crate::Result;
use crate::digest::Digest;
use crate::onsite::database::{Database, SqliteDatabase};
use bytes::Bytes;
use std::collections::BTreeMap;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tempfile::TempDir;

pub(super) const LIMITS: PartLimits = PartLimits { rows: 50, bytes: 64 << 10, large: FOLD };

/// What travels.
#[derive(Default)]
pub(super) struct Cargo {
    pub(super) parts: Vec<(Part, Bytes)>,
    pub(super) large: BTreeMap<Digest, Vec<u8>>,
    /// What may stay in its row; 0 is [`FOLD`].
    pub(super) stays: usize,
}

impl Beside for Cargo {
    fn limit(&self) -> usize {
        self.stays.max(FOLD)
    }

    fn take(&mut self, kind: LargeKind, content: &mut dyn Read) -> Result<Large> {
        let mut bytes = Vec::new();
        content.read_to_end(&mut bytes).unwrap();
        let large = Large { kind, digest: Digest::of(&bytes), length: bytes.len() as u64 };
        self.large.insert(large.digest, bytes);
        Ok(large)
    }
}

impl Cargo {
    pub(super) fn load(&mut self, database: &mut dyn Database, piece: &Piece) {
        let mut export = TableExport::new(piece, LIMITS, 1);
        while let Some((part, bytes)) = export.next_part(database, || Ok(Vec::new()), self).unwrap() {
            self.parts.push((part, bytes.into()));
        }
    }

    /// The sums of the tables, added up from the parts.
    pub(super) fn sums(&self) -> BTreeMap<String, TableSum> {
        let mut sums = BTreeMap::new();
        for (part, _) in &self.parts {
            *sums.entry(part.head.shape.name.clone()).or_default() += part.head.sum;
        }
        sums
    }

    pub(super) fn unload(&self, import: &mut dyn Import) -> Result<()> {
        for (part, bytes) in &self.parts {
            let reader = PartReader::open(bytes.clone(), &part.name, &PartLimits::default())?;
            import.part(reader.tables()?, &mut |large, _, into| {
                into.write_all(&self.large[&large.digest]).unwrap();
                Ok(())
            })?;
        }
        Ok(())
    }
}

pub(super) fn database(sql: &str) -> (TempDir, SqliteDatabase) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("crm.db");
    rusqlite::Connection::open(&path).unwrap().execute_batch(sql).unwrap();
    let database = SqliteDatabase::open(&path, "crm7").unwrap();
    (folder, database)
}

pub(super) fn whole(database: &mut dyn Database, table: &str) -> Piece {
    let shape = TableShape::of(database.catalogue().unwrap().table(table).unwrap(), database.dialect());
    Piece { shape: Arc::new(shape), range: KeyRange::all(), rows: 0 }
}

pub(super) fn rows_of(database: &mut dyn Database, shape: &TableShape) -> Vec<Cells> {
    let mut rows = Vec::new();
    each_row(database, shape, &KeyRange::all(), &mut |row| {
        rows.push(row);
        Ok(())
    })
    .unwrap();
    rows
}

pub(super) fn place(folder: &TempDir) -> PathBuf {
    folder.path().join("tenant.db")
}

pub(super) fn files(folder: &Path, extension: &str) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.filter(|path| path.extension().is_some_and(|own| own == extension)).collect()
}

pub(super) fn contacts(rows: u32) -> String {
    format!(
        "CREATE TABLE contact (contact_id INTEGER PRIMARY KEY, name \"nvarchar(219)\", a int, b int, amount float);
         WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {rows})
         INSERT INTO contact SELECT i * 3, 'name ' || i, i, i + 1, i / 4.0 FROM n;
         CREATE TABLE link (a int NOT NULL, b \"nvarchar(9)\" NOT NULL, n int, PRIMARY KEY (a, b));
         INSERT INTO link SELECT a % 7, 'x' || a, b FROM contact;
         CREATE TABLE loose (a int, b \"nvarchar(9)\");
         INSERT INTO loose SELECT a % 3, 'x' FROM contact"
    )
}
