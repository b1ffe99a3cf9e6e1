//! The rows of tables that move: their sums once more, and the names of rows where a sum differs.

use super::How;
use crate::config::Freeze;
use crate::digest::Digest;
use crate::item::{Key, Outcome};
use crate::ledger::{KnownPart, Reader};
use crate::onsite::Installation;
use crate::onsite::database::Database;
use crate::pipeline::Stop;
use crate::pipeline::exporter::{Covered, cover};
use crate::tables::canonical::write_cells;
use crate::tables::export::{each_row, side_by_side, sum};
use crate::tables::part::{PartLimits, PartReader};
use crate::tables::{Cells, KeyRange, RowHasher, TableShape, TableSum};
use crate::{Code, Result};
use bytes::Bytes;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

/// A range of a table as it was sent.
pub(super) struct Span {
    shape: Arc<TableShape>,
    range: KeyRange,
    /// What its rows added up to.
    then: TableSum,
    /// The part that holds them; a range without rows has none.
    part: Option<(Key, Digest)>,
}

/// A range that adds up to something else now.
pub(super) struct Differs {
    pub(super) shape: Arc<TableShape>,
    range: KeyRange,
    pub(super) part: Option<(Key, Digest)>,
}

/// A row that differs.
pub(super) struct RowWrite {
    pub(super) key: Cells,
    pub(super) how: How,
    /// As it is now, or was before it was gone.
    pub(super) row: Cells,
}

/// All tables in the ranges in which they were sent. A table that could not be read stays behind, so nothing of it can be
/// lost; one that may change is left out.
pub(super) fn spans(reader: &Reader, shapes: &[Arc<TableShape>], freeze: &Freeze) -> Result<Vec<Span>> {
    let mut parts: HashMap<String, Vec<KnownPart>> = HashMap::new();
    for part in reader.parts()? {
        parts.entry(part.row.table.clone()).or_default().push(part);
    }
    let mut spans = Vec::new();
    for shape in shapes.iter().filter(|shape| !freeze.ignores(&shape.name)) {
        let parts = parts.remove(&shape.name).unwrap_or_default();
        if parts.iter().any(|part| part.outcome != Some(Outcome::Verified)) {
            continue;
        }
        let all: TableSum = parts.iter().map(|part| part.row.sum).sum();
        let whole = || vec![(KeyRange::all(), all, None)];
        let ranges = cover(parts).map_or_else(whole, |covered| {
            let one = |Covered { range, part }| match part {
                Some(part) => (range, part.row.sum, part.blake3.map(|digest| (part.row.key, digest))),
                None => (range, TableSum::default(), None),
            };
            covered.into_iter().map(one).collect()
        });
        spans.extend(ranges.into_iter().map(|(range, then, part)| Span {
            shape: Arc::clone(shape),
            range,
            then,
            part,
        }));
    }
    Ok(spans)
}

/// Adds every range up again, over so many connections.
pub(super) fn compare(
    installation: &Installation,
    spans: &[Span],
    connections: usize,
    stop: &Stop,
) -> Result<Vec<Differs>> {
    let differs = Mutex::new(Vec::new());
    side_by_side(spans, connections, &|| installation.connect(), &|database, _, span| {
        if stop.is_draining() {
            return Ok(false);
        }
        let now = match sum(database, &span.shape, &span.range) {
            // The table itself is another one.
            Err(error) if error.code() == Code::DatabaseChanged => None,
            now => Some(now?),
        };
        if now != Some(span.then) {
            let (shape, range) = (Arc::clone(&span.shape), span.range.clone());
            let one = Differs { shape, range, part: span.part };
            differs.lock().unwrap_or_else(PoisonError::into_inner).push(one);
        }
        Ok(true)
    })?;
    Ok(differs.into_inner().unwrap_or_else(PoisonError::into_inner))
}

/// The rows of a range that are not as they were sent. `part` is its part as the tenant has it.
pub(super) fn name(
    differs: &Differs,
    part: Option<(Bytes, Digest)>,
    database: &mut dyn Database,
) -> Result<Vec<RowWrite>> {
    let shape = &differs.shape;
    let mut hasher = RowHasher::new(shape.digest());
    let mut before: HashMap<Vec<u8>, (Digest, Cells)> = HashMap::new();
    if let Some((bytes, digest)) = part {
        let limits = PartLimits { rows: u64::MAX / 8, bytes: u64::MAX / 8, ..PartLimits::default() };
        let tables = PartReader::open(bytes, &digest, &limits)?.tables()?;
        for row in tables.into_iter().filter(|rows| rows.shape.name == shape.name).flatten() {
            let row = row?;
            before.insert(write_cells(&shape.key_of(&row)), (hasher.digest(&row), row));
        }
    }
    let mut writes = Vec::new();
    let read = each_row(database, shape, &differs.range, &mut |row: Cells| {
        let key = shape.key_of(&row);
        let how = match before.remove(&write_cells(&key)) {
            Some((digest, _)) if digest == hasher.digest(&row) => return Ok(()),
            Some(_) => How::Changed,
            None => How::New,
        };
        writes.push(RowWrite { key, how, row });
        Ok(())
    });
    match read {
        Err(error) if error.code() == Code::DatabaseChanged => {}
        read => read?,
    }
    writes.extend(before.into_values().map(|(_, row)| RowWrite { key: shape.key_of(&row), how: How::Gone, row }));
    Ok(writes)
}
