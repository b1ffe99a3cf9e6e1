//! The words that client and tenant share: the one definition of what goes over the wire.
//!
//! Everything is `/v1`, JSON unless stated, authorised by `Authorization: Bearer TICKET`. A ticket belongs to
//! one tenant, so that no call names a tenant. Repeating any call is safe. Errors are problem documents
//! ([`Problem`], RFC 9457) whose `code` is a [`crate::Code`].

mod database;
mod mails;
mod people;

pub use database::{
    BoundColumn, DatabaseKind, DatabaseManifest, DatabaseState, LeftBehind, ManifestPart, ManifestTable,
};
pub use mails::{Contact, MailTrouble, Mails};
pub use people::{Conflict, Notifications, People, PeopleTaken, PlanHolder, RemovedAddress, UserKind};

use crate::digest::Digest;
use crate::item::{Key, Outcome};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// `GET /v1/tenant`: who receives.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TenantInfo {
    /// The vendor's customer name, `Cust12345`.
    pub customer: String,
    /// The company that the tenant was made for.
    pub company: String,
    /// The serial number of the licence.
    pub serial: String,
    /// Where the tenant is in its life.
    pub state: TenantState,
    /// The plans that the customer bought.
    pub plans: Vec<Plan>,
    /// User names that somebody at the tenant has already, whom no migration brings.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub taken_names: Vec<String>,
    /// The domain of the tenant's mailboxes, as `customer.suocrm.com`.
    pub mail_domain: String,
    /// What the tenant takes.
    pub limits: Limits,
    /// What kind of database it builds: not every one can have everything.
    #[serde(default)]
    pub database: DatabaseKind,
    /// The key that its receipts are signed with (Ed25519): 64 hexadecimal digits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub receipt_key: Option<String>,
}

/// The states of a tenant that matter here (`domain.md` 1.7).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum TenantState {
    /// Made, waiting for a migration.
    MigrationPending,
    /// Holds a test migration; nobody can log in.
    OfflineMaintenance,
    /// A live migration was accepted.
    Running,
}

/// A user plan with the quantity that the customer owns.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Plan {
    /// The plan's name.
    pub name: String,
    /// How many users may hold it.
    pub quantity: u32,
}

/// What the tenant takes; more is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Limits {
    /// The largest item, in bytes.
    pub item_bytes: u64,
    /// The largest chunk, in bytes before compression.
    pub chunk_bytes: u32,
    /// The largest pack, in bytes.
    pub pack_bytes: u64,
    /// The most items in one call.
    pub batch_items: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self { item_bytes: 64 << 30, chunk_bytes: 16 << 20, pack_bytes: 64 << 20, batch_items: 20_000 }
    }
}

/// Whether the installation and the tenant change state at the end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// A rehearsal: repeatable, the tenant stays in offline maintenance.
    Test,
    /// The real one.
    Live,
}

/// `POST /v1/migrations`: open or resume.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Open {
    /// The migration's own id, made by the client and kept in its ledger.
    #[schema(value_type = String)]
    pub migration: uuid::Uuid,
    /// Owner company as the installation says.
    pub company: String,
    /// Serial number as the installation says.
    pub serial: String,
    /// Rehearsal or not.
    pub mode: Mode,
    /// Go on although company or serial are not those of the last run.
    #[serde(default)]
    pub identity_changed: bool,
}

/// What kind of run this will be; the tenant knows, so nobody has to choose.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum RunKind {
    /// The tenant holds nothing.
    Initial,
    /// The tenant holds items already.
    Recovery,
}

/// The answer to [`Open`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Opened {
    /// The id to use from now on. It differs from the asked one when the tenant knows an earlier migration
    /// and the client has lost its ledger.
    #[schema(value_type = String)]
    pub migration: uuid::Uuid,
    /// Initial upload or recovery.
    pub kind: RunKind,
    /// Items that the tenant holds and has proven since it started to hold them.
    pub verified_items: u64,
    /// Chunks that the tenant holds.
    pub chunks: u64,
}

/// `POST …/chunks/known`: which of these are already here.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ChunkList {
    /// Chunk names; in the answer those that the tenant holds, in the order asked.
    #[schema(value_type = Vec<String>)]
    pub chunks: Vec<Digest>,
}

/// The answer to `PUT …/packs/{blake3}`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Landed {
    /// Chunks in the pack.
    pub chunks: u32,
    /// Those of them that the tenant did not hold before.
    pub new: u32,
}

/// A manifest entry: what one item is made of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Entry {
    /// The item.
    #[schema(value_type = String, example = "document/17")]
    pub item: Key,
    /// Where it lies: root label, then the path in the root, with `/` between all parts.
    pub path: String,
    /// Its size in bytes.
    pub size: u64,
    /// When the file was last written, in nanoseconds since 1970; lets a lost ledger be rebuilt.
    pub modified: i64,
    /// BLAKE3 of the whole content.
    #[schema(value_type = String)]
    pub blake3: Digest,
    /// The chunks in order; empty when the whole item is the one chunk `blake3` (or the item is empty).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schema(value_type = Vec<String>)]
    pub chunks: Vec<Digest>,
}

impl Entry {
    /// The chunks of the item in order, whether listed or implied.
    pub fn chunk_names(&self) -> &[Digest] {
        if !self.chunks.is_empty() {
            &self.chunks
        } else if self.size == 0 {
            &[]
        } else {
            std::slice::from_ref(&self.blake3)
        }
    }
}

/// An item that has no content at the tenant, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Absent {
    /// The item.
    #[schema(value_type = String)]
    pub item: Key,
    /// Its outcome.
    #[schema(value_type = String)]
    pub outcome: Outcome,
}

/// `POST …/items`: manifest entries, in batches of at most [`Limits::batch_items`].
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Items {
    /// Items whose chunks have landed.
    #[serde(default)]
    pub entries: Vec<Entry>,
    /// Items that are known not to come now.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub absent: Vec<Absent>,
    /// Items whose rows are gone from the installation.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schema(value_type = Vec<String>)]
    pub withdrawn: Vec<Key>,
    /// Re-read and re-hash the entries at once: saves a round trip.
    #[serde(default)]
    pub verify: bool,
}

/// `POST …/verify`: re-read and re-hash these items from the store.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Verify {
    /// The items.
    #[schema(value_type = Vec<String>)]
    pub items: Vec<Key>,
    /// Read everything again, also what was proven in this run.
    #[serde(default)]
    pub deep: bool,
}

/// What the tenant found about one item.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Verdict {
    /// The item.
    #[schema(value_type = String)]
    pub item: Key,
    /// The finding.
    pub finding: Finding,
    /// What exactly, when it is not well.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub detail: String,
}

/// The possible findings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Finding {
    /// Re-read from the store, re-hashed, equal.
    Verified,
    /// The entry is stored, and its proof was not asked for.
    Stored,
    /// The store holds other bytes than the manifest says. The tenant has forgotten the bad chunks, so that
    /// they can be sent again.
    Different,
    /// A chunk is not here (any more).
    Incomplete,
    /// The tenant does not take this item; `detail` says why.
    Refused,
    /// The tenant has never heard of the item.
    Unknown,
}

/// The answer to [`Items`] and [`Verify`]: one verdict for each entry or item, in the order asked.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Verdicts {
    /// The verdicts.
    pub verdicts: Vec<Verdict>,
}

/// `GET …/items?after=KEY&limit=N`: a page of the manifest, in key order.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Page {
    /// The entries.
    pub entries: Vec<HeldEntry>,
    /// The key to ask for next; absent on the last page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub next: Option<Key>,
}

/// An entry as the tenant holds it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct HeldEntry {
    /// The manifest entry.
    #[serde(flatten)]
    pub entry: Entry,
    /// Whether it is proven.
    pub verified: bool,
}

/// `GET …/missing?after=KEY&limit=N`: items without content.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AbsentPage {
    /// The items.
    pub absent: Vec<Absent>,
    /// The key to ask for next; absent on the last page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub next: Option<Key>,
}

/// `POST …/commit`: the client says what it believes; the tenant accepts only if it agrees.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Commit {
    /// How many items are verified.
    pub items: u64,
    /// How many bytes they have together.
    pub bytes: u64,
    /// The manifest of the database, if tables have moved: it must be the one that the tenant has proven.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub database: Option<Digest>,
}

/// The answer to [`Commit`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Committed {
    /// The state of the tenant from now on.
    pub state: TenantState,
    /// How many items the tenant holds, all proven.
    pub items: u64,
    /// How many bytes they have together.
    pub bytes: u64,
    /// The mails that follow from it. They are sent afterwards; nobody waits for them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mails: Option<Mails>,
}

/// The answer to `POST /v1/probe`: the body was read to its end and dropped. So the way to the tenant is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Probed {
    /// The bytes that came.
    pub bytes: u64,
}

/// An error as a problem document (RFC 9457, `application/problem+json`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Problem {
    /// The HTTP status.
    pub status: u16,
    /// The stable code of the error (`tenant.refused`, …).
    pub code: String,
    /// One line: what happened, to what.
    pub title: String,
    /// What to do next.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub detail: String,
    /// Each thing that does not fit, for calls about many things at once.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub conflicts: Vec<Conflict>,
}
