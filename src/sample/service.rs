//! Customer Service: tickets, messages, mailboxes, and attachments whose files are named by their keys.
//!
//! An attachment lies in a numbered sub-folder of 10,000 keys. The keys are sparse: every third one is in the second
//! folder, so that a small sample has two of them.

use rand::Rng;

use super::Site;
use super::calendar::{self, Calendar, DAY};
use super::content::Content;
use super::database::Database;
use super::disk::Disk;
use super::faults::archive::{ATTACHMENT_FLAT, ATTACHMENT_NEIGHBOUR, MISSING_ATTACHMENT};
use super::faults::{Harvest, Item};
use super::random::stream;
use crate::error::Result;

/// The service's folder of attachments, relative to the sample's.
const ATTACHMENTS: &str = "Service/attachments";
/// Keys per sub-folder.
const KEYS_PER_FOLDER: u64 = 10_000;
/// Messages per ticket.
const MESSAGES: u64 = 2;
/// Registry: whether attachments lie in sub-folders.
const USE_FOLDERS: i64 = 253;

impl Site {
    /// How many attachments there are.
    pub(super) fn attachments(&self) -> u64 {
        (self.documents / 20).max(20)
    }

    /// How many tickets there are.
    fn tickets(&self) -> u64 {
        (self.documents / 40).max(20)
    }

    /// The first key of the sparse part of the attachments: the one before it is a multiple of a folder's keys.
    fn sparse(&self) -> u64 {
        let dense = self.attachments() - self.attachments() / 3;
        (dense / KEYS_PER_FOLDER + 1) * KEYS_PER_FOLDER + 1
    }

    /// The key of the attachment with this number, counted from 0.
    fn attachment_key(&self, number: u64) -> u64 {
        if number % 3 == 2 { self.sparse() + number / 3 } else { number - number / 3 + 1 }
    }
}

/// Writes tables and files of Customer Service.
pub(super) fn write(site: &Site, database: &Database, disk: &mut Disk, harvest: &mut Harvest) -> Result<()> {
    settings(site, database)?;
    tickets(site, database)?;
    attachments(site, database, disk, harvest)
}

fn settings(site: &Site, database: &Database) -> Result<()> {
    let domain = &site.domain;
    database.add(
        "config",
        &[
            ("id", &1),
            ("attachment_path", &ATTACHMENTS),
            ("default_mail", &format!("support@{domain}")),
            ("admin_mail", &site.roster.users[0].addresses[0]),
            ("version", &"10.3.8936"),
            ("language", &"en"),
        ],
    )?;
    database.add("attachment_location", &[("attachment_location_id", &1), ("path", &ATTACHMENTS)])?;
    let registry = [(1, "ejSender", ""), (USE_FOLDERS, "UseAttachmentFolders", "1"), (292, "InboxBackupDays", "30")];
    for (index, (number, name, value)) in registry.into_iter().enumerate() {
        let id = index as i64 + 1;
        database.add("registry", &[("id", &id), ("reg_id", &number), ("name", &name), ("value", &value)])?;
    }
    for (index, (local, kind)) in [("support", 6), ("service", 6), ("helpdesk", 9)].into_iter().enumerate() {
        let id = index as i64 + 1;
        let address = format!("{local}@{domain}");
        database.add(
            "mail_in_filter",
            &[
                ("id", &id),
                ("server_type", &kind),
                ("pop_server", &format!("mail.{domain}")),
                ("pop_user", &address),
                ("pop_password", &"sample"),
                ("domain", &domain),
                ("address", &address),
                ("status", &1),
            ],
        )?;
        let alias = format!("{local}.old@{domain}");
        database.add("mail_alias", &[("id", &id), ("filter_id", &id), ("alias", &alias)])?;
    }
    Ok(())
}

fn tickets(site: &Site, database: &Database) -> Result<()> {
    let (count, span) = (site.tickets(), Calendar::after(99) - Calendar::after(0));
    for id in 1..=count {
        let mut chance = stream(site.seed, "ticket", id);
        let moment = Calendar::after(0) + span * id as i64 / count as i64;
        let customer = chance.random_range(1..=site.persons());
        let title = site.source.sentences(&mut chance, 30).replace("\r\n", " ");
        let status = chance.random_range(1..=3);
        database.add(
            "ticket",
            &[
                ("id", &(id as i64)),
                ("title", &title.trim()),
                ("created_at", &calendar::text(moment)),
                ("last_changed", &calendar::text(moment + DAY)),
                ("created_by", &1),
                ("owned_by", &1),
                ("category", &1),
                ("status", &status),
                ("ticket_status", &status),
                ("cust_id", &customer),
                ("priority", &1),
                ("filter_id", &1),
                ("num_messages", &(MESSAGES as i64)),
            ],
        )?;
        for part in 0..MESSAGES {
            let number = ((id - 1) * MESSAGES + part + 1) as i64;
            let body = site.source.sentences(&mut chance, 200);
            database.add(
                "ej_message",
                &[
                    ("id", &number),
                    ("ticket_id", &(id as i64)),
                    ("created_at", &calendar::text(moment + part as i64 * DAY)),
                    ("type", &1),
                    ("message_id", &format!("<{number}@{}>", site.domain)),
                    ("body", &body),
                    ("customer_id", &customer),
                ],
            )?;
        }
    }
    Ok(())
}

fn attachments(site: &Site, database: &Database, disk: &mut Disk, harvest: &mut Harvest) -> Result<()> {
    let count = site.attachments();
    let messages = site.tickets() * MESSAGES;
    // Faults happen to the last ones: first the missing, then, before those, the ones that lie flat.
    let wanted = |fault: &super::faults::Fault| {
        if site.faults.contains(fault.name) { fault.count(site.documents).min(count / 10) } else { 0 }
    };
    let (missing, flat) = (wanted(&MISSING_ATTACHMENT), wanted(&ATTACHMENT_FLAT));
    let link = |number: u64, key: u64, size: u64, content: Content| {
        let media_type = match content {
            Content::Made(recipe) => recipe.kind.media_type(),
            Content::Empty | Content::Real(_) => "application/octet-stream",
        };
        let name = format!("attachment {key}.{}", site.source.extension(content));
        let (id, key, message) = (number as i64 + 1, key as i64, (number % messages) as i64 + 1);
        database.add(
            "attachment",
            &[
                ("id", &key),
                ("content_type", &media_type),
                ("name", &name),
                ("att_size", &(size as i64)),
                ("attachment_location_id", &1),
            ],
        )?;
        database.add(
            "ticket_attachment",
            &[("id", &id), ("attachment_id", &key), ("message_id", &message), ("inline_image", &0)],
        )
    };

    for number in 0..count {
        let key = site.attachment_key(number);
        let content = Content::Made(site.source.of_other("attachment", key));
        let path = format!("{ATTACHMENTS}/folder{}/{key}", key / KEYS_PER_FOLDER);
        let size = if number >= count - missing {
            harvest.add(&MISSING_ATTACHMENT, Item::Attachment, key as i64, Some(path));
            4_096
        } else if number >= count - missing - flat {
            let path = format!("{ATTACHMENTS}/{key}");
            let size = disk.store(&path, &site.source, content)?;
            harvest.add(&ATTACHMENT_FLAT, Item::Attachment, key as i64, Some(path));
            size
        } else {
            disk.store(&path, &site.source, content)?
        };
        link(number, key, size, content)?;
    }
    if site.faults.contains(ATTACHMENT_NEIGHBOUR.name) {
        // The manual does not say to which of two folders the last key belongs; this installation chose the lower one.
        let key = site.sparse() - 1;
        let content = Content::Made(site.source.of_other("attachment", key));
        let path = format!("{ATTACHMENTS}/folder{}/{key}", key / KEYS_PER_FOLDER - 1);
        let size = disk.store(&path, &site.source, content)?;
        link(count, key, size, content)?;
        harvest.add(&ATTACHMENT_NEIGHBOUR, Item::Attachment, key as i64, Some(path));
    }
    Ok(())
}
