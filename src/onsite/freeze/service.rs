//! The `config` files of Customer Service: frozen and put back, each replaced in one step.
//!
//! A new file is written beside the old one, gets its rights, and takes its place: whoever reads sees one or the other. Of
//! the content only digests are kept, since it holds passwords. Putting back cuts off what was added, if the file is still
//! as this program left it; if somebody has edited it, only the word is taken out.

use super::word;
use crate::digest::Digest;
use crate::{Code, Error, Result};
use serde::{Deserialize, Serialize};
use std::fs::{self, File, Metadata};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// What is behind the name of a file while it is being written.
const NEW: &str = "omt-new";

/// The word in a file, and what takes it out again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServiceWord {
    /// The file, links followed.
    pub file: PathBuf,
    /// Its bytes before that.
    pub before: Digest,
    /// How many they were: what comes behind them was added.
    pub size: u64,
    /// Its bytes with the word.
    pub after: Digest,
    /// When it was written last before that, in nanoseconds since 1970: it becomes that again.
    pub modified: i64,
}

impl ServiceWord {
    /// What freezing a file would change; `None` if it is frozen already.
    pub fn plan(file: &Path) -> Result<Option<Self>> {
        let file = file.canonicalize().map_err(|cause| refused("find", file, cause))?;
        let before = fs::read(&file).map_err(|cause| refused("read", &file, cause))?;
        if word::is_frozen(&before) {
            return Ok(None);
        }
        let metadata = file.metadata().map_err(|cause| refused("look at", &file, cause))?;
        Ok(Some(Self {
            before: Digest::of(&before),
            size: before.len() as u64,
            after: Digest::of(&frozen(&before)),
            modified: crate::archive::stamp_of(&metadata).modified,
            file,
        }))
    }

    /// Writes the word. The file must still be as it was when this was planned.
    pub fn make(&self) -> Result<()> {
        let before = fs::read(&self.file).map_err(|cause| refused("read", &self.file, cause))?;
        if Digest::of(&before) != self.before {
            let what = format!("`{}` was changed while it was about to be frozen", self.file.display());
            return Err(
                Error::new(Code::FreezeRefused, what).hint("let nobody edit it, and run the same command again")
            );
        }
        replace(&self.file, &frozen(&before), None).map_err(|cause| refused("write", &self.file, cause))
    }

    /// Takes the word out; says in a few words what was found.
    pub fn take_back(&self) -> Result<String> {
        let stuck = |doing: &str, cause: std::io::Error| {
            Error::new(Code::FreezeStuck, format!("cannot {doing} `{}`", self.file.display()))
                .hint("give this account the right to write there and run `omt unfreeze` again, or delete the line `frozen` by hand")
                .because(cause)
        };
        // Of a kill in the middle.
        match fs::remove_file(beside(&self.file)) {
            Err(cause) if cause.kind() != std::io::ErrorKind::NotFound => {
                return Err(stuck("remove what was left beside", cause));
            }
            _ => {}
        }
        let now = match fs::read(&self.file) {
            Err(cause) if cause.kind() == std::io::ErrorKind::NotFound => {
                return Ok("the file is not there any more".into());
            }
            read => read.map_err(|cause| stuck("read", cause))?,
        };
        let digest = Digest::of(&now);
        if digest == self.before {
            return Ok("it was not frozen".into());
        }
        let whole = usize::try_from(self.size).ok().and_then(|size| now.get(..size));
        if let Some(before) = whole.filter(|before| digest == self.after && Digest::of(before) == self.before) {
            replace(&self.file, before, Some(self.modified)).map_err(|cause| stuck("write", cause))?;
            return Ok("byte for byte as it was".into());
        }
        let Some(without) = word::taken_out(&now) else {
            return Ok("somebody has edited it and taken the word out".into());
        };
        replace(&self.file, &without, None).map_err(|cause| stuck("write", cause))?;
        Ok("somebody has edited it meanwhile: only the word was taken out, the rest stays".into())
    }
}

fn frozen(before: &[u8]) -> Vec<u8> {
    [before, &word::to_add(before)].concat()
}

fn refused(doing: &str, file: &Path, cause: std::io::Error) -> Error {
    Error::new(Code::FreezeRefused, format!("Customer Service cannot be frozen: cannot {doing} `{}`", file.display()))
        .hint("give this account the right to write the file and its folder; or write the line `frozen` by hand and set `freeze.service = false`")
        .because(cause)
}

fn beside(file: &Path) -> PathBuf {
    let mut name = file.file_name().unwrap_or_default().to_os_string();
    name.push(".");
    name.push(NEW);
    file.with_file_name(name)
}

/// Puts bytes in the place of a file, with its rights and, if given, this time of the last write.
fn replace(file: &Path, bytes: &[u8], modified: Option<i64>) -> std::io::Result<()> {
    let new = beside(file);
    let written = write_like(file, &new, bytes, modified).and_then(|()| fs::rename(&new, file));
    if written.is_err() {
        // It may not be there at all.
        let _ = fs::remove_file(&new);
        return written;
    }
    // On Windows a folder cannot be opened like this, and the rename is in the log of the file system.
    #[cfg(unix)]
    if let Some(folder) = file.parent() {
        File::open(folder)?.sync_all()?;
    }
    Ok(())
}

fn write_like(file: &Path, new: &Path, bytes: &[u8], modified: Option<i64>) -> std::io::Result<()> {
    let like = fs::metadata(file)?;
    // A file that may not be written is not to be replaced either, although the folder would allow it.
    fs::OpenOptions::new().write(true).open(file)?;
    let mut out = File::create(new)?;
    out.write_all(bytes)?;
    own_like(new, &like)?;
    fs::set_permissions(new, like.permissions())?;
    if let Some(time) = modified.and_then(moment) {
        out.set_modified(time)?;
    }
    out.sync_all()
}

fn moment(nanoseconds: i64) -> Option<SystemTime> {
    let span = Duration::from_nanos(nanoseconds.unsigned_abs());
    if nanoseconds < 0 { UNIX_EPOCH.checked_sub(span) } else { UNIX_EPOCH.checked_add(span) }
}

#[cfg(unix)]
fn own_like(new: &Path, like: &Metadata) -> std::io::Result<()> {
    use std::os::unix::fs::MetadataExt;
    let made = fs::metadata(new)?;
    if (made.uid(), made.gid()) == (like.uid(), like.gid()) {
        return Ok(());
    }
    std::os::unix::fs::chown(new, Some(like.uid()), Some(like.gid()))
}

/// A new file inherits the rights of its folder, as the vendor's set-up leaves them.
#[cfg(not(unix))]
#[allow(clippy::unnecessary_wraps, reason = "its twin fails")]
fn own_like(_: &Path, _: &Metadata) -> std::io::Result<()> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(bytes: &[u8]) -> (tempfile::TempDir, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("config");
        fs::write(&path, bytes).unwrap();
        (folder, path)
    }

    const TEXT: &[u8] = b"dbHost = \xe5\r\nnsUser = y";

    #[test]
    fn a_file_comes_back_byte_for_byte_with_its_time_and_rights() {
        let (_folder, path) = file(TEXT);
        let before = path.metadata().unwrap();
        let change = ServiceWord::plan(&path).unwrap().unwrap();
        change.make().unwrap();
        assert_eq!(fs::read(&path).unwrap(), [TEXT, b"\r\nfrozen\r\n"].concat());
        assert_eq!(ServiceWord::plan(&path).unwrap(), None, "it is frozen now");
        assert_eq!(change.take_back().unwrap(), "byte for byte as it was");
        assert_eq!(fs::read(&path).unwrap(), TEXT);
        let after = path.metadata().unwrap();
        assert_eq!(after.permissions(), before.permissions());
        assert_eq!(after.modified().unwrap(), before.modified().unwrap());
        assert_eq!(change.take_back().unwrap(), "it was not frozen");
    }

    #[test]
    fn what_somebody_has_written_meanwhile_stays() {
        let (_folder, path) = file(b"a = 1\n");
        let change = ServiceWord::plan(&path).unwrap().unwrap();
        change.make().unwrap();
        fs::write(&path, "b = 2\nfrozen\nc = 3\n").unwrap();
        assert!(change.take_back().unwrap().contains("only the word"));
        assert_eq!(fs::read(&path).unwrap(), b"b = 2\nc = 3\n");
        assert!(change.take_back().unwrap().contains("taken the word out"));
        fs::remove_file(&path).unwrap();
        assert!(change.take_back().unwrap().contains("not there"));
    }

    #[test]
    fn a_kill_before_the_change_and_one_in_the_middle_do_no_harm() {
        let (_folder, path) = file(TEXT);
        let change = ServiceWord::plan(&path).unwrap().unwrap();
        fs::write(beside(&path), "half").unwrap();
        assert_eq!(change.take_back().unwrap(), "it was not frozen");
        assert!(!beside(&path).exists());
        fs::write(&path, "other").unwrap();
        assert_eq!(change.make().unwrap_err().code(), Code::FreezeRefused);
        assert_eq!(fs::read(&path).unwrap(), b"other");
    }

    #[test]
    fn a_file_that_cannot_be_written_is_refused_and_one_that_cannot_be_put_back_stays_known() {
        let (_folder, path) = file(TEXT);
        let change = ServiceWord::plan(&path).unwrap().unwrap();
        fs::create_dir(beside(&path)).unwrap();
        let error = change.make().unwrap_err();
        assert!(error.code() == Code::FreezeRefused && error.hint_text().is_some());
        assert_eq!(fs::read(&path).unwrap(), TEXT);
        assert_eq!(change.take_back().unwrap_err().code(), Code::FreezeStuck);
    }

    #[cfg(unix)]
    #[test]
    fn rights_are_kept_and_links_are_followed() {
        use std::os::unix::fs::PermissionsExt;
        let (folder, path) = file(TEXT);
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        let link = folder.path().join("link");
        std::os::unix::fs::symlink(&path, &link).unwrap();
        let change = ServiceWord::plan(&link).unwrap().unwrap();
        change.make().unwrap();
        assert!(link.is_symlink() && word::is_frozen(&fs::read(&path).unwrap()));
        assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o640);
        change.take_back().unwrap();
        assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o640);
    }
}
