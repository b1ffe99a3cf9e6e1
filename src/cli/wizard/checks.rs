//! What the checks found: each with what it means, what to do, and the decision to go on in spite of it.

use super::cards::list;
use super::face::Face;
use super::menu::Menu;
use super::prompt::{Asked, Line, Stop};
use super::say::{self, column};
use omt::wizard::{Command, Query};
use serde::Deserialize;

/// What one check said.
#[derive(Debug, Clone, Deserialize)]
struct Verdict {
    id: String,
    severity: String,
    status: String,
    count: u64,
    title: String,
    why: String,
    todo: String,
    #[serde(default)]
    first: Vec<Evidence>,
    #[serde(default)]
    reason: Option<String>,
    #[serde(default)]
    waiver: Option<Waiver>,
    #[serde(default)]
    change: Option<String>,
}

#[derive(Debug, Clone, Deserialize)]
struct Evidence {
    item: String,
    text: String,
}

#[derive(Debug, Clone, Deserialize)]
struct Waiver {
    who: String,
    why: String,
}

#[derive(Clone)]
enum Choice {
    Verdict(usize),
    Again,
}

/// The list, until somebody goes back.
pub(super) fn show(face: &Face) -> Asked<()> {
    loop {
        let view = face.wait(face.view());
        if let Some(trouble) = &view.trouble {
            say::trouble(trouble);
        }
        let Some(all) = say::told(face.query(Query::Checks).and_then(|answer| list::<Verdict>(answer, "checks")))
        else {
            return Ok(());
        };
        say::heading("Checks");
        let mut worth: Vec<&Verdict> = all.iter().filter(|verdict| rank(verdict).is_some()).collect();
        worth.sort_by_key(|verdict| rank(verdict));
        say::text(&format!("{} checks looked, {} found something", all.len(), worth.len()));
        let mut menu = Menu::new(&view);
        for (at, verdict) in worth.iter().enumerate() {
            menu = menu.always(line(verdict), Choice::Verdict(at));
        }
        match menu.command("check", "Run all checks again", Choice::Again).ask_inside("Which check?")? {
            Choice::Again => face.give(Command::Check),
            Choice::Verdict(at) => match one(face, worth[at]) {
                Err(Stop::Back) | Ok(()) => {}
                Err(stop) => return Err(stop),
            },
        }
    }
}

/// The worst first; nothing for what is in order.
fn rank(verdict: &Verdict) -> Option<(usize, usize)> {
    let status = ["found", "failed", "waived"].iter().position(|status| *status == verdict.status)?;
    let severity = ["blocker", "error", "warning", "note"].iter().position(|severity| *severity == verdict.severity);
    Some((usize::from(status == 2), severity.unwrap_or(4)))
}

fn line(verdict: &Verdict) -> String {
    let what = match verdict.status.as_str() {
        "failed" => "could not look".to_owned(),
        "waived" => "waived".to_owned(),
        _ => format!("{} found", verdict.count),
    };
    let change = verdict.change.as_deref().map(|change| format!(", {change}")).unwrap_or_default();
    format!("{} {} {what}{change}", column(&verdict.severity, 8), column(&verdict.id, 34))
}

#[derive(Clone, Copy)]
enum Act {
    Waive,
    Unwaive,
}

/// Everything about one check.
fn one(face: &Face, verdict: &Verdict) -> Asked<()> {
    say::heading(&verdict.id);
    say::text(&format!("{} ({}): {}", verdict.severity, verdict.status, verdict.title));
    if let Some(reason) = &verdict.reason {
        say::led("could not look: ", reason);
    }
    for evidence in &verdict.first {
        say::led("• ", &format!("{}: {}", evidence.item, evidence.text));
    }
    let more = verdict.count.saturating_sub(verdict.first.len() as u64);
    if more > 0 {
        say::text(&format!("  and {more} more: `omt check --only {} --export DIR` writes all", verdict.id));
    }
    say::led("why: ", &verdict.why);
    say::led("to do: ", &verdict.todo);
    if let Some(waiver) = &verdict.waiver {
        say::led("waived: ", &format!("{}: {}", waiver.who, waiver.why));
    }
    let view = face.view();
    let menu = Menu::new(&view);
    let menu = match verdict.waiver {
        None => menu.command("waive", "Go on in spite of it, on record", Act::Waive),
        Some(_) => menu.command("unwaive", "Let it count again", Act::Unwaive),
    };
    let act = menu.ask_inside("What about it?")?;
    let help = face.help("waive.why");
    let why = Line { question: "Why?", help, ..Line::default() }.ask()?;
    let check = verdict.id.clone();
    face.give(match act {
        Act::Waive => Command::Waive { check, why },
        Act::Unwaive => Command::Unwaive { check, why },
    });
    Ok(())
}
