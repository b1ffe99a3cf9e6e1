//! The other side: the protocol, the client that speaks it, and the server that answers.

pub mod body;
pub mod client;
pub mod destination;
pub mod protocol;
