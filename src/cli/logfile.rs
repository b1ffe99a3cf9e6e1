//! The log as a file: bounded, and rotated once.
//!
//! When the file is full it becomes the older one, in the place of the older one before, and a new one is begun: together they never
//! take more than twice the bound. A log that cannot be written is no reason to stop a migration.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use tracing_subscriber::fmt::MakeWriter;

/// The most bytes of one file.
const FULL: u64 = 32 << 20;

/// Where the older half of a log is.
pub(super) fn older(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".1");
    name.into()
}

/// A log file.
#[derive(Clone)]
pub(super) struct LogFile(Arc<Mutex<Open>>);

struct Open {
    path: PathBuf,
    file: File,
    length: u64,
    full: u64,
}

impl LogFile {
    /// Opens it, to write behind what is there.
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        Self::bounded(path, FULL)
    }

    fn bounded(path: &Path, full: u64) -> io::Result<Self> {
        let file = OpenOptions::new().create(true).append(true).open(path)?;
        let length = file.metadata()?.len();
        Ok(Self(Arc::new(Mutex::new(Open { path: path.to_owned(), file, length, full }))))
    }
}

impl Open {
    fn rotate(&mut self) -> io::Result<()> {
        std::fs::rename(&self.path, older(&self.path))?;
        self.file = OpenOptions::new().create(true).append(true).open(&self.path)?;
        self.length = 0;
        Ok(())
    }
}

impl Write for &LogFile {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        let mut open = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if open.length > 0 && open.length + line.len() as u64 > open.full {
            open.rotate()?;
        }
        open.file.write_all(line)?;
        open.length += line.len() as u64;
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for LogFile {
    type Writer = &'a Self;

    fn make_writer(&'a self) -> Self::Writer {
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn a_full_log_makes_room_once_and_no_line_is_cut() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("omt.log");
        for number in 0..10 {
            // Opened anew, as by another command.
            let log = LogFile::bounded(&path, 30).unwrap();
            (&log).write_all(format!("line {number:04}\n").as_bytes()).unwrap();
        }
        assert_eq!(fs::read_to_string(&path).unwrap(), "line 0009\n");
        assert_eq!(fs::read_to_string(older(&path)).unwrap(), "line 0006\nline 0007\nline 0008\n");
    }
}
