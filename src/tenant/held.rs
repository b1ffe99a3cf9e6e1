//! One tenant, held open: its objects, its catalogue, its card, and the order of its manifests.
//!
//! All calls here block; the server takes them to threads for blocking work. What came in is handled in
//! [`intake`](super::intake), the life of a migration in [`runs`](super::runs), what a crash may have left in
//! [`recovery`](super::recovery).

use super::card::Card;
use super::catalogue::{self, Catalogue, Totals};
use super::database::Database;
use super::objects::Objects;
use super::protocol::Landed;
use super::store::Place;
use crate::Result;
use crate::digest::Digest;
use crate::pack::IndexEntry;
use std::sync::{Arc, Mutex, PoisonError, RwLock};

/// A tenant that is open.
pub(crate) struct Tenant {
    pub(crate) objects: Objects,
    pub(crate) catalogue: Catalogue,
    /// Held from the number of a manifest to its place in the catalogue, so that a rebuilt catalogue sees
    /// batches in the order in which this one saw them.
    pub(super) order: Mutex<()>,
    card: RwLock<Arc<Card>>,
    /// The customer's database, which is built from what is here.
    pub(crate) database: Database,
}

impl Tenant {
    /// Opens a tenant; `None` if there is no catalogue for it.
    pub(crate) fn open(place: &Place, customer: &str) -> Result<Option<Self>> {
        let Some(catalogue) = Catalogue::open(&place.catalogue_of(customer))? else { return Ok(None) };
        Self::with(place, customer, catalogue).map(Some)
    }

    /// Makes the catalogue of a tenant that has a card in the store already.
    pub(crate) fn create(place: &Place, card: &Card) -> Result<Self> {
        let catalogue = Catalogue::create(&place.catalogue_of(&card.customer), card)?;
        Self::with(place, &card.customer, catalogue)
    }

    fn with(place: &Place, customer: &str, catalogue: Catalogue) -> Result<Self> {
        let card = catalogue.write(|writing| writing.card())?;
        Ok(Self {
            objects: Objects::new(place, customer),
            catalogue,
            order: Mutex::default(),
            card: RwLock::new(Arc::new(card)),
            database: Database::default(),
        })
    }

    /// The card as it was when it was last looked at.
    pub(crate) fn card(&self) -> Arc<Card> {
        self.card.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The card as it is now: another process may have changed it.
    pub(crate) fn refresh(&self) -> Result<Arc<Card>> {
        let card = Arc::new(self.catalogue.read(|reader| Ok(catalogue::card(reader)))??);
        self.keep(&card);
        Ok(card)
    }

    fn keep(&self, card: &Arc<Card>) {
        *self.card.write().unwrap_or_else(PoisonError::into_inner) = card.clone();
    }

    /// Changes the card here and in the store, under a lock that other processes respect.
    pub(crate) fn change<T>(&self, work: impl FnOnce(&mut Card, &Totals) -> Result<T>) -> Result<T> {
        let (value, card) = self.catalogue.write(|writing| {
            let before = writing.card()?;
            let mut card = before.clone();
            let value = work(&mut card, &writing.totals)?;
            if card != before {
                writing.set_card(&card)?;
                let (objects, card) = (self.objects.clone(), card.clone());
                self.objects.place.wait(async move { objects.put_card(&card, false).await })?;
            }
            Ok((value, card))
        })?;
        self.keep(&Arc::new(card));
        Ok(value)
    }

    /// The epoch of proofs. Before the first run nothing can be proven, but 0 means "never".
    pub(crate) fn epoch(&self) -> u32 {
        self.card().runs.max(1)
    }

    /// The totals.
    pub(crate) fn totals(&self) -> Result<Totals> {
        self.catalogue.read(Totals::read)
    }

    /// Those of `names` that are here.
    pub(crate) fn known(&self, names: &[Digest]) -> Result<Vec<Digest>> {
        self.catalogue.read(|reader| {
            let mut known = Vec::new();
            for name in names {
                if catalogue::knows(reader, name)? {
                    known.push(*name);
                }
            }
            Ok(known)
        })
    }

    /// Whether the pack and all that is in it is in the catalogue.
    pub(crate) fn has_pack(&self, name: &Digest, index: &[IndexEntry]) -> Result<bool> {
        self.catalogue.read(|reader| {
            if catalogue::pack_id(reader, name)?.is_none() {
                return Ok(false);
            }
            for chunk in index {
                if !catalogue::knows(reader, &chunk.name)? {
                    return Ok(false);
                }
            }
            Ok(true)
        })
    }

    /// Notes a pack that has reached the store.
    pub(crate) fn land(&self, name: &Digest, size: u64, index: &[IndexEntry]) -> Result<Landed> {
        let durable = self.objects.durable_at_once();
        let new = self.catalogue.write(|writing| writing.add_pack(name, size, durable, index))?;
        Ok(Landed { chunks: index.len() as u32, new })
    }
}
