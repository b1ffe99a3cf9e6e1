//! Walking the roots for files that no row has claimed.
//!
//! The rows come first: when the walk begins, the ledger knows which file belongs to which item, so that each
//! folder is compared with its rows and forgotten again. Memory is bounded by the largest folder. What the
//! vendor's programs leave in an archive beside documents (`domain.md` 5) is not an orphan.

use super::{Role, Root, Roots};
use ignore::{WalkBuilder, WalkState};
use std::collections::HashSet;
use std::path::{Path, PathBuf};

/// Folders directly below an archive root that are not users.
fn is_house_folder(name: &str) -> bool {
    let lower = name.to_ascii_lowercase();
    let satellite = lower.strip_prefix('s').is_some_and(|number| {
        matches!(number.len(), 1..=3) && number.parse::<u16>().is_ok_and(|number| (1..=114).contains(&number))
    });
    satellite
        || matches!(lower.as_str(), "template" | "templates" | "script" | "data" | "log" | "_cs" | "wishlist")
        || ["temp", "backup", "dbupgrade"].iter().any(|prefix| lower.starts_with(prefix))
        || lower.ends_with(" custom archives")
}

/// Whether this looks like the folder of a half-year.
fn is_half_year(name: &str) -> bool {
    matches!(name.as_bytes(), [a, b, c, d, b'.', b'1' | b'2'] if [a, b, c, d].iter().all(|digit| digit.is_ascii_digit()))
}

/// Whether a file that no row has claimed is one of the known inhabitants. `path` is relative to the root.
fn is_inhabitant(role: Role, path: &Path) -> bool {
    let parts: Vec<_> = path.iter().map(|part| part.to_string_lossy()).collect();
    let Some(name) = parts.last().map(|name| name.to_ascii_lowercase()) else { return true };
    let extension = |wanted: &str| Path::new(&name).extension().is_some_and(|extension| extension == wanted);
    if name.starts_with("~$") || extension("lock") || matches!(name.as_str(), "thumbs.db" | "desktop.ini") {
        return true;
    }
    match role {
        Role::Archive => match parts.as_slice() {
            // Signal.dat, Task_1.trt and the like
            [] | [_] => true,
            [top, ..] if is_house_folder(top) => true,
            // signatures and settings in a user's own folder
            [_, _] => extension("htm") || extension("html") || extension("sxf"),
            [_, half, inner, ..] => is_half_year(half) && inner.eq_ignore_ascii_case("locked") && parts.len() > 3,
        },
        Role::Templates => parts.first().is_some_and(|top| parts.len() > 1 && top.eq_ignore_ascii_case("travel")),
        Role::Attachments => false,
    }
}

/// A file that no row has claimed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Orphan {
    /// The root's number.
    pub root: i64,
    /// Path in the root with `/`; characters that are no Unicode are replaced.
    pub path: String,
    /// Size in bytes.
    pub size: u64,
    /// Last write, in nanoseconds since 1970.
    pub modified: i64,
}

/// What the walk found in its way.
#[derive(Debug)]
pub enum Seen {
    /// A file without a row.
    Orphan(Orphan),
    /// A folder that could not be listed.
    Unlisted(PathBuf, std::io::Error),
}

/// Walks all roots with `threads` threads. `claimed` gives the names in a folder (root, path in the root)
/// that belong to rows; `sink` takes what is found and answers whether to go on.
pub fn walk<C, S>(roots: &Roots, threads: usize, claimed: impl Fn() -> C + Sync, sink: S)
where
    C: FnMut(i64, &str) -> HashSet<String> + Send,
    S: Fn(Seen) -> bool + Sync,
{
    for root in roots.iter() {
        walk_root(root, roots, threads, &claimed, &sink);
    }
}

fn walk_root<C, S>(root: &Root, roots: &Roots, threads: usize, claimed: &(impl Fn() -> C + Sync), sink: &S)
where
    C: FnMut(i64, &str) -> HashSet<String> + Send,
    S: Fn(Seen) -> bool + Sync,
{
    // A root inside another one (the templates in the archive) is walked as itself.
    let inner: Vec<_> = roots
        .iter()
        .map(|other| other.path.clone())
        .filter(|path| *path != root.path && path.starts_with(&root.path))
        .collect();
    let mut builder = WalkBuilder::new(&root.path);
    builder.standard_filters(false).follow_links(false).threads(threads);
    let top = root.path.clone();
    let role = root.role;
    builder.filter_entry(move |entry| {
        let house = role == Role::Archive
            && entry.depth() == 1
            && entry.file_type().is_some_and(|kind| kind.is_dir())
            && is_house_folder(&entry.file_name().to_string_lossy());
        entry.path() == top || !(house || inner.iter().any(|path| path == entry.path()))
    });
    builder.build_parallel().run(|| {
        let mut claimed = claimed();
        // Entries of one folder come one after the other, mostly: the last folder's names are kept.
        let mut current: Option<(PathBuf, HashSet<String>)> = None;
        Box::new(move |entry| {
            let entry = match entry {
                Ok(entry) => entry,
                Err(error) => {
                    let path = error_path(&error).unwrap_or_else(|| root.path.clone());
                    let cause = error.into_io_error().unwrap_or_else(|| std::io::Error::other("a loop of links"));
                    return if sink(Seen::Unlisted(path, cause)) { WalkState::Continue } else { WalkState::Quit };
                }
            };
            if entry.file_type().is_none_or(|kind| kind.is_dir()) {
                return WalkState::Continue;
            }
            let path = entry.path();
            let (Some(folder), Ok(relative)) = (path.parent(), path.strip_prefix(&root.path)) else {
                return WalkState::Continue;
            };
            if current.as_ref().is_none_or(|(known, _)| known != folder) {
                let inside = slashed(folder.strip_prefix(&root.path).unwrap_or(Path::new("")));
                current = Some((folder.to_owned(), claimed(root.id, &inside)));
            }
            let has_row = entry
                .file_name()
                .to_str()
                .is_some_and(|name| current.as_ref().is_some_and(|(_, names)| names.contains(name)));
            if has_row || is_inhabitant(root.role, relative) {
                return WalkState::Continue;
            }
            let stamp = entry.metadata().ok().map(|metadata| super::stamp_of(&metadata));
            let orphan = Orphan {
                root: root.id,
                path: slashed(relative),
                size: stamp.map_or(0, |stamp| stamp.size),
                modified: stamp.map_or(0, |stamp| stamp.modified),
            };
            if sink(Seen::Orphan(orphan)) { WalkState::Continue } else { WalkState::Quit }
        })
    });
}

/// A relative path with `/` between its parts, as ledger and manifest have it.
pub(crate) fn slashed(path: &Path) -> String {
    path.iter().map(|part| part.to_string_lossy()).collect::<Vec<_>>().join("/")
}

fn error_path(error: &ignore::Error) -> Option<PathBuf> {
    match error {
        ignore::Error::WithPath { path, .. } => Some(path.clone()),
        ignore::Error::WithDepth { err, .. } | ignore::Error::WithLineNumber { err, .. } => error_path(err),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Mutex;

    #[test]
    fn only_what_nobody_knows_is_an_orphan() {
        let folder = tempfile::tempdir().unwrap();
        for file in [
            "A/Signal.dat",
            "A/DATA/so_log.txt",
            "A/backup2/x.doc",
            "A/S12/x.up",
            "A/LM/mail.htm",
            "A/LM/2020.1/claimed.doc",
            "A/LM/2020.1/~$claimed.doc",
            "A/LM/2020.1/claimed.doc.lock",
            "A/LM/2020.1/locked/claimed.doc",
            "A/LM/2020.1/orphan.doc",
            "A/LM/loose.doc",
            "A/Old/deep/down/moved.doc",
            "A/TEMPLATE/known.dotx",
            "A/TEMPLATE/NO/unknown.dotx",
            "A/TEMPLATE/TRAVEL/x.dotx",
        ] {
            let path = folder.path().join(file);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, "x").unwrap();
        }
        let mut roots = Roots::new(vec![
            (Role::Archive, folder.path().join("A")),
            (Role::Templates, folder.path().join("A/TEMPLATE")),
        ])
        .unwrap();
        roots.number(&[1, 2]);
        let found = Mutex::new(Vec::new());
        let claimed = |root: i64, folder: &str| -> HashSet<String> {
            match (root, folder) {
                (1, "LM/2020.1") => ["claimed.doc".to_owned()].into(),
                (2, "") => ["known.dotx".to_owned()].into(),
                _ => HashSet::new(),
            }
        };
        walk(
            &roots,
            2,
            || claimed,
            |seen| {
                if let Seen::Orphan(orphan) = seen {
                    found.lock().unwrap().push((orphan.root, orphan.path));
                }
                true
            },
        );
        let mut found = found.into_inner().unwrap();
        found.sort();
        let expected =
            [(1, "LM/2020.1/orphan.doc"), (1, "LM/loose.doc"), (1, "Old/deep/down/moved.doc"), (2, "NO/unknown.dotx")];
        assert_eq!(found, expected.map(|(root, path)| (root, path.to_owned())));
    }
}
