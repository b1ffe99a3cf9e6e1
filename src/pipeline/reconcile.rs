//! When ledger and tenant do not tell the same: the tenant's manifest settles it.
//!
//! That happens when a ledger was lost, when a power cut took its last commits, when a tenant lost a pack, or
//! when a store was repaired. Both sides list their items in the order of the keys, so that they are compared
//! in constant memory.

use crate::Result;
use crate::archive::{DATABASE, Roots};
use crate::item::{Key, Outcome};
use crate::ledger::{Found, Known, Ledger, Proof, Reader, Record, Stamp, Writer};
use crate::tenant::destination::Destination;
use crate::tenant::protocol::{ChunkList, Entry, HeldEntry};
use std::collections::{HashSet, VecDeque};
use std::sync::Arc;

const PAGE: usize = 2000;

/// What had to be changed in the ledger.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Reconciled {
    /// Items that the tenant holds and the ledger did not know.
    pub held: u64,
    /// Items that the ledger believed verified and the tenant does not hold.
    pub lost: u64,
}

/// What a path in the manifest is in the ledger.
pub struct Places {
    /// Where files lie.
    pub roots: Arc<Roots>,
    /// The number of the root of parts of tables.
    pub database: i64,
}

/// Makes the ledger agree with the tenant.
pub async fn reconcile(to: &dyn Destination, ledger: &Ledger, places: &Places) -> Result<Reconciled> {
    let (writer, reader) = (ledger.writer(), ledger.reader()?);
    let mut ours = Ours { reader: &reader, page: VecDeque::new(), after: 0, over: false };
    let mut done = Reconciled::default();
    let mut lost = Vec::new();
    let mut after = None;
    loop {
        let page = to.items(after, PAGE).await?;
        for held in page.entries {
            while let Some(known) = ours.before(held.entry.item)? {
                lost.extend(lose(&known, &reader, &writer, &mut done)?);
            }
            let known = ours.take(held.entry.item)?;
            meet(held, known, places, &reader, &writer, &mut done, &mut lost)?;
        }
        forget(to, &writer, &mut lost).await?;
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    while let Some(known) = ours.any()? {
        lost.extend(lose(&known, &reader, &writer, &mut done)?);
        if lost.len() > PAGE {
            forget(to, &writer, &mut lost).await?;
        }
    }
    forget(to, &writer, &mut lost).await?;
    writer.flush()?;
    Ok(done)
}

/// Both or only the tenant know the item.
fn meet(
    held: HeldEntry,
    known: Option<Known>,
    places: &Places,
    reader: &Reader,
    writer: &Writer,
    done: &mut Reconciled,
    lost: &mut Vec<crate::digest::Digest>,
) -> Result<()> {
    let ours = known.filter(|known| known.outcome == Some(Outcome::Verified));
    match (held.verified, ours) {
        (true, Some(known)) if known.blake3 == Some(held.entry.blake3) => {}
        (true, _) => {
            if let Some(found) = place(&held.entry, places) {
                done.held += 1;
                let names = held.entry.chunk_names().to_vec();
                let Entry { item, blake3, chunks, .. } = held.entry;
                writer.put(Record::Landed(names, Box::new(())))?;
                let proof = Proof { blake3, chunks, stamp: found.stamp };
                writer.put(Record::Held(item, found, proof))?;
            }
        }
        (false, Some(known)) => lost.extend(lose(&known, reader, writer, done)?),
        (false, None) => {}
    }
    Ok(())
}

/// An item of ours is not at the tenant any more; gives its chunks, to be asked for.
fn lose(known: &Known, reader: &Reader, writer: &Writer, done: &mut Reconciled) -> Result<Vec<crate::digest::Digest>> {
    if known.outcome != Some(Outcome::Verified) {
        return Ok(Vec::new());
    }
    done.lost += 1;
    writer.put(Record::Lost(known.key))?;
    let chunks = reader.chunks_of(known.key)?;
    Ok(if chunks.is_empty() { known.blake3.into_iter().collect() } else { chunks })
}

/// Forgets those of the chunks that the tenant does not hold.
async fn forget(to: &dyn Destination, writer: &Writer, chunks: &mut Vec<crate::digest::Digest>) -> Result<()> {
    for part in std::mem::take(chunks).chunks(PAGE) {
        let known: HashSet<_> = to.known(ChunkList { chunks: part.to_vec() }).await?.chunks.into_iter().collect();
        let gone = part.iter().filter(|name| !known.contains(*name)).copied().collect();
        writer.put(Record::Forgotten(gone))?;
    }
    Ok(())
}

/// Where the path in the manifest is in this installation; `None` if it has no such root.
fn place(entry: &Entry, places: &Places) -> Option<Found> {
    let (label, inside) = entry.path.split_once('/')?;
    let root = match label {
        DATABASE => places.database,
        _ => places.roots.iter().find(|root| root.label == label)?.id,
    };
    let (dir, name) = inside.rsplit_once('/').unwrap_or(("", inside));
    let stamp = Stamp { size: entry.size, modified: entry.modified, file_id: None };
    Some(Found { root, dir: dir.to_owned(), name: name.to_owned(), stamp })
}

/// The ledger's items in key order.
struct Ours<'a> {
    reader: &'a Reader,
    page: VecDeque<Known>,
    after: i64,
    over: bool,
}

impl Ours<'_> {
    fn fill(&mut self) -> Result<()> {
        if self.page.is_empty() && !self.over {
            self.page = self.reader.items_after(self.after, PAGE)?.into();
            match self.page.back() {
                Some(last) => self.after = last.key.number(),
                None => self.over = true,
            }
        }
        Ok(())
    }

    fn any(&mut self) -> Result<Option<Known>> {
        self.fill()?;
        Ok(self.page.pop_front())
    }

    fn before(&mut self, key: Key) -> Result<Option<Known>> {
        self.fill()?;
        Ok(self.page.pop_front_if(|known| known.key < key))
    }

    fn take(&mut self, key: Key) -> Result<Option<Known>> {
        self.fill()?;
        Ok(self.page.pop_front_if(|known| known.key == key))
    }
}
