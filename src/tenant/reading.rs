//! Reading ranges of packs back from the store, as fast as the store allows.
//!
//! What is to be read is planned as [`Run`]s: neighbours in one pack are read together. A store on disk is read
//! by position into one buffer that stays in the processor's cache; for a store behind a network the next run is
//! on its way while this one is hashed. All calls block.

use super::catalogue::Located;
use super::objects::Objects;
use super::store::{answer, store_error};
use crate::digest::Digest;
use crate::pack::{Codec, IndexEntry};
use crate::{Code, Error, Result};
use bytes::Bytes;
use object_store::ObjectStoreExt;
use std::fs::File;
use std::ops::Range;
use std::sync::mpsc::Receiver;

/// The longest run that is read from a disk at once: small enough to be hashed out of the cache.
const LOCAL_RUN: u64 = 1 << 20;
/// The longest run that is asked of a store behind a network.
const REMOTE_RUN: u64 = 16 << 20;
/// A gap that is cheaper to read than to jump over.
const GAP: u64 = 32 << 10;

/// A range of a pack that is read at once, and the chunks in it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Run {
    pub(crate) pack: Digest,
    pub(crate) range: Range<u64>,
    /// Positions in the list from which the run was planned.
    pub(crate) chunks: Range<usize>,
}

impl Run {
    /// The stored bytes of a chunk of this run.
    pub(crate) fn part<'a>(&self, bytes: &'a [u8], chunk: &IndexEntry) -> Option<&'a [u8]> {
        let start = chunk.offset.checked_sub(self.range.start)? as usize;
        bytes.get(start..start + chunk.stored as usize)
    }
}

/// What came of a run.
pub(crate) enum Fetched<'a> {
    /// Its bytes.
    Bytes(&'a [u8]),
    /// The pack is not in the store.
    Lost,
    /// The pack is there, but cannot be read where it should.
    Broken,
}

enum Source {
    Local { open: Option<(Digest, File)>, buffer: Vec<u8> },
    Remote { ahead: Option<(usize, Receiver<Result<Option<Bytes>>>)>, current: Bytes },
}

/// Reads runs, one after the other.
pub(crate) struct Reader {
    objects: Objects,
    source: Source,
}

impl Reader {
    pub(crate) fn new(objects: &Objects) -> Self {
        let source = if objects.place.local.is_some() {
            Source::Local { open: None, buffer: Vec::new() }
        } else {
            Source::Remote { ahead: None, current: Bytes::new() }
        };
        Self { objects: objects.clone(), source }
    }

    /// Joins neighbours of the list, in its order, into runs.
    pub(crate) fn plan(&self, chunks: &[Located]) -> Vec<Run> {
        let limit = if matches!(self.source, Source::Local { .. }) { LOCAL_RUN } else { REMOTE_RUN };
        let mut runs: Vec<Run> = Vec::new();
        for (at, chunk) in chunks.iter().enumerate() {
            let (start, end) = (chunk.entry.offset, chunk.entry.offset + u64::from(chunk.entry.stored));
            match runs.last_mut() {
                Some(run)
                    if run.pack == chunk.pack
                        && start >= run.range.end
                        && start - run.range.end <= GAP
                        && end - run.range.start <= limit =>
                {
                    run.range.end = end;
                    run.chunks.end = at + 1;
                }
                _ => runs.push(Run { pack: chunk.pack, range: start..end, chunks: at..at + 1 }),
            }
        }
        runs
    }

    /// Reads the run at `at`; `runs` must be the same list until it has been read to its end.
    pub(crate) fn read(&mut self, runs: &[Run], at: usize) -> Result<Fetched<'_>> {
        match &mut self.source {
            Source::Local { open, buffer } => read_local(&self.objects, open, buffer, &runs[at]),
            Source::Remote { ahead, current } => {
                let asked = match ahead.take() {
                    Some((position, asked)) if position == at => asked,
                    _ => ask(&self.objects, &runs[at]),
                };
                *ahead = runs.get(at + 1).map(|next| (at + 1, ask(&self.objects, next)));
                Ok(match answer(&asked)? {
                    None => Fetched::Lost,
                    Some(bytes) if (bytes.len() as u64) < runs[at].range.end - runs[at].range.start => Fetched::Broken,
                    Some(bytes) => {
                        *current = bytes;
                        Fetched::Bytes(current)
                    }
                })
            }
        }
    }
}

fn ask(objects: &Objects, run: &Run) -> Receiver<Result<Option<Bytes>>> {
    let (path, range, store) = (objects.pack_path(&run.pack), run.range.clone(), objects.place.store.clone());
    objects.place.start(async move {
        match store.get_range(&path, range).await {
            Ok(bytes) => Ok(Some(bytes)),
            Err(object_store::Error::NotFound { .. }) => Ok(None),
            Err(cause) => Err(store_error("read a pack", cause)),
        }
    })
}

fn read_local<'a>(
    objects: &Objects,
    open: &mut Option<(Digest, File)>,
    buffer: &'a mut Vec<u8>,
    run: &Run,
) -> Result<Fetched<'a>> {
    if open.as_ref().is_none_or(|(name, _)| *name != run.pack) {
        let Some(path) = objects.file(&objects.pack_path(&run.pack)) else { return Ok(Fetched::Lost) };
        match File::open(&path) {
            Ok(file) => *open = Some((run.pack, file)),
            Err(cause) if cause.kind() == std::io::ErrorKind::NotFound => return Ok(Fetched::Lost),
            Err(cause) => {
                return Err(Error::new(Code::StoreUnusable, "the store cannot open a pack").because(cause));
            }
        }
    }
    let Some((_, file)) = open else { return Ok(Fetched::Lost) };
    let length = (run.range.end - run.range.start) as usize;
    if buffer.len() < length {
        buffer.resize(length, 0);
    }
    let bytes = &mut buffer[..length];
    match read_at(file, bytes, run.range.start) {
        Ok(()) => Ok(Fetched::Bytes(bytes)),
        // A file that ends too early, or a disk that cannot read it: the bytes must be sent again.
        Err(cause) => {
            tracing::warn!(pack = %run.pack, %cause, "a pack cannot be read");
            Ok(Fetched::Broken)
        }
    }
}

#[cfg(unix)]
fn read_at(file: &File, bytes: &mut [u8], offset: u64) -> std::io::Result<()> {
    std::os::unix::fs::FileExt::read_exact_at(file, bytes, offset)
}

#[cfg(windows)]
fn read_at(file: &File, mut bytes: &mut [u8], mut offset: u64) -> std::io::Result<()> {
    use std::os::windows::fs::FileExt;
    while !bytes.is_empty() {
        match file.seek_read(bytes, offset)? {
            0 => return Err(std::io::ErrorKind::UnexpectedEof.into()),
            count => {
                bytes = &mut bytes[count..];
                offset += count as u64;
            }
        }
    }
    Ok(())
}

/// Opens stored chunks; keeps the state of the decompressor between them.
pub(crate) struct Opener {
    decompressor: zstd::bulk::Decompressor<'static>,
    scratch: Vec<u8>,
}

impl Opener {
    pub(crate) fn new() -> Result<Self> {
        let decompressor = zstd::bulk::Decompressor::new()
            .map_err(|cause| Error::new(Code::Internal, "cannot start a decompressor").because(cause))?;
        Ok(Self { decompressor, scratch: Vec::new() })
    }

    /// The raw bytes of a chunk; `None` if they are not what the index announces. Nothing grows beyond the
    /// largest chunk that was announced and accepted.
    pub(crate) fn open<'a>(&'a mut self, chunk: &IndexEntry, stored: &'a [u8]) -> Option<&'a [u8]> {
        if chunk.codec == Codec::Raw {
            return (stored.len() == chunk.raw as usize).then_some(stored);
        }
        self.scratch.clear();
        self.scratch.reserve_exact(chunk.raw as usize);
        let written = self.decompressor.decompress_to_buffer(stored, &mut self.scratch).ok()?;
        (written == chunk.raw as usize).then_some(self.scratch.as_slice())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tenant::store::Place;

    fn located(pack: u8, offset: u64, stored: u32) -> Located {
        let entry =
            IndexEntry { name: Digest::of(&offset.to_le_bytes()), offset, stored, raw: stored, codec: Codec::Raw };
        Located { pack_id: i64::from(pack), pack: Digest::from([pack; 32]), entry, proof: 0 }
    }

    #[test]
    fn neighbours_are_read_together_and_strangers_are_not() {
        let folder = tempfile::tempdir().unwrap();
        let place = Place::open(folder.path().to_str().unwrap(), None).unwrap();
        let reader = Reader::new(&Objects::new(&place, "Cust10001"));
        let list = [
            located(1, 8, 100),
            located(1, 108, 100),
            located(1, 1000, 1000),
            located(1, 500_000, 10),
            located(1, 8, 10),
            located(2, 18, 2 << 20),
            located(2, 18 + (2 << 20), 5),
        ];
        let runs: Vec<_> = reader.plan(&list).into_iter().map(|run| (run.range, run.chunks)).collect();
        assert_eq!(
            runs,
            [
                (8..2000, 0..3),
                (500_000..500_010, 3..4),
                (8..18, 4..5),
                (18..18 + (2 << 20), 5..6),
                (18 + (2 << 20)..23 + (2 << 20), 6..7)
            ]
        );
    }
}
