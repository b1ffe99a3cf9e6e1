//! The parts of the engine by themselves, each with one thread unless its file says otherwise. `benches/README.md`
//! says what each figure means.

mod ledger;
mod pack;
mod paths;
mod people;
mod tables;

use criterion::Criterion;
use rand::{RngCore, SeedableRng};
use std::time::Duration;

/// Bytes as they lie in compressed files.
fn noise(length: usize) -> Vec<u8> {
    let mut bytes = vec![0; length];
    rand_chacha::ChaCha8Rng::seed_from_u64(1).fill_bytes(&mut bytes);
    bytes
}

/// Bytes as they lie in letters: words of different frequency, never twice in the same order.
fn text(length: usize) -> Vec<u8> {
    const WORDS: [&str; 16] = [
        "the", "of", "offer", "and", "delivery", "customer", "to", "in", "agreed", "price", "per", "month", "thank",
        "meeting", "you", "quantity",
    ];
    let choice = noise(length);
    let words = choice.iter().flat_map(|byte| WORDS[usize::from(byte % 16)].bytes().chain([b' ']));
    words.take(length).collect()
}

fn main() {
    // Small samples: the whole takes about two minutes, and differences that matter here are not of one percent.
    let short = Criterion::default().sample_size(10).warm_up_time(Duration::from_millis(500));
    let mut criterion = short.measurement_time(Duration::from_secs(2)).configure_from_args();
    pack::hash(&mut criterion);
    pack::cut(&mut criterion);
    pack::squeeze(&mut criterion);
    pack::packs(&mut criterion);
    paths::find(&mut criterion);
    paths::walk(&mut criterion);
    ledger::records(&mut criterion);
    tables::tables_there_and_back(&mut criterion);
    people::filter(&mut criterion);
    criterion.final_summary();
}
