//! `omt`
pub mod digest;
pub mod error;
pub mod item;
pub mod pack;
pub mod tenant;

pub use error::{Code, Error, Result};
