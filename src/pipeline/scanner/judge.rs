//! What a row means: whether it can move at all, and where its file may be.

use crate::archive::{HalfYear, Place, Role, Roots, fold, is_safe_name};
use crate::item::LANGUAGES;
use crate::onsite::{AttachmentRow, DocumentRow, Logins, TemplateRow};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

/// What decides, beside the row itself, where its file may be.
pub(crate) struct Rules {
    /// Where files lie.
    pub(crate) roots: Arc<Roots>,
    /// Who is called what, and was.
    pub(crate) logins: Logins,
    /// Which root (by its position) holds which attachment location.
    pub(crate) locations: BTreeMap<i64, usize>,
    /// The pattern of attachment file names.
    pub(crate) attachment_name: String,
}

/// A row of the installation.
pub(crate) enum Row {
    Document(DocumentRow),
    Template(TemplateRow),
    /// The translation of a template, by position in [`LANGUAGES`], and the folder's real name.
    Translation(TemplateRow, String),
    Attachment(AttachmentRow),
}

/// What is to be done about a row.
pub(crate) enum Judgement {
    /// It cannot move, for this reason.
    Unmigratable(&'static str),
    /// Look for a file of this name in these places.
    Look(String, Vec<Place>),
}

impl Row {
    /// A fingerprint of everything in the row that decides where its file is.
    pub(crate) fn print(&self) -> i64 {
        let mut hasher = blake3::Hasher::new();
        match self {
            Self::Document(row) => {
                hasher.update(row.name.as_bytes());
                let half = HalfYear::of(row.registered).to_string();
                hasher.update(half.as_bytes());
                for number in [row.provider, row.registrant, row.owner, i64::from(row.has_appointment)] {
                    hasher.update(&number.to_le_bytes());
                }
            }
            Self::Template(row) | Self::Translation(row, _) => {
                hasher.update(row.filename.as_bytes());
            }
            Self::Attachment(row) => {
                hasher.update(&row.location.to_le_bytes());
            }
        }
        let mut first = [0; 8];
        first.copy_from_slice(&hasher.finalize().as_bytes()[..8]);
        i64::from_le_bytes(first)
    }

    /// Applies the rules of `domain.md` 1.6 and 5.
    pub(crate) fn judge(&self, rules: &Rules) -> Judgement {
        match self {
            Self::Document(row) => judge_document(row, rules),
            Self::Template(row) => judge_template(row, ""),
            Self::Translation(row, folder) => judge_template(row, folder),
            Self::Attachment(row) => judge_attachment(row, rules),
        }
    }
}

fn judge_document(row: &DocumentRow, rules: &Rules) -> Judgement {
    if row.name.trim().is_empty() {
        return Judgement::Unmigratable("the name is blank");
    }
    if !row.has_appointment {
        return Judgement::Unmigratable("its appointment does not exist");
    }
    let Some(owner) = rules.logins.current(row.owner) else {
        return Judgement::Unmigratable("its appointment belongs to no known associate");
    };
    if row.provider != 0 {
        return Judgement::Unmigratable("another archive provider keeps it");
    }
    if !is_safe_name(&row.name) {
        return Judgement::Unmigratable("its name leads out of the archive");
    }
    let half = HalfYear::of(row.registered);
    let halves = [half, half.neighbours()[0], half.neighbours()[1]];
    let registrant = rules.logins.current(row.registrant).into_iter();
    let former = rules.logins.former(row.owner).chain(rules.logins.former(row.registrant));
    let mut owners: Vec<&str> = Vec::new();
    for name in std::iter::once(owner).chain(registrant).chain(former) {
        // An owner's name becomes a folder: it may not lead anywhere else either.
        if !name.is_empty() && is_safe_name(name) && !name.contains(['/', '\\']) && !owners.contains(&name) {
            owners.push(name);
        }
    }
    let places = owners.iter().flat_map(|owner| halves.map(|half| Place::of_owner(owner, half))).collect();
    Judgement::Look(row.name.clone(), places)
}

fn judge_template(row: &TemplateRow, folder: &str) -> Judgement {
    if !is_safe_name(&row.filename) {
        return Judgement::Unmigratable("its name leads out of the template folder");
    }
    // Unlike documents, templates may be named with a folder.
    let slashed = row.filename.replace('\\', "/");
    let (inner, name) = slashed.rsplit_once('/').unwrap_or(("", &slashed));
    let folder = [folder, inner].iter().filter(|part| !part.is_empty()).copied().collect::<Vec<_>>().join("/");
    Judgement::Look(name.to_owned(), vec![Place { role: Role::Templates, root: None, folder }])
}

fn judge_attachment(row: &AttachmentRow, rules: &Rules) -> Judgement {
    let name = rules.attachment_name.replace("{id}", &row.id.to_string());
    // The location's own root first; a location that is not known leaves all of them.
    let root = rules.locations.get(&row.location).and_then(|index| rules.roots.iter().nth(*index)).map(|root| root.id);
    let folders =
        [format!("folder{}", row.id / 10_000), format!("folder{}", row.id.saturating_sub(1) / 10_000), String::new()];
    let own = root.is_some().then_some(root).into_iter();
    let places = own
        .chain([None])
        .flat_map(|root| folders.clone().map(|folder| Place { role: Role::Attachments, root, folder }))
        .collect();
    Judgement::Look(name, places)
}

/// The language folders that the template root has: position in [`LANGUAGES`] and the folder's real name.
pub(super) fn languages(roots: &Roots) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    for root in roots.of(Role::Templates) {
        let entries = std::fs::read_dir(&root.path).into_iter().flatten().flatten();
        for entry in entries.filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir())) {
            let Ok(name) = entry.file_name().into_string() else { continue };
            if let Some(position) = LANGUAGES.iter().position(|language| language.eq_ignore_ascii_case(&name)) {
                found.push((position, name));
            }
        }
    }
    found.sort();
    found.dedup_by_key(|(position, _)| *position);
    found
}

/// Whether a template has a translation in this language folder.
pub(super) fn is_translated(roots: &Roots, row: &TemplateRow, folder: &str) -> bool {
    let slashed = row.filename.replace('\\', "/");
    is_safe_name(&row.filename)
        && roots.of(Role::Templates).any(|root| {
            let path = root.path.join(folder).join(&slashed);
            path.is_file() || has_folded(path.parent(), path.file_name().and_then(|name| name.to_str()))
        })
}

fn has_folded(folder: Option<&Path>, name: Option<&str>) -> bool {
    let (Some(folder), Some(name)) = (folder, name) else { return false };
    let wanted = fold(name);
    std::fs::read_dir(folder)
        .into_iter()
        .flatten()
        .flatten()
        .any(|entry| entry.file_name().to_str().is_some_and(|name| fold(name) == wanted))
}
