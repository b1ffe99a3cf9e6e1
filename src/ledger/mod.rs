//! The ledger: the durable truth about a migration.
//!
//! One SQLite file beside the configuration, written by one thread that commits in groups, read by anybody.
//! Every item that was ever found has one row with one state; totals are kept, not counted; killing the
//! process at any instant is an ordinary way to stop. What is in the ledger happened: a chunk is entered when
//! the tenant has acknowledged it, an item is *verified* when the tenant has re-read it.
//!
//! If the file is lost, the next run rebuilds it from the tenant ([`crate::pipeline`] reconciles).

mod journal;
mod parts;
mod place;
mod reader;
mod schema;
mod scribe;
mod writer;

pub use journal::JournalEntry;
pub use parts::{KnownPart, MovedTable, PASS, PartRow, Pass};
pub(crate) use place::refuse_network_share;
pub use reader::{Known, Left, Reader, Totals};
pub(crate) use schema::can_write;
pub use writer::{Found, Ledger, Proof, Record, Setting, Writer};

/// `item.state` of an item without an outcome.
pub(crate) const PENDING: i64 = 0;

/// What of a file tells that it has not changed: the file is not opened while all three are the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Stamp {
    /// Size in bytes.
    pub size: u64,
    /// Last write, in nanoseconds since 1970.
    pub modified: i64,
    /// The file system's own id of the file: the inode on Unix, the time of creation on Windows. `None` when
    /// the ledger was rebuilt from a tenant, which cannot know it.
    pub file_id: Option<i64>,
}

impl Stamp {
    /// Whether a file with the stamp `now` is the one that this stamp was taken from.
    #[must_use]
    pub fn matches(&self, now: &Self) -> bool {
        self.size == now.size
            && self.modified == now.modified
            && (self.file_id.is_none() || now.file_id.is_none() || self.file_id == now.file_id)
    }
}
