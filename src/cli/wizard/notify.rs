//! Who is told by e-mail.

use super::checklist::{tick_label, ticked};
use super::face::Face;
use super::menu::Menu;
use super::prompt::{Asked, Line, Stop, yes};
use super::{cards, say};
use omt::wizard::view::Data;
use omt::wizard::{Command, Task};

#[derive(Clone, Copy)]
enum Choice {
    Welcome,
    Summary,
    Undo,
    Tick,
}

/// The two questions, until somebody goes back.
pub(super) fn show(face: &Face) -> Asked<()> {
    loop {
        let view = face.view();
        let Data::Checklist { notify, .. } = &view.data else { return Ok(()) };
        say::heading("E-mail notifications");
        cards::show_problems(&say::told(cards::problems(face, Task::Notifications)).unwrap_or_default());
        let done = ticked(&view, Task::Notifications);
        let welcome = match notify.welcome {
            None => "nobody has said",
            Some(true) => "yes",
            Some(false) => "no",
        };
        let summary = notify.summary.as_deref().unwrap_or("nobody");
        let choice = Menu::new(&view)
            .command("notify", format!("Welcome e-mail to users: {welcome}"), Choice::Welcome)
            .command("notify", format!("Summary of users to: {summary}"), Choice::Summary)
            .command("undo", "Take the last change back", Choice::Undo)
            .command("tick", tick_label(done), Choice::Tick)
            .here(notify.welcome.is_some() && !done)
            .ask_inside("Notifications:")?;
        let ended = match choice {
            Choice::Welcome => yes("Do users get a welcome e-mail with a link to set their password?", true)
                .map(|welcome| face.give(Command::Notify { welcome: Some(welcome), summary: None })),
            Choice::Summary => {
                let initial = notify.summary.as_deref().unwrap_or_default();
                let help = face.help("notify.summary");
                Line { question: "Summary to:", help, initial, ..Line::default() }
                    .ask()
                    .map(|summary| face.give(Command::Notify { welcome: None, summary: Some(summary) }))
            }
            Choice::Undo => {
                face.give(Command::Undo);
                Ok(())
            }
            Choice::Tick => {
                if face.given(Command::Tick { task: Task::Notifications, done: !done }) {
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
