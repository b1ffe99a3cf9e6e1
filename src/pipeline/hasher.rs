//! The hasher: reads each file once, and hashes the very bytes that are sent.
//!
//! A small file becomes one piece, a large one is cut while it is read. A file that changes under the reader
//! is read a second time, then reported as *changing*; nothing of a torn read is ever completed, because the
//! assembly of a given-up item never completes.

use super::assembly::Assembly;
use super::budget::ContentBudget;
use super::chunker::Piece;
use super::edge::Way;
use super::outcomes::{Outcomes, reason};
use super::scanner::Candidate;
use super::stats::Stats;
use super::stop::Stop;
use crate::Result;
use crate::archive::stamp_of;
use crate::digest::Digest;
use crate::item::Outcome;
use crate::ledger::Stamp;
use crate::pack::cut::Cut;
use crossbeam_channel::Receiver;
use std::fs::File;
use std::io::{self, Read};
use std::sync::Arc;
use tokio::sync::OwnedSemaphorePermit;

/// What each hashing thread has.
#[derive(Clone)]
pub struct Hasher {
    /// Room for content.
    pub budget: ContentBudget,
    /// Room for values that left their rows. Whoever takes it holds room for the part already, so it must not be the same.
    pub values: ContentBudget,
    /// Up to this size a file is one piece.
    pub whole: u64,
    /// How larger files are cut.
    pub cut: Cut,
    /// The usual size of a piece of a larger file.
    pub chunk: usize,
    /// Where items end that cannot be read.
    pub outcomes: Outcomes,
    /// The figures.
    pub stats: Arc<Stats>,
    /// Whether to stop.
    pub stop: Stop,
}

/// Why a file was not read to its end.
pub(super) enum Trouble {
    /// It is not as it was when it was found, or changed while it was read.
    Changed,
    /// It is gone.
    Vanished,
    /// It cannot be read.
    Io(io::Error),
    /// Nobody takes pieces any more, or the run is stopped.
    Stopped,
}

impl From<io::Error> for Trouble {
    fn from(error: io::Error) -> Self {
        if error.kind() == io::ErrorKind::NotFound { Self::Vanished } else { Self::Io(error) }
    }
}

impl Hasher {
    /// Reads candidates until no more come.
    pub(super) fn work(&self, candidates: Receiver<Candidate>, to: &Way<Piece>) -> Result<()> {
        for candidate in candidates {
            if self.stop.is_draining() {
                break;
            }
            if !self.read(&candidate, to)? {
                break;
            }
        }
        Ok(())
    }

    /// Gives `false` when the run is over.
    fn read(&self, candidate: &Candidate, to: &Way<Piece>) -> Result<bool> {
        let mut stamp = candidate.found.stamp;
        for attempt in 1..=2 {
            self.stats.opened.add(1);
            let item = Arc::new(Assembly::new(candidate.key, candidate.named.clone()));
            let read = File::open(&candidate.path).map_err(Trouble::from).and_then(|file| {
                // The second time the file is taken as it is now.
                let now = stamp_of(&file.metadata()?);
                if attempt == 1 && !stamp.matches(&now) {
                    return Err(Trouble::Changed);
                }
                stamp = now;
                if stamp.size <= self.whole {
                    self.read_whole(file, stamp, &item, to)
                } else {
                    let unchanged = || unchanged(&file, stamp);
                    let mut sent = Sent::default();
                    self.send_pieces(&file, &item, &mut sent, stamp.size, &mut |bytes| self.budget.take(bytes), to)?;
                    sent.finish(stamp, &item, &mut |bytes| self.budget.take(bytes), &unchanged, to)
                }
            });
            let (outcome, why) = match read {
                Ok(()) => {
                    self.stats.read.add(stamp.size);
                    return Ok(true);
                }
                Err(Trouble::Stopped) => {
                    item.give_up();
                    return Ok(false);
                }
                Err(Trouble::Changed) if attempt == 1 => {
                    item.give_up();
                    continue;
                }
                Err(Trouble::Changed) => (Outcome::Changing, "it changed each time it was read".to_owned()),
                Err(Trouble::Vanished) => (Outcome::Missing, "it vanished after it was found".to_owned()),
                Err(Trouble::Io(error)) => (Outcome::Unreadable, error.to_string()),
            };
            item.give_up();
            self.outcomes.left(candidate.key, outcome, None, Some(candidate.named.clone()), reason(why))?;
            return Ok(true);
        }
        Ok(true)
    }

    fn read_whole(&self, mut file: File, stamp: Stamp, item: &Arc<Assembly>, to: &Way<Piece>) -> Result<(), Trouble> {
        let room = self.budget.take(stamp.size as usize).ok_or(Trouble::Stopped)?;
        // One byte more than expected shows that the file has grown.
        let mut bytes = Vec::with_capacity(stamp.size as usize + 1);
        (&mut file).take(stamp.size + 1).read_to_end(&mut bytes)?;
        unchanged(&file, stamp)?;
        if bytes.len() as u64 != stamp.size {
            return Err(Trouble::Changed);
        }
        send_whole(bytes, stamp, item, room, to)
    }

    /// Content that is in memory and paid for: what it was built in is given back before it goes on.
    pub(super) fn send(
        &self,
        bytes: Vec<u8>,
        stamp: Stamp,
        item: &Arc<Assembly>,
        mut paid: OwnedSemaphorePermit,
        to: &Way<Piece>,
    ) -> Result<(), Trouble> {
        if stamp.size <= self.whole {
            let room = ContentBudget::part_of(&mut paid, bytes.len());
            drop(paid);
            return send_whole(bytes, stamp, item, room.ok_or(Trouble::Stopped)?, to);
        }
        self.send_rest(&bytes, Sent::default(), stamp, item, paid, to)
    }

    /// The end of content of which some was sent before: it is in memory and paid for.
    pub(super) fn send_rest(
        &self,
        bytes: &[u8],
        mut sent: Sent,
        stamp: Stamp,
        item: &Arc<Assembly>,
        mut paid: OwnedSemaphorePermit,
        to: &Way<Piece>,
    ) -> Result<(), Trouble> {
        // Nobody who holds room waits for more of it: two who do might wait for each other.
        let mut room = |bytes| ContentBudget::part_of(&mut paid, bytes);
        self.send_pieces(bytes, item, &mut sent, stamp.size, &mut room, to)?;
        sent.finish(stamp, item, &mut room, &|| Ok(()), to)
    }

    /// A value that left its row: it is cut on its own, so that equal values are equal chunks wherever they stand.
    pub(super) fn send_value(
        &self,
        from: impl Read,
        item: &Arc<Assembly>,
        sent: &mut Sent,
        to: &Way<Piece>,
    ) -> Result<(), Trouble> {
        self.send_pieces(from, item, sent, u64::MAX, &mut |bytes| self.values.take(bytes), to)
    }

    /// Cuts content while it is read. More than `most` bytes in all are a change.
    fn send_pieces(
        &self,
        from: impl Read,
        item: &Arc<Assembly>,
        sent: &mut Sent,
        most: u64,
        room: &mut dyn FnMut(usize) -> Option<OwnedSemaphorePermit>,
        to: &Way<Piece>,
    ) -> Result<(), Trouble> {
        self.cut.cut(from, self.chunk, |bytes| {
            if self.stop.is_aborting() {
                return Err(Trouble::Stopped);
            }
            let room = room(bytes.len()).ok_or(Trouble::Stopped)?;
            sent.length += bytes.len() as u64;
            if sent.length > most {
                return Err(Trouble::Changed);
            }
            sent.whole.update(&bytes);
            let piece = Piece { item: Arc::clone(item), index: sent.pieces, bytes, name: None, complete: None, room };
            sent.pieces += 1;
            to.send(piece).map_err(|_| Trouble::Stopped)?;
            Ok(true)
        })
    }
}

/// What was sent of an item that goes in pieces.
#[derive(Default)]
pub(super) struct Sent {
    /// How many pieces.
    pub(super) pieces: usize,
    /// Their bytes.
    pub(super) length: u64,
    whole: blake3::Hasher,
}

impl Sent {
    /// The BLAKE3 of the whole, with `rest` as its end.
    pub(super) fn digest_with(&self, rest: &[u8]) -> Digest {
        self.whole.clone().update(rest).finalize().into()
    }

    /// Everything was self.
    fn finish(
        self,
        stamp: Stamp,
        item: &Arc<Assembly>,
        room: &mut dyn FnMut(usize) -> Option<OwnedSemaphorePermit>,
        unchanged: &dyn Fn() -> Result<(), Trouble>,
        to: &Way<Piece>,
    ) -> Result<(), Trouble> {
        unchanged()?;
        if self.length != stamp.size {
            return Err(Trouble::Changed);
        }
        if let Some(complete) = item.finish(self.whole.finalize().into(), stamp, self.pieces) {
            // All pieces had landed before the end was known: the item goes on as a piece without content.
            let room = room(0).ok_or(Trouble::Stopped)?;
            let last = Piece {
                item: Arc::clone(item),
                index: self.pieces,
                bytes: Vec::new(),
                name: None,
                complete: Some(complete),
                room,
            };
            to.send(last).map_err(|_| Trouble::Stopped)?;
        }
        Ok(())
    }
}

/// Content that is one piece.
fn send_whole(
    bytes: Vec<u8>,
    stamp: Stamp,
    item: &Arc<Assembly>,
    room: OwnedSemaphorePermit,
    to: &Way<Piece>,
) -> Result<(), Trouble> {
    let name = Digest::of(&bytes);
    let pieces = usize::from(!bytes.is_empty());
    // Known to be complete before its only piece is on its way: it completes when that has landed.
    let empty = item.finish(name, stamp, pieces);
    let piece = Piece { item: Arc::clone(item), index: 0, bytes, name: Some(name), complete: empty, room };
    to.send(piece).map_err(|_| Trouble::Stopped)
}

fn unchanged(file: &File, stamp: Stamp) -> Result<(), Trouble> {
    if stamp.matches(&stamp_of(&file.metadata()?)) { Ok(()) } else { Err(Trouble::Changed) }
}
