//! Folder listings by folded name, a bounded number of them kept.

use super::fold::fold;
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::rc::Rc;

/// How many names are kept in all listings together: a few megabytes.
const NAMES: usize = 50_000;

/// The entries of one folder: real names by folded name.
type Folded = HashMap<String, Vec<String>>;

/// The listings that were read lately. A folder that cannot be read has no entries here; whoever needs to
/// know why asks for the file itself.
#[derive(Default)]
pub(super) struct Listings {
    kept: HashMap<PathBuf, Rc<Folded>>,
    names: usize,
}

impl Listings {
    /// The entries of `folder` whose folded name is that of `name`, sorted.
    pub(super) fn named(&mut self, folder: &Path, name: &str) -> Vec<String> {
        self.of(folder).get(&fold(name)).cloned().unwrap_or_default()
    }

    fn of(&mut self, folder: &Path) -> Rc<Folded> {
        if let Some(listing) = self.kept.get(folder) {
            return Rc::clone(listing);
        }
        let mut listing = Folded::new();
        // Names that are no Unicode cannot be what a row means.
        let names = std::fs::read_dir(folder).into_iter().flatten().flatten();
        for name in names.filter_map(|entry| entry.file_name().into_string().ok()) {
            listing.entry(fold(&name)).or_default().push(name);
            self.names += 1;
        }
        for names in listing.values_mut() {
            names.sort();
        }
        if self.names > NAMES {
            self.kept.clear();
            self.names = listing.len();
        }
        let listing = Rc::new(listing);
        self.kept.insert(folder.to_owned(), Rc::clone(&listing));
        listing
    }
}
