//! `PUT …/database`: what the database of the tenant is to be, and how it stands.

use super::Mode;
use crate::digest::Digest;
use crate::item::Key;
use crate::tables::adjust::Adjusted;
use crate::tables::import::mssql;
use crate::tables::{KeyRange, TableShape, TableSum};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, HashSet};
use utoipa::ToSchema;

/// What kind of database a tenant builds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum DatabaseKind {
    /// A SQLite file, which can have everything.
    #[default]
    Sqlite,
    /// A database on a SQL Server.
    Mssql,
}

impl DatabaseKind {
    /// What it cannot have of a table, if there is anything: the column, and why.
    pub(crate) fn objection(self, shape: &TableShape, with_values: bool) -> Option<String> {
        let (column, what) = match self {
            Self::Sqlite => None,
            Self::Mssql => mssql::objection(shape, with_values),
        }?;
        Some(format!("`{}.{column}` {what}", shape.name))
    }
}

/// `PUT …/database`: what the database of the tenant is to be, made of parts that are items already.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DatabaseManifest {
    /// The tables that move, each once.
    pub tables: Vec<ManifestTable>,
    /// What stays behind.
    #[serde(default)]
    pub left: Vec<LeftBehind>,
    /// How consistent the reading was: `plain` or `read-transaction`.
    pub rung: String,
}

/// A table of the manifest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ManifestTable {
    /// Its name and its columns.
    #[schema(value_type = Object)]
    pub shape: TableShape,
    /// How many rows it has, and the sum of their digests: `rows:` and 64 hexadecimal digits.
    #[schema(value_type = String)]
    pub sum: TableSum,
    /// The parts that hold them; none for a table without rows.
    pub parts: Vec<ManifestPart>,
}

/// A part of a table in the manifest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ManifestPart {
    /// The item.
    #[schema(value_type = String, example = "part/17")]
    pub item: Key,
    /// Its content.
    #[schema(value_type = String)]
    pub blake3: Digest,
    /// Which rows of the table it holds.
    #[schema(value_type = Object)]
    pub range: KeyRange,
    /// Their sum.
    #[schema(value_type = String)]
    pub sum: TableSum,
}

/// A table or a column that stays behind.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LeftBehind {
    /// The table.
    pub table: String,
    /// The column, if the rest of the table moves.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub column: Option<String>,
    /// The stable word for the reason: `machine`, `secret`, `tenant`, `configured`, `unreadable`.
    pub reason: String,
    /// The reason in one line.
    pub why: String,
    /// What the table looks like: it is made, empty. Nothing for a column, and for a table that could not be read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    pub shape: Option<TableShape>,
}

/// `GET …/database`, and the answer to `PUT`: how the tenant's database stands. The answer waits a little for a change,
/// so that nobody has to ask all the time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "state", rename_all = "lowercase")]
pub enum DatabaseState {
    /// There is no manifest.
    Absent,
    /// It is being built.
    Building {
        /// Tables that are in it.
        tables_done: u64,
        /// All tables.
        tables: u64,
        /// Rows that are in it: what moves while a large table is imported.
        rows: u64,
    },
    /// It is in place, and what was read from it again is what the manifest says; then it was adjusted.
    Proven {
        /// The manifest: BLAKE3 of its JSON.
        #[schema(value_type = String)]
        manifest: Digest,
        /// Its tables.
        tables: u64,
        /// Their rows.
        rows: u64,
        /// Rows and sum of each table.
        #[schema(value_type = std::collections::BTreeMap<String, String>)]
        sums: BTreeMap<String, TableSum>,
        /// Whether it was made for a rehearsal.
        mode: Mode,
        /// The people list by which it was adjusted: BLAKE3 of its JSON.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[schema(value_type = Option<String>)]
        people: Option<Digest>,
        /// What was made different after the proof, and why.
        adjusted: Vec<Adjusted>,
        /// Columns that are bound to the source database, to be made again by the vendor.
        bound: Vec<BoundColumn>,
    },
    /// What was read from it again is not what the manifest says. It is not in place.
    Different {
        /// The first table that differs.
        table: String,
        /// What the manifest says, and what was found.
        what: String,
        /// Rows that differ, by their keys; the first of them.
        rows: Vec<String>,
    },
    /// It cannot be built.
    Failed {
        /// Why.
        why: String,
    },
}

/// A column that moved and is worth nothing in another database: the vendor's programs check it against the one that it
/// was made in, and take a row that does not fit for one that is not there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct BoundColumn {
    /// The table.
    pub table: String,
    /// The column.
    pub column: String,
    /// The rows of the table.
    pub rows: u64,
}

impl DatabaseManifest {
    /// The columns that are bound to the source database (`domain.md` 2.1: `encryptedCheck`), where they have moved.
    #[must_use]
    pub fn bound(&self) -> Vec<BoundColumn> {
        let mut bound = Vec::new();
        for table in &self.tables {
            let columns = table.shape.columns.iter().filter(|column| !column.masked);
            for column in columns.filter(|column| column.name.eq_ignore_ascii_case("encryptedCheck")) {
                let (table, rows) = (table.shape.name.clone(), table.sum.rows);
                bound.push(BoundColumn { table, column: column.name.clone(), rows });
            }
        }
        bound
    }

    /// Its name: BLAKE3 of its JSON.
    #[must_use]
    pub fn digest(&self) -> Digest {
        Digest::of(&self.json())
    }

    /// Its JSON. Structures with text keys always have one.
    pub(crate) fn json(&self) -> Vec<u8> {
        serde_json::to_vec(self).unwrap_or_default()
    }

    /// How many parts there are; one of several tables counts once.
    #[must_use]
    pub fn parts(&self) -> u64 {
        let parts = self.tables.iter().flat_map(|table| &table.parts);
        parts.map(|part| part.item).collect::<HashSet<_>>().len() as u64
    }

    /// All rows.
    #[must_use]
    pub fn rows(&self) -> u64 {
        self.tables.iter().map(|table| table.sum.rows).sum()
    }
}
