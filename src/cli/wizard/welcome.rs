//! Welcome, and in a recovery the choice of what is wanted.

use super::face::Face;
use super::menu::Menu;
use super::prompt::Asked;
use super::say;
use omt::wizard::view::Choice;
use omt::wizard::{Command, Recovery, View};

/// The terms and the cautions, to be accepted.
pub(super) fn welcome(face: &Face, view: &View, terms: &[&str], cautions: &[&str]) -> Asked<()> {
    for term in terms {
        say::led("• ", term);
    }
    for caution in cautions {
        say::led("! ", caution);
    }
    let command = Menu::new(view)
        .command("accept", "Accept and begin", Command::Accept)
        .command("detect", "Look again for installation and tenant", Command::Detect)
        .ask("Welcome:")?;
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
