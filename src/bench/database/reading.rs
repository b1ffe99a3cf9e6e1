//! How fast the rows of a table are read: by the driver alone, to their sum, and to parts.

use super::Reading;
use crate::onsite::database::{Database, Query};
use crate::tables::beside::Forgotten;
use crate::tables::export::{TableExport, sum};
use crate::tables::part::PartLimits;
use crate::tables::plan::Piece;
use crate::tables::{KeyRange, TableShape};
use crate::{Code, Error, Result};
use std::sync::Arc;
use std::time::Instant;

/// Goes of each kind; the best counts.
const GOES: usize = 3;
/// The level of zstd that a migration has by default.
const LEVEL: i32 = 3;
/// At most so many columns are narrow, at least so many are wide.
const NARROW: usize = 8;
const WIDE: usize = 20;

/// Reads tables, one after the other.
pub(super) fn measure(database: &mut dyn Database, tables: &[&str]) -> Result<Vec<Reading>> {
    tables.iter().map(|table| one(database, table)).collect()
}

/// The narrow and the wide table with the most rows.
pub(super) fn narrow_and_wide(database: &mut dyn Database) -> Result<Vec<String>> {
    let (catalogue, dialect) = (database.catalogue()?, database.dialect());
    let mut most: [Option<(u64, String)>; 2] = [None, None];
    for table in catalogue.tables().filter(|table| Query::can_name(&table.name)) {
        let place = match table.columns.len() {
            columns if columns <= NARROW => 0,
            columns if columns >= WIDE => 1,
            _ => continue,
        };
        let rows = database.estimate(&TableShape::of(table, dialect))?;
        if rows > most[place].as_ref().map_or(0, |(rows, _)| *rows) {
            most[place] = Some((rows, table.name.clone()));
        }
    }
    let tables: Vec<String> = most.into_iter().flatten().map(|(_, table)| table).collect();
    if tables.is_empty() {
        return Err(Error::new(Code::DatabaseUnreadable, "the database has no narrow and no wide table with rows")
            .hint("is it the database of an installation, and is `OMT_DATABASE_PREFIX` right?"));
    }
    Ok(tables)
}

fn one(database: &mut dyn Database, table: &str) -> Result<Reading> {
    let catalogue = database.catalogue()?;
    let found = catalogue.table(table);
    let found = found.ok_or_else(|| Error::new(Code::DatabaseChanged, format!("the table `{table}` is gone")))?;
    let shape = Arc::new(TableShape::of(found, database.dialect()));
    let piece = Piece { shape: Arc::clone(&shape), range: KeyRange::all(), rows: 0 };
    let (mut rows, mut bytes) = (0, 0);
    // In turns, so that whatever else the machine does hits all alike.
    let mut best = [f64::INFINITY; 3];
    for _ in 0..GOES {
        let start = Instant::now();
        database.drain(&shape)?;
        best[0] = best[0].min(start.elapsed().as_secs_f64());
        let start = Instant::now();
        rows = sum(database, &shape, &KeyRange::all())?.rows;
        best[1] = best[1].min(start.elapsed().as_secs_f64());
        let start = Instant::now();
        let limits = PartLimits::default();
        let mut export = TableExport::new(&piece, limits, LEVEL);
        bytes = 0;
        while let Some((part, _)) = export.next_part(database, || Ok(Vec::new()), &mut Forgotten(limits.large))? {
            bytes += part.size;
        }
        best[2] = best[2].min(start.elapsed().as_secs_f64());
    }
    let [driver, sums, parts] = best.map(|seconds| rows as f64 / seconds.max(f64::EPSILON));
    Ok(Reading {
        table: shape.name.clone(),
        columns: shape.columns.len(),
        rows,
        bytes,
        driver_rows_per_s: driver,
        sum_rows_per_s: sums,
        part_rows_per_s: parts,
        ratio: parts / driver,
    })
}
