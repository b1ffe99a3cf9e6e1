//! Which document gets which fault, decided before the first one is written.
//!
//! Each document gets one fault at most. The plan grows with the number of faults, not with that of the documents.

use std::collections::HashMap;

use rand::Rng;

use super::archive::{DOCUMENTS, DocumentFault, Where};
use crate::error::{Code, Error, Result};
use crate::sample::Site;
use crate::sample::calendar::half;
use crate::sample::document::Document;
use crate::sample::random::stream;

/// How many moments near 1 August are tried before giving up.
const MOMENTS: u64 = 1_000;

/// The faults of documents, by `document_id`.
pub(in crate::sample) struct Plan {
    faults: HashMap<u64, (&'static DocumentFault, u64)>,
}

impl Plan {
    /// Gives each selected fault its documents.
    pub(in crate::sample) fn new(site: &Site) -> Result<Self> {
        let mut plan = Self { faults: HashMap::new() };
        // What can happen to few documents chooses first.
        for needs in [Where::Boundary, Where::Pair, Where::Old, Where::Any] {
            let wanted = |entry: &&DocumentFault| entry.needs == needs && site.faults.contains(entry.fault.name);
            for entry in DOCUMENTS.iter().filter(wanted) {
                for nth in 0..entry.fault.count(site.documents) {
                    plan.place(site, entry, nth)?;
                }
            }
        }
        Ok(plan)
    }

    /// The fault of a document, if it has one.
    pub(in crate::sample) fn get(&self, id: u64) -> Option<&'static DocumentFault> {
        self.faults.get(&id).map(|(entry, _)| *entry)
    }

    /// Changes the document as its fault demands.
    pub(in crate::sample) fn apply(&self, site: &Site, document: &mut Document) {
        if let Some((entry, nth)) = self.faults.get(&document.id) {
            (entry.plant)(site, document, *nth);
        }
    }

    fn place(&mut self, site: &Site, entry: &'static DocumentFault, nth: u64) -> Result<()> {
        let too_few = || {
            Error::new(Code::ConfigInvalid, format!("too few documents for the fault `{}`", entry.fault.name))
                .hint("ask for more documents, or for fewer faults; all faults together need about 100 documents")
        };
        if entry.needs == Where::Boundary {
            // Steps of two keep the side of 1 August.
            let mut moments = (nth..nth + MOMENTS).step_by(2).map(|nth| (nth, site.calendar.boundary(nth).0));
            let (nth, id) = moments.find(|(_, id)| self.is_free(*id)).ok_or_else(too_few)?;
            self.faults.insert(id, (entry, nth));
            return Ok(());
        }
        let start = stream(site.seed, entry.fault.name, nth).random_range(0..site.documents);
        let mut ids = (0..site.documents).map(|step| (start + step) % site.documents + 1);
        let id = ids.find(|id| self.suits(site, entry.needs, *id)).ok_or_else(too_few)?;
        if entry.needs == Where::Pair {
            self.faults.insert(id, (entry, 2 * nth));
            self.faults.insert(id + 1, (entry, 2 * nth + 1));
        } else {
            self.faults.insert(id, (entry, nth));
        }
        Ok(())
    }

    fn suits(&self, site: &Site, needs: Where, id: u64) -> bool {
        self.is_free(id)
            && match needs {
                Where::Any | Where::Boundary => true,
                Where::Old => site.is_old(id),
                Where::Pair => {
                    let halves = || [id, id + 1].map(|id| half(site.calendar.registered(id)));
                    let same_half = || matches!(halves(), [first, second] if first == second);
                    id < site.documents && self.is_free(id + 1) && site.is_old(id) == site.is_old(id + 1) && same_half()
                }
            }
    }

    fn is_free(&self, id: u64) -> bool {
        !self.faults.contains_key(&id)
    }
}
