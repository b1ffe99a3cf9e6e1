//! The stamp of a file from its metadata, without opening it.

use crate::ledger::Stamp;
use std::fs::Metadata;
use std::time::UNIX_EPOCH;

/// Size, last write and the file system's id of a file.
#[must_use]
pub fn stamp_of(metadata: &Metadata) -> Stamp {
    let modified = metadata.modified().map_or(0, |time| match time.duration_since(UNIX_EPOCH) {
        Ok(after) => after.as_nanos() as i64,
        Err(before) => -(before.duration().as_nanos() as i64),
    });
    Stamp { size: metadata.len(), modified, file_id: Some(file_id(metadata)) }
}

#[cfg(unix)]
fn file_id(metadata: &Metadata) -> i64 {
    use std::os::unix::fs::MetadataExt;
    metadata.ino() as i64
}

/// The real file index needs an open handle, and the point is not to open: a file that was replaced has
/// another time of creation.
#[cfg(windows)]
fn file_id(metadata: &Metadata) -> i64 {
    use std::os::windows::fs::MetadataExt;
    metadata.creation_time() as i64
}
