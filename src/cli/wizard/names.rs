//! User names: who logs in under which address, and conflicts with those on both sides.

use super::cards::{self, Card, Problem};
use super::checklist::{tick_label, ticked};
use super::face::Face;
use super::menu::Menu;
use super::prompt::{Asked, Line, Stop, choose, pages};
use super::{say, table};
use omt::wizard::{Command, Task};
use std::collections::BTreeMap;

#[derive(Clone, Copy)]
enum Choice {
    Mend(i64),
    List,
    Name,
    Undo,
    Export,
    Import,
    Tick,
}

/// The list, until somebody goes back.
pub(super) fn show(face: &Face) -> Asked<()> {
    loop {
        let view = face.view();
        say::heading("User names");
        let Some(problems) = say::told(cards::problems(face, Task::Names)) else { return Ok(()) };
        if problems.is_empty() {
            say::text("Each user with a plan has a user name of its own.");
        }
        cards::show_problems(&problems);
        let done = ticked(&view, Task::Names);
        let mut menu = Menu::new(&view);
        for (user, label) in conflicts(&problems) {
            menu = menu.command("name", label, Choice::Mend(user));
        }
        let choice = menu
            .always("Show user names", Choice::List)
            .command("name", "Choose the user name of somebody", Choice::Name)
            .command("undo", "Take the last change back", Choice::Undo)
            .always("Write a table for a spreadsheet (CSV)", Choice::Export)
            .command("import-users", "Read such a table", Choice::Import)
            .command("tick", tick_label(done), Choice::Tick)
            .here(problems.is_empty() && !done)
            .ask_inside("User names:")?;
        let ended = match choice {
            Choice::Mend(user) => mend(face, user),
            Choice::List => cards::filter("Which users?").and_then(|filter| {
                let mut users = say::told(cards::users(face, &filter)).unwrap_or_default();
                users.retain(|user| user.plan.is_some());
                say::text(&format!("{} of them have a plan and so a user name", users.len()));
                pages(users.iter().map(Card::with_name))
            }),
            Choice::Name => somebody(face),
            Choice::Undo => {
                if face.given(Command::Undo) {
                    say::text("the last change was taken back");
                }
                Ok(())
            }
            Choice::Export => table::export(face),
            Choice::Import => table::import(face),
            Choice::Tick => {
                if face.given(Command::Tick { task: Task::Names, done: !done }) {
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

/// Each user with a problem once.
fn conflicts(problems: &[Problem]) -> Vec<(i64, String)> {
    let mut conflicts: Vec<(i64, String)> = Vec::new();
    for problem in problems {
        if let Some(user) = problem.user
            && !conflicts.iter().any(|(known, _)| *known == user)
        {
            conflicts.push((user, format!("Mend {}", problem.text)));
        }
    }
    conflicts
}

fn mend(face: &Face, user: i64) -> Asked<()> {
    let users = say::told(cards::users(face, &format!("id:{user}"))).unwrap_or_default();
    let Some(user) = users.first() else {
        say::text("there is no such user any more: take the plan away");
        return Ok(());
    };
    name(face, user)
}

fn somebody(face: &Face) -> Asked<()> {
    let filter = cards::filter("Whose?")?;
    let users = say::told(cards::users(face, &filter)).unwrap_or_default();
    if users.is_empty() {
        say::text("nobody has this on the card");
        return Ok(());
    }
    let options = users.iter().enumerate().map(|(at, user)| (user.with_name(), at)).collect();
    let at = choose("Whose?", options, 0)?;
    name(face, &users[at])
}

#[derive(Clone)]
enum Wanted {
    This(String),
    Proposed,
    Another,
}

fn name(face: &Face, user: &Card) -> Asked<()> {
    let mut options: Vec<(String, Wanted)> =
        user.candidates.iter().map(|address| (address.clone(), Wanted::This(address.clone()))).collect();
    options.push(("another address".to_owned(), Wanted::Another));
    if let Some(proposed) = user.proposed.as_ref().filter(|_| user.chosen.is_some()) {
        options.push((format!("the proposed one again: {proposed}"), Wanted::Proposed));
    }
    let now = user.user_name.as_deref().unwrap_or("none");
    let name = match choose(&format!("User name of {} (now {now}):", user.login), options, 0)? {
        Wanted::This(address) => Some(address),
        Wanted::Proposed => None,
        Wanted::Another => {
            let initial = user.user_name.as_deref().unwrap_or_default();
            Some(Line { question: "User name:", help: Some("an e-mail address"), initial, ..Line::default() }.ask()?)
        }
    };
    face.give(Command::Name { names: BTreeMap::from([(user.id, name)]) });
    Ok(())
}
