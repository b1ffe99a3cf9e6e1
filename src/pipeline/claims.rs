//! Who brings a chunk: the same content is sent once, however many items share it.
//!
//! A chunk that the ledger has is at the tenant. One that somebody has claimed in this run is on its way. A
//! claim is given back only after the ledger has committed the chunk, so that a chunk is never in neither place.

use crate::Result;
use crate::digest::Digest;
use crate::ledger::Reader;
use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};

/// The chunks on their way. Bounded by what is in flight.
#[derive(Default)]
pub struct Claims(Mutex<HashSet<Digest>>);

/// The answer to a claim.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Claim {
    /// Nobody has it: whoever asked brings it.
    New,
    /// Somebody else is bringing it.
    OnItsWay,
    /// The tenant has it.
    Landed,
}

impl Claims {
    /// Claims a chunk.
    pub fn claim(&self, name: &Digest, ledger: &Reader) -> Result<Claim> {
        if self.lock().contains(name) {
            return Ok(Claim::OnItsWay);
        }
        // Not under the lock: this may read from disk. If another thread claims it meanwhile, `insert` says so.
        if ledger.has_chunk(name)? {
            return Ok(Claim::Landed);
        }
        Ok(if self.lock().insert(*name) { Claim::New } else { Claim::OnItsWay })
    }

    /// Something that gives the claims back when it is dropped.
    #[must_use]
    pub fn release_later(self: &Arc<Self>, names: Vec<Digest>) -> Held {
        Held { claims: Arc::clone(self), names }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashSet<Digest>> {
        // A set of names is valid whatever happened to the thread that held it.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Claims that end when this is dropped.
pub struct Held {
    claims: Arc<Claims>,
    names: Vec<Digest>,
}

impl Drop for Held {
    fn drop(&mut self) {
        let mut claims = self.claims.lock();
        for name in &self.names {
            claims.remove(name);
        }
    }
}
