//! The documents: three rows and a file for each, one after the other, in constant memory.

use std::collections::HashSet;

use rand::Rng;
use rusqlite::{Statement, ToSql, params};

use super::Site;
use super::calendar::{self, Calendar, DAY, half};
use super::company::GROUPS;
use super::content::Content;
use super::database::{Database, failed};
use super::disk::Disk;
use super::document::{DIARY, Document, LOST, MAIN_ROOT, Place};
use super::faults::archive::{CANDIDATE, ORPHAN};
use super::faults::plan::Plan;
use super::faults::{Fault, Harvest, Item};
use super::noise::Noise;
use super::random::stream;
use crate::error::Result;

/// Documents between two reports of progress.
const STEP: u64 = 250;
/// Columns of `document` that hold something.
const DOCUMENT: &[&str] = &[
    "document_id",
    "name",
    "header",
    "our_ref",
    "text_id",
    "archiveProvider",
    "extref",
    "appointment_id",
    "registered",
    "registered_associate_id",
    "updated",
    "updated_associate_id",
];
/// Columns of `appointment` that hold something.
const APPOINTMENT: &[&str] = &[
    "appointment_id",
    "contact_id",
    "person_id",
    "associate_id",
    "group_idx",
    "registered",
    "registered_associate_id",
    "done",
    "do_by",
    "activeDate",
    "endDate",
    "updated",
    "updated_associate_id",
    "task_idx",
    "type",
    "status",
    "text_id",
    "document_id",
];
/// Columns of `text` that hold something.
const TEXT: &[&str] = &["text_id", "type", "owner_id", "text"];

/// Writes all documents and the files that have none.
pub(super) fn write(
    site: &Site,
    plan: &Plan,
    database: &Database,
    disk: &mut Disk,
    harvest: &mut Harvest,
    noise: &mut Noise,
    progress: &mut dyn FnMut(u64),
) -> Result<()> {
    let mut rows = Rows::prepare(database)?;
    rows.diary(site)?;
    // Who already has a document with a careless name in the half-year that is being written.
    let (mut current, mut careless) = (String::new(), HashSet::new());
    for id in 1..=site.documents {
        let mut document = site.document(id);
        let fault = plan.get(id);
        if fault.is_some() {
            plan.apply(site, &mut document);
        } else {
            let half = half(document.registered);
            if half != current {
                current = half;
                careless.clear();
            }
            let folder = (document.owner, document.split_name().1.to_owned());
            document.rename_carelessly(|| careless.insert(folder));
        }
        rows.add(site, &document)?;
        store(site, &document, disk)?;
        match fault {
            Some(entry) => note(site, &document, &entry.fault, harvest),
            None => noise.offer(site, &document),
        }
        if id % STEP == 0 {
            progress(id);
        }
    }
    drop(rows);
    orphans(site, disk, harvest)?;
    progress(site.documents);
    Ok(())
}

/// Puts the document's bytes where they are to be.
fn store(site: &Site, document: &Document, disk: &mut Disk) -> Result<()> {
    match &document.place {
        Place::Rule => disk.store(&document.path(site), &site.source, document.content).map(drop),
        Place::At(path) => disk.store(path, &site.source, document.content).map(drop),
        Place::Folder(path) => disk.folder(path),
        Place::Lost => {
            disk.put_aside(&format!("{LOST}/{}", document.path(site)), &site.source, document.content).map(drop)
        }
        Place::Nowhere | Place::Shared => Ok(()),
        Place::Candidates(paths) => {
            for (index, path) in paths.iter().enumerate() {
                let content = Content::Made(site.source.of_other("candidate", document.id * 2 + index as u64));
                disk.store(path, &site.source, content)?;
            }
            Ok(())
        }
    }
}

/// Notes the fault of a document.
fn note(site: &Site, document: &Document, fault: &Fault, harvest: &mut Harvest) {
    let path = match &document.place {
        Place::At(path) | Place::Folder(path) => Some(path.clone()),
        // A row that cannot be migrated has no place.
        Place::Nowhere if fault.expect == "unmigratable" => None,
        Place::Rule | Place::Lost | Place::Shared | Place::Nowhere | Place::Candidates(_) => Some(document.path(site)),
    };
    harvest.add(fault, Item::Document, document.id as i64, path);
    if let Place::Candidates(paths) = &document.place {
        for path in paths {
            harvest.add(&CANDIDATE, Item::File, None, Some(path.clone()));
        }
    }
}

/// Files that no row names, in folders that look like any other.
fn orphans(site: &Site, disk: &mut Disk, harvest: &mut Harvest) -> Result<()> {
    if !site.faults.contains(ORPHAN.name) {
        return Ok(());
    }
    for nth in 0..ORPHAN.count(site.documents) {
        let mut chance = stream(site.seed, ORPHAN.name, nth);
        let moment = Calendar::after(chance.random_range(20..99));
        let login = &site.roster.users[site.roster.owner(&mut chance, moment)].login;
        let content = Content::Made(site.source.of_other(ORPHAN.name, nth));
        let extension = site.source.extension(content);
        let path = format!("{MAIN_ROOT}/{login}/{}/Without row {nth}.{extension}", half(moment));
        disk.store(&path, &site.source, content)?;
        harvest.add(&ORPHAN, Item::File, None, Some(path));
    }
    Ok(())
}

/// The statements that each document needs.
struct Rows<'a> {
    database: &'a Database,
    document: Statement<'a>,
    appointment: Statement<'a>,
    text: Statement<'a>,
    /// The last key given out in `text`.
    last_text: i64,
}

impl<'a> Rows<'a> {
    fn prepare(database: &'a Database) -> Result<Self> {
        Ok(Self {
            database,
            document: database.prepare("document", DOCUMENT)?,
            appointment: database.prepare("appointment", APPOINTMENT)?,
            text: database.prepare("text", TEXT)?,
            last_text: 0,
        })
    }

    /// Meetings, which come before the documents so that a document's key is not that of its appointment.
    fn diary(&mut self, site: &Site) -> Result<()> {
        for id in 1..=DIARY {
            let mut chance = stream(site.seed, "diary", id);
            let moment = Calendar::after((id - 1) as i64);
            let user = &site.roster.users[site.roster.owner(&mut chance, moment)];
            let date = calendar::text(moment);
            self.database.add(
                "appointment",
                &[
                    ("appointment_id", &(id as i64)),
                    ("contact_id", &chance.random_range(1..=site.contacts())),
                    ("associate_id", &user.id),
                    ("registered", &date),
                    ("updated", &date),
                    ("do_by", &calendar::text(moment + DAY)),
                    ("type", &1),
                ],
            )?;
        }
        Ok(())
    }

    fn add(&mut self, site: &Site, document: &Document) -> Result<()> {
        let mut chance = stream(site.seed, "row", document.id);
        let contact = chance.random_range(1..=site.contacts());
        let person = chance.random_range(1..=site.persons());
        let registrant = site.roster.users[document.registrant].id;
        let (registered, updated) = (calendar::text(document.registered), calendar::text(document.updated));
        let (id, appointment) = (document.id as i64, document.appointment as i64);
        let text = if chance.random_bool(0.1) {
            self.last_text += 1;
            let text = site.source.sentences(&mut chance, 120);
            self.text.execute(params![self.last_text, 5, appointment, text]).map_err(failed)?;
            self.last_text
        } else {
            0
        };
        // A document in another provider is found there by a key of that provider's.
        let key = if document.provider == 0 { String::new() } else { format!("item-{}", document.id) };
        let reference = format!("{}-{}", &registered[..4], document.id);
        self.document
            .execute(params![
                id,
                document.name,
                document.header,
                reference,
                text,
                document.provider,
                key,
                appointment,
                registered,
                registrant,
                updated,
                registrant
            ])
            .map_err(failed)?;
        // Where the document names another appointment than its own, its own does not exist.
        if document.appointment == DIARY + document.id {
            let group = (document.owner % GROUPS.len()) as i64 + 1;
            let values: [&dyn ToSql; 18] = [
                &appointment,
                &contact,
                &person,
                &document.associate,
                &group,
                &registered,
                &registrant,
                &registered,
                &registered,
                &registered,
                &registered,
                &updated,
                &registrant,
                &document.template,
                &4,
                &1,
                &text,
                &id,
            ];
            self.appointment.execute(&values[..]).map_err(failed)?;
        }
        self.database.count(3)
    }
}
