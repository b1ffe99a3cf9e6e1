//! User plans: the board as lists.
//!
//! Columns are lines with what is used and available; users are moved by a filter or picked from a list. Every change stands in the journal
//! and can be taken back.

use super::cards::{self, Card, list};
use super::checklist::{tick_label, ticked};
use super::face::Face;
use super::menu::Menu;
use super::prompt::{Asked, Stop, choose, choose_many, pages, yes};
use super::say::{self, column};
use super::table;
use omt::wizard::{Command, Query, Task};
use serde::Deserialize;
use serde_json::Value;

/// A column of the board.
#[derive(Debug, Clone, Deserialize)]
struct Plan {
    #[serde(rename = "plan")]
    name: String,
    used: u64,
    available: i64,
}

/// A plan that the licences suggest.
#[derive(Debug, Clone, Deserialize)]
struct Suggestion {
    login: String,
    plan: Option<String>,
    #[serde(default)]
    candidates: Vec<String>,
    reason: String,
}

#[derive(Clone, Copy)]
enum Choice {
    List,
    Found,
    Picked,
    Suggestions,
    Suggest,
    None,
    Undo,
    Export,
    Import,
    Tick,
}

/// The board, until somebody goes back.
pub(super) fn show(face: &Face) -> Asked<()> {
    loop {
        let view = face.view();
        say::heading("User plans");
        let Some((board, problems)) =
            say::told(face.query(Query::Plans)).zip(say::told(cards::problems(face, Task::Plans)))
        else {
            return Ok(());
        };
        let plans: Vec<Plan> = say::told(list(board.clone(), "plans")).unwrap_or_default();
        columns(&board, &plans);
        cards::show_problems(&problems);
        let done = ticked(&view, Task::Plans);
        let choice = Menu::new(&view)
            .always("Show users", Choice::List)
            .command("assign", "Give or take a plan: users that a filter finds", Choice::Found)
            .command("assign", "Give or take a plan: users picked from a list", Choice::Picked)
            .always("Show what the licences suggest", Choice::Suggestions)
            .command("suggest-plans", "Take over what the licences suggest", Choice::Suggest)
            .command("remove-all-plans", "Remove all plans", Choice::None)
            .command("undo", "Take the last change back", Choice::Undo)
            .always("Write a table for a spreadsheet (CSV)", Choice::Export)
            .command("import-users", "Read such a table", Choice::Import)
            .command("tick", tick_label(done), Choice::Tick)
            .ask_inside("User plans:")?;
        let ended = match choice {
            Choice::List => cards::filter("Which users?").and_then(|filter| {
                let users = say::told(cards::users(face, &filter)).unwrap_or_default();
                say::text(&format!("{}; ♛ may administrate", say::users(users.len())));
                pages(users.iter().map(Card::with_plan))
            }),
            Choice::Found => found(face, &plans),
            Choice::Picked => picked(face, &plans),
            Choice::Suggestions => suggestions(face),
            Choice::Suggest => {
                face.give(Command::SuggestPlans);
                Ok(())
            }
            Choice::None => yes("Take the plan from everybody?", false).map(|sure| {
                if sure {
                    face.give(Command::RemoveAllPlans);
                }
            }),
            Choice::Undo => {
                if face.given(Command::Undo) {
                    say::text("the last change was taken back");
                }
                Ok(())
            }
            Choice::Export => table::export(face),
            Choice::Import => table::import(face),
            Choice::Tick => {
                if face.given(Command::Tick { task: Task::Plans, done: !done }) {
                    return Ok(());
                }
                Ok(())
            }
        };
        match ended {
            Ok(()) | Err(Stop::Back) => {}
            Err(stop) => return Err(stop),
        }
    }
}

fn columns(board: &Value, plans: &[Plan]) {
    for plan in plans {
        let over = if plan.available < 0 { "  too many" } else { "" };
        say::line(&format!("  {} ({}/{}){over}", column(&plan.name, 40), plan.used, plan.available));
    }
    if board["known"] == false {
        say::text("The tenant does not answer, so nobody knows which plans were bought.");
    }
    let number = |key: &str| board[key].as_u64().unwrap_or_default();
    let (without, users) = (number("without"), number("users"));
    say::led("  ", &format!("{without} of {users} employees have no plan; plans show (used/available)"));
}

/// Which plan; nothing takes it.
fn which(plans: &[Plan]) -> Asked<Option<String>> {
    let label = |plan: &Plan| format!("{} ({}/{})", plan.name, plan.used, plan.available);
    let mut options: Vec<_> = plans.iter().map(|plan| (label(plan), Some(plan.name.clone()))).collect();
    options.push(("no plan: they cannot log in".to_owned(), None));
    choose("Which plan?", options, 0)
}

/// Users whom a plan can be given, or from whom it can be taken.
fn fitting(face: &Face, filter: &str, plan: Option<&str>) -> Vec<Card> {
    let mut users = say::told(cards::users(face, filter)).unwrap_or_default();
    users.retain(|user| match plan {
        Some(plan) => user.cannot_hold.is_none() && user.plan.as_deref() != Some(plan),
        None => user.plan.is_some(),
    });
    users
}

fn found(face: &Face, plans: &[Plan]) -> Asked<()> {
    let filter = cards::filter("Which users?")?;
    let plan = which(plans)?;
    let users = fitting(face, &filter, plan.as_deref());
    if users.is_empty() {
        say::text("there is nobody among them whose plan would change");
        return Ok(());
    }
    let first: Vec<&str> = users.iter().take(8).map(|user| user.login.as_str()).collect();
    let more = if users.len() > first.len() { ", …" } else { "" };
    let what = plan.as_deref().map_or_else(|| "no plan".to_owned(), |plan| format!("plan `{plan}`"));
    if yes(&format!("{what} for {} ({}{more})?", say::users(users.len()), first.join(", ")), true)? {
        assign(face, &users.iter().map(|user| user.id).collect::<Vec<_>>(), plan);
    }
    Ok(())
}

fn picked(face: &Face, plans: &[Plan]) -> Asked<()> {
    let filter = cards::filter("Pick from which users?")?;
    let plan = which(plans)?;
    let users = fitting(face, &filter, plan.as_deref());
    if users.is_empty() {
        say::text("there is nobody among them whose plan would change");
        return Ok(());
    }
    let options = users.iter().map(|user| (user.with_plan(), user.id)).collect();
    let users = choose_many("Which of them?", options)?;
    if !users.is_empty() {
        assign(face, &users, plan);
    }
    Ok(())
}

fn assign(face: &Face, users: &[i64], plan: Option<String>) {
    let what = plan.as_deref().map_or_else(|| "no plan".to_owned(), |plan| format!("plan `{plan}`"));
    if face.given(Command::Assign { users: users.to_vec(), plan }) {
        say::text(&format!("done: {what} for {}", say::users(users.len())));
    }
}

fn suggestions(face: &Face) -> Asked<()> {
    let answer = face.query(Query::Suggestions).and_then(|answer| list::<Suggestion>(answer, "suggestions"));
    let Some(all) = say::told(answer) else { return Ok(()) };
    let some = all.iter().filter(|one| one.plan.is_some()).count();
    say::text(&format!("{} employees without a plan; for {some} of them exactly one plan fits", all.len()));
    let told = |one: &Suggestion| {
        let plan = match (&one.plan, one.candidates.as_slice()) {
            (Some(plan), _) => plan.clone(),
            (None, []) => "–".to_owned(),
            (None, several) => format!("one of {}", several.join(", ")),
        };
        format!("{} {}  {}", column(&one.login, 8), say::shown(&plan), say::shown(&one.reason))
    };
    pages(all.iter().map(told))
}
