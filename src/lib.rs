//! `omt`
pub mod archive;
pub mod bench;
pub mod clock;
pub mod config;
pub mod digest;
pub mod error;
pub mod exit;
pub mod item;
pub mod ledger;
pub mod metrics;
pub mod migration;
pub mod onsite;
pub mod pack;
pub mod pipeline;
pub mod report;
pub mod resources;
pub mod sample;
pub mod tenant;

pub use error::{Code, Error, Result};
