//! Packs: many chunks in one object.
//!
//! Most documents are small and the link is long, so the number of requests, not of bytes, is what costs. A
//! pack puts chunks one behind the other and their index behind them, so that a store full of packs describes
//! itself: a lost ledger or catalogue is rebuilt from packs alone. The format is in `docs/formats.md`; the
//! reader is strict, because a tenant reads what strangers send.
//!
//! [`cut`] decides where a large item is divided, [`squeeze`] whether a chunk is compressed.

pub mod cut;
mod format;
mod reader;
pub mod squeeze;
mod writer;

pub use format::{Codec, Contents, ENTRY_BYTES, IndexEntry, OVERHEAD_BYTES};
pub use reader::{Index, decode_chunk, read_chunk};
pub use writer::{PackWriter, SealedPack};
