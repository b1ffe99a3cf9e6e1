//! `omt`
pub mod digest;
pub mod error;
pub mod item;
pub mod pack;
pub mod sample;
pub mod tenant;

pub use error::{Code, Error, Result};
