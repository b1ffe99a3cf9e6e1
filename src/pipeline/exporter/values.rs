//! Values that leave their rows while a part is written: they are on their way before the part is.
//!
//! The item of a part is its values, then its Parquet, then a [`Trailer`]. The values are cut and sent while the database still
//! gives them; what holds them is paid for from a room of its own, and their part completes only when its last piece has
//! landed. A part that cannot be finished gives its item up: what has landed is rubbish at the tenant, or the beginning
//! of the same part in the next run, which finds it there.

use super::Shared;
use super::reading::path;
use crate::digest::Digest;
use crate::item::Key;
use crate::pipeline::assembly::Assembly;
use crate::pipeline::hasher::{Sent, Trouble};
use crate::tables::beside::{Beside, Named, of_io};
use crate::tables::part::{Part, Trailer, WholeTable};
use crate::tables::{Large, LargeKind};
use crate::{Code, Error, Result};
use std::io::Read;
use std::sync::Arc;

/// The values of a part that is being written.
pub(super) struct Values<'a> {
    shared: &'a Shared,
    /// The item of the part.
    pub(super) item: Arc<Assembly>,
    sent: Sent,
    /// Nobody takes pieces any more.
    pub(super) stopped: bool,
}

/// What the item of a part is: what was sent of it, and the rest.
pub(super) struct Content {
    pub(super) item: Arc<Assembly>,
    pub(super) sent: Sent,
    pub(super) bytes: Vec<u8>,
}

impl Content {
    /// A part of several tables: no value has left it.
    pub(super) fn of_batch(key: Key, tables: &[WholeTable], bytes: Vec<u8>) -> Self {
        let path = path(key, tables.iter().map(|table| table.shape.name.as_str()));
        Self { item: Arc::new(Assembly::new(key, path)), sent: Sent::default(), bytes }
    }

    /// The BLAKE3 of all of it.
    pub(super) fn digest(&self) -> Digest {
        self.sent.digest_with(&self.bytes)
    }
}

impl<'a> Values<'a> {
    pub(super) fn new(shared: &'a Shared, key: Key, table: &str) -> Self {
        let item = Arc::new(Assembly::new(key, path(key, std::iter::once(table))));
        Self { shared, item, sent: Sent::default(), stopped: false }
    }

    /// The content with these values before the Parquet.
    pub(super) fn before(self, part: &Part, mut parquet: Vec<u8>) -> Content {
        if part.head.large > 0 {
            let trailer = Trailer { values: self.sent.length, parquet: part.name };
            parquet.extend_from_slice(&trailer.bytes());
        }
        Content { item: self.item, sent: self.sent, bytes: parquet }
    }
}

impl Beside for Values<'_> {
    fn limit(&self) -> usize {
        self.shared.limits.large
    }

    fn take(&mut self, kind: LargeKind, content: &mut dyn Read) -> Result<Large> {
        let mut named = Named::new(content);
        match self.shared.hasher.send_value(&mut named, &self.item, &mut self.sent, &self.shared.to) {
            Ok(()) => Ok(named.large(kind)),
            Err(Trouble::Io(cause)) => Err(of_io(cause)),
            Err(Trouble::Vanished | Trouble::Changed) => {
                Err(Error::new(Code::DatabaseChanged, "a large value vanished while it was read"))
            }
            Err(Trouble::Stopped) => {
                self.stopped = true;
                Err(Error::new(Code::Interrupted, "stopped while a large value was read"))
            }
        }
    }
}
