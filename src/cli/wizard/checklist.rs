//! The checklist: checks, user plans, user names, notifications; then the upload.

use super::face::Face;
use super::menu::Menu;
use super::prompt::{Asked, Stop};
use super::say::{self, column};
use super::{checks, names, notify, plans};
use omt::wizard::view::{ChecksRow, Data, Notify, TaskRow};
use omt::wizard::{Command, Task, View};

#[derive(Clone, Copy)]
enum Choice {
    Checks,
    Task(Task),
    Upload,
    Look,
}

pub(super) fn step(face: &mut Face, view: &View) -> Asked<()> {
    let Data::Checklist { checks, tasks, users, planned, available, notify, .. } = &view.data else { return Ok(()) };
    row(checks.done, "Checks", &of_checks(checks, view));
    for task in tasks {
        let text = match task.task {
            Task::Plans => format!("{planned} of {users} employees have a plan, {available} were bought"),
            Task::Names => "each user with a plan has a user name of its own".to_owned(),
            Task::Notifications => of_notify(notify),
        };
        row(task.done, task.title, &if task.problems > 0 { of_problems(task) } else { text });
    }
    let mut menu = Menu::new(view).always("Checks", Choice::Checks).here(!checks.done);
    for task in tasks {
        menu = menu.always(task.title, Choice::Task(task.task)).here(!task.done);
    }
    let ready = view.may.contains(&"upload");
    let menu = menu.command("upload", "Start the upload", Choice::Upload).here(ready).command(
        "detect",
        "Look again for installation and tenant",
        Choice::Look,
    );
    match menu.ask("Checklist:")? {
        Choice::Upload => face.give(Command::Upload { identity_changed: false }),
        Choice::Look => {
            if face.given(Command::Detect) {
                face.wait(face.view());
            }
        }
        Choice::Checks => inside(checks::show(face))?,
        Choice::Task(Task::Plans) => inside(plans::show(face))?,
        Choice::Task(Task::Names) => inside(names::show(face))?,
        Choice::Task(Task::Notifications) => inside(notify::show(face))?,
    }
    Ok(())
}

/// Back out of a row is back to the checklist.
fn inside(ended: Asked<()>) -> Asked<()> {
    match ended {
        Err(Stop::Back) => Ok(()),
        other => other,
    }
}

fn row(done: bool, title: &str, text: &str) {
    let mark = if done { "[x]" } else { "[ ]" };
    say::led(&format!("{mark} {} ", column(title, 28)), text);
}

fn of_checks(row: &ChecksRow, view: &View) -> String {
    match &view.busy {
        Some(busy) => return format!("{} …", busy.what),
        None if !row.done => return "not run yet".to_owned(),
        None => {}
    }
    let found = |severity: &str| row.found.get(severity).copied().unwrap_or_default();
    let mut parts = Vec::new();
    for (severity, many) in [("blocker", "blockers"), ("error", "errors"), ("warning", "warnings"), ("note", "notes")] {
        match found(severity) {
            0 => {}
            1 => parts.push(format!("1 {severity}")),
            count => parts.push(format!("{count} {many}")),
        }
    }
    if row.waived > 0 {
        parts.push(format!("{} waived", row.waived));
    }
    if parts.is_empty() { "nothing was found".to_owned() } else { parts.join(", ") }
}

fn of_problems(task: &TaskRow) -> String {
    let first = task.first.first().map(String::as_str).unwrap_or_default();
    match task.problems {
        1 => first.to_owned(),
        count => format!("{first}; and {} more", count - 1),
    }
}

fn of_notify(notify: &Notify) -> String {
    let welcome = match notify.welcome {
        None => "nobody has said whether users are told",
        Some(true) => "users get a welcome e-mail",
        Some(false) => "users are not told",
    };
    match &notify.summary {
        Some(to) => format!("{welcome}; the summary goes to {to}"),
        None => welcome.to_owned(),
    }
}

/// Whether a row is ticked.
pub(super) fn ticked(view: &View, task: Task) -> bool {
    let Data::Checklist { tasks, .. } = &view.data else { return false };
    tasks.iter().any(|row| row.task == task && row.done)
}

/// What ticking it is called.
pub(super) fn tick_label(ticked: bool) -> &'static str {
    if ticked { "It is not done after all" } else { "Done: tick it" }
}
