//! The content of parts from the store: the rows in memory, the values that left them as streams.
//!
//! Where no value has left, the item is the Parquet. Else it is the values, the Parquet and a [`Trailer`]: the end is read first,
//! then each value from the chunk in which it begins. What is missing or damaged is named, so that it can be sent again.

use crate::item::Key;
use crate::tables::Large;
use crate::tables::part::{PartLimits, PartReader, TRAILER, TableRows, Trailer};
use crate::tenant::catalogue::{self, Located};
use crate::tenant::held::Tenant;
use crate::tenant::protocol::{ManifestPart, ManifestTable};
use crate::tenant::reading::{Fetched, Opener, Reader};
use crate::{Code, Error, Result};
use std::collections::HashMap;
use std::io::{self, Write};

/// The largest part that is taken into memory, in bytes.
const LARGEST: u64 = 1 << 30;
/// What a part may be at most. Wider than what this program writes: the configuration of the other side decides that, and a
/// row with a huge value makes a part of its own.
const LIMITS: PartLimits = PartLimits { rows: 4_000_000, bytes: 512 << 20, large: 1 << 30 };

/// Reads parts, one after the other.
pub(crate) struct Contents<'a> {
    tenant: &'a Tenant,
    chunks: Chunks,
}

/// A part that is being read.
pub(crate) struct Opened {
    /// Its tables, each with its rows.
    pub(crate) tables: Vec<TableRows>,
    /// Where the values are that left them.
    pub(crate) values: Values,
}

/// The values of a part, in the chunks before its Parquet.
pub(crate) struct Values(Vec<Located>);

/// The Parquet of a part, and its trailer if there is one.
type End = (Vec<u8>, Option<Trailer>);

/// What reads chunks.
struct Chunks {
    reader: Reader,
    opener: Opener,
}

impl<'a> Contents<'a> {
    /// Of this tenant.
    pub(crate) fn new(tenant: &'a Tenant) -> Result<Self> {
        let chunks = Chunks { reader: Reader::new(&tenant.objects), opener: Opener::new()? };
        Ok(Self { tenant, chunks })
    }

    /// Opens a part, of which the manifest says what it holds of these tables. It must be the one that the manifest means, in every
    /// respect; the inner error says in which it is not. It may hold more tables.
    pub(crate) fn part(&mut self, of: &[(&ManifestTable, &ManifestPart)]) -> Result<Result<Opened, String>> {
        let Some((_, part)) = of.first() else { return Ok(Err("it is of no table".into())) };
        let mut located = match self.locate(part.item, part)? {
            Ok(located) => located,
            Err(why) => return Ok(Err(why)),
        };
        let (bytes, trailer) = match self.chunks.end(&mut located)? {
            Ok(end) => end,
            Err(why) => return Ok(Err(why)),
        };
        let name = trailer.map_or(part.blake3, |trailer| trailer.parquet);
        let rows = match PartReader::open(bytes.into(), &name, &LIMITS) {
            Ok(rows) => rows,
            Err(error) => return Ok(Err(error.message().to_owned())),
        };
        let head = rows.head();
        let tables = head.tables();
        let held: HashMap<&str, _> = tables.iter().map(|held| (held.0.name.as_str(), held)).collect();
        for (table, part) in of {
            let objection = match held.get(table.shape.name.as_str()) {
                Some((shape, ..)) if **shape != table.shape => "it is of another table, or the table has changed",
                None => "it is of another table, or the table has changed",
                Some((_, range, _)) if *range != part.range => "it holds another range than the manifest says",
                Some((_, _, sum)) if *sum != part.sum => "its rows do not add up to what the manifest says",
                Some(_) => continue,
            };
            return Ok(Err(objection.to_owned()));
        }
        if (head.large > 0) != trailer.is_some() {
            return Ok(Err("it refers to values that are not in it".into()));
        }
        let values = Values(located);
        Ok(rows.tables().map(|tables| Opened { tables, values }).map_err(|error| error.message().to_owned()))
    }

    /// Writes a value that begins at `at` among the values of the part.
    pub(crate) fn copy(&mut self, values: &Values, large: &Large, at: u64, into: &mut dyn Write) -> Result<()> {
        let invalid = |why: String| Error::new(Code::PartInvalid, format!("a large value is not to be had: {why}"));
        let (mut begin, mut end) = (None, values.0.len());
        let mut here = 0;
        for (place, chunk) in values.0.iter().enumerate() {
            if here == at && begin.is_none() {
                begin = Some(place);
            }
            if here >= at.saturating_add(large.length) {
                end = place;
                break;
            }
            here += u64::from(chunk.entry.raw);
        }
        let Some(begin) = begin else { return Err(invalid("it begins where no chunk does".into())) };
        let length: u64 = values.0[begin..end].iter().map(|chunk| u64::from(chunk.entry.raw)).sum();
        if length != large.length {
            return Err(invalid("it has another length than its row says".into()));
        }
        self.chunks.read(&values.0[begin..end], &mut |raw| into.write_all(raw))?.map_err(invalid)
    }

    /// Where the chunks of a part are.
    fn locate(&mut self, key: Key, part: &ManifestPart) -> Result<Result<Vec<Located>, String>> {
        let found = self.tenant.catalogue.read(|reader| {
            let Some(held) = catalogue::item(reader, key)? else { return Ok(None) };
            let mut located = Vec::new();
            for name in held.entry.chunk_names() {
                match catalogue::locate(reader, name)? {
                    Some(chunk) => located.push(chunk),
                    None => return Ok(Some((held.clone(), Err(format!("the chunk `{name}` of it is not here"))))),
                }
            }
            Ok(Some((held, Ok(located))))
        })?;
        let Some((held, located)) = found else { return Ok(Err("it is not here".into())) };
        if held.entry.blake3 != part.blake3 {
            return Ok(Err("it has another content than the manifest says".into()));
        }
        if held.proof == 0 {
            return Ok(Err("it is not verified".into()));
        }
        Ok(located)
    }
}

impl Chunks {
    /// The Parquet at the end of a part, and the trailer if there is one. What is left are the chunks of its values.
    fn end(&mut self, located: &mut Vec<Located>) -> Result<Result<End, String>> {
        let mut length = 0;
        let last = located.iter().rposition(|chunk| {
            length += chunk.entry.raw as usize;
            length >= TRAILER
        });
        let mut bytes = Vec::new();
        let first = last.unwrap_or_default();
        if let Err(why) = self.read(&located[first..], &mut |raw| bytes.write_all(raw))? {
            return Ok(Err(why));
        }
        let trailer = Trailer::read(&bytes);
        let begin = match trailer {
            None => 0,
            Some(trailer) => {
                let mut at = 0;
                let begin = located.iter().position(|chunk| {
                    let here = at == trailer.values;
                    at += u64::from(chunk.entry.raw);
                    here
                });
                let Some(begin) = begin else { return Ok(Err("its rows begin where no chunk does".into())) };
                begin
            }
        };
        if begin != first {
            bytes.clear();
            let size: u64 = located[begin..].iter().map(|chunk| u64::from(chunk.entry.raw)).sum();
            if size > LARGEST {
                return Ok(Err(format!("it has {size} bytes, more than a part may have")));
            }
            bytes.reserve_exact(size as usize);
            if let Err(why) = self.read(&located[begin..], &mut |raw| bytes.write_all(raw))? {
                return Ok(Err(why));
            }
        }
        if trailer.is_some() {
            bytes.truncate(bytes.len().saturating_sub(TRAILER));
        }
        located.truncate(begin);
        Ok(Ok((bytes, trailer)))
    }

    /// Reads chunks one after the other. The inner error names what is not to be had.
    fn read(
        &mut self,
        located: &[Located],
        take: &mut dyn FnMut(&[u8]) -> io::Result<()>,
    ) -> Result<Result<(), String>> {
        let runs = self.reader.plan(located);
        for (at, run) in runs.iter().enumerate() {
            let name = || located[run.chunks.start].entry.name;
            let stored = match self.reader.read(&runs, at)? {
                Fetched::Bytes(stored) => stored,
                Fetched::Lost | Fetched::Broken => {
                    return Ok(Err(format!("the pack `{}` with its chunk `{}` cannot be read", run.pack, name())));
                }
            };
            for chunk in &located[run.chunks.clone()] {
                let raw = run.part(stored, &chunk.entry).and_then(|stored| self.opener.open(&chunk.entry, stored));
                let Some(raw) = raw else {
                    return Ok(Err(format!("the chunk `{}` of it cannot be opened", chunk.entry.name)));
                };
                take(raw).map_err(|cause| {
                    Error::new(Code::StoreUnusable, "cannot write a large value into the tenant's database")
                        .because(cause)
                })?;
            }
        }
        Ok(Ok(()))
    }
}
