//! A set of texts in a fixed amount of memory, which never forgets one.
//!
//! Names of people are as many as a customer has, and must not cost memory in proportion. A Bloom filter answers *is it in?*
//! with a firm no or a probable yes. A wrong yes hides a word that is no name; a name that is in it is never let through. That is
//! the right way round for a bundle that leaves the house.

use std::hash::{BuildHasher, RandomState};

/// The memory of the set. With ten million texts in it, one strange text in ten thousand is taken for one of them.
const BYTES: usize = 32 << 20;
/// Bits that each text sets.
const BITS: u64 = 8;

/// The set.
pub(super) struct Bloom {
    words: Vec<u64>,
    hasher: RandomState,
}

impl Bloom {
    /// An empty one.
    pub(super) fn new() -> Self {
        Self { words: vec![0; BYTES / 8], hasher: RandomState::new() }
    }

    /// Adds a text of a kind.
    pub(super) fn add(&mut self, kind: u8, text: &str) {
        for (word, bit) in self.places(kind, text) {
            self.words[word] |= bit;
        }
    }

    /// Whether the text of this kind was added. A no is certain.
    pub(super) fn has(&self, kind: u8, text: &str) -> bool {
        self.places(kind, text).all(|(word, bit)| self.words[word] & bit != 0)
    }

    /// The words and bits of a text. All are made from one hash, taken in two halves.
    fn places(&self, kind: u8, text: &str) -> impl Iterator<Item = (usize, u64)> + use<> {
        let hash = self.hasher.hash_one((kind, text));
        let (first, step) = (hash, hash.rotate_left(32) | 1);
        let count = (BYTES * 8) as u64;
        (0..BITS).map(move |nth| {
            let bit = first.wrapping_add(nth.wrapping_mul(step)) % count;
            ((bit / 64) as usize, 1 << (bit % 64))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_added_is_never_denied_and_little_else_is_confirmed() {
        let mut set = Bloom::new();
        for number in 0..50_000 {
            set.add(1, &format!("name {number}"));
        }
        assert!((0..50_000).all(|number| set.has(1, &format!("name {number}"))));
        let wrong = (0..50_000).filter(|number| set.has(2, &format!("name {number}"))).count();
        assert!(wrong < 5, "{wrong}");
    }
}
