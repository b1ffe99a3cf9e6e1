//! Long lists at the end: documents that did not come, what was decided, and what is to be done about mail.
//!
//! They are asked for a screen at a time, so that it does not matter how long they are.

use super::cards::list;
use super::face::Face;
use super::files;
use super::prompt::{Asked, Line, choose, pages, yes};
use super::say::{self, column};
use omt::wizard::Query;
use serde::Deserialize;
use serde_json::Value;
use std::collections::BTreeMap;

/// A document that did not come.
#[derive(Debug, Deserialize)]
struct Left {
    item: String,
    outcome: String,
    path: String,
    detail: String,
}

/// Documents that did not come.
pub(super) fn documents(face: &Face, counts: &BTreeMap<String, u64>) -> Asked<()> {
    let mut options = vec![("all".to_owned(), None)];
    options.extend(counts.iter().map(|(outcome, count)| (format!("{outcome} ({count})"), Some(outcome.clone()))));
    let outcome = choose("Which?", options, 0)?;
    let help = "part of a path, a name or a reason; nothing shows all";
    let filter = Line { question: "With which text?", help: Some(help), ..Line::default() }.ask()?;
    // Each takes two lines.
    let screen = (say::height() / 2).saturating_sub(2).max(2);
    let mut skip = 0;
    loop {
        let query = Query::Left { outcome: outcome.clone(), filter: filter.clone(), skip, limit: screen };
        let Some(answer) = say::told(face.query(query)) else { return Ok(()) };
        let total = answer["total"].as_u64().unwrap_or_default() as usize;
        let Some(items) = say::told(list::<Left>(answer, "items")) else { return Ok(()) };
        for left in &items {
            let line = format!("{} {} {}", column(&left.outcome, 12), column(&left.item, 16), say::shown(&left.path));
            say::line(&say::clipped(&line, say::width() - 1));
            say::line(&say::clipped(&format!("    {}", say::shown(&left.detail)), say::width() - 1));
        }
        skip += items.len();
        if items.is_empty() || skip >= total || !yes(&format!("{skip} of {total}. Show more?"), true)? {
            say::text(&format!("{skip} of {total} shown"));
            return Ok(());
        }
    }
}

/// An entry of the journal.
#[derive(Debug, Deserialize)]
struct Entry {
    seq: i64,
    at: String,
    kind: String,
    body: Value,
}

/// What was decided and changed.
pub(super) fn journal(face: &Face) -> Asked<()> {
    let screen = say::height().saturating_sub(4).max(4);
    let mut after = 0;
    loop {
        let answer = face.query(Query::Journal { after, limit: screen });
        let Some(entries) = say::told(answer.and_then(|answer| list::<Entry>(answer, "entries"))) else {
            return Ok(());
        };
        for entry in &entries {
            let at = entry.at.get(..19).unwrap_or(&entry.at);
            let line =
                format!("{} {} {}", column(at, 19), column(&entry.kind, 20), say::shown(&entry.body.to_string()));
            say::line(&say::clipped(&line, say::width() - 1));
        }
        match entries.last() {
            Some(last) if entries.len() == screen && yes("Show more?", true)? => after = last.seq,
            _ => return Ok(()),
        }
    }
}

/// Mailboxes with their new addresses, and the instruction for the DNS provider.
pub(super) fn mail(face: &Face) -> Asked<()> {
    let sign = Face::sign("reading mailboxes and asking DNS …");
    let answer = face.query(Query::Mail);
    sign.finish_and_clear();
    let Some(answer) = say::told(answer) else { return Ok(()) };
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let mut lines = Vec::new();
    for address in answer["addresses"].as_array().into_iter().flatten() {
        let new = address["proposed"].as_str().unwrap_or("undecided");
        lines.push(format!("{} → {}", text(&address["typed"]), new));
        for key in ["trouble", "conflict", "forward"] {
            if let Some(said) = address[key].as_str() {
                lines.push(format!("    {said}"));
            }
        }
    }
    if lines.is_empty() {
        lines.push("there are no mailboxes of Customer Service".into());
    }
    let remarks = answer["remarks"].as_array().into_iter().flatten();
    lines.extend(remarks.map(|remark| format!("note: {}", text(remark))));
    let instruction = text(&answer["instruction"]);
    lines.push(String::new());
    lines.extend(instruction.lines().map(str::to_owned));
    let width = say::width() - 1;
    let folded = lines.iter().flat_map(|line| {
        let indent = " ".repeat(line.len() - line.trim_start().len());
        say::wrapped(&say::shown(line), width, &indent, &format!("{indent}  "))
    });
    pages(folded.collect::<Vec<_>>())?;
    if yes("Save the instruction for the DNS provider?", true)? {
        files::save(face, "Write it to:", "dns.txt", &instruction)?;
    }
    Ok(())
}
