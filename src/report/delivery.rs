//! Where a report goes: to standard output, or into a file that is complete or not there.

use crate::{Code, Error, Result};
use std::error::Error as _;
use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, ErrorKind, Write};
use std::path::{Path, PathBuf};

/// What writes a report.
type Writing<'a> = dyn FnOnce(&mut dyn Write) -> Result<()> + 'a;

/// Has `write` write to standard output. A reader that has seen enough and went away is no error.
pub fn to_stdout(write: Box<Writing<'_>>) -> Result<()> {
    let mut out = BufWriter::with_capacity(1 << 16, io::stdout().lock());
    let written = write(&mut out);
    // What is still in the buffer of a broken pipe must not be tried again.
    let _ = out.into_parts();
    match written {
        Err(error) if has_gone_away(&error) => Ok(()),
        written => written,
    }
}

/// Has `write` write the file `path`, under another name until it is complete. A file that was there stays as it
/// was if anything fails. What is no ordinary file, such as a pipe, is written to directly.
pub fn to_file(path: &Path, write: Box<Writing<'_>>) -> Result<()> {
    let target = match fs::metadata(path) {
        Ok(metadata) if metadata.is_dir() => {
            return Err(Error::new(Code::ConfigInvalid, format!("`{}` is a folder", path.display()))
                .hint("give the name of a file"));
        }
        Ok(metadata) if !metadata.is_file() => {
            let file = OpenOptions::new().write(true).open(path).map_err(|cause| Error::io("open", path, cause))?;
            return fill(file, path, write).map(drop);
        }
        // The link stays a link: what it points to is replaced.
        Ok(_) => fs::canonicalize(path).map_err(|cause| Error::io("resolve", path, cause))?,
        Err(_) => path.to_owned(),
    };
    let part = target.with_file_name(format!(".omt-{}.part", uuid::Uuid::now_v7().simple()));
    let file = OpenOptions::new().write(true).create_new(true).open(&part).map_err(|cause| {
        Error::io("write", path, cause).hint("the folder must exist, and this account must be allowed to write there")
    })?;
    let mut part = Part(Some(part));
    fill(file, path, write)?.sync_all().map_err(|cause| Error::io("write", path, cause))?;
    part.become_file(&target)
}

fn fill(file: File, path: &Path, write: Box<Writing<'_>>) -> Result<File> {
    let mut out = BufWriter::with_capacity(1 << 18, file);
    write(&mut out)?;
    out.into_inner().map_err(|cause| Error::io("write", path, cause.into_error()))
}

/// An unfinished file, which is removed when it is not needed.
struct Part(Option<PathBuf>);

impl Part {
    fn become_file(&mut self, target: &Path) -> Result<()> {
        if let Some(part) = &self.0 {
            fs::rename(part, target).map_err(|cause| Error::io("write", target, cause))?;
        }
        self.0 = None;
        Ok(())
    }
}

impl Drop for Part {
    fn drop(&mut self) {
        if let Some(part) = &self.0 {
            let _ = fs::remove_file(part);
        }
    }
}

fn has_gone_away(error: &Error) -> bool {
    error
        .source()
        .and_then(|cause| cause.downcast_ref::<io::Error>())
        .is_some_and(|cause| cause.kind() == ErrorKind::BrokenPipe)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(folder: &Path) -> Vec<String> {
        let mut names: Vec<_> =
            fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    #[test]
    fn a_report_replaces_the_one_before() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("report.html");
        for text in ["one", "two"] {
            to_file(&path, Box::new(|out| out.write_all(text.as_bytes()).map_err(|e| Error::io("write", "x", e))))
                .unwrap();
            assert_eq!(fs::read_to_string(&path).unwrap(), text);
        }
        assert_eq!(names(folder.path()), ["report.html"]);
    }

    #[test]
    fn a_report_that_fails_leaves_nothing_and_takes_nothing_away() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("report.html");
        fs::write(&path, "the old one").unwrap();
        let fail = |out: &mut dyn Write| {
            out.write_all(&vec![7; 1 << 20]).map_err(|cause| Error::io("write", "x", cause))?;
            Err(Error::new(Code::LedgerDamaged, "no more"))
        };
        assert_eq!(to_file(&path, Box::new(fail)).unwrap_err().code(), Code::LedgerDamaged);
        assert_eq!(fs::read_to_string(&path).unwrap(), "the old one");
        assert_eq!(names(folder.path()), ["report.html"]);
        assert!(to_file(&folder.path().join("nowhere/x"), Box::new(|_| Ok(()))).is_err());
        assert_eq!(to_file(folder.path(), Box::new(|_| Ok(()))).unwrap_err().code(), Code::ConfigInvalid);
    }

    #[cfg(unix)]
    #[test]
    fn a_device_is_written_to_and_a_link_stays_a_link() {
        let folder = tempfile::tempdir().unwrap();
        to_file(Path::new("/dev/null"), Box::new(|_| Ok(()))).unwrap();
        assert!(!fs::metadata("/dev/null").unwrap().is_file());
        let (real, link) = (folder.path().join("real"), folder.path().join("link"));
        fs::write(&real, "").unwrap();
        std::os::unix::fs::symlink(&real, &link).unwrap();
        to_file(&link, Box::new(|out| out.write_all(b"new").map_err(|e| Error::io("write", "x", e)))).unwrap();
        assert_eq!(fs::read_to_string(&real).unwrap(), "new");
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
    }
}
