//! The places of the installation where files lie.

use crate::{Code, Error, Result};
use std::path::{Path, PathBuf};

/// The first part of the paths of parts of tables in the manifest. No root of files has this label.
pub const DATABASE: &str = "database";

/// What a root holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Role {
    /// `ArchivePath`, `ArchivePath1`…: documents by owner and half-year.
    Archive,
    /// `TemplatePath`: templates and their language folders.
    Templates,
    /// A folder of Service attachments.
    Attachments,
}

/// One root.
#[derive(Debug, Clone)]
pub struct Root {
    /// Its number in the ledger.
    pub id: i64,
    /// The first part of every path in the manifest: the folder's own name, made unique.
    pub label: String,
    /// Where it is.
    pub path: PathBuf,
    /// What it holds.
    pub role: Role,
}

/// All roots, in the order in which they are searched.
#[derive(Debug, Clone)]
pub struct Roots(Vec<Root>);

impl Roots {
    /// Names the roots. Every one must be there: an unplugged disk must not turn a whole archive into missing
    /// documents.
    pub fn new(places: Vec<(Role, PathBuf)>) -> Result<Self> {
        let mut roots: Vec<Root> = Vec::new();
        for (role, path) in places {
            check(&path)?;
            let name = path.file_name().map_or_else(|| "root".into(), |name| name.to_string_lossy().into_owned());
            let mut label = name.clone();
            let mut number = 2;
            while label == DATABASE || roots.iter().any(|root| root.label == label) {
                label = format!("{name}~{number}");
                number += 1;
            }
            roots.push(Root { id: 0, label, path, role });
        }
        Ok(Self(roots))
    }

    /// Gives the roots the numbers that the ledger has for them.
    pub fn number(&mut self, ids: &[i64]) {
        for (root, id) in self.0.iter_mut().zip(ids) {
            root.id = *id;
        }
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = &Root> {
        self.0.iter()
    }

    /// Those that hold this.
    pub fn of(&self, role: Role) -> impl Iterator<Item = &Root> {
        self.0.iter().filter(move |root| root.role == role)
    }

    /// The root with this number.
    #[must_use]
    pub fn get(&self, id: i64) -> Option<&Root> {
        self.0.iter().find(|root| root.id == id)
    }

    /// Fails if any of them cannot be listed now.
    pub fn check(&self) -> Result<()> {
        self.0.iter().try_for_each(|root| check(&root.path))
    }
}

fn check(path: &Path) -> Result<()> {
    std::fs::read_dir(path).map(drop).map_err(|cause| {
        Error::new(Code::ArchiveUnreachable, format!("the archive root `{}` cannot be listed", path.display()))
            .hint("connect the disk or share, or correct the path in the installation's configuration; nothing was counted as missing")
            .because(cause)
    })
}
