//! Troubles of documents, templates, attachments and their files.
//!
//! A trouble of a document is a function that changes the finished document: its rows, or the place of its file. The
//! names of the documents in question hold their id and so occur once in the archive, so that a search finds one file
//! or none.

use unicode_normalization::UnicodeNormalization;

use super::{Fault, Group};
use crate::sample::Site;
use crate::sample::calendar::{half, other_half};
use crate::sample::content::Content;
use crate::sample::document::{Document, MAIN_ROOT, OLD_ROOT, Place};
use crate::sample::random::stream;
use crate::sample::roster::LONELY;

/// Which documents a trouble can happen to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::sample) enum Where {
    /// Any.
    Any,
    /// One in the second root.
    Old,
    /// One registered within three days of 1 August.
    Boundary,
    /// Two that follow each other in the same root and half-year.
    Pair,
}

/// A trouble of a document.
pub(in crate::sample) struct DocumentFault {
    /// Name and meaning.
    pub fault: Fault,
    /// What it can happen to.
    pub needs: Where,
    /// Changes the document. The number counts the instances of the fault, from 0.
    pub plant: fn(&Site, &mut Document, u64),
}

/// A line of the table.
const fn document(
    name: &'static str,
    expect: &'static str,
    about: &'static str,
    plant: fn(&Site, &mut Document, u64),
) -> DocumentFault {
    DocumentFault { fault: Fault::new(Group::Archive, name, expect, about), needs: Where::Any, plant }
}

impl DocumentFault {
    const fn needs(mut self, needs: Where) -> Self {
        self.needs = needs;
        self
    }

    const fn at_least(mut self, least: u64) -> Self {
        self.fault = self.fault.at_least(least);
        self
    }
}

/// The troubles of documents. Those with the narrowest needs are planted first, whatever their order here.
pub(in crate::sample) const DOCUMENTS: &[DocumentFault] = &[
    document("missing-file", "missing", "the file is gone", |_, document, _| document.place = Place::Lost).at_least(2),
    document("blank-name", "unmigratable", "the row has no file name", |_, document, _| {
        document.name = String::new();
        document.place = Place::Nowhere;
    }),
    document(
        "lost-appointment",
        "unmigratable",
        "the document names an appointment that does not exist",
        lost_appointment,
    ),
    document(
        "unknown-associate",
        "unmigratable",
        "the appointment names an associate that does not exist",
        |_, document, nth| {
            document.associate = 900_001 + nth as i64;
            document.place = Place::Nowhere;
        },
    ),
    document("other-provider", "unmigratable", "another archive provider keeps the document", |_, document, _| {
        document.provider = 1001;
        document.place = Place::Nowhere;
    }),
    document("unsafe-name", "unmigratable", "the file name leads out of the archive", unsafe_name).at_least(3),
    document("unreadable", "unreadable", "a folder stands where the file should be", |site, document, _| {
        document.place = Place::Folder(document.path(site));
    }),
    document("long-name", "missing", "a file name of 400 characters, which no file system takes", long_name),
    document("ambiguous", "missing", "not in its place, and two files of its name elsewhere", ambiguous),
    document("name-case", "verified", "the file's name differs in case", |site, document, _| {
        document.place = Place::At(format!("{}/{}", document.folder(site), document.name.to_uppercase()));
    }),
    document("folder-case", "verified", "the owner's folder differs in case", folder_case),
    document(
        "neighbour-half",
        "verified",
        "registered close to 1 August, filed in the other half-year",
        neighbour_half,
    )
    .needs(Where::Boundary)
    .at_least(2),
    document("other-owner", "verified", "filed under the one who registered it, not under its owner", other_owner),
    document("renamed-owner", "verified", "filed under a log-in that its owner once had", renamed_owner)
        .needs(Where::Old),
    document("other-root", "verified", "filed in the other archive root", |site, document, _| {
        let (here, path) = (document.root, document.path(site));
        let there = if here == MAIN_ROOT { OLD_ROOT } else { MAIN_ROOT };
        document.place = Place::At(path.replacen(here, there, 1));
    }),
    document("moved", "verified", "moved to a folder that no rule names", |_, document, _| {
        document.place = Place::At(format!("{MAIN_ROOT}/Old/whatever/{}", document.name));
    }),
    document("unicode-form", "verified", "letters with marks are one character in the row, two on disk", unicode_form),
    document("trailing-dot", "verified", "the row's file name ends in a dot, which Windows drops", trailing_dot),
    document("illegal-character", "verified", "the row's file name has characters that Windows does not take", illegal),
    document("empty-file", "verified", "a file without a single byte", |_, document, _| {
        document.content = Content::Empty;
    }),
    document("same-file-twice", "verified", "two rows share one file", same_file_twice).needs(Where::Pair),
];

/// A template whose file is gone, in the main folder and in those of the languages.
pub(in crate::sample) const MISSING_TEMPLATE: Fault =
    Fault::new(Group::Archive, "missing-template", "missing", "a template's file is gone");
/// An attachment whose file is gone.
pub(in crate::sample) const MISSING_ATTACHMENT: Fault =
    Fault::new(Group::Archive, "missing-attachment", "missing", "an attachment's file is gone");
/// An attachment that was never moved to its sub-folder.
pub(in crate::sample) const ATTACHMENT_FLAT: Fault =
    Fault::new(Group::Archive, "attachment-flat", "verified", "an attachment lies outside the numbered folders");
/// An attachment on the edge between two sub-folders.
pub(in crate::sample) const ATTACHMENT_NEIGHBOUR: Fault =
    Fault::new(Group::Archive, "attachment-neighbour", "verified", "the last attachment of a numbered folder");
/// A file that no row names.
pub(in crate::sample) const ORPHAN: Fault = Fault::new(Group::Archive, "orphan", "orphan", "a file without a row");
/// The two files of an ambiguous document. Not asked for on its own.
pub(in crate::sample) const CANDIDATE: Fault =
    Fault::new(Group::Archive, "ambiguous-candidate", "orphan", "one of the files that an ambiguous document may be");

static OTHERS: [Fault; 5] = [MISSING_TEMPLATE, MISSING_ATTACHMENT, ATTACHMENT_FLAT, ATTACHMENT_NEIGHBOUR, ORPHAN];

/// The faults of this group.
pub(super) fn faults() -> impl Iterator<Item = &'static Fault> {
    DOCUMENTS.iter().map(|entry| &entry.fault).chain(&OTHERS)
}

fn lost_appointment(site: &Site, document: &mut Document, nth: u64) {
    // Far beyond the last appointment.
    document.appointment = 10 * (site.documents + 1_000) + nth;
    document.place = Place::Nowhere;
}

fn unsafe_name(_: &Site, document: &mut Document, nth: u64) {
    let names = [r"..\..\Windows\win.ini", r"C:\secret.doc", "/etc/passwd"];
    names[nth as usize % names.len()].clone_into(&mut document.name);
    document.place = Place::Nowhere;
}

fn long_name(_: &Site, document: &mut Document, _: u64) {
    let (stem, extension) = document.split_name();
    let rest = 400_usize.saturating_sub(stem.chars().count() + extension.chars().count());
    document.name = format!("{stem}{}{extension}", "x".repeat(rest));
    document.place = Place::Nowhere;
}

fn ambiguous(site: &Site, document: &mut Document, nth: u64) {
    let mut chance = stream(site.seed, "ambiguous", nth);
    let mut others = vec![document.owner, document.registrant];
    let folders = [half(document.registered), other_half(document.registered)].map(|half| {
        let stranger = site.roster.stranger(&mut chance, document.registered, &others);
        others.push(stranger);
        format!("{MAIN_ROOT}/{}/{half}/{}", site.roster.users[stranger].login, document.name)
    });
    document.place = Place::Candidates(folders);
}

fn folder_case(site: &Site, document: &mut Document, _: u64) {
    // This person's only documents are those of this fault, so there is no folder in the right case beside it.
    let user = &site.roster.users[LONELY];
    document.owner = LONELY;
    document.registrant = document.owner;
    document.associate = user.id;
    let folder = format!("{}/{}/{}", document.root, user.login.to_lowercase(), half(document.registered));
    document.place = Place::At(format!("{folder}/{}", document.name));
}

fn neighbour_half(site: &Site, document: &mut Document, nth: u64) {
    let (_, moment) = site.calendar.boundary(nth);
    document.updated += moment - document.registered;
    document.registered = moment;
    let login = &site.roster.users[document.owner].login;
    document.place = Place::At(format!("{}/{login}/{}/{}", document.root, other_half(moment), document.name));
}

fn other_owner(site: &Site, document: &mut Document, nth: u64) {
    let mut chance = stream(site.seed, "other-owner", nth);
    document.registrant = site.roster.stranger(&mut chance, document.registered, &[document.owner]);
    let login = &site.roster.users[document.registrant].login;
    document.place = Place::At(format!("{}/{login}/{}/{}", document.root, half(document.registered), document.name));
}

fn renamed_owner(site: &Site, document: &mut Document, nth: u64) {
    let (owner, former) = site.roster.renamed(nth);
    document.owner = owner;
    document.registrant = owner;
    document.associate = site.roster.users[owner].id;
    // A rename moves the folder in the main root only.
    document.place = Place::At(format!("{}/{former}/{}/{}", document.root, half(document.registered), document.name));
}

fn unicode_form(site: &Site, document: &mut Document, _: u64) {
    document.name = format!("Årsmøte Zürich {}", document.name).nfc().collect();
    let apart: String = document.name.nfd().collect();
    document.place = Place::At(format!("{}/{apart}", document.folder(site)));
}

fn trailing_dot(site: &Site, document: &mut Document, _: u64) {
    document.place = Place::At(document.path(site));
    document.name.push('.');
}

fn illegal(site: &Site, document: &mut Document, _: u64) {
    let rest = document.name.clone();
    document.name = format!("Tilbud hva na {rest}");
    document.place = Place::At(document.path(site));
    document.name = format!("Tilbud: hva na? {rest}");
}

fn same_file_twice(site: &Site, document: &mut Document, nth: u64) {
    // Instances come in pairs: the first row of a pair is an ordinary one, the second names the file of the first.
    if nth % 2 == 1 {
        let first = site.document(document.id - 1);
        document.place = Place::Shared;
        document.owner = first.owner;
        document.registrant = first.registrant;
        document.associate = first.associate;
        document.name = first.name;
        document.content = first.content;
    }
}
