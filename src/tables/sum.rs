//! The sum of a set of rows: how many there are, and their digests added up modulo 2^256.
//!
//! A sum does not depend on the order of rows and can be added up from the sums of parts, so both sides may read in any order
//! and in any number of streams. It is blind to nothing: a row twice, a row less, a cell that differs all change it.
//! It proves against mistakes. Against somebody who can choose rows freely a sum modulo 2^256 is weaker than a list
//! of digests; what travels is therefore named by its BLAKE3 as well.

use crate::digest::Digest;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use std::fmt;
use std::iter::Sum;
use std::ops::{Add, AddAssign, Sub, SubAssign};
use std::str::FromStr;

/// A count and a sum of digests.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct TableSum {
    /// How many rows.
    pub rows: u64,
    /// The digests, added up as numbers of 256 bits, the lowest 64 first.
    pub sum: [u64; 4],
}

impl TableSum {
    /// The sum of one row.
    #[must_use]
    pub fn of(row: &Digest) -> Self {
        let (words, _) = row.as_bytes().as_chunks::<8>();
        let mut sum = [0; 4];
        for (place, word) in sum.iter_mut().zip(words) {
            *place = u64::from_le_bytes(*word);
        }
        Self { rows: 1, sum }
    }

    /// Adds a row.
    pub fn add_row(&mut self, row: &Digest) {
        *self += Self::of(row);
    }
}

impl AddAssign for TableSum {
    fn add_assign(&mut self, other: Self) {
        let mut carry = false;
        for (place, word) in self.sum.iter_mut().zip(other.sum) {
            let (sum, first) = place.overflowing_add(word);
            let (sum, second) = sum.overflowing_add(u64::from(carry));
            (*place, carry) = (sum, first || second);
        }
        self.rows = self.rows.wrapping_add(other.rows);
    }
}

impl SubAssign for TableSum {
    fn sub_assign(&mut self, other: Self) {
        let mut borrow = false;
        for (place, word) in self.sum.iter_mut().zip(other.sum) {
            let (rest, first) = place.overflowing_sub(word);
            let (rest, second) = rest.overflowing_sub(u64::from(borrow));
            (*place, borrow) = (rest, first || second);
        }
        self.rows = self.rows.wrapping_sub(other.rows);
    }
}

impl Add for TableSum {
    type Output = Self;

    fn add(mut self, other: Self) -> Self {
        self += other;
        self
    }
}

impl Sub for TableSum {
    type Output = Self;

    fn sub(mut self, other: Self) -> Self {
        self -= other;
        self
    }
}

impl Sum for TableSum {
    fn sum<I: Iterator<Item = Self>>(sums: I) -> Self {
        sums.fold(Self::default(), Add::add)
    }
}

impl fmt::Display for TableSum {
    /// `rows:` and 64 hexadecimal digits, the highest first.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut bytes = [0; 32];
        for (place, word) in bytes.as_chunks_mut::<8>().0.iter_mut().zip(self.sum.iter().rev()) {
            *place = word.to_be_bytes();
        }
        // There are many of them, and a digest is written at once.
        write!(f, "{}:{}", self.rows, Digest::from(bytes))
    }
}

impl fmt::Debug for TableSum {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The text is not a count, a colon and 64 lower-case hexadecimal digits.
#[derive(Debug, thiserror::Error)]
#[error("a table sum is a count of rows, `:` and 64 lower-case hexadecimal digits")]
pub struct NotASum;

impl FromStr for TableSum {
    type Err = NotASum;

    fn from_str(text: &str) -> Result<Self, NotASum> {
        let (rows, digits) = text.split_once(':').ok_or(NotASum)?;
        let bytes: Digest = digits.parse().map_err(|_| NotASum)?;
        let mut sum = [0; 4];
        for (word, bytes) in sum.iter_mut().rev().zip(bytes.as_bytes().as_chunks::<8>().0) {
            *word = u64::from_be_bytes(*bytes);
        }
        // One spelling only.
        if rows.starts_with(['0', '+']) && rows != "0" {
            return Err(NotASum);
        }
        Ok(Self { rows: rows.parse().map_err(|_| NotASum)?, sum })
    }
}

impl Serialize for TableSum {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for TableSum {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn sums() -> impl Strategy<Value = Vec<TableSum>> {
        proptest::collection::vec(any::<[u8; 32]>().prop_map(|bytes| TableSum::of(&bytes.into())), 0..12)
    }

    proptest! {
        #[test]
        fn order_and_grouping_do_not_matter(sums in sums(), cut in any::<prop::sample::Index>()) {
            let whole: TableSum = sums.iter().copied().sum();
            prop_assert_eq!(sums.iter().rev().copied().sum::<TableSum>(), whole);
            let (one, other) = sums.split_at(if sums.is_empty() { 0 } else { cut.index(sums.len()) });
            let (one, other) = (one.iter().copied().sum::<TableSum>(), other.iter().copied().sum::<TableSum>());
            prop_assert_eq!(one + other, whole);
            prop_assert_eq!(whole - one, other);
        }

        #[test]
        fn a_sum_comes_back_from_its_text(sums in sums()) {
            let sum: TableSum = sums.into_iter().sum();
            prop_assert_eq!(sum.to_string().parse::<TableSum>().unwrap(), sum);
        }
    }

    #[test]
    fn the_carry_runs_through_all_words() {
        let most = TableSum::of(&[0xFF; 32].into());
        let mut one = [0; 32];
        one[0] = 1;
        let sum = most + TableSum::of(&one.into());
        assert_eq!(sum, TableSum { rows: 2, sum: [0; 4] });
        assert_eq!(sum - most, TableSum::of(&one.into()));
    }

    #[test]
    fn the_same_row_twice_counts_twice() {
        let row = TableSum::of(&Digest::of(b"row"));
        assert_ne!(row + row, row);
        assert_ne!(row + row, TableSum::default());
    }

    #[test]
    fn a_sum_has_one_spelling() {
        for text in ["", "1", "1:", "01:0", &format!("1:{}", "F".repeat(64)), &format!("1:{}", "+".repeat(64))] {
            assert!(text.parse::<TableSum>().is_err(), "{text}");
        }
    }
}
