//! Where a ledger may lie, and that only one process works with it.

use crate::{Code, Error, Result};
use std::fs::{File, OpenOptions, TryLockError};
use std::path::{Path, PathBuf};

/// Holds the ledger for this process; the operating system releases it when the process ends, however it ends.
pub(super) struct Hold(#[expect(dead_code, reason = "the lock lives as long as the file is open")] File);

impl Hold {
    /// Takes the ledger at `path`.
    pub(super) fn take(path: &Path) -> Result<Self> {
        let mut name = path.as_os_str().to_owned();
        name.push(".lock");
        let name = PathBuf::from(name);
        let file = OpenOptions::new().create(true).truncate(false).write(true).open(&name).map_err(|cause| {
            Error::io("create", &name, cause).hint("the ledger's folder must exist and be writable")
        })?;
        match file.try_lock() {
            Ok(()) => Ok(Self(file)),
            Err(TryLockError::WouldBlock) => {
                Err(Error::new(Code::LedgerBusy, format!("another omt works with the ledger `{}`", path.display()))
                    .hint("wait for it to end, or stop it; `omt status` works beside it"))
            }
            Err(TryLockError::Error(cause)) => Err(Error::io("lock", &name, cause)),
        }
    }
}

/// Refuses network shares: the shared memory beside a WAL database does not work across machines.
pub(crate) fn refuse_network_share(path: &Path) -> Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or_else(|| Path::new("."));
    let absolute = std::fs::canonicalize(folder).map_err(|cause| {
        Error::io("find the ledger's folder", folder, cause).hint("create it, or change `migration.ledger`")
    })?;
    if is_network(&absolute) {
        return Err(Error::new(
            Code::LedgerUnusable,
            format!("the ledger `{}` would lie on a network share", path.display()),
        )
        .hint("set `migration.ledger` to a file on a local disk"));
    }
    Ok(())
}

#[cfg(windows)]
fn is_network(folder: &Path) -> bool {
    use std::path::{Component, Prefix};
    matches!(
        folder.components().next(),
        Some(Component::Prefix(prefix)) if matches!(prefix.kind(), Prefix::UNC(..) | Prefix::VerbatimUNC(..))
    )
}

#[cfg(not(windows))]
fn is_network(folder: &Path) -> bool {
    // Elsewhere than on Linux there is no such list, and SQLite itself is left to complain.
    std::fs::read_to_string("/proc/self/mounts").is_ok_and(|mounts| mount_is_network(&mounts, folder))
}

/// Whether the mount that holds `folder` is of a network file system, by the text of `/proc/self/mounts`.
#[cfg(not(windows))]
fn mount_is_network(mounts: &str, folder: &Path) -> bool {
    const NETWORK: [&str; 8] = ["nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "fuse.sshfs", "ncpfs"];
    mounts
        .lines()
        .filter_map(|line| {
            let mut words = line.split(' ').skip(1);
            Some((words.next()?.replace("\\040", " "), words.next()?))
        })
        .filter(|(point, _)| folder.starts_with(point))
        .max_by_key(|(point, _)| point.len())
        .is_some_and(|(_, kind)| NETWORK.contains(&kind))
}

#[cfg(all(test, not(windows)))]
mod tests {
    use super::*;

    #[test]
    fn the_innermost_mount_decides() {
        let mounts = "/dev/sda / ext4 rw 0 0\nsrv:/x /srv nfs4 rw 0 0\n/dev/sdb /srv/local ext4 rw 0 0\nsrv:/y /a\\040b cifs rw 0 0\n";
        for (folder, network) in [("/home", false), ("/srv/a", true), ("/srv/local/b", false), ("/a b/c", true)] {
            assert_eq!(mount_is_network(mounts, Path::new(folder)), network, "{folder}");
        }
    }
}
