//! The uploader: brings packs to the tenant, as many at once as the link can use.
//!
//! The handler only starts a task for each pack; the parcel's room is given back when the pack is on the wire,
//! so that at most the port's capacity waits here. A pack that lands is entered in the ledger, then the items
//! it completes go to the verifier.

use super::assembly::{Assembly, Complete};
use super::claims::Claims;
use super::port::{Over, Parcel, Port};
use super::stats::Stats;
use super::stop::Stop;
use super::supervisor::{Stage, Supervisor};
use super::tasks::Tasks;
use super::verifier::Batch;
use super::width::Width;
use crate::Result;
use crate::digest::Digest;
use crate::ledger::{Record, Writer};
use crate::tenant::body::Body;
use crate::tenant::destination::Destination;
use actix::{Actor, ActorContext, Addr, AsyncContext, Context, Handler};
use bytes::Bytes;
use std::sync::Arc;
use tokio::runtime::Handle;

/// A sealed pack on its way.
pub struct Pack {
    /// Its name.
    pub name: Digest,
    /// The whole object; its buffer goes back when this is dropped.
    pub bytes: Bytes,
    /// The chunks in it.
    pub chunks: Vec<Digest>,
    /// Which pieces of which items they are, in the same order.
    pub parts: Vec<(Arc<Assembly>, usize)>,
}

/// What every upload needs.
pub struct Uploads {
    /// The tenant.
    pub to: Arc<dyn Destination>,
    /// How many at once.
    pub width: Arc<Width>,
    /// The ledger.
    pub writer: Writer,
    /// Claims that end when chunks are in the ledger.
    pub claims: Arc<Claims>,
    /// The figures.
    pub stats: Arc<Stats>,
    /// Whether to stop.
    pub stop: Stop,
    /// Where completed items go.
    pub verifier: Port<Batch>,
}

/// The actor.
pub struct Uploader {
    shared: Option<Arc<Uploads>>,
    tasks: Tasks,
    /// Its own address, until nothing more comes.
    me: Option<Addr<Self>>,
}

impl Uploader {
    /// An uploader whose tasks run on `runtime`.
    #[must_use]
    pub fn new(uploads: Uploads, runtime: Handle, supervisor: Addr<Supervisor>) -> Self {
        Self { shared: Some(Arc::new(uploads)), tasks: Tasks::new(Stage::Uploader, runtime, supervisor), me: None }
    }
}

impl Actor for Uploader {
    type Context = Context<Self>;

    fn started(&mut self, context: &mut Self::Context) {
        self.me = Some(context.address());
    }

    /// Nobody can send any more and nothing is queued: wait for what is under way, then let the verifier end.
    fn stopped(&mut self, _: &mut Self::Context) {
        let last_port = self.shared.take();
        self.tasks.clone().finish(async move {
            drop(last_port);
            Ok(())
        });
    }
}

impl Handler<Over> for Uploader {
    type Result = ();

    fn handle(&mut self, _: Over, context: &mut Self::Context) {
        self.me = None;
        context.stop();
    }
}

impl Handler<Parcel<Pack>> for Uploader {
    type Result = ();

    fn handle(&mut self, parcel: Parcel<Pack>, _: &mut Self::Context) {
        if let Some(shared) = self.shared.clone() {
            self.tasks.spawn(async move { shared.upload(parcel).await });
        }
    }
}

impl Uploads {
    async fn upload(&self, parcel: Parcel<Pack>) -> Result<()> {
        let Parcel { item: pack, room } = parcel;
        let length = pack.bytes.len() as u64;
        let lane = tokio::select! {
            lane = self.width.enter() => lane,
            () = self.stop.aborted() => return Ok(()),
        };
        // On the wire now: the queue has room for another.
        drop(room);
        let body = Body::new(pack.bytes);
        let answer = tokio::select! {
            answer = self.to.put_pack(pack.name, body) => answer,
            () = self.stop.aborted() => return Ok(()),
        };
        answer?;
        self.width.landed(lane, length);
        self.stats.width.set(self.width.now() as u64);
        self.stats.sent.add(length);
        let claims = self.claims.release_later(pack.chunks.clone());
        let names = pack.chunks.clone();
        tokio::task::block_in_place(|| self.writer.put(Record::Landed(names, Box::new(claims))))?;
        let mut complete: Vec<Complete> = Vec::with_capacity(pack.parts.len());
        for ((item, index), name) in pack.parts.into_iter().zip(pack.chunks) {
            match item.settle(index, name, false) {
                Some(item) if item.waits => {
                    tokio::task::block_in_place(|| self.writer.put(Record::Parked(item.key, item.proof)))?;
                }
                Some(item) => complete.push(item),
                None => {}
            }
        }
        if !complete.is_empty() {
            // Closed: the verifier has failed and says so itself.
            let _ = self.verifier.send(Batch(complete)).await;
        }
        Ok(())
    }
}
