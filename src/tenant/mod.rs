//! The other side: the protocol, the client that speaks it, and the server that answers.

pub mod protocol;
