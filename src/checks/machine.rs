//! The machine that the migration runs on, and the ledger that lies there.

use super::archive::file;
use super::sweep::moment;
use super::{Check, Findings, Ground, Looked, Severity, Subject};
use crate::config::Size;
use crate::item::Kind;
use crate::ledger::{Reader, can_write, refuse_network_share};
use crate::onsite::database::Query;
use crate::{Error, Result};
use chrono::{DateTime, Utc};
use std::path::Path;

/// What a ledger may need for each row, indexes and log included: a generous guess.
const BYTES_PER_ROW: u64 = 700;
/// What it needs in any case, with room for a report beside it.
const BYTES_ANYWAY: u64 = 256 << 20;

/// The checks of this file.
pub(super) static CHECKS: &[Check] = &[
    Check {
        id: "machine.ledger-folder",
        subject: Subject::Machine,
        severity: Severity::Blocker,
        title: "the ledger cannot be written",
        why: "without a durable record nothing is proven and nothing resumes",
        todo: "give this account the right to write there, or name another place as `migration.ledger`",
        look: ledger_folder,
    },
    Check {
        id: "machine.ledger-on-share",
        subject: Subject::Machine,
        severity: Severity::Blocker,
        title: "the ledger would lie on a network share",
        why: "its log needs shared memory, which does not work across machines",
        todo: "set `migration.ledger` to a file on a local disk",
        look: ledger_on_share,
    },
    Check {
        id: "machine.ledger-damaged",
        subject: Subject::Machine,
        severity: Severity::Blocker,
        title: "the ledger cannot be believed",
        why: "it cannot be read, or its journal was changed after it was written",
        todo: "keep the file as evidence and move it aside: the next run makes it anew from the tenant",
        look: ledger_damaged,
    },
    Check {
        id: "machine.ledger-foreign",
        subject: Subject::Machine,
        severity: Severity::Error,
        title: "the ledger is of another installation",
        why: "its decisions and proofs are about other rows",
        todo: "name another file as `migration.ledger`; if only the company's name was changed, run with `--identity-changed`",
        look: ledger_foreign,
    },
    Check {
        id: "machine.ledger-ahead",
        subject: Subject::Machine,
        severity: Severity::Warning,
        title: "the ledger knows rows that this database has not reached yet",
        why: "the database is an older copy than the one that was migrated last: what came since would be withdrawn at the tenant",
        todo: "make sure that this is the database that users work with",
        look: ledger_ahead,
    },
    Check {
        id: "machine.ledger-older",
        subject: Subject::Machine,
        severity: Severity::Note,
        title: "documents were registered since the last run",
        why: "the next run has to send them: the final window is as long as that takes",
        todo: "run once more before the weekend",
        look: ledger_older,
    },
    Check {
        id: "machine.disk-space",
        subject: Subject::Machine,
        severity: Severity::Error,
        title: "the disk of the ledger has too little room",
        why: "a ledger that cannot grow ends the run",
        todo: "free some space, or name another disk in `migration.ledger`",
        look: disk_space,
    },
    Check {
        id: "machine.link-speed",
        subject: Subject::Machine,
        severity: Severity::Note,
        title: "what the link carried in the last run",
        why: "the link decides how long the migration takes",
        todo: "compare it with what the provider has promised",
        look: link_speed,
    },
];

/// The ledger of the configuration, if there is one.
fn ledger(ground: &Ground<'_>) -> Result<Option<Reader>> {
    let path = &ground.config.migration.ledger;
    if path.is_file() { Reader::open(path).map(Some) } else { Ok(None) }
}

fn no_ledger() -> Looked {
    Looked::NotHere("there is no ledger yet".into())
}

/// The folder that the ledger lies in.
fn folder(ledger: &Path) -> &Path {
    ledger.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or_else(|| Path::new("."))
}

fn ledger_folder(ground: &mut Ground<'_>, findings: &mut Findings<'_>) -> Result<Looked> {
    let path = &ground.config.migration.ledger;
    // An open file without a name, which is gone when it is closed.
    if let Err(cause) = tempfile::tempfile_in(folder(path)) {
        let place = folder(path).display();
        findings.add(file(path), format!("no file can be made in `{place}`: {cause}"))?;
    } else if path.is_file() && !can_write(path)? {
        findings.add(file(path), format!("`{}` can be read only", path.display()))?;
    }
    Ok(Looked::Yes)
}

fn ledger_on_share(ground: &mut Ground<'_>, findings: &mut Findings<'_>) -> Result<Looked> {
    let path = &ground.config.migration.ledger;
    if !folder(path).is_dir() {
        return Ok(Looked::NotHere("the folder of the ledger does not exist".into()));
    }
    if let Err(error) = refuse_network_share(path) {
        findings.add(file(path), error.chain())?;
    }
    Ok(Looked::Yes)
}

fn ledger_damaged(ground: &mut Ground<'_>, findings: &mut Findings<'_>) -> Result<Looked> {
    let path = &ground.config.migration.ledger;
    // A run that was killed at once leaves an empty file.
    if !path.is_file() || path.metadata().is_ok_and(|metadata| metadata.len() == 0) {
        return Ok(no_ledger());
    }
    if let Err(error) = Reader::open(path).and_then(|reader| reader.journal()) {
        findings.add(file(path), error.chain())?;
    }
    Ok(Looked::Yes)
}

fn ledger_foreign(ground: &mut Ground<'_>, findings: &mut Findings<'_>) -> Result<Looked> {
    let Some(kept) = ledger(ground)?.map(|reader| reader.meta("identity")).transpose()?.flatten() else {
        return Ok(no_ledger());
    };
    if let Some(absent) = ground.lacks(&["company.company_id", "company.ownerContactName", "company.serialNo"])? {
        return Ok(absent);
    }
    let kept: serde_json::Value = serde_json::from_str(&kept).unwrap_or_default();
    let text = "SELECT {top} {company.ownerContactName}, {company.serialNo} FROM {company}
                ORDER BY {=company.company_id} {limit}";
    let rows = ground.database.rows(&Query::new(text).limit(1))?;
    for (column, name) in [(0, "company"), (1, "serial")] {
        let ours = rows.first().map_or_else(String::new, |row| row.text(column));
        let theirs = kept[name].as_str().unwrap_or_default();
        if ours != theirs {
            let text = format!("the {name} is `{ours}` here and `{theirs}` in the ledger");
            findings.add(file(&ground.config.migration.ledger), text)?;
        }
    }
    Ok(Looked::Yes)
}

fn ledger_ahead(ground: &mut Ground<'_>, findings: &mut Findings<'_>) -> Result<Looked> {
    let Some(reader) = ledger(ground)? else { return Ok(no_ledger()) };
    if let Some(absent) = ground.lacks(&["sequence.TableName", "sequence.next_id"])? {
        return Ok(absent);
    }
    for (kind, table) in [(Kind::Document, "document"), (Kind::Attachment, "attachment")] {
        let Some(last) = reader.last_id(kind)? else { continue };
        let text = "SELECT max({=sequence.next_id}) FROM {sequence} WHERE LOWER({=sequence.TableName}) = ?1";
        let next = ground.database.number(&Query::new(text).bind(table))?;
        // Rows may be deleted; the next key never goes back. Rows of satellites are above it.
        if next > 0 && next <= i64::from(last) && last < 0x0100_0000 {
            let text = format!("the ledger knows {kind} {last}, the database will give out {next} next");
            findings.add(format!("{kind}/{last}"), text)?;
        }
    }
    Ok(Looked::Yes)
}

fn ledger_older(ground: &mut Ground<'_>, findings: &mut Findings<'_>) -> Result<Looked> {
    let Some((started, _)) = ledger(ground)?.map(|reader| reader.last_run()).transpose()?.flatten() else {
        return Ok(Looked::NotHere("nothing was run yet".into()));
    };
    if let Some(absent) = ground.lacks(&["document.registered"])? {
        return Ok(absent);
    }
    let since: DateTime<Utc> = started.parse().unwrap_or_default();
    let text = "SELECT count(*) FROM {document} WHERE {=document.registered} > ?1";
    let since_text = moment(ground.database.dialect(), &since.format("%F %T").to_string());
    let count = ground.database.number(&Query::new(text).bind(since_text))?;
    if count > 0 {
        let days = (crate::clock::now() - since).num_days();
        let text = format!("{count} documents since the last run, {days} days ago");
        findings.add(file(&ground.config.migration.ledger), text)?;
    }
    Ok(Looked::Yes)
}

fn disk_space(ground: &mut Ground<'_>, findings: &mut Findings<'_>) -> Result<Looked> {
    let path = &ground.config.migration.ledger;
    let place = folder(path);
    if !place.is_dir() {
        return Ok(Looked::NotHere("the folder of the ledger does not exist".into()));
    }
    let mut rows = 0;
    for table in ["document", "DocTmpl", "attachment"] {
        if ground.lacks(&[table])?.is_none() {
            rows += ground.database.number(&Query::new(format!("SELECT count(*) FROM {{{table}}}")))?.unsigned_abs();
        }
    }
    let free = fs4::available_space(place).map_err(|cause| Error::io("find the free space of", place, cause))?;
    // What the ledger has already is not needed again.
    let has = path.metadata().map_or(0, |metadata| metadata.len());
    let needed = (BYTES_ANYWAY + rows * BYTES_PER_ROW).saturating_sub(has);
    if free < needed {
        let text = format!("{} are free, {rows} rows need up to {}", Size(free), Size(needed));
        findings.add(file(place), text)?;
    }
    Ok(Looked::Yes)
}

fn link_speed(ground: &mut Ground<'_>, findings: &mut Findings<'_>) -> Result<Looked> {
    let Some(reader) = ledger(ground)? else { return Ok(no_ledger()) };
    for (_, started, _, summary) in reader.runs_before(i64::MAX, 20)? {
        let run: serde_json::Value = summary.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default();
        let (sent, seconds) = (run["bytes"]["sent"].as_u64().unwrap_or(0), run["seconds"].as_f64().unwrap_or(0.0));
        // A run that sent next to nothing says nothing about the link.
        if sent > 1 << 20 && seconds > 1.0 {
            let rate = Size((sent as f64 / seconds) as u64);
            findings.add(format!("run/{started}"), format!("{} were sent, {rate}/s", Size(sent)))?;
            return Ok(Looked::Yes);
        }
    }
    Ok(Looked::NotHere("no run has sent enough to tell".into()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checks::testing::Site;
    use crate::item::Key;
    use crate::ledger::{Ledger, Record};

    const TABLES: [&str; 3] = ["company", "sequence", "document"];
    const ROWS: &str = "INSERT INTO company (company_id, ownerContactName, serialNo) VALUES (1, 'Nordlys', '123');
        INSERT INTO sequence (id, next_id, TableName) VALUES (20, 8, 'document');
        INSERT INTO document (document_id, registered) VALUES (1, '2020-01-01 00:00:00')";

    fn write(site: &Site, records: Vec<Record>) {
        let ledger = Ledger::open(&site.config.migration.ledger).unwrap();
        for record in records {
            ledger.writer().put(record).unwrap();
        }
        ledger.close().unwrap();
    }

    fn identity(serial: &str) -> Record {
        Record::Meta("identity", format!("{{\"company\":\"Nordlys\",\"serial\":\"{serial}\"}}"))
    }

    #[test]
    fn before_the_first_run_only_place_and_room_are_looked_at() {
        let site = Site::new(&TABLES, ROWS);
        for id in ["machine.ledger-folder", "machine.ledger-on-share", "machine.disk-space"] {
            site.is_clean(id);
        }
        for id in ["machine.ledger-damaged", "machine.ledger-foreign", "machine.ledger-ahead", "machine.link-speed"] {
            site.is_not_here(id, "no ledger");
        }
        site.is_not_here("machine.ledger-older", "nothing was run");
        assert!(!site.config.migration.ledger.exists());
    }

    #[test]
    fn the_ledger_of_this_installation_is_clean() {
        let site = Site::new(&TABLES, ROWS);
        let run = Record::Run("2026-01-01T00:00:00.000Z".into(), true, "{}".into());
        write(&site, vec![identity("123"), Record::Row(Key::new(Kind::Document, 7), 1), run]);
        for check in CHECKS.iter().filter(|check| check.id != "machine.link-speed") {
            site.is_clean(check.id);
        }
        site.is_not_here("machine.link-speed", "enough");
    }

    #[test]
    fn a_ledger_that_does_not_fit_is_found() {
        let site = Site::new(&TABLES, ROWS);
        let summary = r#"{"bytes":{"sent":41943040},"seconds":4.0}"#;
        let run = Record::Run("2019-01-01T00:00:00.000Z".into(), true, summary.into());
        write(&site, vec![identity("999"), Record::Row(Key::new(Kind::Document, 8), 1), run]);
        let ledger = file(&site.config.migration.ledger);
        site.finds("machine.ledger-foreign", &[&ledger]);
        site.finds("machine.ledger-ahead", &["document/8"]);
        site.finds("machine.ledger-older", &[&ledger]);
        assert!(site.look("machine.link-speed").all[0].text.ends_with("10.0 MiB/s"));
    }

    #[test]
    fn a_ledger_that_cannot_be_believed_or_written_is_found() {
        let mut site = Site::new(&TABLES, ROWS);
        write(&site, vec![Record::Journal("x", serde_json::Value::Null)]);
        site.is_clean("machine.ledger-damaged");
        std::fs::write(&site.config.migration.ledger, "this is no database, whatever its name says").unwrap();
        let ledger = file(&site.config.migration.ledger);
        site.finds("machine.ledger-damaged", &[&ledger]);
        site.config.migration.ledger = site.path("nowhere/ledger.db");
        let ledger = file(&site.config.migration.ledger);
        site.finds("machine.ledger-folder", &[&ledger]);
        site.is_not_here("machine.ledger-on-share", "does not exist");
    }
}
