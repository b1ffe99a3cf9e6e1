//! A document of the sample: its rows, its content and its place on disk.
//!
//! [`Site::document`] invents any document from its id alone. A fault then changes the rows or the place of the
//! finished document; whoever writes it needs not know why.

use rand::Rng;

use super::Site;
use super::calendar::half;
use super::content::{Content, Kind};
use super::random::{pick, stream};
use super::words::{CARELESS, PLACE, REPLY, TITLE};

/// The archive root for new documents.
pub(super) const MAIN_ROOT: &str = "SO_ARC";
/// The root that older documents were moved to.
pub(super) const OLD_ROOT: &str = "SO_ARC2";
/// Where the files are kept that a fault took away.
pub(super) const LOST: &str = "lost";
/// Diary entries that come before the documents' own, so that the two kinds of id differ.
pub(super) const DIARY: u64 = 100;

/// Where the bytes of a document are. Paths are relative to the sample's folder, with forward slashes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Place {
    /// Where the vendor's path rule says.
    Rule,
    /// Somewhere else.
    At(String),
    /// A folder stands where the file should be.
    Folder(String),
    /// Put aside, so that it can be put back.
    Lost,
    /// There never was a file.
    Nowhere,
    /// It is the file of the document before.
    Shared,
    /// Two files of that name, of which nobody can say which is right.
    Candidates([String; 2]),
}

/// A document about to be written.
#[derive(Debug, Clone)]
pub(super) struct Document {
    /// `document_id`.
    pub id: u64,
    /// `appointment_id` as the document names it.
    pub appointment: u64,
    /// `associate_id` as the appointment names it.
    pub associate: i64,
    /// Place in the roster of the one whose folder it belongs to.
    pub owner: usize,
    /// Place in the roster of the one who registered it.
    pub registrant: usize,
    /// When, in seconds since 1970.
    pub registered: i64,
    /// When it was changed last.
    pub updated: i64,
    /// File name.
    pub name: String,
    /// What people see.
    pub header: String,
    /// `archiveProvider`; 0 is the archive.
    pub provider: i64,
    /// `DocTmpl_id`.
    pub template: i64,
    /// Its bytes.
    pub content: Content,
    /// The archive root it lies in.
    pub root: &'static str,
    /// Where exactly.
    pub place: Place,
    /// What somebody in a hurry calls it; see [`Document::rename_carelessly`].
    careless: Option<&'static str>,
}

impl Document {
    /// The folder that the vendor's path rule names.
    pub(super) fn folder(&self, site: &Site) -> String {
        format!("{}/{}/{}", self.root, site.roster.users[self.owner].login, half(self.registered))
    }

    /// The file that the vendor's path rule names.
    pub(super) fn path(&self, site: &Site) -> String {
        format!("{}/{}", self.folder(site), self.name)
    }

    /// Gives the document a name that many others have too, if it is one of the few that get such a name. The caller
    /// must see to it that this happens once per folder.
    pub(super) fn rename_carelessly(&mut self, may: impl FnOnce() -> bool) {
        if let Some(word) = self.careless.filter(|_| may()) {
            self.name = format!("{word}{}", self.split_name().1);
            word.clone_into(&mut self.header);
        }
    }

    /// The name up to its last dot, and the rest with the dot.
    pub(super) fn split_name(&self) -> (&str, &str) {
        self.name.split_at(self.name.rfind('.').unwrap_or(self.name.len()))
    }
}

impl Site {
    /// The document of this id, without any fault.
    pub(super) fn document(&self, id: u64) -> Document {
        let mut chance = stream(self.seed, "document", id);
        let registered = self.calendar.registered(id);
        let owner = self.roster.owner(&mut chance, registered);
        let registrant = if chance.random_bool(0.1) { self.roster.owner(&mut chance, registered) } else { owner };
        // Most documents are finished on the day they are made.
        let later = if chance.random_bool(0.3) { chance.random_range(60..30 * 86_400) } else { 0 };
        let content = self.source.of_document(id);
        let (title, place) = (*pick(&mut chance, TITLE), *pick(&mut chance, PLACE));
        let header = match content {
            Content::Made(recipe) if recipe.kind == Kind::Eml => {
                format!("{}: {title} {place}", pick(&mut chance, REPLY))
            }
            _ => format!("{title} {place}"),
        };
        let mark = if chance.random_bool(0.02) { "[1]" } else { "" };
        let mut name = format!("{} {id:06}{mark}", header.replace(": ", " "));
        let extension = self.source.extension(content);
        if !extension.is_empty() {
            name.push('.');
            name.push_str(extension);
        }
        Document {
            id,
            appointment: DIARY + id,
            associate: self.roster.users[owner].id,
            owner,
            registrant,
            registered,
            updated: registered + later,
            name,
            header,
            provider: 0,
            template: chance.random_range(1..=self.templates as i64),
            content,
            root: if self.is_old(id) { OLD_ROOT } else { MAIN_ROOT },
            place: Place::Rule,
            careless: chance.random_bool(0.03).then(|| *pick(&mut chance, CARELESS)),
        }
    }

    /// Whether a document is among the oldest ones, which lie in the second root.
    pub(super) fn is_old(&self, id: u64) -> bool {
        id <= self.documents * 15 / 100
    }
}
