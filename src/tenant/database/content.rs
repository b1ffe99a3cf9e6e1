//! The content of parts, whole and in memory, from the store.

use crate::Result;
use crate::item::Key;
use crate::tables::part::{PartLimits, PartReader};
use crate::tenant::catalogue;
use crate::tenant::held::Tenant;
use crate::tenant::protocol::{ManifestPart, ManifestTable};
use crate::tenant::reading::{Fetched, Opener, Reader};

/// The largest part that is taken into memory, in bytes.
const LARGEST: u64 = 1 << 30;
/// What a part may be at most. Wider than what this program writes: the configuration of the other side decides that, and a
/// row with a huge value makes a part of its own.
const LIMITS: PartLimits = PartLimits { rows: 4_000_000, bytes: 512 << 20, large: 1 << 30 };

/// Reads parts, one after the other.
pub(crate) struct Contents<'a> {
    tenant: &'a Tenant,
    reader: Reader,
    opener: Opener,
}

impl<'a> Contents<'a> {
    /// Of this tenant.
    pub(crate) fn new(tenant: &'a Tenant) -> Result<Self> {
        Ok(Self { tenant, reader: Reader::new(&tenant.objects), opener: Opener::new()? })
    }

    /// Opens a part of a table. It must be the one that the manifest means, in every respect; the inner error says in which
    /// it is not.
    pub(crate) fn part(&mut self, table: &ManifestTable, part: &ManifestPart) -> Result<Result<PartReader, String>> {
        let bytes = match self.bytes(part.item, part)? {
            Ok(bytes) => bytes,
            Err(why) => return Ok(Err(why)),
        };
        let reader = match PartReader::open(bytes.into(), &part.blake3, &LIMITS) {
            Ok(reader) => reader,
            Err(error) => return Ok(Err(error.message().to_owned())),
        };
        let head = reader.head();
        let objection = if head.shape != table.shape {
            "it is of another table, or the table has changed"
        } else if head.range != part.range {
            "it holds another range than the manifest says"
        } else if head.sum != part.sum {
            "its rows do not add up to what the manifest says"
        } else if head.large > 0 {
            "it refers to values that are not in it"
        } else {
            return Ok(Ok(reader));
        };
        Ok(Err(objection.to_owned()))
    }

    fn bytes(&mut self, key: Key, part: &ManifestPart) -> Result<Result<Vec<u8>, String>> {
        let found = self.tenant.catalogue.read(|reader| {
            let Some(held) = catalogue::item(reader, key)? else { return Ok(None) };
            let chunks: Option<Vec<_>> = held
                .entry
                .chunk_names()
                .iter()
                .map(|name| catalogue::locate(reader, name))
                .collect::<Result<_, _>>()?;
            Ok(Some((held, chunks)))
        })?;
        let Some((held, chunks)) = found else { return Ok(Err("it is not here".into())) };
        if held.entry.blake3 != part.blake3 {
            return Ok(Err("it has another content than the manifest says".into()));
        }
        if held.proof == 0 {
            return Ok(Err("it is not verified".into()));
        }
        if held.entry.size > LARGEST {
            return Ok(Err(format!("it has {} bytes, more than a part may have", held.entry.size)));
        }
        let Some(chunks) = chunks else { return Ok(Err("a chunk of it is not here".into())) };
        let mut bytes = Vec::with_capacity(held.entry.size as usize);
        let runs = self.reader.plan(&chunks);
        for (at, run) in runs.iter().enumerate() {
            let stored = match self.reader.read(&runs, at)? {
                Fetched::Bytes(stored) => stored,
                Fetched::Lost | Fetched::Broken => return Ok(Err("a pack of it cannot be read".into())),
            };
            for chunk in &chunks[run.chunks.clone()] {
                let raw = run.part(stored, &chunk.entry).and_then(|stored| self.opener.open(&chunk.entry, stored));
                let Some(raw) = raw else { return Ok(Err("a chunk of it cannot be opened".into())) };
                bytes.extend_from_slice(raw);
            }
        }
        Ok(Ok(bytes))
    }
}
