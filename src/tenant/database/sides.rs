//! The parts of a table as one side of a comparison: what was sent, row by row.

use super::content::Contents;
use crate::tables::compare::{RowProof, Side, marks};
use crate::tables::{Cell, Cells, KeyRange, RowHasher, TableShape, TableSum, number};
use crate::tenant::protocol::{ManifestPart, ManifestTable};
use crate::{Code, Error, Result};

/// One for each first byte of a digest.
const BUCKETS: usize = 256;

/// A table as its parts hold it.
pub(super) struct FromParts<'a> {
    contents: Contents<'a>,
    table: &'a ManifestTable,
    /// In the order of their rows, where that is an order of whole numbers.
    parts: Vec<&'a ManifestPart>,
}

impl<'a> FromParts<'a> {
    /// The parts of this table.
    pub(super) fn new(contents: Contents<'a>, table: &'a ManifestTable) -> Self {
        let mut parts: Vec<&ManifestPart> = table.parts.iter().collect();
        parts.sort_by_key(|part| part.range.after.as_deref().map(|position| number(position).unwrap_or(i64::MIN)));
        Self { contents, table, parts }
    }

    fn each_row(&mut self, take: &mut dyn FnMut(Cells) -> Result<()>) -> Result<()> {
        for part in &self.parts {
            let opened = self.contents.part(&[(self.table, part)])?;
            let opened = opened.map_err(|why| Error::new(Code::PartInvalid, why))?;
            for row in opened.tables.into_iter().filter(|rows| rows.shape.name == self.table.shape.name).flatten() {
                take(row?)?;
            }
        }
        Ok(())
    }
}

impl Side for FromParts<'_> {
    fn marks(&mut self, shape: &TableShape, every: u64) -> Result<Vec<(KeyRange, TableSum)>> {
        marks(shape, every, |take| self.each_row(take))
    }

    fn sums(&mut self, shape: &TableShape, ranges: &[KeyRange]) -> Result<Vec<TableSum>> {
        let mut hasher = RowHasher::new(shape.digest());
        let mut sums = vec![TableSum::default(); ranges.len()];
        self.each_row(&mut |row| {
            let key = shape.key_of(&row);
            for (range, sum) in ranges.iter().zip(&mut sums).filter(|(range, _)| holds(range, &key)) {
                let _ = range;
                sum.add_row(&hasher.digest(&row));
            }
            Ok(())
        })?;
        Ok(sums)
    }

    fn buckets(&mut self, shape: &TableShape) -> Result<Vec<TableSum>> {
        let mut hasher = RowHasher::new(shape.digest());
        let mut buckets = vec![TableSum::default(); BUCKETS];
        self.each_row(&mut |row| {
            let digest = hasher.digest(&row);
            buckets[usize::from(digest.as_bytes()[0])].add_row(&digest);
            Ok(())
        })?;
        Ok(buckets)
    }

    fn rows(&mut self, shape: &TableShape, range: &KeyRange, first: &[u8]) -> Result<Vec<RowProof>> {
        let mut hasher = RowHasher::new(shape.digest());
        let mut rows = Vec::new();
        self.each_row(&mut |row| {
            let (key, digest) = (shape.key_of(&row), hasher.digest(&row));
            if holds(range, &key) && first.contains(&digest.as_bytes()[0]) {
                rows.push(RowProof { key, digest });
            }
            Ok(())
        })?;
        Ok(rows)
    }
}

/// Whether a key lies in a range of whole numbers. A range of anything else is the whole table.
fn holds(range: &KeyRange, key: &[Cell]) -> bool {
    let end = |position: &Option<Cells>| position.as_deref().and_then(number);
    let Some(key) = number(key) else { return true };
    end(&range.after).is_none_or(|after| key > after) && end(&range.until).is_none_or(|until| key <= until)
}
