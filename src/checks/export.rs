//! Everything that checks have found, as tables: one file for each check.

use super::Evidence;
use crate::{Error, Result};
use std::fs::File;
use std::path::{Path, PathBuf};

/// Writes the evidence of one check, as it comes, into `<id>.csv` with the columns `item` and `text`.
pub(super) struct Export {
    path: PathBuf,
    writer: Option<csv::Writer<File>>,
}

impl Export {
    /// An export into `folder`, which is made if need be. What an earlier one said of this check is removed.
    pub(super) fn new(folder: &Path, id: &str) -> Result<Self> {
        std::fs::create_dir_all(folder).map_err(|cause| {
            Error::io("create", folder, cause).hint("name a folder after `--export` that this account may write")
        })?;
        let path = folder.join(format!("{id}.csv"));
        match std::fs::remove_file(&path) {
            Err(cause) if cause.kind() != std::io::ErrorKind::NotFound => Err(Error::io("replace", &path, cause)),
            _ => Ok(Self { path, writer: None }),
        }
    }

    /// Writes one more; the file is made with the first.
    pub(super) fn add(&mut self, evidence: &Evidence) -> Result<()> {
        let path = &self.path;
        let failed = |cause: csv::Error| Error::io("write", path, cause.into());
        let writer = if let Some(writer) = &mut self.writer {
            writer
        } else {
            let file = File::create(path).map_err(|cause| Error::io("create", path, cause))?;
            let mut writer = csv::Writer::from_writer(file);
            writer.write_record(["item", "text"]).map_err(failed)?;
            self.writer.insert(writer)
        };
        writer.write_record([evidence.item.as_str(), evidence.text.as_str()]).map_err(failed)
    }

    /// Everything is written.
    pub(super) fn finish(self) -> Result<()> {
        let Some(mut writer) = self.writer else { return Ok(()) };
        writer.flush().map_err(|cause| Error::io("write", &self.path, cause))
    }
}
