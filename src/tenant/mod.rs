//! The other side: the protocol, the client that speaks it, and the server that answers.

pub mod body;
pub mod client;
pub mod destination;
pub mod protocol;

mod card;
mod catalogue;
mod database;
mod garbage;
mod held;
mod intake;
mod invite;
mod loopback;
mod manifest;
mod objects;
mod path;
mod people;
mod post;
mod proof;
mod reading;
mod rebuild;
mod receipt;
mod recovery;
mod restore;
mod runs;
mod server;
mod store;
#[cfg(test)]
mod tests;

pub(crate) use database::cannot_have;
pub use garbage::{Collected, collect_garbage};
pub use invite::{Invitation, Invited, customers, invite};
pub use loopback::Loopback;
pub use post::PostOptions;
pub use rebuild::{Rebuilt, rebuild};
pub use restore::{Restored, RestoredDatabase, restore};
pub use server::{ServeOptions, TlsFiles, serve};
pub use store::Place;
