//! The verifier: an item is *verified* when the tenant has re-read and re-hashed it, not when a PUT said 200.
//!
//! Batches follow the packs that completed them, so that a tenant reads each pack once more, in one go. When
//! nothing more comes, what was parked behind other items' chunks is proven too, and the tenant is told about
//! rows that are gone. Nothing else in the program may say [`crate::item::Outcome::Verified`].

use super::assembly::Complete;
use super::outcomes::{Outcomes, reason};
use super::port::{Over, Parcel};
use super::stop::Stop;
use super::supervisor::{Stage, Supervisor};
use super::tasks::Tasks;
use crate::archive::{DATABASE, Roots};
use crate::item::{Kind, Outcome};
use crate::ledger::{Known, Proof, Reader, Record, Writer};
use crate::tenant::destination::Destination;
use crate::tenant::protocol::{Finding, Items, Verdict};
use crate::{Code, Error, Result};
use actix::{Actor, ActorContext, Addr, AsyncContext, Context, Handler};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::runtime::Handle;
use tokio::sync::Semaphore;

/// Items whose content has landed.
pub struct Batch(pub Vec<Complete>);

/// Parked items in one page.
const PAGE: usize = 1000;

/// What every verification needs.
pub struct Verifications {
    /// The tenant.
    pub to: Arc<dyn Destination>,
    /// The most items that it takes in one call.
    pub batch_items: usize,
    /// Calls at once.
    pub lanes: Semaphore,
    /// Where items end.
    pub outcomes: Outcomes,
    /// The ledger.
    pub writer: Writer,
    /// The roots, for the labels of paths.
    pub roots: Arc<Roots>,
    /// Whether to stop.
    pub stop: Stop,
}

/// The actor.
pub struct Verifier {
    shared: Arc<Verifications>,
    /// For what is in the ledger at the end.
    reader: Option<Reader>,
    tasks: Tasks,
    /// Its own address, until nothing more comes.
    me: Option<Addr<Self>>,
}

impl Verifier {
    /// A verifier whose tasks run on `runtime`.
    #[must_use]
    pub fn new(shared: Verifications, reader: Reader, runtime: Handle, supervisor: Addr<Supervisor>) -> Self {
        Self {
            shared: Arc::new(shared),
            reader: Some(reader),
            tasks: Tasks::new(Stage::Verifier, runtime, supervisor),
            me: None,
        }
    }
}

impl Actor for Verifier {
    type Context = Context<Self>;

    fn started(&mut self, context: &mut Self::Context) {
        self.me = Some(context.address());
    }

    fn stopped(&mut self, _: &mut Self::Context) {
        let (shared, reader) = (Arc::clone(&self.shared), self.reader.take());
        self.tasks.clone().finish(async move {
            match reader {
                Some(reader) if !shared.stop.is_aborting() => shared.settle_the_rest(Mutex::new(reader)).await,
                _ => Ok(()),
            }
        });
    }
}

impl Handler<Over> for Verifier {
    type Result = ();

    fn handle(&mut self, _: Over, context: &mut Self::Context) {
        self.me = None;
        context.stop();
    }
}

impl Handler<Parcel<Batch>> for Verifier {
    type Result = ();

    fn handle(&mut self, parcel: Parcel<Batch>, _: &mut Self::Context) {
        let shared = Arc::clone(&self.shared);
        self.tasks.spawn(async move {
            let Parcel { item: Batch(items), room } = parcel;
            let result = shared.prove(items).await;
            drop(room);
            result
        });
    }
}

impl Verifications {
    /// Has items proven and enters how they ended.
    async fn prove(&self, mut items: Vec<Complete>) -> Result<()> {
        while !items.is_empty() {
            let rest = items.split_off(items.len().min(self.batch_items));
            let batch = std::mem::replace(&mut items, rest);
            let entries = batch.iter().map(Complete::entry).collect();
            let request = Arc::new(Items { entries, verify: true, ..Items::default() });
            let answer = {
                let Ok(_lane) = self.lanes.acquire().await else { return Ok(()) };
                tokio::select! {
                    answer = self.to.put_items(request) => answer?,
                    () = self.stop.aborted() => return Ok(()),
                }
            };
            let asked = batch.iter().map(|item| item.key);
            if !asked.eq(answer.verdicts.iter().map(|verdict| verdict.item)) {
                return Err(Error::new(
                    Code::TenantFaulty,
                    "the tenant gave verdicts on other items than it was asked about",
                )
                .hint("the versions of omt on both sides may differ; nothing was counted as verified"));
            }
            tokio::task::block_in_place(|| {
                batch.into_iter().zip(answer.verdicts).try_for_each(|(item, verdict)| self.enter(item, verdict))
            })?;
        }
        Ok(())
    }

    fn enter(&self, item: Complete, verdict: Verdict) -> Result<()> {
        let Complete { key, path, proof, .. } = item;
        let chunks = |proof: &Proof| if proof.chunks.is_empty() { vec![proof.blake3] } else { proof.chunks.clone() };
        match verdict.finding {
            Finding::Verified => self.outcomes.verified(key, proof),
            Finding::Refused => {
                self.outcomes.left(key, Outcome::Refused, Some(proof), Some(path), reason(verdict.detail))
            }
            Finding::Different => {
                self.writer.put(Record::Forgotten(chunks(&proof)))?;
                let why = format!("the tenant holds other bytes than were sent: {}", verdict.detail);
                self.outcomes.left(key, Outcome::Failed, None, Some(path), reason(why))
            }
            Finding::Incomplete => {
                // The ledger believed that a chunk was there. The item stays pending; the next run sends it again.
                self.writer.put(Record::Forgotten(chunks(&proof)))?;
                self.outcomes.warn(format!("`{path}` is not complete at the tenant and will be sent again"));
                Ok(())
            }
            Finding::Stored | Finding::Unknown => {
                Err(Error::new(Code::TenantFaulty, format!("the tenant did not say whether {key} is verified")))
            }
        }
    }

    /// After the last pack: items that shared chunks with others, and rows that are gone.
    async fn settle_the_rest(&self, reader: Mutex<Reader>) -> Result<()> {
        let read = |work: &dyn Fn(&Reader) -> Result<Vec<Complete>>| {
            tokio::task::block_in_place(|| work(&reader.lock().unwrap_or_else(PoisonError::into_inner)))
        };
        tokio::task::block_in_place(|| self.writer.flush())?;
        let mut after = 0;
        loop {
            let page = read(&|reader| self.parked(reader, after))?;
            let Some(last) = page.last() else { break };
            after = last.key.number();
            self.prove(page).await?;
        }
        loop {
            let gone = tokio::task::block_in_place(|| {
                reader.lock().unwrap_or_else(PoisonError::into_inner).withdrawn(self.batch_items)
            })?;
            if gone.is_empty() {
                break;
            }
            self.to.put_items(Arc::new(Items { withdrawn: gone.clone(), ..Items::default() })).await?;
            tokio::task::block_in_place(|| {
                self.writer.put(Record::WithdrawnTold(gone))?;
                self.writer.flush()
            })?;
        }
        Ok(())
    }

    fn parked(&self, reader: &Reader, after: i64) -> Result<Vec<Complete>> {
        let mut items = Vec::new();
        for known in reader.parked_after(after, PAGE)? {
            let Some(proof) = reader.proof_of(&known)? else { continue };
            items.push(Complete { key: known.key, path: self.path_of(&known), proof, waits: false });
        }
        Ok(items)
    }

    fn path_of(&self, known: &Known) -> String {
        named(&self.roots, known).unwrap_or_default()
    }
}

/// The path of an item in the manifest.
pub(crate) fn named(roots: &Roots, known: &Known) -> Option<String> {
    let (root, folder, name) = known.place.as_ref()?;
    let label = match known.key.kind() {
        Kind::Part => DATABASE,
        _ => &roots.get(*root)?.label,
    };
    Some(if folder.is_empty() { format!("{label}/{name}") } else { format!("{label}/{folder}/{name}") })
}
