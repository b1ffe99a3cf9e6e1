//! The upload: begun, watched, paused, limited, stopped. It is an upload of the front actor, not of this face.

use super::face::Face;
use super::keys::{self, Key, Single};
use super::menu::Menu;
use super::prompt::{Asked, Line, Stop};
use super::rows::Rows;
use super::say;
use omt::wizard::view::{Data, Upload, UploadState};
use omt::wizard::{Command, View};
use std::time::Duration;

/// How long a key is waited for before the figures are looked at again.
const LOOK: Duration = Duration::from_millis(200);

pub(super) fn step(face: &mut Face, view: &View, upload: &Upload) -> Asked<()> {
    match upload.state {
        UploadState::Running | UploadState::Paused | UploadState::Stopping => watch(face, upload),
        state => rest(face, view, state),
    }
}

/// Nothing goes on: it may begin, or go on.
fn rest(face: &Face, view: &View, state: UploadState) -> Asked<()> {
    let (text, label) = match state {
        UploadState::Stopped => ("It was stopped. Nothing is lost: it goes on where it was.", "Go on with the upload"),
        UploadState::Failed => {
            ("It could not be completed. What has arrived stays there.", "Try again; it goes on where it was")
        }
        UploadState::Done => ("It is done. Again only what is missing or has changed is sent.", "Upload again"),
        _ => ("Everything is ready.", "Start the upload"),
    };
    say::text(text);
    let mut menu = Menu::new(view).command("upload", label, Command::Upload { identity_changed: false });
    // Whether it is the same customer is for a person to say, not for a retry.
    if view.trouble.as_ref().is_some_and(|trouble| trouble.message.contains("serial number")) {
        let label = "It is the same customer: company or serial number have changed";
        menu = menu.command("upload", label, Command::Upload { identity_changed: true });
    }
    let command = menu.ask("Upload:")?;
    face.give(command);
    Ok(())
}

/// Shows the figures and listens to keys until it is over.
fn watch(face: &mut Face, upload: &Upload) -> Asked<()> {
    let rows = Rows::new(upload);
    let mut single = Some(Single::new()?);
    let mut last = None;
    loop {
        let view = face.view();
        let Data::Upload(upload) = view.data else { break };
        if !matches!(upload.state, UploadState::Running | UploadState::Paused | UploadState::Stopping) {
            break;
        }
        rows.show(&upload);
        warn(face, &rows);
        match keys::next(LOOK)? {
            Some(Key::Letter('p')) if upload.state == UploadState::Paused => give(face, &rows, Command::Resume),
            Some(Key::Letter('p')) if upload.state == UploadState::Running => give(face, &rows, Command::Pause),
            Some(Key::Letter('s') | Key::Interrupt) => give(face, &rows, Command::Stop),
            Some(Key::Letter('t')) => troubles(&rows, &upload),
            Some(Key::Letter('l')) => {
                // The question reads its keys itself.
                drop(single.take());
                let asked = rows.aside(|| limit(face));
                single = Some(Single::new()?);
                match asked {
                    Ok(()) | Err(Stop::Back) => {}
                    // Ctrl-C leaves the question; the upload is stopped by the next one.
                    Err(Stop::Interrupt) => rows.say("the limit stays as it is"),
                    Err(stop) => return Err(stop),
                }
            }
            Some(Key::Escape) => rows.say("it can be left when it is stopped: s"),
            _ => {}
        }
        last = Some(upload);
    }
    // Whoever pressed Ctrl-C twice wanted the upload to stop at once, not to leave the wizard.
    keys::forget()?;
    drop(single);
    warn(face, &rows);
    rows.end(last.as_ref());
    say::line("");
    Ok(())
}

/// Warnings since the last look, above the rows.
fn warn(face: &mut Face, rows: &Rows) {
    for warning in face.warnings() {
        rows.say(&format!("warning: {warning}"));
    }
}

fn give(face: &Face, rows: &Rows, command: Command) {
    // It may have ended between the look and the key.
    rows.aside(|| face.give(command));
}

fn limit(face: &Face) -> Asked<()> {
    let help = "as 20 MiB/s or unlimited; nothing goes back to the configuration";
    let rate = Line { question: "Limit:", help: Some(help), ..Line::default() }.ask()?;
    face.give(Command::Limit { rate: Some(rate).filter(|rate| !rate.is_empty()) });
    Ok(())
}

fn troubles(rows: &Rows, upload: &Upload) {
    if upload.troubles.is_empty() {
        rows.say("no troubles so far");
    }
    for group in &upload.troubles {
        rows.say(&format!("{}: {}", group.kind, group.count));
        for first in group.first.iter().take(3) {
            rows.say(&format!("  {first}"));
        }
    }
}
