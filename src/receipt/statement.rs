//! What a receipt states. The order of the members here is their order in the file.

use super::merkle::{self, Tree};
use crate::digest::Digest;
use crate::tables::TableSum;
use crate::tables::adjust::Adjusted;
use crate::tenant::protocol::{BoundColumn, LeftBehind, Mode};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The version of the form that this program writes and understands.
pub const FORMAT: u32 = 1;

/// Everything that a tenant states about a migration that it has accepted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Statement {
    /// The version of the form.
    pub version: u32,
    /// The tenant's receipts have numbers without gaps, from 1.
    pub number: u32,
    /// BLAKE3 of the whole receipt before this one: none can be taken out of the row.
    pub before: Option<Digest>,
    /// When it was made, in UTC.
    pub time: String,
    /// The vendor's customer name, `Cust12345`.
    pub tenant: String,
    /// The migration's own id.
    pub migration: uuid::Uuid,
    /// Whether it was a rehearsal.
    pub mode: Mode,
    /// The owner company, as the installation says.
    pub company: String,
    /// The serial number, as the installation says.
    pub serial: String,
    /// What the tenant holds, and what it was told not to come.
    pub items: HeldItems,
    /// The people list by which the database was adjusted, if one was put.
    pub people: Option<HeldPeople>,
    /// The manifest of the database, by its name; nothing if no tables have moved.
    pub manifest: Option<Digest>,
    /// How consistently the database was read.
    pub rung: Option<String>,
    /// The tables as they were sent and read from the tenant's database again, in the order of their names.
    pub tables: Vec<TableLine>,
    /// Tables and columns that stay behind, and why.
    pub left: Vec<LeftBehind>,
    /// What the tenant made different in its database after that proof, and why.
    pub adjusted: Vec<Adjusted>,
    /// Columns that are bound to the source database, to be made again by the vendor.
    pub bound: Vec<BoundColumn>,
    /// What stands for all of it.
    pub merkle: Roots,
}

/// Items by how they ended.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HeldItems {
    /// How many are held, every one proven.
    pub count: u64,
    /// Their bytes.
    pub bytes: u64,
    /// By kind (`document`), then by outcome (`verified`, `missing`).
    pub kinds: BTreeMap<String, BTreeMap<String, Held>>,
}

/// Items of one kind and outcome.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Held {
    /// How many.
    pub items: u64,
    /// Their bytes; the tenant does not know those of what did not come.
    pub bytes: u64,
}

/// A list of people.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HeldPeople {
    /// Its name: BLAKE3 of its JSON.
    pub list: Digest,
    /// How many users hold a plan.
    pub users: u32,
}

/// A table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TableLine {
    /// Its name.
    pub name: String,
    /// Its rows, and the sum of their digests.
    pub sum: TableSum,
}

/// The roots of the trees.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Roots {
    /// Over all items that are held, in the order of their keys.
    pub items: Digest,
    /// Over all tables, in the order of this list.
    pub tables: Digest,
    /// Over both.
    pub root: Digest,
}

impl Roots {
    /// Of these trees.
    #[must_use]
    pub fn of(items: &Tree, tables: &Tree) -> Self {
        Self { items: items.root(), tables: tables.root(), root: merkle::crown(items, tables) }
    }
}

impl Statement {
    /// The tree over the tables that are listed.
    #[must_use]
    pub fn tables_tree(&self) -> Tree {
        let mut tree = Tree::default();
        self.tables.iter().for_each(|table| tree.push(merkle::table(&table.name, &table.sum)));
        tree
    }

    /// What it says twice in different ways, if it does.
    #[must_use]
    pub fn contradiction(&self) -> Option<&'static str> {
        let tables = self.tables_tree();
        let verified = self.items.kinds.values().filter_map(|outcomes| outcomes.get("verified"));
        let sum = verified.fold((0, 0), |sum, held| (sum.0 + held.items, sum.1 + held.bytes));
        let crown = merkle::crown_of((self.items.count, &self.merkle.items), (tables.leaves(), &self.merkle.tables));
        if !self.tables.is_sorted_by(|one, next| one.name < next.name) {
            Some("its tables are not in order")
        } else if tables.root() != self.merkle.tables {
            Some("its tables have another Merkle root")
        } else if crown != self.merkle.root {
            Some("its items and tables have another Merkle root together")
        } else if sum != (self.items.count, self.items.bytes) {
            Some("its items do not add up")
        } else {
            None
        }
    }

    /// Whether another one states the same, whenever it was made.
    #[must_use]
    pub fn states_the_same(&self, other: &Self) -> bool {
        let (number, before, time) = (other.number, other.before, other.time.clone());
        Self { number, before, time, ..self.clone() } == *other
    }

    /// All rows of all tables.
    #[must_use]
    pub fn rows(&self) -> u64 {
        self.tables.iter().map(|table| table.sum.rows).sum()
    }
}
