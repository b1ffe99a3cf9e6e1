//! Chance that can be repeated.
//!
//! Everything the sample invents comes from a stream that is named by the seed, a label and a number. So any row can be
//! invented again on its own, in any order, without keeping what came before it: that is what lets a sample of a million
//! documents be written in constant memory and a fault be planned before the first file exists.

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// The stream of `label` number `number`, the same on every machine.
pub(super) fn stream(seed: u64, label: &str, number: u64) -> ChaCha8Rng {
    let mut name = blake3::Hasher::new();
    name.update(&seed.to_le_bytes());
    name.update(&number.to_le_bytes());
    name.update(label.as_bytes());
    ChaCha8Rng::from_seed(*name.finalize().as_bytes())
}

/// One of `items`, which must not be empty: all callers pass constant lists.
pub(super) fn pick<'a, T>(chance: &mut ChaCha8Rng, items: &'a [T]) -> &'a T {
    &items[below(chance, items.len())]
}

/// A number below `end`. Drawn as `u64`, because a `usize` is drawn differently on 32-bit machines.
pub(super) fn below(chance: &mut ChaCha8Rng, end: usize) -> usize {
    chance.random_range(0..end as u64) as usize
}
