//! A local administrator shows who they are.

use super::face::Face;
use super::menu::Menu;
use super::prompt::{Asked, Line, secret};
use super::say;
use omt::onsite::logon::{Standing, Verdict};
use omt::wizard::view::Data;
use omt::wizard::{Command, View};

#[derive(Clone, Copy)]
enum Choice {
    LogOn,
    GoOn,
    Look,
}

pub(super) fn step(face: &Face, view: &View) -> Asked<()> {
    let Data::LogOn { user, verdict, proofs, .. } = &view.data else { return Ok(()) };
    match (user, verdict) {
        (Some(user), Some(verdict)) => {
            for proof in proofs {
                let mark = match proof.standing {
                    Standing::Proven => "proven: ",
                    Standing::Refuted => "no: ",
                    Standing::Open => "not proven: ",
                };
                say::led(mark, &proof.how);
            }
            say::text(&format!("`{user}` {}", conclusion(*verdict)));
        }
        _ => say::text(
            "A local administrator logs on: an employee with the right to administrate all or users. The password is shown to nobody \
             but the on-site web services, and is not kept.",
        ),
    }
    let menu = Menu::new(view)
        .command("log-on", if verdict.is_some() { "Log on again" } else { "Log on" }, Choice::LogOn)
        .command("go-on", "Go on, although the password was not proven", Choice::GoOn)
        .here(*verdict == Some(Verdict::Allowed))
        .command("detect", "Look again for installation and tenant", Choice::Look);
    match menu.ask("Log-on:")? {
        Choice::GoOn => face.give(Command::GoOn),
        Choice::Look => face.give(Command::Detect),
        Choice::LogOn => {
            let initial = user.as_deref().unwrap_or_default();
            let help = face.help("log-on.user");
            let user = Line { question: "User:", help, initial, ..Line::default() }.ask()?;
            let password = secret("Password:", "empty: it is not proven; Esc back")?;
            face.give(Command::LogOn { user, password });
        }
    }
    Ok(())
}

fn conclusion(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Proven => "may migrate",
        Verdict::Allowed => "may migrate, if the password is right: that was not proven",
        Verdict::Denied => "may not migrate",
        Verdict::WrongPassword => "gave a wrong password",
    }
}
