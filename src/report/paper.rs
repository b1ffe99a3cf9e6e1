//! What reports are written on: a writer whose errors are those of this program.
//!
//! `write!(paper, …)` gives a [`crate::Result`], so that reading the ledger and writing about it fail alike.

use crate::{Code, Error, Result};
use serde::Serialize;
use std::fmt;
use std::io::Write;

/// Where a report goes.
pub(super) struct Paper<'a>(&'a mut dyn Write);

impl<'a> Paper<'a> {
    pub(super) fn new(out: &'a mut dyn Write) -> Self {
        Self(out)
    }

    /// What `write!` and `writeln!` call.
    pub(super) fn write_fmt(&mut self, text: fmt::Arguments<'_>) -> Result<()> {
        self.0.write_fmt(text).map_err(failed)
    }

    /// Writes a value as JSON, on one line and without an end of line.
    pub(super) fn json(&mut self, value: &impl Serialize) -> Result<()> {
        serde_json::to_writer(&mut *self.0, value).map_err(|cause| failed(cause.into()))
    }

    /// Writes an array of JSON values, one at a time. `give` gets a function that writes the next one.
    pub(super) fn array(
        &mut self,
        give: impl FnOnce(&mut dyn FnMut(&dyn ToJson) -> Result<()>) -> Result<()>,
    ) -> Result<()> {
        write!(self, "[")?;
        let mut first = true;
        give(&mut |value| {
            if !std::mem::take(&mut first) {
                write!(self, ",")?;
            }
            value.to_json(self)
        })?;
        write!(self, "]")
    }

    /// Everything is written.
    pub(super) fn finish(self) -> Result<()> {
        self.0.flush().map_err(failed)
    }
}

/// Something that can be written as JSON, whatever it is.
pub(super) trait ToJson {
    fn to_json(&self, paper: &mut Paper<'_>) -> Result<()>;
}

impl<T: Serialize> ToJson for T {
    fn to_json(&self, paper: &mut Paper<'_>) -> Result<()> {
        paper.json(self)
    }
}

/// JSON that was checked when it was read, passed on as it is.
pub(super) struct Ready<'a>(pub(super) &'a str);

impl ToJson for Ready<'_> {
    fn to_json(&self, paper: &mut Paper<'_>) -> Result<()> {
        write!(paper, "{}", self.0)
    }
}

fn failed(cause: std::io::Error) -> Error {
    Error::new(Code::Io, "the report cannot be written")
        .hint("check the space and the rights where it goes")
        .because(cause)
}
