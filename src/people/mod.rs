//! Users: who they are on-site, and who may log in at the tenant.
//!
//! [`People::read`] reads everybody with an account in a dozen queries. [`Plans`] is what the tenant sells,
//! [`suggest`] says which plan fits what a user holds on-site, and [`Decisions`] is what people have decided: a plan
//! and a user name for each user, and who is told. Decisions live in the ledger; each change is an entry of the journal
//! and can be undone. All rules are in [`problems()`], which the commands, the checks and the tenant share.
//! [`table`] writes everything as a table for a spreadsheet and reads it back; [`filter`] finds users by any word on
//! their card. [`removals()`] lists the addresses that leave other persons' cards, and [`Outgoing`] is what a
//! migration sends.

pub mod address;
mod decisions;
pub mod filter;
mod outgoing;
mod plans;
mod problems;
mod read;
mod removals;
pub mod suggest;
pub mod table;
mod user;

pub use decisions::{Decisions, Undone, undo};
pub use outgoing::{Outgoing, SENT, Sent, SentUser};
pub use plans::{Plans, Use};
pub use problems::{Problem, ProblemKind, cannot_hold, problems};
pub use removals::{Owners, removals};
pub use user::{Address, Module, People, User, UserKind};
