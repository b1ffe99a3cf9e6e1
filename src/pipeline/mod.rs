//! The engine: six stages that move an archive and the tables of its database.
//!
//! ```text
//! scanner ──1024──▶ hasher ×cores ──64 + bytes──▶ chunker ×cores ──8 packs──▶ uploader ×N ──256──▶ verifier ──▶ ledger
//!    └──────────────────── missing, unreadable, unmigratable … end at once, in the ledger ────────────────────────┘
//! exporter ×N: parts of tables ──▶ chunker, as the hasher does
//! ```
//!
//! Each stage is an actor. Scanner, exporter, hasher and chunker are [`crew`]s of named threads, because they wait for
//! disks and burn processor time; uploader and verifier start tasks, because they wait for the network. Every
//! edge is bounded in items ([`edge`], [`port`]) and every byte in flight is paid for ([`budget`]). A run ends
//! from its source: the scanner has no more rows, so the hashers end, so the chunkers end, and so on; what an
//! item came to is entered in the ledger in one place ([`outcomes`]).
//!
//! [`run`] is the whole of it.

pub mod assembly;
pub mod budget;
pub mod chunker;
pub mod claims;
pub mod crew;
pub mod edge;
pub mod exporter;
pub mod hasher;
pub mod outcomes;
pub mod port;
pub mod reconcile;
mod run;
pub mod scanner;
pub mod stats;
pub mod stop;
pub mod supervisor;
mod tasks;
#[cfg(test)]
mod testing;
pub mod uploader;
pub mod verifier;
pub mod width;

pub use outcomes::{Event, Observer};
pub use run::{Engine, Finished, Input, edges, run};
pub use stats::{EdgeFigures, Stats};
pub use stop::Stop;
