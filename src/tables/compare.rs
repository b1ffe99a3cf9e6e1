//! Two tables that must be equal and are not: which rows differ.
//!
//! Where the key is one whole number, one side marks its table with keys and the sums between them, the other adds up
//! between the same marks, and only rows between marks that differ are listed. Other keys have an order that two servers need not
//! agree on, so there rows are told apart by their digests: 256 sums by the first byte, then the rows of those that
//! differ. Either way a table is read twice, and nothing but sums travels until the few rows that matter are known.

use super::canonical::write_cells;
use super::export::{each_row, sum};
use super::{Cell, Cells, Key, KeyRange, RowHasher, TableShape, TableSum};
use crate::Result;
use crate::digest::Digest;
use crate::onsite::database::Database;
use serde::Serialize;
use std::collections::BTreeMap;

/// Rows between two marks.
const MARK: u64 = 4096;
/// One for each first byte of a digest.
const BUCKETS: usize = 256;

/// One of the two sides, near or far.
pub trait Side {
    /// The table in ranges of so many rows by its own keys, without gaps, each with its sum.
    fn marks(&mut self, shape: &TableShape, every: u64) -> Result<Vec<(KeyRange, TableSum)>>;
    /// The sums of these ranges.
    fn sums(&mut self, shape: &TableShape, ranges: &[KeyRange]) -> Result<Vec<TableSum>>;
    /// 256 sums: that of the rows whose digests begin with 0, with 1, and so on.
    fn buckets(&mut self, shape: &TableShape) -> Result<Vec<TableSum>>;
    /// The rows of a range, or of the whole table, whose digests begin with one of these bytes.
    fn rows(&mut self, shape: &TableShape, range: &KeyRange, first: &[u8]) -> Result<Vec<RowProof>>;
}

/// A row without its values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RowProof {
    /// What names it.
    pub key: Cells,
    /// The digest of all of it.
    pub digest: Digest,
}

/// How a row differs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum What {
    /// It is on the first side only.
    Missing,
    /// It is on the second side only, or there once more.
    Extra,
    /// It is on both, and not the same.
    Changed,
}

/// A row that differs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// The row, as `contact(contact_id=17)`.
    pub row: String,
    /// How.
    pub what: What,
}

/// The rows of a table that differ, at most so many, in the order of their keys.
pub fn differences(
    one: &mut dyn Side,
    other: &mut dyn Side,
    shape: &TableShape,
    most: usize,
) -> Result<Vec<Difference>> {
    let mut found = Found::default();
    if let Key::Integer(_) = shape.key() {
        let every: Vec<u8> = (0..=u8::MAX).collect();
        let (ranges, sums): (Vec<KeyRange>, Vec<TableSum>) = one.marks(shape, MARK)?.into_iter().unzip();
        let others = other.sums(shape, &ranges)?;
        let differing = ranges.iter().zip(sums.iter().zip(&others)).filter(|(_, (one, other))| one != other);
        for (range, _) in differing {
            found.add(one.rows(shape, range, &every)?, other.rows(shape, range, &every)?);
            if found.len() >= most {
                break;
            }
        }
    } else {
        let buckets = one.buckets(shape)?.into_iter().zip(other.buckets(shape)?);
        let differing: Vec<u8> =
            buckets.zip(0..=u8::MAX).filter(|((one, other), _)| one != other).map(|(_, first)| first).collect();
        if !differing.is_empty() {
            let all = KeyRange::all();
            found.add(one.rows(shape, &all, &differing)?, other.rows(shape, &all, &differing)?);
        }
    }
    Ok(found.list(shape, most))
}

/// What is on one side only: for each key the digests there and here.
#[derive(Default)]
struct Found(BTreeMap<Vec<u8>, (Cells, Vec<Digest>, Vec<Digest>)>);

impl Found {
    fn add(&mut self, ones: Vec<RowProof>, others: Vec<RowProof>) {
        for row in ones {
            self.entry(row.key).1.push(row.digest);
        }
        for row in others {
            let (_, ones, others) = self.entry(row.key);
            // Equal rows cancel each other out, one by one: a row may be there twice.
            match ones.iter().position(|digest| *digest == row.digest) {
                Some(place) => drop(ones.swap_remove(place)),
                None => others.push(row.digest),
            }
        }
        self.0.retain(|_, (_, ones, others)| !ones.is_empty() || !others.is_empty());
    }

    fn entry(&mut self, key: Cells) -> &mut (Cells, Vec<Digest>, Vec<Digest>) {
        self.0.entry(order(&key)).or_insert_with(|| (key, Vec::new(), Vec::new()))
    }

    fn len(&self) -> usize {
        self.0.len()
    }

    fn list(self, shape: &TableShape, most: usize) -> Vec<Difference> {
        let mut list = Vec::new();
        for (key, ones, others) in self.0.into_values() {
            let row = shape.row_name(&key);
            let changed = ones.len().min(others.len());
            let kinds = std::iter::repeat_n(What::Changed, changed)
                .chain(std::iter::repeat_n(What::Missing, ones.len() - changed))
                .chain(std::iter::repeat_n(What::Extra, others.len() - changed));
            list.extend(kinds.map(|what| Difference { row: row.clone(), what }));
        }
        list.truncate(most);
        list
    }
}

/// Bytes that sort as the keys do, where these are whole numbers.
fn order(key: &[Cell]) -> Vec<u8> {
    match key {
        [Cell::Integer(number)] => (number.cast_unsigned() ^ (1 << 63)).to_be_bytes().to_vec(),
        cells => write_cells(cells),
    }
}

/// Ranges of `every` rows with their sums, over rows that come in the order of their positions.
pub fn marks(
    shape: &TableShape,
    every: u64,
    each_row: impl FnOnce(&mut dyn FnMut(Cells) -> Result<()>) -> Result<()>,
) -> Result<Vec<(KeyRange, TableSum)>> {
    let mut hasher = RowHasher::new(shape.digest());
    let (mut marks, mut after, mut sum) = (Vec::new(), None, TableSum::default());
    each_row(&mut |row| {
        sum.add_row(&hasher.digest(&row));
        if sum.rows >= every {
            let until = Some(shape.key_of(&row));
            let after = std::mem::replace(&mut after, until.clone());
            marks.push((KeyRange { after, until }, std::mem::take(&mut sum)));
        }
        Ok(())
    })?;
    // The last one goes on to the end of the table, where only the other side may have rows.
    marks.push((KeyRange { after, until: None }, sum));
    Ok(marks)
}

/// A side that is a database here.
pub struct Here<'a>(pub &'a mut dyn Database);

impl Side for Here<'_> {
    fn marks(&mut self, shape: &TableShape, every: u64) -> Result<Vec<(KeyRange, TableSum)>> {
        marks(shape, every, |take| each_row(self.0, shape, &KeyRange::all(), take))
    }

    fn sums(&mut self, shape: &TableShape, ranges: &[KeyRange]) -> Result<Vec<TableSum>> {
        ranges.iter().map(|range| sum(self.0, shape, range)).collect()
    }

    fn buckets(&mut self, shape: &TableShape) -> Result<Vec<TableSum>> {
        let mut hasher = RowHasher::new(shape.digest());
        let mut buckets = vec![TableSum::default(); BUCKETS];
        each_row(self.0, shape, &KeyRange::all(), &mut |row| {
            let digest = hasher.digest(&row);
            buckets[usize::from(digest.as_bytes()[0])].add_row(&digest);
            Ok(())
        })?;
        Ok(buckets)
    }

    fn rows(&mut self, shape: &TableShape, range: &KeyRange, first: &[u8]) -> Result<Vec<RowProof>> {
        let mut hasher = RowHasher::new(shape.digest());
        let mut rows = Vec::new();
        each_row(self.0, shape, range, &mut |row| {
            let digest = hasher.digest(&row);
            if first.contains(&digest.as_bytes()[0]) {
                rows.push(RowProof { key: shape.key_of(&row), digest });
            }
            Ok(())
        })?;
        Ok(rows)
    }
}
