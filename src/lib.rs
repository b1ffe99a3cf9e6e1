//! `omt`
pub mod error;
pub use error::{Code, Error, Result};
