//! The bytes in flight: everything is paid for before it is held.
//!
//! The configured memory is divided once: a quarter for content between hasher and chunker (a quarter of it for large values of
//! tables, which are sent while room for their part is held), the rest for packs.
//! The two never wait for each other in a circle, because content only moves forward. Packs live in a fixed
//! number of buffers that go round.

use super::edge::Edge;
use crossbeam_channel::{Receiver, Sender, bounded};
use std::sync::Arc;
use tokio::runtime::Handle;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// The unit in which content is paid for.
const UNIT: usize = 4096;

/// Room for content between hasher and chunker.
#[derive(Clone)]
pub struct ContentBudget {
    units: Arc<Semaphore>,
    all: u32,
    runtime: Handle,
    /// Waiting for room is waiting to send.
    edge: Arc<Edge>,
}

impl ContentBudget {
    /// Room for `bytes`; threads wait for it on `runtime`, and `edge` counts how long.
    #[must_use]
    pub fn new(bytes: u64, runtime: Handle, edge: Arc<Edge>) -> Self {
        let all = (bytes / UNIT as u64).clamp(1, u64::from(u32::MAX >> 4)) as u32;
        Self { units: Arc::new(Semaphore::new(all as usize)), all, runtime, edge }
    }

    /// Room for `bytes`, if there is any now.
    #[must_use]
    pub fn try_take(&self, bytes: usize) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.units).try_acquire_many_owned(self.units_of(bytes)).ok()
    }

    fn units_of(&self, bytes: usize) -> u32 {
        (bytes.div_ceil(UNIT).max(1) as u64).min(u64::from(self.all)) as u32
    }

    /// Waits until there is room for `bytes`. One item may always pass alone, however large it is.
    #[must_use]
    pub fn take(&self, bytes: usize) -> Option<OwnedSemaphorePermit> {
        if let Some(room) = self.try_take(bytes) {
            return Some(room);
        }
        // The semaphore is never closed; if it were, the run would be over.
        let room = Arc::clone(&self.units).acquire_many_owned(self.units_of(bytes));
        self.runtime.block_on(self.edge.wait(room)).ok()
    }

    /// As much of what was taken as `bytes` need; what is left, where that is less.
    #[must_use]
    pub fn part_of(room: &mut OwnedSemaphorePermit, bytes: usize) -> Option<OwnedSemaphorePermit> {
        room.split(bytes.div_ceil(UNIT).min(room.num_permits()))
    }
}

/// The buffers of packs.
#[derive(Clone)]
pub struct PackBuffers {
    give: Sender<Vec<u8>>,
    take: Receiver<Vec<u8>>,
    capacity: usize,
    /// Waiting for a buffer is waiting for the uploader.
    edge: Arc<Edge>,
}

impl PackBuffers {
    /// As many buffers of `capacity` as `bytes` pay for, at least two; `edge` counts how long anybody waits.
    #[must_use]
    pub fn new(bytes: u64, capacity: usize, edge: Arc<Edge>) -> Self {
        let count = (bytes as usize / capacity).max(2);
        let (give, take) = bounded(count);
        for _ in 0..count {
            // Empty until it is used: memory that no pack needs is never taken.
            let _ = give.try_send(Vec::new());
        }
        Self { give, take, capacity, edge }
    }

    /// Waits for a buffer.
    #[must_use]
    pub fn take(&self) -> Option<Vec<u8>> {
        let mut buffer = self.take.try_recv().ok().or_else(|| self.edge.waiting(|| self.take.recv().ok()))?;
        buffer.reserve_exact(self.capacity.saturating_sub(buffer.capacity()));
        Some(buffer)
    }

    /// The bytes of a pack whose buffer comes back by itself when nobody needs them any more.
    #[must_use]
    pub fn lend(&self, bytes: Vec<u8>) -> bytes::Bytes {
        bytes::Bytes::from_owner(Lent { bytes, back: self.give.clone() })
    }

    /// Gives a buffer back that was not used.
    pub fn give_back(&self, buffer: Vec<u8>) {
        let _ = self.give.try_send(buffer);
    }
}

struct Lent {
    bytes: Vec<u8>,
    back: Sender<Vec<u8>>,
}

impl AsRef<[u8]> for Lent {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        let _ = self.back.try_send(std::mem::take(&mut self.bytes));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lent_buffer_comes_back_when_its_last_reader_is_gone() {
        let buffers = PackBuffers::new(2 << 20, 1 << 20, Arc::new(Edge::new("test", 1)));
        let (mut first, second) = (buffers.take().unwrap(), buffers.take().unwrap());
        first.extend_from_slice(b"pack");
        let bytes = buffers.lend(first);
        let slice = bytes.slice(1..);
        drop(bytes);
        assert!(buffers.take.is_empty());
        drop(slice);
        assert_eq!(buffers.take.len(), 1);
        buffers.give_back(second);
        assert_eq!(buffers.take.len(), 2);
    }

    #[test]
    fn an_item_larger_than_the_budget_passes_alone() {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let budget = ContentBudget::new(1 << 20, runtime.handle().clone(), Arc::new(Edge::new("test", 1)));
        let room = budget.take(1 << 30).unwrap();
        assert_eq!(budget.units.available_permits(), 0);
        drop(room);
        assert!(budget.take(1).is_some());
    }
}
