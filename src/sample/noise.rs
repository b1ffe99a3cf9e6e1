//! What lies in every archive without being a document: signals, logs, signatures, lock files, working copies.
//!
//! None of it is a fault and none of it has a row. A run must pass over it without calling it an orphan.

use super::Site;
use super::calendar::{self, DAY};
use super::disk::Disk;
use super::document::{Document, MAIN_ROOT, Place};
use super::roster::LONELY;
use crate::error::Result;

/// Documents that somebody is working on.
const OPEN: usize = 4;
/// Users with a signature and a saved selection in their folder.
const SIGNED: usize = 5;

/// Chooses the documents that are open, while they go by.
#[derive(Default)]
pub(super) struct Noise {
    open: Vec<Document>,
}

impl Noise {
    /// Takes the document if one from its part of the archive is wanted.
    pub(super) fn offer(&mut self, site: &Site, document: &Document) {
        let due = (self.open.len() as u64 + 1) * (site.documents / (OPEN as u64 + 1)).max(1);
        if self.open.len() < OPEN && document.id >= due && document.place == Place::Rule {
            self.open.push(document.clone());
        }
    }

    /// Writes everything.
    pub(super) fn write(&self, site: &Site, disk: &mut Disk) -> Result<()> {
        for (file, text) in [
            ("Signal.dat", "0\r\n"),
            ("Task_1.trt", "{\\rtf1 Task}\r\n"),
            ("DATA/so_log.txt", "2025-11-03 08:12:44 INFO started\r\n2025-11-03 16:31:02 WARN slow query, 2310 ms\r\n"),
            ("LOG/archive.log", "2025-11-03 08:12:44 opened\r\n"),
            ("Script/startup.crmscript", "printLine(\"hello\");\r\n"),
            ("temp1/upload.tmp", "half of a file"),
            ("backup/readme.txt", "Backups were moved to the tape library.\r\n"),
        ] {
            disk.note(&format!("{MAIN_ROOT}/{file}"), text.as_bytes())?;
        }
        let signed = site.roster.users.iter().enumerate().filter(|(index, _)| *index != LONELY);
        for (_, user) in signed.take(SIGNED) {
            let signature = format!("<p>{} {}<br>{}</p>\r\n", user.first, user.last, site.company);
            disk.note(&format!("{MAIN_ROOT}/{}/mail.htm", user.login), signature.as_bytes())?;
            disk.note(&format!("{MAIN_ROOT}/{}/customers.sxf", user.login), b"[Selection]\r\nTarget=contact\r\n")?;
        }
        for (index, document) in self.open.iter().enumerate() {
            let (folder, name) = (document.folder(site), &document.name);
            if index % 2 == 0 {
                checked_out(site, document, disk)?;
            } else {
                // Office drops the first two characters of the name.
                let rest: String = name.chars().skip(2).collect();
                disk.note(&format!("{folder}/~${rest}"), site.roster.users[document.owner].login.as_bytes())?;
            }
        }
        Ok(())
    }
}

/// A lock beside the file, and the copy that is being changed.
fn checked_out(site: &Site, document: &Document, disk: &mut Disk) -> Result<()> {
    let (folder, name) = (document.folder(site), &document.name);
    let user = &site.roster.users[document.owner];
    let lock = serde_json::json!({
        "DocumentId": document.id,
        "AssociateId": user.id,
        "CheckedOutAt": calendar::text(document.updated + DAY),
        "CheckedOutBy": format!("{} {}", user.first, user.last),
    });
    disk.note(&format!("{folder}/{name}.lock"), lock.to_string().as_bytes())?;
    disk.put_aside(&format!("{folder}/locked/{name}"), &site.source, document.content)?;
    Ok(())
}
