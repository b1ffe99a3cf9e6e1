//! Building the customer's database out of parts, all or nothing.
//!
//! An [`Import`] builds where nobody looks: a temporary file beside the place of the database ([`SqliteImport`]), or another
//! database on the same server ([`MssqlImport`]). When all parts are in it, it is read again, as any database is, and the sums of
//! what is **there** are compared with what was sent. Only then do decisions about people change it ([`Adjustments`]), and only
//! then does it take its place. Whatever happens before leaves the old database as it was.

pub(crate) mod mssql;
mod sqlite;
mod stage;
mod values;

pub use mssql::MssqlImport;
pub use sqlite::SqliteImport;

use super::adjust::{Adjusted, Adjustments};
use super::export::{Open, side_by_side, sum};
use super::part::TableRows;
use super::{Cell, Key, KeyRange, Large, TableShape, TableSum, number};
use crate::onsite::database::Database;
use crate::{Code, Error, Result};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;
use std::sync::{Arc, OnceLock};

/// Writes the content of a value that left its row. The number is where it begins among the values of its part.
pub type GiveLarge<'a> = dyn FnMut(&Large, u64, &mut dyn Write) -> Result<()> + 'a;

/// A database that is being built. Dropped before its end it leaves nothing.
pub trait Import {
    /// Makes tables, empty; also those whose rows stay behind. A table that is there already must have the same shape.
    fn tables(&mut self, shapes: &[Arc<TableShape>]) -> Result<()>;
    /// Adds the rows of a part, of each of its tables. After an error nothing of it is there, and it may come again.
    fn part(&mut self, part: Vec<TableRows>, large: &mut GiveLarge<'_>) -> Result<()>;
    /// Reads every table again and compares it with what was sent: the sums of the other side, by the names of the tables. A
    /// table that is expected and not there has no rows; one that is not expected must have none.
    fn prove(&mut self, expected: &BTreeMap<String, TableSum>) -> Result<Vec<Proof>>;
    /// What is there so far, to read: for a comparison row by row.
    fn database(&mut self) -> Result<Box<dyn Database>>;
    /// Changes what was decided to be different on this side. Only what was proven may be changed.
    fn adjust(&mut self, adjustments: &Adjustments) -> Result<Vec<Adjusted>>;
    /// Puts the database in its place. What was there is gone.
    fn finish(self: Box<Self>) -> Result<()>;
}

/// What was sent of a table, and what is in the database.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Proof {
    /// The table.
    pub table: String,
    /// What must be there.
    pub expected: TableSum,
    /// What was read from the database.
    pub found: TableSum,
}

impl Proof {
    /// Whether it is what it must be.
    #[must_use]
    pub fn holds(&self) -> bool {
        self.expected == self.found
    }
}

/// The tables of a database that is being built, and what is known of their rows.
#[derive(Default)]
struct Tables {
    /// By their names in lower case.
    tables: BTreeMap<String, Imported>,
    /// Whether what is there now was proven.
    proven: bool,
}

/// A table so far.
struct Imported {
    shape: Arc<TableShape>,
    /// Where its parts begin: none may come twice.
    ranges: Vec<KeyRange>,
}

impl Imported {
    /// All rows of the table, those too that no part has brought, in the ranges of its parts: from one end to the next. Only where the order
    /// of rows is that of whole numbers is it the same on both sides.
    fn whole(&self) -> Vec<KeyRange> {
        let end = |range: &KeyRange| range.until.as_deref().and_then(number);
        let ends: BTreeSet<i64> = match self.shape.key() {
            Key::Integer(place) if !self.shape.columns[place].masked => self.ranges.iter().filter_map(end).collect(),
            _ => BTreeSet::new(),
        };
        let position = |end: i64| Some(vec![Cell::Integer(end)]);
        let mut after = None;
        let mut ranges = Vec::with_capacity(ends.len() + 1);
        for end in ends {
            ranges.push(KeyRange { after, until: position(end) });
            after = position(end);
        }
        ranges.push(KeyRange { after, until: None });
        ranges
    }
}

impl Tables {
    /// Whether a table is there already; it must have this shape then.
    fn has(&self, shape: &TableShape) -> Result<bool> {
        let table = self.tables.get(&shape.name.to_lowercase());
        table.map_or(Ok(()), |table| table.shape.must_equal(shape)).map(|()| table.is_some())
    }

    /// Those of the shapes that are no tables yet.
    fn new_of<'a>(&self, shapes: &'a [Arc<TableShape>]) -> Result<Vec<&'a Arc<TableShape>>> {
        let mut new = Vec::with_capacity(shapes.len());
        for shape in shapes {
            if !self.has(shape)? {
                new.push(shape);
            }
        }
        Ok(new)
    }

    /// A table was made.
    fn add(&mut self, shape: &Arc<TableShape>) {
        let table = Imported { shape: Arc::clone(shape), ranges: Vec::new() };
        self.tables.insert(shape.name.to_lowercase(), table);
        self.proven = false;
    }

    /// The shape for rows that come next.
    fn begin(&mut self, rows: &TableRows) -> Result<Arc<TableShape>> {
        let name = &rows.shape.name;
        let Some(table) = self.tables.get(&name.to_lowercase()) else {
            return Err(Error::new(Code::Internal, format!("the table `{name}` was not made")));
        };
        if table.ranges.iter().any(|range| range.after == rows.range.after || range.until == rows.range.until) {
            return Err(Error::new(Code::PartInvalid, format!("a range of `{name}` comes twice"))
                .hint("each range of a table must be imported once"));
        }
        self.proven = false;
        Ok(Arc::clone(&table.shape))
    }

    /// All rows of a range are there.
    fn end(&mut self, shape: &TableShape, range: KeyRange) {
        if let Some(table) = self.tables.get_mut(&shape.name.to_lowercase()) {
            table.ranges.push(range);
        }
    }

    fn shapes(&self) -> Vec<Arc<TableShape>> {
        self.tables.values().map(|table| Arc::clone(&table.shape)).collect()
    }

    fn must_be_proven(&self) -> Result<()> {
        if self.proven {
            return Ok(());
        }
        Err(Error::new(Code::VerificationFailed, "the imported database was not proven to be what was sent")
            .hint("compare the tables that differ, and send these again"))
    }
}

/// The most connections that read what was built.
const READERS: usize = 4;

/// Reads every table, over several connections, and compares.
fn prove(tables: &mut Tables, open: &Open<'_>, expected: &BTreeMap<String, TableSum>) -> Result<Vec<Proof>> {
    let mut expected: BTreeMap<String, (&str, TableSum)> =
        expected.iter().map(|(name, sum)| (name.to_lowercase(), (name.as_str(), *sum))).collect();
    let mut proofs = Vec::with_capacity(tables.tables.len());
    for ((name, table), found) in tables.tables.iter().zip(sums(tables, open)?) {
        let expected = expected.remove(name).map(|(_, sum)| sum).unwrap_or_default();
        proofs.push(Proof { table: table.shape.name.clone(), expected, found });
    }
    let absent = expected.into_values().map(|(name, expected)| Proof {
        table: name.to_owned(),
        expected,
        found: TableSum::default(),
    });
    proofs.extend(absent);
    tables.proven = proofs.iter().all(Proof::holds);
    Ok(proofs)
}

/// The sum of each table. A large one is read in several ranges side by side.
fn sums(tables: &Tables, open: &Open<'_>) -> Result<Vec<TableSum>> {
    let ranges: Vec<(usize, &TableShape, KeyRange)> = (0..)
        .zip(tables.tables.values())
        .flat_map(|(place, table)| table.whole().into_iter().map(move |range| (place, &*table.shape, range)))
        .collect();
    let found: Vec<OnceLock<TableSum>> = ranges.iter().map(|_| OnceLock::new()).collect();
    let readers = std::thread::available_parallelism().map_or(1, usize::from).min(READERS);
    side_by_side(&ranges, readers, open, &|database, at, (_, shape, range)| {
        let _ = found[at].set(sum(database, shape, range)?);
        Ok(true)
    })?;
    let mut sums = vec![TableSum::default(); tables.tables.len()];
    for ((place, ..), found) in ranges.iter().zip(found) {
        sums[*place] += found.into_inner().unwrap_or_default();
    }
    Ok(sums)
}
