//! The other side: the protocol, the client that speaks it, and the server that answers.

pub mod body;
pub mod client;
pub mod destination;
pub mod protocol;

mod card;
mod catalogue;
mod held;
mod intake;
mod invite;
mod manifest;
mod objects;
mod path;
mod proof;
mod reading;
mod recovery;
mod runs;
mod server;
mod store;

pub use invite::{Invitation, Invited, customers, invite};
pub use server::{ServeOptions, TlsFiles, serve};
pub use store::Place;
