//! What is in a bundle, and where each part comes from.
//!
//! A part that cannot be had is told in the list and keeps no other from being written: a bundle is made when something is wrong.

use super::json::JsonScrub;
use super::lines::LineScrub;
use super::scrub::Scrubber;
use super::secret::names_secret;
use super::{Ground, Noted};
use crate::bench::Machine;
use crate::checks::run::Checked;
use crate::ledger::Reader;
use crate::report::{Form, write as report};
use crate::{Code, Error, Result};
use serde_json::{Value, json};
use std::fs::File;
use std::io::{Read, Write};
use std::path::Path;

/// Entries that are read at once.
const PAGE: usize = 500;
/// The most of a log that goes in: its end.
const LOG: u64 = 64 << 20;

/// A part: its name, and what writes it.
pub(super) type Part<'g> = (String, Box<dyn Fn(&mut dyn Write, &mut Scrubber<'_>) -> Result<()> + 'g>);

fn failed(cause: std::io::Error) -> Error {
    Error::new(Code::Io, "the bundle cannot be written").because(cause)
}

/// All parts in their order.
pub(super) fn all<'g>(ground: &'g Ground, noted: &mut Vec<Noted>) -> Vec<Part<'g>> {
    let mut parts: Vec<Part<'g>> = vec![
        ("versions.json".into(), Box::new(|out, scrubber| object(out, scrubber, &versions(ground)))),
        ("configuration/omt.toml".into(), Box::new(|out, scrubber| configuration(ground, out, scrubber))),
        (
            "configuration/environment.json".into(),
            Box::new(|out, scrubber| object(out, scrubber, &environment(ground))),
        ),
        ("configuration/discovered.json".into(), Box::new(|out, scrubber| object(out, scrubber, &discovered(ground)))),
    ];
    if let Some(checked) = &ground.checked {
        parts.push(("checks.json".into(), Box::new(|out, scrubber| object(out, scrubber, &checks(checked)))));
    }
    if let Some(ledger) = &ground.ledger {
        parts.push(("ledger/journal.jsonl".into(), Box::new(|out, scrubber| journal(ledger, out, scrubber))));
        parts.push(("ledger/runs.jsonl".into(), Box::new(|out, scrubber| runs(ledger, out, scrubber))));
        parts.push((
            "report/report.json".into(),
            Box::new(|out, scrubber| {
                report(ledger, Form::Json, crate::clock::now(), &mut JsonScrub::new(out, scrubber))
            }),
        ));
        parts.push((
            "report/report.txt".into(),
            Box::new(|out, scrubber| {
                let mut lines = LineScrub::whole(out, scrubber);
                report(ledger, Form::Text, crate::clock::now(), &mut lines)?;
                lines.finish().map_err(failed)
            }),
        ));
    } else {
        noted.push("there is no ledger: no journal, no runs, no report".into());
    }
    let logs = ground.logs.iter().filter(|log| log.is_file());
    for (number, log) in logs.enumerate() {
        // The name of a file may be somebody's.
        parts.push((format!("log/{}.log", number + 1), Box::new(move |out, scrubber| log_file(log, out, scrubber))));
    }
    if !parts.iter().any(|(name, _)| name.starts_with("log/")) {
        noted.push(
            "there is no log: `--log-file PATH` (or OMT_LOG_FILE) makes one, `--log PATH` adds one to a bundle".into(),
        );
    }
    parts
}

/// An object, cleaned, with an end of line.
fn object(out: &mut dyn Write, scrubber: &mut Scrubber<'_>, value: &Value) -> Result<()> {
    let mut clean = JsonScrub::new(out, scrubber);
    serde_json::to_writer_pretty(&mut clean, value).map_err(|cause| failed(cause.into()))?;
    clean.write_all(b"\n").map_err(failed)
}

fn line(out: &mut dyn Write, scrubber: &mut Scrubber<'_>, value: &impl serde::Serialize) -> Result<()> {
    let mut clean = JsonScrub::new(out, scrubber);
    serde_json::to_writer(&mut clean, value).map_err(|cause| failed(cause.into()))?;
    clean.write_all(b"\n").map_err(failed)
}

fn versions(ground: &Ground) -> Value {
    json!({
        "omt": env!("CARGO_PKG_VERSION"),
        "machine": Machine::this(),
        "made": crate::clock::stamp(),
        "database": ground.version,
        "database_trouble": ground.trouble.as_ref().map(|error| json!({ "code": error.code().as_str(), "reason": error.chain() })),
    })
}

/// The configuration as it stands in the file, without comments and secrets.
fn configuration(ground: &Ground, out: &mut dyn Write, scrubber: &mut Scrubber<'_>) -> Result<()> {
    let path = &ground.config.file;
    let text = std::fs::read_to_string(path).map_err(|cause| Error::io("read", path, cause))?;
    // What is wrong with it would show a part of it.
    let table: toml::Table =
        text.parse().map_err(|_| Error::new(Code::ConfigInvalid, "the configuration is no TOML"))?;
    let clean = without(&toml::Value::Table(table), "", "", scrubber);
    let text =
        toml::to_string(&clean).map_err(|_| Error::new(Code::Internal, "the configuration cannot be written"))?;
    out.write_all(text.as_bytes()).map_err(failed)
}

fn without(value: &toml::Value, around: &str, member: &str, scrubber: &mut Scrubber<'_>) -> toml::Value {
    match value {
        toml::Value::String(text) if member == "url" && around == "tenant" => toml::Value::String(scrubber.text(text)),
        toml::Value::String(text) => toml::Value::String(scrubber.value(member, text)),
        toml::Value::Array(list) => {
            list.iter().map(|one| without(one, around, member, scrubber)).collect::<Vec<_>>().into()
        }
        toml::Value::Table(table) => {
            let mut clean = toml::Table::new();
            for (name, value) in table {
                let shown = scrubber.member(member, name);
                // Under a table of paths every value is one.
                let kind = if member == "paths" { "path" } else { name.as_str() };
                clean.insert(shown, without(value, member, kind, scrubber));
            }
            clean.into()
        }
        _ if names_secret(member) => toml::Value::String(super::secret::HIDDEN.into()),
        other => other.clone(),
    }
}

/// Which variables are set that this program reads; their values are in the configuration, or nobody's business.
fn environment(ground: &Ground) -> Value {
    json!({ "set": ground.variables })
}

fn discovered(ground: &Ground) -> Value {
    let troubles: Vec<Value> = ground
        .discovery
        .troubles
        .iter()
        .map(|trouble| json!({ "file": trouble.file, "code": trouble.error.code().as_str(), "reason": trouble.error.chain() }))
        .collect();
    json!({ "discovery": ground.discovery, "troubles": troubles })
}

/// What each check says, and about which items; why it matters stands in `docs/checks.md`.
fn checks(checked: &Checked) -> Value {
    let of = |verdict: &crate::checks::run::Verdict| {
        json!({
            "check": verdict.id, "subject": verdict.subject, "severity": verdict.severity, "status": verdict.status,
            "count": verdict.count, "first": verdict.first, "cause": verdict.cause, "reason": verdict.reason, "waiver": verdict.waiver,
        })
    };
    json!({ "event": "checked", "exit": checked.exit, "checks": checked.checks.iter().map(of).collect::<Vec<_>>() })
}

fn journal(ledger: &Reader, out: &mut dyn Write, scrubber: &mut Scrubber<'_>) -> Result<()> {
    let mut after = 0;
    loop {
        let page = ledger.journal_after(after, PAGE)?;
        let Some(last) = page.last() else { return Ok(()) };
        after = last.seq;
        for entry in &page {
            line(out, scrubber, entry)?;
        }
    }
}

fn runs(ledger: &Reader, out: &mut dyn Write, scrubber: &mut Scrubber<'_>) -> Result<()> {
    const RUNS: usize = 20;
    let mut before = i64::MAX;
    loop {
        let page = ledger.runs_before(before, RUNS)?;
        let Some((last, ..)) = page.last() else { return Ok(()) };
        before = *last;
        for (number, started, ended, summary) in &page {
            let summary: Option<Value> = summary.as_deref().and_then(|text| serde_json::from_str(text).ok());
            line(out, scrubber, &json!({ "run": number, "started": started, "ended": ended, "summary": summary }))?;
        }
    }
}

/// The end of a log, as much as fits.
fn log_file(path: &Path, out: &mut dyn Write, scrubber: &mut Scrubber<'_>) -> Result<()> {
    use std::io::{Seek, SeekFrom};
    let unreadable = |cause| Error::io("read", path, cause);
    let mut file = File::open(path).map_err(unreadable)?;
    let length = file.metadata().map_err(unreadable)?.len();
    if length > LOG {
        file.seek(SeekFrom::Start(length - LOG)).map_err(unreadable)?;
        // The first line is cut, and a name in it with it.
        let mut byte = [0];
        while file.read(&mut byte).map_err(unreadable)? == 1 && byte[0] != b'\n' {}
    }
    let mut lines = LineScrub::new(out, scrubber);
    // A log that is written to while it is read has an end all the same.
    let mut file = file.take(LOG);
    let mut block = vec![0; 64 << 10];
    loop {
        let read = file.read(&mut block).map_err(unreadable)?;
        if read == 0 {
            return lines.finish().map_err(failed);
        }
        lines.write_all(&block[..read]).map_err(failed)?;
    }
}
