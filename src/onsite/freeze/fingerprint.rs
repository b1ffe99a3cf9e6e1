//! What a freeze touches, in one number: the bytes of the Service `config` files, and every event of the database.
//!
//! It is taken before the first change and after the last one was taken back; the two must be equal, and where they are not,
//! the parts say what differs. Passwords are among the bytes of the files: only digests are kept.

use crate::Result;
use crate::digest::Digest;
use crate::onsite::Installation;
use crate::onsite::database::{Database, Query};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The fingerprint of what can be frozen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fingerprint {
    /// BLAKE3 of each Service `config` file; `absent` or `unreadable` where there is none.
    pub files: BTreeMap<String, String>,
    /// BLAKE3 over all rows of `SystemEvent` and the next number in `sequence`; nothing without such a table.
    pub events: Option<Digest>,
}

impl Fingerprint {
    /// Takes it.
    pub fn take(installation: &Installation, database: &mut dyn Database) -> Result<Self> {
        let files = installation.service.iter().map(|file| {
            let digest = match std::fs::read(file) {
                Ok(bytes) => Digest::of(&bytes).to_string(),
                Err(cause) if cause.kind() == std::io::ErrorKind::NotFound => "absent".into(),
                Err(_) => "unreadable".into(),
            };
            (file.display().to_string(), digest)
        });
        Ok(Self { files: files.collect(), events: events(database)? })
    }

    /// All of it in one digest.
    #[must_use]
    pub fn digest(&self) -> Digest {
        // Maps are sorted, so this text is always the same.
        Digest::of(serde_json::to_string(self).unwrap_or_default().as_bytes())
    }

    /// What is not as it was, in words; nothing if all of it is.
    #[must_use]
    pub fn difference(&self, now: &Self) -> Vec<String> {
        let names = self.files.keys().chain(now.files.keys().filter(|file| !self.files.contains_key(*file)));
        let files = names.filter(|file| self.files.get(*file) != now.files.get(*file));
        let mut differs: Vec<String> = files.map(|file| format!("the file `{file}`")).collect();
        if self.events != now.events {
            differs.push("the rows of `SystemEvent`".into());
        }
        differs
    }
}

fn events(database: &mut dyn Database) -> Result<Option<Digest>> {
    let catalogue = database.catalogue()?;
    let Some(table) = catalogue.table("SystemEvent") else { return Ok(None) };
    let columns: Vec<String> = table.columns.iter().map(|column| format!("{{SystemEvent.{}}}", column.name)).collect();
    let order = table.columns.iter().find(|column| column.key > 0).or(table.columns.first());
    let order = order.map_or_else(String::new, |column| format!("ORDER BY {{=SystemEvent.{}}}", column.name));
    let text = format!("SELECT {} FROM {{SystemEvent}} {order}", columns.join(", "));
    let mut hasher = blake3::Hasher::new();
    for row in database.rows(&Query::new(text))? {
        hasher.update(format!("{:?}\n", row.0).as_bytes());
    }
    hasher.update(format!("{:?}", super::event::next(database)?).as_bytes());
    Ok(Some(hasher.finalize().into()))
}
