//! Holding the installation still for the last pass of a live migration, as the vendor's own tool does.
//!
//! Two things are changed: the word `frozen` in the Service `config` files stops Customer Service, and an event in the
//! database lets nobody log in with the Windows client. Neither stops users of the web client, which is why somebody watches
//! as well ([`crate::migration`]). Each change is entered in the ledger before it is made, with what takes it back
//! ([`super::changes`]); what is frozen already is left alone, and stays frozen afterwards. A [`Fingerprint`] before and after
//! proves that all of it was put back.

mod event;
mod fingerprint;
mod service;
mod word;

pub use event::NoLogin;
pub use fingerprint::Fingerprint;
pub use service::ServiceWord;

use super::Installation;
use super::changes::{self, Change};
use super::database::Database;
use crate::config;
use crate::ledger::{Ledger, Record};
use crate::{Code, Error, Result};
use serde_json::json;
use std::path::PathBuf;

/// The ledger keeps the fingerprint from before under this name.
const BEFORE: &str = "freeze.before";

/// What was frozen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frozen {
    /// The fingerprint from before.
    pub before: Fingerprint,
    /// The files that say `frozen` now and did not before.
    pub files: Vec<PathBuf>,
    /// Whether the event was set.
    pub event: bool,
    /// What was frozen before, in words: it stays so afterwards.
    pub already: Vec<String>,
    /// What cannot be frozen because it is not there or is not wanted, in words.
    pub open: Vec<String>,
}

/// Freezes the installation. When it fails, what was done is outstanding and to be taken back by the caller.
///
/// # Errors
/// A file or the database that does not take the change: `freeze.refused`.
pub fn freeze(ledger: &Ledger, installation: &Installation, config: &config::Freeze) -> Result<Frozen> {
    let before = Fingerprint::take(installation, &mut *installation.connect()?)?;
    let text = serde_json::to_string(&before)
        .map_err(|cause| Error::new(Code::Internal, "a fingerprint cannot be written").because(cause))?;
    let writer = ledger.writer();
    writer.put(Record::Meta(BEFORE, text))?;
    writer
        .put(Record::Decision("installation.freezing", json!({ "fingerprint": before.digest(), "parts": before })))?;
    writer.flush()?;
    let mut frozen = Frozen { before, files: Vec::new(), event: false, already: Vec::new(), open: Vec::new() };
    if config.service {
        words(ledger, installation, &mut frozen)?;
    } else {
        frozen.open.push("Customer Service, because of `freeze.service`".into());
    }
    if config.database {
        event(ledger, installation, config, &mut frozen)?;
    } else {
        frozen.open.push("the log-in of the Windows client, because of `freeze.database`".into());
    }
    Ok(frozen)
}

fn words(ledger: &Ledger, installation: &Installation, frozen: &mut Frozen) -> Result<()> {
    if installation.service.is_empty() {
        frozen.open.push("Customer Service, whose `config` file was not found".into());
    }
    for file in &installation.service {
        let Some(change) = ServiceWord::plan(file)? else {
            frozen.already.push(format!("`{}`", file.display()));
            continue;
        };
        changes::enter(ledger, Change::ServiceWord(change.clone()))?;
        change.make()?;
        frozen.files.push(change.file);
    }
    Ok(())
}

fn event(ledger: &Ledger, installation: &Installation, config: &config::Freeze, frozen: &mut Frozen) -> Result<()> {
    if !event::is_there(&mut *installation.connect()?)? {
        frozen.open.push("the log-in of the Windows client: the database has no table `SystemEvent`".into());
        return Ok(());
    }
    let mut pen = pen(installation, config).map_err(|cause| denied(&cause))?;
    let enter = |plan| changes::enter(ledger, Change::NoLogin(plan));
    let give_up =
        |entry: &changes::Outstanding| changes::taken_back(ledger, entry, "somebody else took the number first");
    let set = event::set(&mut *pen, &config.event_key, config.event_scope, &config.event_text, enter, give_up);
    match set.map_err(|cause| denied(&cause))? {
        Some(_) => frozen.event = true,
        None => frozen.already.push(format!("the event `{}`", config.event_key)),
    }
    Ok(())
}

/// A connection that writes.
pub(super) fn pen(installation: &Installation, config: &config::Freeze) -> Result<Box<dyn Database>> {
    let login = config.user.as_deref().map(|user| (user, config.password.as_ref()));
    installation.database.open_to_write(&installation.prefix, login)
}

/// The database does not let itself be frozen.
fn denied(cause: &Error) -> Error {
    let message = format!("the log-in of the Windows client cannot be stopped: {}", cause.chain());
    Error::new(Code::FreezeRefused, message).hint(
        "give the login the right to write `SystemEvent` and `sequence`, name another one as `freeze.user` with OMT_FREEZE_PASSWORD, \
         or set the event by hand in the administration client and `freeze.database = false`",
    )
}

/// The fingerprint from before the last freeze, if there was one.
pub fn before(ledger: &crate::ledger::Reader) -> Result<Option<Fingerprint>> {
    Ok(ledger.meta(BEFORE)?.and_then(|text| serde_json::from_str(&text).ok()))
}

#[cfg(test)]
mod tests;
