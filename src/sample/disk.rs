//! Writing the sample's files.
//!
//! All paths are given as in `faults.json`: relative to the sample's folder, with forward slashes. A file is never
//! written over another one: two items that claim the same place are a mistake in the generator, and show up here.

use std::collections::HashSet;
use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};

use super::content::{Content, Source};
use crate::error::{Code, Error, Result};

/// Folders that are remembered as made. Beyond that all are forgotten, so that memory does not grow with the archive.
const REMEMBERED: usize = 20_000;

/// The folder that the sample is written to.
pub(super) struct Disk {
    out: PathBuf,
    made: HashSet<String>,
    buffer: Vec<u8>,
    /// Files written as content of the archive (not noise, not what was put aside).
    pub files: u64,
    /// Their bytes.
    pub bytes: u64,
}

impl Disk {
    /// Takes `out`, which must not exist or be empty.
    pub(super) fn create(out: &Path) -> Result<Self> {
        let refuse = || {
            Error::new(Code::ConfigInvalid, format!("`{}` exists and is not an empty folder", out.display()))
                .hint("name a folder that does not exist yet, or empty it first")
        };
        match fs::read_dir(out) {
            Ok(mut entries) => {
                if entries.next().is_some() {
                    return Err(refuse());
                }
            }
            Err(_) if out.exists() => return Err(refuse()),
            Err(_) => fs::create_dir_all(out).map_err(|source| Error::io("make the folder", out, source))?,
        }
        Ok(Self { out: out.to_path_buf(), made: HashSet::new(), buffer: Vec::new(), files: 0, bytes: 0 })
    }

    /// The path of a file, as the operating system wants it.
    pub(super) fn path(&self, file: &str) -> PathBuf {
        self.out.join(file)
    }

    /// Makes a folder and those above it.
    pub(super) fn folder(&mut self, folder: &str) -> Result<()> {
        if !self.made.contains(folder) {
            let path = self.path(folder);
            fs::create_dir_all(&path).map_err(|source| Error::io("make the folder", &path, source))?;
            if self.made.len() >= REMEMBERED {
                self.made.clear();
            }
            self.made.insert(folder.to_owned());
        }
        Ok(())
    }

    /// Writes a file of the archive and answers its size.
    pub(super) fn store(&mut self, file: &str, source: &Source, content: Content) -> Result<u64> {
        let size = self.put_aside(file, source, content)?;
        self.files += 1;
        self.bytes += size;
        Ok(size)
    }

    /// Writes a file that does not count as one of the archive.
    pub(super) fn put_aside(&mut self, file: &str, source: &Source, content: Content) -> Result<u64> {
        let mut buffer = std::mem::take(&mut self.buffer);
        source.fill(content, &mut buffer)?;
        self.note(file, &buffer)?;
        self.buffer = buffer;
        Ok(self.buffer.len() as u64)
    }

    /// Writes these bytes to a file that does not count as one of the archive.
    pub(super) fn note(&mut self, file: &str, bytes: &[u8]) -> Result<()> {
        if let Some((folder, _)) = file.rsplit_once('/') {
            self.folder(folder)?;
        }
        let path = self.path(file);
        let write = || OpenOptions::new().write(true).create_new(true).open(&path)?.write_all(bytes);
        write().map_err(|source| Error::io("write", &path, source))
    }
}
