//! What all workers of a server share: the open tenants, and the bounds.
//!
//! Two semaphores bound what strangers can make the server do at once: the bytes of request bodies that are in
//! memory, and the proofs that are computed. Whoever comes later waits; a body that waits is not read, so the
//! connection itself slows the sender.

use super::problem::Trouble;
use crate::tenant::held::Tenant;
use crate::tenant::invite::{card_of, customers};
use crate::tenant::post::Post;
use crate::tenant::store::Place;
use crate::{Code, Error, Result};
use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Memory is counted in pieces of this size, since a semaphore counts in 32 bits.
const MEMORY_UNIT: u64 = 4096;

/// The state of a server.
pub(super) struct Shared {
    place: Place,
    tenants: Mutex<HashMap<String, Arc<Tenant>>>,
    /// One tenant is opened at a time: opening twice would recover twice.
    opening: Mutex<()>,
    memory: Arc<Semaphore>,
    memory_units: u32,
    proofs: Arc<Semaphore>,
    builds: Arc<Semaphore>,
    pub(super) counters: Counters,
    /// The mails of all tenants.
    pub(super) post: Arc<Post>,
}

/// What has happened since the server started.
#[derive(Default)]
pub(super) struct Counters {
    pub(super) requests: AtomicU64,
    pub(super) packs: AtomicU64,
    pub(super) pack_bytes: AtomicU64,
    pub(super) proven: AtomicU64,
    pub(super) different: AtomicU64,
}

impl Counters {
    pub(super) fn add(counter: &AtomicU64, count: u64) {
        counter.fetch_add(count, Ordering::Relaxed);
    }
}

impl Shared {
    /// Opens everything that is there, and puts in order what an unclean end has left.
    pub(super) fn start(place: Place, memory: u64, proofs: usize, post: Arc<Post>) -> Result<Self> {
        let memory_units = u32::try_from(memory.div_ceil(MEMORY_UNIT)).unwrap_or(u32::MAX).max(1);
        let shared = Self {
            place,
            tenants: Mutex::default(),
            opening: Mutex::default(),
            memory: Arc::new(Semaphore::new(memory_units as usize)),
            memory_units,
            proofs: Arc::new(Semaphore::new(proofs.max(1))),
            builds: Arc::new(Semaphore::new((proofs / 2).max(1))),
            counters: Counters::default(),
            post,
        };
        let customers = customers(&shared.place)?;
        shared.place.home.put_in_order(&shared.place, &customers)?;
        for customer in customers {
            // One tenant that is damaged must not keep the others away.
            match shared.open(&customer) {
                Ok(Some(_)) => {}
                Ok(None) => tracing::error!(customer, "the catalogue is lost; run `omt tenant rebuild`"),
                Err(error) => tracing::error!(customer, error = error.chain(), "the tenant cannot be opened"),
            }
        }
        Ok(shared)
    }

    /// An open tenant, if it is open already.
    pub(super) fn opened(&self, customer: &str) -> Option<Arc<Tenant>> {
        lock(&self.tenants).get(customer).cloned()
    }

    /// All open tenants.
    pub(super) fn all(&self) -> Vec<Arc<Tenant>> {
        lock(&self.tenants).values().cloned().collect()
    }

    /// Opens a tenant. Blocks.
    pub(super) fn open(&self, customer: &str) -> Result<Option<Arc<Tenant>>> {
        let _one = lock(&self.opening);
        if let Some(tenant) = self.opened(customer) {
            return Ok(Some(tenant));
        }
        let Some(tenant) = self.find(customer)? else { return Ok(None) };
        let found = tenant.recover()?;
        if found != crate::tenant::recovery::Recovered::default() {
            tracing::info!(customer, ?found, "the tenant was put in order");
        }
        // In case the process died between a commit and its mails.
        tenant.owe_mails();
        tenant.set_clean(false)?;
        let tenant = Arc::new(tenant);
        lock(&self.tenants).insert(customer.to_owned(), tenant.clone());
        Ok(Some(tenant))
    }

    fn find(&self, customer: &str) -> Result<Option<Tenant>> {
        if let Some(tenant) = Tenant::open(&self.place, customer)? {
            return Ok(Some(tenant));
        }
        // Invited on another machine: a card and nothing else needs no rebuilding.
        let Some(card) = card_of(&self.place, customer)?.filter(|card| card.runs == 0) else { return Ok(None) };
        Tenant::create(&self.place, &card).map(Some)
    }

    /// Flushes and closes everything. Nothing is served any more.
    pub(super) fn close(&self) -> Result<()> {
        let tenants: Vec<_> = lock(&self.tenants).drain().collect();
        let mut first = Ok(());
        for (customer, tenant) in tenants {
            tenant.database.give_up();
            if let Err(error) = tenant.flush().and_then(|()| tenant.set_clean(true)) {
                tracing::error!(customer, error = error.chain(), "the tenant could not be closed in order");
                first = first.and(Err(error));
            }
        }
        first
    }

    /// Waits until `bytes` of memory are free. More than there is counts as all there is.
    pub(super) async fn memory(&self, bytes: u64) -> Result<OwnedSemaphorePermit, Trouble> {
        let units = u32::try_from(bytes.div_ceil(MEMORY_UNIT)).unwrap_or(u32::MAX).min(self.memory_units);
        self.memory.clone().acquire_many_owned(units).await.map_err(|_| Trouble::internal())
    }

    /// Waits until a database may be built.
    pub(super) async fn build(&self) -> Result<OwnedSemaphorePermit, Trouble> {
        self.builds.clone().acquire_owned().await.map_err(|_| Trouble::internal())
    }

    /// Waits until a proof may be computed.
    pub(super) async fn proof(&self) -> Result<OwnedSemaphorePermit, Trouble> {
        self.proofs.clone().acquire_owned().await.map_err(|_| Trouble::internal())
    }
}

/// Takes blocking work off the worker, so that it goes on serving.
pub(super) async fn block<T: Send + 'static>(work: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T, Trouble> {
    match actix_web::web::block(work).await {
        Ok(result) => result.map_err(Trouble::from),
        Err(cause) => Err(Error::new(Code::Internal, "a piece of work was dropped").because(cause).into()),
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
