//! The receipt: the tenant's signed statement of what it holds, to be checked offline by anybody.
//!
//! A [`Statement`] says whose migration it is, how many items there are and how they ended, what each table sums up to, what stays
//! behind and why, and what the tenant has made different in its database. Items are too many to be listed: their
//! [Merkle root](merkle) stands for them. [`seal()`] signs a statement with the tenant's key, and [`Receipt::open`] checks every
//! byte of it; [`against`] compares it with a ledger, and with the installation itself.
//!
//! A receipt is no secret, and it names no person and no file.

pub mod against;
pub mod merkle;
mod seal;
mod statement;

pub use seal::{PublicKey, Receipt, SigningKey, seal};
pub use statement::{FORMAT, Held, HeldItems, HeldPeople, Roots, Statement, TableLine};
