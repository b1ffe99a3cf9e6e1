//! Where the pipeline sends things, and the behaviours that can be put around it.
//!
//! [`Destination`] is small; pace and repetition are decorators on it, so that neither uploader nor
//! verifier knows about them: `Retrying(Paced(HttpTenant))`.

use super::body::{Body, Valve};
use super::protocol::{
    AbsentPage, ChunkList, Commit, Committed, DatabaseManifest, DatabaseState, Items, Landed, Mails, Open, Opened,
    Page, People, PeopleTaken, Probed, TenantInfo, Verdicts, Verify,
};
use crate::digest::Digest;
use crate::item::Key;
use crate::{Error, Result};
use backon::{BackoffBuilder, ExponentialBuilder};
use bytes::Bytes;
use futures_util::future::BoxFuture;
use std::sync::Arc;
use std::time::Duration;
use uuid::Uuid;

/// The answer to any call.
pub type Answer<'a, T> = BoxFuture<'a, Result<T>>;

/// A tenant as the pipeline sees it. Every call may be repeated.
pub trait Destination: Send + Sync {
    /// Who receives.
    fn tenant(&self) -> Answer<'_, TenantInfo>;
    /// Sends bytes that are dropped on arrival, to see how long that takes.
    fn probe(&self, body: Body) -> Answer<'_, Probed>;
    /// Opens or resumes a migration; everything else is about the one that was opened last.
    fn open(&self, open: Open) -> Answer<'_, Opened>;
    /// Which of these chunks the tenant holds.
    fn known(&self, chunks: ChunkList) -> Answer<'_, ChunkList>;
    /// Sends a pack.
    fn put_pack(&self, name: Digest, body: Body) -> Answer<'_, Landed>;
    /// Sends manifest entries.
    fn put_items(&self, items: Arc<Items>) -> Answer<'_, Verdicts>;
    /// Has items proven.
    fn verify(&self, verify: Arc<Verify>) -> Answer<'_, Verdicts>;
    /// A page of the manifest.
    fn items(&self, after: Option<Key>, limit: usize) -> Answer<'_, Page>;
    /// The content of an item that fits into memory, as a part of a table does. It is what its name says: nothing else is given.
    fn content(&self, item: Key) -> Answer<'_, Bytes>;
    /// A page of the items without content.
    fn missing(&self, after: Option<Key>, limit: usize) -> Answer<'_, AbsentPage>;
    /// Says what the tenant's database is to be.
    fn put_database(&self, manifest: Arc<DatabaseManifest>) -> Answer<'_, DatabaseState>;
    /// How the tenant's database stands.
    fn database(&self) -> Answer<'_, DatabaseState>;
    /// What was said last about the tenant's database.
    fn database_manifest(&self) -> Answer<'_, Option<DatabaseManifest>>;
    /// Says who holds a plan, in the place of what was said before.
    fn put_people(&self, people: Arc<People>) -> Answer<'_, PeopleTaken>;
    /// How the mails stand; the answer waits up to so many seconds for the last one to be sent.
    fn mails(&self, wait: u64) -> Answer<'_, Mails>;
    /// Ends the migration.
    fn commit(&self, commit: Commit) -> Answer<'_, Committed>;
    /// The receipt of this migration that was made last, byte by byte; nothing if there is none. Nothing needs to be open for it.
    fn receipt(&self, migration: Uuid) -> Answer<'_, Option<Bytes>>;
}

/// Sends packs through a valve.
pub struct Paced<D> {
    inner: D,
    valve: Arc<Valve>,
}

impl<D> Paced<D> {
    /// `inner`, as fast as `valve` lets it.
    pub fn new(inner: D, valve: Arc<Valve>) -> Self {
        Self { inner, valve }
    }
}

/// What a [`Retrying`] destination tells about its troubles.
pub trait Troubles: Send + Sync {
    /// A call is made.
    fn called(&self);
    /// It failed and will be made again after the pause.
    fn again(&self, error: &Error, pause: Duration);
}

/// Makes calls again that failed in passing.
pub struct Retrying<D> {
    inner: D,
    tries: usize,
    troubles: Arc<dyn Troubles>,
}

/// The longest pause between two tries. A tenant may ask for a longer one.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);
/// What a tenant may ask for at most: nobody waits longer without being told.
const LONGEST_ASKED: Duration = Duration::from_mins(5);

impl<D> Retrying<D> {
    /// `inner`, each call made up to `tries` times.
    pub fn new(inner: D, tries: usize, troubles: Arc<dyn Troubles>) -> Self {
        Self { inner, tries, troubles }
    }

    async fn keep_trying<'a, T>(&'a self, call: impl Fn() -> Answer<'a, T>) -> Result<T> {
        let mut pauses = ExponentialBuilder::default()
            .with_min_delay(Duration::from_millis(200))
            .with_max_delay(LONGEST_PAUSE)
            .with_factor(2.0)
            .with_jitter()
            .with_max_times(self.tries.saturating_sub(1))
            .build();
        loop {
            self.troubles.called();
            let error = match call().await {
                Ok(answer) => return Ok(answer),
                Err(error) => error,
            };
            let Some(pause) = error.is_retryable().then(|| pauses.next()).flatten() else { return Err(error) };
            let pause = error.retry_after().map_or(pause, |asked| asked.min(LONGEST_ASKED).max(pause));
            self.troubles.again(&error, pause);
            tokio::time::sleep(pause).await;
        }
    }
}

/// Passes the listed calls on: `$around` gets the call as a closure that can be made any number of times.
macro_rules! pass_on {
    ($($name:ident($($argument:ident: $type:ty),*) -> $answer:ty;)*) => {
        $(fn $name(&self, $($argument: $type),*) -> Answer<'_, $answer> {
            Box::pin(self.keep_trying(move || self.inner.$name($($argument.clone()),*)))
        })*
    };
}

impl<D: Destination> Destination for Retrying<D> {
    pass_on! {
        tenant() -> TenantInfo;
        probe(body: Body) -> Probed;
        open(open: Open) -> Opened;
        known(chunks: ChunkList) -> ChunkList;
        put_pack(name: Digest, body: Body) -> Landed;
        put_items(items: Arc<Items>) -> Verdicts;
        verify(verify: Arc<Verify>) -> Verdicts;
        items(after: Option<Key>, limit: usize) -> Page;
        content(item: Key) -> Bytes;
        missing(after: Option<Key>, limit: usize) -> AbsentPage;
        put_database(manifest: Arc<DatabaseManifest>) -> DatabaseState;
        database() -> DatabaseState;
        database_manifest() -> Option<DatabaseManifest>;
        put_people(people: Arc<People>) -> PeopleTaken;
        mails(wait: u64) -> Mails;
        commit(commit: Commit) -> Committed;
        receipt(migration: Uuid) -> Option<Bytes>;
    }
}

impl<D: Destination> Destination for Paced<D> {
    fn put_pack(&self, name: Digest, body: Body) -> Answer<'_, Landed> {
        Box::pin(async move {
            // What begins while nothing may pass would be given up by the other side.
            self.valve.opened().await;
            self.inner.put_pack(name, body.through(&self.valve)).await
        })
    }

    fn tenant(&self) -> Answer<'_, TenantInfo> {
        self.inner.tenant()
    }

    fn probe(&self, body: Body) -> Answer<'_, Probed> {
        self.inner.probe(body.through(&self.valve))
    }

    fn open(&self, open: Open) -> Answer<'_, Opened> {
        self.inner.open(open)
    }

    fn known(&self, chunks: ChunkList) -> Answer<'_, ChunkList> {
        self.inner.known(chunks)
    }

    fn put_items(&self, items: Arc<Items>) -> Answer<'_, Verdicts> {
        self.inner.put_items(items)
    }

    fn verify(&self, verify: Arc<Verify>) -> Answer<'_, Verdicts> {
        self.inner.verify(verify)
    }

    fn items(&self, after: Option<Key>, limit: usize) -> Answer<'_, Page> {
        self.inner.items(after, limit)
    }

    fn content(&self, item: Key) -> Answer<'_, Bytes> {
        self.inner.content(item)
    }

    fn missing(&self, after: Option<Key>, limit: usize) -> Answer<'_, AbsentPage> {
        self.inner.missing(after, limit)
    }

    fn put_database(&self, manifest: Arc<DatabaseManifest>) -> Answer<'_, DatabaseState> {
        self.inner.put_database(manifest)
    }

    fn database(&self) -> Answer<'_, DatabaseState> {
        self.inner.database()
    }

    fn database_manifest(&self) -> Answer<'_, Option<DatabaseManifest>> {
        self.inner.database_manifest()
    }

    fn put_people(&self, people: Arc<People>) -> Answer<'_, PeopleTaken> {
        self.inner.put_people(people)
    }

    fn mails(&self, wait: u64) -> Answer<'_, Mails> {
        self.inner.mails(wait)
    }

    fn commit(&self, commit: Commit) -> Answer<'_, Committed> {
        self.inner.commit(commit)
    }

    fn receipt(&self, migration: Uuid) -> Answer<'_, Option<Bytes>> {
        self.inner.receipt(migration)
    }
}
