//! Finding the file of a row.
//!
//! The order is fixed and stated, because it decides which of several files is taken: for each place the rule
//! could mean, the exact path first, then the same place without regard to case, Unicode form and characters
//! that Windows refuses. Places: the owner's half-year in every root; the neighbouring half-years; the
//! registrant's folders; former log-ins of both. What is still not found is looked up in the index of all
//! unclaimed files, after the walk ([`super::walk`]).

use super::fold::clean;
use super::listing::Listings;
use super::stamp::stamp_of;
use super::{HalfYear, Role, Root, Roots};
use crate::ledger::{Found, Stamp};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A folder below a root, with `/` between the parts; empty for the root itself.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Place {
    /// What kind of root it is in.
    pub role: Role,
    /// Only in this root; otherwise in all of that role.
    pub root: Option<i64>,
    /// The folder.
    pub folder: String,
}

impl Place {
    /// The folder of an owner and a half-year, in every archive root.
    #[must_use]
    pub fn of_owner(owner: &str, half: HalfYear) -> Self {
        Self { role: Role::Archive, root: None, folder: format!("{owner}/{half}") }
    }
}

/// How a search ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Search {
    /// Here it is.
    Found {
        /// The root's number.
        root: i64,
        /// The folder in the root.
        folder: String,
        /// The file's name.
        name: String,
        /// The file as it is.
        stamp: Stamp,
    },
    /// Something is there, but it cannot be read as a file.
    Unreadable {
        /// Its path.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// Nothing of that name in any of the places.
    Nowhere,
}

impl Search {
    /// The place, as the ledger takes it.
    #[must_use]
    pub fn into_found(self) -> Option<Found> {
        match self {
            Self::Found { root, folder, name, stamp } => Some(Found { root, dir: folder, name, stamp }),
            _ => None,
        }
    }
}

/// Looks for files; each thread has its own, because listings are kept.
pub struct Finder {
    roots: Arc<Roots>,
    listings: Listings,
}

impl Finder {
    /// A finder over `roots`.
    #[must_use]
    pub fn new(roots: Arc<Roots>) -> Self {
        Self { roots, listings: Listings::default() }
    }

    /// Looks for `name` in `places`, in order.
    pub fn find(&mut self, name: &str, places: impl IntoIterator<Item = Place>) -> Search {
        let roots = Arc::clone(&self.roots);
        for place in places {
            let here: Vec<&Root> =
                roots.of(place.role).filter(|root| place.root.is_none_or(|id| id == root.id)).collect();
            for exact in [true, false] {
                for root in here.iter().copied() {
                    let search = if exact {
                        look(root, &place.folder, name)
                    } else {
                        self.look_folded(root, &place.folder, name)
                    };
                    if search != Search::Nowhere {
                        return search;
                    }
                }
            }
        }
        Search::Nowhere
    }

    /// The same place with every part compared by its folded form. Several entries may fold to one: all are
    /// followed, in order.
    fn look_folded(&mut self, root: &Root, folder: &str, name: &str) -> Search {
        let mut folders = vec![String::new()];
        for part in folder.split('/').filter(|part| !part.is_empty()) {
            let mut next = Vec::new();
            for folder in &folders {
                for real in self.listings.named(&root.path.join(folder), part) {
                    next.push(if folder.is_empty() { real } else { format!("{folder}/{real}") });
                }
            }
            folders = next;
        }
        for folder in folders {
            for real in self.listings.named(&root.path.join(&folder), name) {
                let search = look(root, &folder, &real);
                if search != Search::Nowhere {
                    return search;
                }
            }
        }
        Search::Nowhere
    }
}

/// Looks at exactly one path.
fn look(root: &Root, folder: &str, name: &str) -> Search {
    // A name with a separator in it cannot be one file here; without the illegal characters it may be.
    let cleaned;
    let name = if name.contains(['/', '\\']) {
        cleaned = clean(name);
        &cleaned
    } else {
        name
    };
    let path = root.path.join(folder).join(name);
    match stat(&path) {
        Ok(Some(stamp)) => Search::Found { root: root.id, folder: folder.to_owned(), name: name.to_owned(), stamp },
        Ok(None) => Search::Nowhere,
        Err(reason) => Search::Unreadable { path, reason },
    }
}

/// The stamp of the regular file at `path`, nothing when there is none, or why it is not readable as one.
pub(crate) fn stat(path: &Path) -> Result<Option<Stamp>, String> {
    match std::fs::symlink_metadata(path) {
        Ok(metadata) if metadata.is_file() => Ok(Some(stamp_of(&metadata))),
        Ok(metadata) if metadata.is_symlink() => Err("it is a symbolic link, and links are not followed".into()),
        Ok(metadata) if metadata.is_dir() => Err("a folder stands where the file should be".into()),
        Ok(_) => Err("it is neither a file nor a folder".into()),
        Err(error) => match error.kind() {
            ErrorKind::NotFound | ErrorKind::NotADirectory | ErrorKind::InvalidFilename | ErrorKind::InvalidInput => {
                Ok(None)
            }
            _ => Err(error.to_string()),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    fn finder(files: &[&str]) -> (tempfile::TempDir, Finder) {
        let folder = tempfile::tempdir().unwrap();
        for name in ["A", "B"] {
            fs::create_dir(folder.path().join(name)).unwrap();
        }
        for file in files {
            let path = folder.path().join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, file).unwrap();
        }
        let mut roots =
            Roots::new(vec![(Role::Archive, folder.path().join("A")), (Role::Archive, folder.path().join("B"))])
                .unwrap();
        roots.number(&[1, 2]);
        (folder, Finder::new(Arc::new(roots)))
    }

    fn place(folder: &str) -> Place {
        Place { role: Role::Archive, root: None, folder: folder.into() }
    }

    fn found(search: Search) -> (i64, String) {
        let found = search.into_found().expect("it is there");
        (found.root, format!("{}/{}", found.dir, found.name))
    }

    #[test]
    fn the_exact_path_wins_over_another_case_and_another_root() {
        let (_folder, mut finder) =
            finder(&["A/LM/2020.1/offer.doc", "A/LM/2020.1/Offer.doc", "B/LM/2020.1/Offer.doc"]);
        assert_eq!(found(finder.find("Offer.doc", [place("LM/2020.1")])), (1, "LM/2020.1/Offer.doc".into()));
    }

    #[test]
    fn case_form_and_illegal_characters_do_not_matter() {
        let (_folder, mut finder) = finder(&["B/lm/2020.1/Bre\u{301}v 12.DOC", "A/XY/2020.1/what now.txt"]);
        assert_eq!(found(finder.find("br\u{e9}v 1/2.doc.", [place("LM/2020.1")])).0, 2);
        assert_eq!(found(finder.find("what: now?.txt", [place("XY/2020.1")])).1, "XY/2020.1/what now.txt");
    }

    #[test]
    fn places_are_tried_in_order() {
        let (_folder, mut finder) = finder(&["A/LM/2019.2/x.doc", "A/LM/2020.2/x.doc"]);
        let places = ["LM/2020.1", "LM/2019.2", "LM/2020.2"].map(place);
        assert_eq!(found(finder.find("x.doc", places)).1, "LM/2019.2/x.doc");
    }

    #[test]
    fn a_folder_in_place_of_a_file_is_unreadable_and_a_long_name_is_nowhere() {
        let (folder, mut finder) = finder(&[]);
        fs::create_dir_all(folder.path().join("A/LM/2020.1/x.doc")).unwrap();
        assert!(matches!(finder.find("x.doc", [place("LM/2020.1")]), Search::Unreadable { .. }));
        assert_eq!(finder.find(&"x".repeat(400), [place("LM/2020.1")]), Search::Nowhere);
    }

    #[test]
    fn a_root_that_is_not_there_is_an_error_and_not_an_empty_archive() {
        let error = Roots::new(vec![(Role::Archive, PathBuf::from("/nowhere/at/all"))]).unwrap_err();
        assert_eq!(error.code(), crate::Code::ArchiveUnreachable);
    }
}
