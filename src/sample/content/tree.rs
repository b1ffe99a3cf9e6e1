//! A folder of real files to fill the archive with.

use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};

use super::LARGEST;
use crate::error::{Code, Error, Result};

/// The files, in the order of their names, so that the same folder gives the same sample.
pub(in crate::sample) struct Tree {
    files: Vec<PathBuf>,
}

impl Tree {
    /// Finds the files that can be used: regular ones (links are not followed) that can be opened and are not too large.
    pub(in crate::sample) fn walk(root: &Path) -> Result<Self> {
        let mut files = Vec::new();
        let mut folders = vec![root.to_path_buf()];
        while let Some(folder) = folders.pop() {
            let entries = match fs::read_dir(&folder) {
                Ok(entries) => entries,
                // Only the folder that was named has to be readable.
                Err(_) if folder != root => continue,
                Err(source) => return Err(Error::io("read the folder", root, source)),
            };
            for entry in entries.flatten() {
                let path = entry.path();
                match entry.metadata() {
                    Ok(facts) if facts.is_dir() => folders.push(path),
                    Ok(facts) if facts.is_file() && facts.len() <= LARGEST && File::open(&path).is_ok() => {
                        files.push(path);
                    }
                    _ => {}
                }
            }
        }
        if files.is_empty() {
            return Err(Error::new(Code::ConfigInvalid, format!("no usable file in `{}`", root.display()))
                .hint("name a folder with files of at most 64 MiB, or leave `--from` out to have files generated"));
        }
        files.sort();
        Ok(Self { files })
    }

    /// How many files there are; at least one.
    pub(super) fn len(&self) -> usize {
        self.files.len()
    }

    /// The extension of a file: empty where it has none, `bin` where it is not safe in a file name everywhere.
    pub(super) fn extension(&self, index: usize) -> &str {
        let Some(extension) = self.files[index].extension() else { return "" };
        let plain = |text: &&str| text.len() <= 16 && text.bytes().all(|byte| byte.is_ascii_alphanumeric());
        extension.to_str().filter(plain).unwrap_or("bin")
    }

    /// Adds the bytes of a file.
    pub(super) fn read(&self, index: usize, out: &mut Vec<u8>) -> Result<()> {
        let path = &self.files[index];
        let mut file = File::open(path).map_err(|source| Error::io("open", path, source))?;
        file.read_to_end(out).map_err(|source| Error::io("read", path, source))?;
        Ok(())
    }
}
