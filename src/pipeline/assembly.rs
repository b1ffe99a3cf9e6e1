//! An item while its pieces are on their way.
//!
//! Pieces of a large item pass through different threads and packs and land in any order. The assembly knows
//! how many there are and what their names are; it completes exactly once, when the last piece has settled and
//! the digest of the whole is known. An assembly that is never completed leaves its item pending in the ledger.

use crate::digest::Digest;
use crate::item::Key;
use crate::ledger::{Proof, Stamp};
use crate::tenant::protocol::Entry;
use std::sync::{Mutex, PoisonError};

/// One item on its way.
pub struct Assembly {
    key: Key,
    /// The path in the manifest.
    path: String,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    names: Vec<Option<Digest>>,
    settled: usize,
    /// Some piece is brought by another item, so that it may not be there yet.
    waits: bool,
    whole: Option<(Digest, Stamp)>,
    given_up: bool,
}

/// An item all of whose pieces are settled.
#[derive(Debug)]
pub struct Complete {
    /// The item.
    pub key: Key,
    /// Its path in the manifest.
    pub path: String,
    /// Its content.
    pub proof: Proof,
    /// Whether some piece of it is still on its way as part of another item.
    pub waits: bool,
}

impl Complete {
    /// The manifest entry.
    #[must_use]
    pub fn entry(&self) -> Entry {
        Entry {
            item: self.key,
            path: self.path.clone(),
            size: self.proof.stamp.size,
            modified: self.proof.stamp.modified,
            blake3: self.proof.blake3,
            chunks: self.proof.chunks.clone(),
        }
    }
}

impl Assembly {
    /// An item of which nothing is known yet.
    #[must_use]
    pub fn new(key: Key, path: String) -> Self {
        Self { key, path, state: Mutex::default() }
    }

    /// The piece `index` is named and settled: it has landed, or (`waits`) somebody else brings it.
    pub fn settle(&self, index: usize, name: Digest, waits: bool) -> Option<Complete> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if state.names.len() <= index {
            state.names.resize(index + 1, None);
        }
        state.names[index] = Some(name);
        state.settled += 1;
        state.waits |= waits;
        self.complete(&mut state)
    }

    /// The item was read to its end and had `pieces` pieces.
    pub fn finish(&self, blake3: Digest, stamp: Stamp, pieces: usize) -> Option<Complete> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.names.resize(pieces, None);
        state.whole = Some((blake3, stamp));
        self.complete(&mut state)
    }

    /// The item cannot be completed any more; what has landed of it is rubbish at the tenant.
    pub fn give_up(&self) {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).given_up = true;
    }

    /// Whether the remaining pieces are of no use.
    #[must_use]
    pub fn is_given_up(&self) -> bool {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).given_up
    }

    fn complete(&self, state: &mut State) -> Option<Complete> {
        let (blake3, stamp) = state.whole?;
        if state.given_up || state.settled != state.names.len() {
            return None;
        }
        let names: Vec<Digest> = std::mem::take(&mut state.names).into_iter().flatten().collect();
        state.given_up = true;
        // One chunk that is the whole item goes without saying.
        let chunks = if names.len() == 1 && names[0] == blake3 { Vec::new() } else { names };
        let proof = Proof { blake3, chunks, stamp };
        Some(Complete { key: self.key, path: self.path.clone(), proof, waits: state.waits })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::item::Kind;

    const STAMP: Stamp = Stamp { size: 3, modified: 0, file_id: None };

    fn assembly() -> (Assembly, [Digest; 4]) {
        let names = [b"a", b"b", b"c", b"w"].map(|bytes| Digest::of(bytes));
        (Assembly::new(Key::new(Kind::Document, 1), "A/x".into()), names)
    }

    #[test]
    fn it_completes_once_whatever_the_order() {
        let (item, [a, b, c, whole]) = assembly();
        assert!(item.settle(2, c, false).is_none());
        assert!(item.settle(0, a, false).is_none());
        assert!(item.finish(whole, STAMP, 3).is_none());
        let complete = item.settle(1, b, true).unwrap();
        assert_eq!(complete.proof.chunks, [a, b, c]);
        assert!(complete.waits);
    }

    #[test]
    fn the_end_may_be_known_last_and_a_single_chunk_is_not_listed() {
        let (item, [a, ..]) = assembly();
        assert!(item.settle(0, a, false).is_none());
        assert!(item.finish(a, STAMP, 1).unwrap().proof.chunks.is_empty());
    }

    #[test]
    fn an_empty_item_is_complete_at_once() {
        let (item, [a, ..]) = assembly();
        assert!(item.finish(a, Stamp { size: 0, ..STAMP }, 0).is_some());
    }

    #[test]
    fn a_given_up_item_never_completes() {
        let (item, [a, ..]) = assembly();
        item.give_up();
        assert!(item.settle(0, a, false).is_none());
        assert!(item.finish(a, STAMP, 1).is_none());
    }
}
