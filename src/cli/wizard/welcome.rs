//! Welcome, and in a recovery the choice of what is wanted.

use super::face::Face;
use super::menu::Menu;
use super::prompt::{Asked, Stop, yes};
use super::say;
use omt::wizard::view::Choice;
use omt::wizard::{Command, Recovery, View};

/// The terms, to be accepted, and then what may stop working: each fits on a screen.
pub(super) fn welcome(face: &Face, view: &View, terms: &[&str], cautions: &[&str]) -> Asked<()> {
    for term in terms {
        say::led("• ", term);
    }
    let command = Menu::new(view)
        .command("accept", "Accept and begin", Command::Accept)
        .command("detect", "Look again for installation and tenant", Command::Detect)
        .ask("Welcome:")?;
    if matches!(command, Command::Accept) {
        say::line("");
        for caution in cautions {
            say::led("! ", caution);
        }
        match yes("Is that understood?", true) {
            Ok(true) => {}
            Ok(false) | Err(Stop::Back) => return Ok(()),
            Err(stop) => return Err(stop),
        }
    }
    face.give(command);
    Ok(())
}

/// Missing documents, or the test migration anew.
pub(super) fn recovery(face: &Face, view: &View, choices: &[Choice<Recovery>]) -> Asked<()> {
    let mut menu = Menu::new(view);
    for choice in choices {
        say::led(&format!("{}: ", choice.title), choice.means);
    }
    let blocked = view.blocked.iter().find(|block| block.command == "choose").map(|block| block.why.clone());
    for choice in choices {
        menu = menu.unless(choice.not.clone().or_else(|| blocked.clone()), choice.title, choice.value);
    }
    let recovery = menu.ask("The tenant holds a migration already:")?;
    face.give(Command::Choose { recovery });
    Ok(())
}
