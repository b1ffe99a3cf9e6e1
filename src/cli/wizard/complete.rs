//! What came of it, what did not come, and what is to be done next.

use super::face::Face;
use super::menu::Menu;
use super::prompt::{Asked, Stop, choose, yes};
use super::{files, left, say};
use omt::config::Size;
use omt::report::Duration;
use omt::wizard::view::Data;
use omt::wizard::{Command, Query, View};
use serde_json::Value;

#[derive(Clone, Copy)]
enum Choice {
    Left,
    Report,
    Mail,
    Receipt,
    Journal,
    LookAgain,
    StartOver,
}

pub(super) fn step(face: &Face, view: &View) -> Asked<()> {
    let Data::Complete { summary, left, next } = &view.data else { return Ok(()) };
    if let Some(summary) = summary {
        summed(summary);
    }
    for (outcome, count) in left {
        let means = face.help(&format!("outcome.{outcome}")).unwrap_or_default();
        say::led(&format!("{outcome} {count}: "), means);
    }
    for (at, next) in next.iter().enumerate() {
        say::led(&format!("{}. ", at + 1), next);
    }
    let mut menu = Menu::new(view);
    if !left.is_empty() {
        menu = menu.always("Show what did not come", Choice::Left);
    }
    let choice = menu
        .always("Write the report", Choice::Report)
        .always("Mailboxes, forwarding, DNS", Choice::Mail)
        .always("Save the tenant's receipt", Choice::Receipt)
        .always("What was decided and changed", Choice::Journal)
        .command("look-again", "Look for missing documents again", Choice::LookAgain)
        .command("start-over", "Start over, from the beginning", Choice::StartOver)
        .ask("Complete:")?;
    let ended = match choice {
        Choice::Left => left::documents(face, left),
        Choice::Report => report(face),
        Choice::Mail => left::mail(face),
        Choice::Receipt => match say::told(face.query_text(Query::Receipt)) {
            Some(text) => files::save(face, "Save the receipt as:", "receipt-copy.json", &text),
            None => Ok(()),
        },
        Choice::Journal => left::journal(face),
        Choice::LookAgain => {
            face.give(Command::LookAgain);
            Ok(())
        }
        Choice::StartOver => yes("Start over? What the tenant holds stays until it is replaced.", false).map(|sure| {
            if sure {
                face.give(Command::StartOver);
            }
        }),
    };
    match ended {
        Err(Stop::Back) => Ok(()),
        other => other,
    }
}

/// The figures of the run.
fn summed(summary: &Value) {
    let number = |pointer: &str| summary.pointer(pointer).and_then(Value::as_u64).unwrap_or_default();
    let accepted = if summary["committed"] == true { "accepted by the tenant" } else { "not accepted by the tenant" };
    let seconds = summary["seconds"].as_f64().unwrap_or_default();
    say::text(&format!(
        "{} rows, {} of them verified, {accepted}; {} sent, {} skipped, in {}",
        number("/rows"),
        number("/outcomes/verified"),
        Size(number("/bytes/sent")),
        Size(number("/bytes/skipped")),
        Duration(seconds)
    ));
}

fn report(face: &Face) -> Asked<()> {
    let forms = [("a page for people (HTML)", "html"), ("text", "text"), ("data (JSON)", "json")];
    let form = choose("In which form?", forms.map(|(label, form)| (label.to_owned(), form)).into(), 0)?;
    match say::told(face.query_text(Query::Report { form: form.into() })) {
        Some(text) => {
            let end = if form == "text" { "txt" } else { form };
            files::save(face, "Write the report to:", &format!("report.{end}"), &text)
        }
        None => Ok(()),
    }
}
