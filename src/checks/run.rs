//! Running checks: one after the other, over one connection, to the end whatever happens.
//!
//! A check that cannot look is a result like any other. The exit status says the worst that was found and not waived; a
//! blocker that could not look blocks as well, because nobody knows what it would have found.

use super::export::Export;
use super::waiver::{Waiver, Waivers};
use super::{Check, Evidence, Findings, Ground, Looked, Selection, Severity, Subject, catalogue, causes, tenant};
use crate::config::Config;
use crate::exit::Exit;
use crate::onsite::Installation;
use crate::onsite::database::Database;
use crate::tenant::protocol::TenantInfo;
use crate::{Code, Error, Result};
use serde::Serialize;
use std::path::{Path, PathBuf};
use std::time::Instant;

/// How a check ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Status {
    /// It looked and found nothing.
    Passed,
    /// It found something.
    Found,
    /// It found something, or could not look, and a person has decided to go on.
    Waived,
    /// There was nothing to look at.
    NotHere,
    /// It could not look.
    Failed,
}

/// What one check said.
#[derive(Debug, Clone, Serialize)]
pub struct Verdict {
    /// The check.
    pub id: &'static str,
    /// What it is about.
    pub subject: Subject,
    /// How bad it is if it finds something.
    pub severity: Severity,
    /// How it ended.
    pub status: Status,
    /// How many things it found.
    pub count: u64,
    /// The first of them.
    pub first: Vec<Evidence>,
    /// What is wrong when it finds something.
    pub title: &'static str,
    /// Why that matters.
    pub why: &'static str,
    /// What to do about it.
    pub todo: &'static str,
    /// How long it took.
    pub seconds: f64,
    /// The id of the trouble that it is one side of, see [`causes`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cause: Option<&'static str>,
    /// Why there was nothing to look at, or why it could not look.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Who has decided to go on, and why.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub waiver: Option<Waiver>,
}

impl Verdict {
    /// Whether it stands in the way of a live migration.
    #[must_use]
    pub fn blocks(&self) -> bool {
        self.severity == Severity::Blocker && matches!(self.status, Status::Found | Status::Failed)
    }

    /// What it found, in one line for a log or an error.
    #[must_use]
    pub fn line(&self) -> String {
        match (&self.reason, self.first.first()) {
            (Some(reason), _) if self.status == Status::Failed => format!("`{}` could not look: {reason}", self.id),
            (_, Some(first)) => {
                let more = if self.count > 1 { format!(" and {} more", self.count - 1) } else { String::new() };
                format!("`{}`: {} ({}: {}{more})", self.id, self.title, first.item, first.text)
            }
            _ => format!("`{}`: {}", self.id, self.title),
        }
    }
}

/// What all checks said: the object of `omt check --json`.
#[derive(Debug, Clone, Serialize)]
pub struct Checked {
    /// `checked`
    pub event: &'static str,
    /// The exit status.
    pub exit: u8,
    /// What each said, in the order of the catalogue.
    pub checks: Vec<Verdict>,
}

impl Checked {
    fn of(checks: Vec<Verdict>) -> Self {
        let open = |verdict: &&Verdict| matches!(verdict.status, Status::Found | Status::Failed);
        let exit = if checks.iter().any(Verdict::blocks) {
            Exit::Blocked
        } else if checks.iter().filter(open).any(|verdict| verdict.severity != Severity::Note) {
            Exit::Left
        } else {
            Exit::Verified
        };
        Self { event: "checked", exit: exit.into(), checks }
    }

    /// The exit status.
    #[must_use]
    pub fn exit(&self) -> Exit {
        [Exit::Verified, Exit::Left].into_iter().find(|exit| u8::from(*exit) == self.exit).unwrap_or(Exit::Blocked)
    }
}

/// Runs the chosen checks on the installation that `config` describes. `export` is a folder for all evidence.
///
/// # Errors
/// What keeps it from beginning: no installation, no database; or an export that cannot be written.
pub async fn check(config: &Config, selection: Selection, export: Option<PathBuf>) -> Result<Checked> {
    let info = tenant::ask(config).await;
    Ok(check_with(config, selection, export, info, None).await?.0)
}

/// Looks over the connection that is given, or else over one of its own, and gives it back.
async fn check_with(
    config: &Config,
    selection: Selection,
    export: Option<PathBuf>,
    info: Option<TenantInfo>,
    database: Option<Box<dyn Database>>,
) -> Result<(Checked, Box<dyn Database>)> {
    let config = config.clone();
    // A database answers when it likes: that is nothing for a thread on which others wait.
    let work = tokio::task::spawn_blocking(move || {
        let installation = Installation::find(&config)?;
        let mut database = database.map_or_else(|| installation.connect(), Ok)?;
        let ground = Ground {
            config: &config,
            installation: &installation,
            database: &mut *database,
            tenant: info.as_ref(),
            people: None,
        };
        let checked = look(ground, &selection, &Waivers::read(&config.migration.ledger), export.as_deref())?;
        Ok((checked, database))
    });
    work.await.map_err(|cause| Error::new(Code::Internal, "the checks panicked").because(cause))?
}

/// Has the chosen checks look, one after the other.
///
/// # Errors
/// Only an export that cannot be written.
pub fn look(
    mut ground: Ground<'_>,
    selection: &Selection,
    waivers: &Waivers,
    export: Option<&Path>,
) -> Result<Checked> {
    let mut verdicts = Vec::new();
    for check in catalogue().filter(|check| selection.has(check)) {
        verdicts.push(one(check, &mut ground, waivers.of(check.id), export)?);
    }
    Ok(Checked::of(verdicts))
}

fn one(
    check: &'static Check,
    ground: &mut Ground<'_>,
    waiver: Option<&Waiver>,
    export: Option<&Path>,
) -> Result<Verdict> {
    let mut file = export.map(|folder| Export::new(folder, check.id)).transpose()?;
    // That a file cannot be written is not what the check says of the installation.
    let mut broken = None;
    let mut keep = |evidence: &Evidence| match file.as_mut().map(|file| file.add(evidence)) {
        Some(Err(error)) => {
            let copy = error.copy();
            broken = Some(error);
            Err(copy)
        }
        _ => Ok(()),
    };
    let mut findings = Findings::new(&mut keep);
    let begin = Instant::now();
    let looked = (check.look)(ground, &mut findings);
    let seconds = begin.elapsed().as_secs_f64();
    let (count, first) = (findings.count, std::mem::take(&mut findings.first));
    if let Some(error) = broken {
        return Err(error);
    }
    file.map_or(Ok(()), Export::finish)?;
    let (status, reason) = match looked {
        Err(error) => (Status::Failed, Some(format!("{} [{}]", error.chain(), error.code().as_str()))),
        Ok(_) if count > 0 => (Status::Found, None),
        Ok(Looked::NotHere(reason)) => (Status::NotHere, Some(reason)),
        Ok(Looked::Yes) => (Status::Passed, None),
    };
    let open = matches!(status, Status::Found | Status::Failed);
    Ok(Verdict {
        id: check.id,
        subject: check.subject,
        severity: check.severity,
        status: if open && waiver.is_some() { Status::Waived } else { status },
        count,
        first,
        title: check.title,
        why: check.why,
        todo: check.todo,
        seconds,
        cause: causes::of(check.id).map(|cause| cause.id),
        reason,
        waiver: waiver.cloned(),
    })
}

/// The blockers that nobody has waived: what stands before a migration into this tenant.
/// They look over this connection, which is given back.
pub async fn blockers(
    config: &Config,
    info: &TenantInfo,
    database: Box<dyn Database>,
) -> Result<(Vec<Verdict>, Box<dyn Database>)> {
    let (checked, database) = check_with(config, Selection::Blockers, None, Some(info.clone()), Some(database)).await?;
    Ok((checked.checks.into_iter().filter(Verdict::blocks).collect(), database))
}

/// The error that keeps a live migration from beginning.
#[must_use]
pub fn blocked(by: &[Verdict]) -> Error {
    let lines: Vec<String> = by.iter().map(Verdict::line).collect();
    Error::new(Code::CheckBlocked, format!("the migration must not begin: {}", lines.join("; "))).hint(
        "`omt check` says what to do about each; `omt check waive ID --who NAME --why TEXT` goes on all the same, on record",
    )
}
