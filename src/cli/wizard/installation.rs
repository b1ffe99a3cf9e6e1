//! Where database and files are: what was found, and what somebody says where the vendor's own files do not.

use super::face::Face;
use super::menu::Menu;
use super::prompt::{Asked, Line, Stop, pages, secret, yes};
use super::say::{self, column};
use omt::wizard::view::{Data, Finding};
use omt::wizard::{Command, Places, View};
use std::path::PathBuf;

#[derive(Clone, Copy)]
enum Choice {
    Use,
    Say,
    Look,
    All,
}

pub(super) fn step(face: &Face, view: &View) -> Asked<()> {
    let Data::Installation { looked, found, wanted, contradictions } = &view.data else { return Ok(()) };
    let mut counting: Vec<&Finding> = found.iter().filter(|finding| !finding.overruled).collect();
    counting.sort_by(|one, other| one.key.cmp(&other.key));
    let room = say::height().saturating_sub(14).max(4);
    for finding in counting.iter().take(room) {
        say::line(&say::clipped(&told(finding), say::width() - 1));
    }
    if counting.len() > room {
        say::text(&format!("  and {} more settings", counting.len() - room));
    }
    for wanted in wanted {
        say::led("wanted: ", &format!("{}: {}; {}", wanted.key, wanted.why, wanted.todo));
    }
    for contradiction in contradictions {
        say::led("! ", contradiction);
    }
    let choice = Menu::new(view)
        .command("use-installation", "Use this installation", Choice::Use)
        .command("locate", "Say where things are", Choice::Say)
        .command("detect", "Look again", Choice::Look)
        .always("Show everything that was found", Choice::All)
        .ask("Installation:")?;
    match choice {
        Choice::Use => face.give(Command::UseInstallation),
        Choice::Look => face.give(Command::Detect),
        Choice::Say => locate(face, view)?,
        Choice::All => {
            let files = looked.iter().map(|file| format!("looked into {}", say::shown(file)));
            pages(files.chain(found.iter().map(told)))?;
        }
    }
    Ok(())
}

fn told(finding: &Finding) -> String {
    let overruled = if finding.overruled { " (overruled)" } else { "" };
    let value = say::shown(&finding.value);
    format!("{} {value}{overruled}  [{}]", column(&finding.key, 24), say::shown(&finding.place))
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Field {
    Folder,
    Database,
    Prefix,
    User,
    Password,
    Archives,
    Templates,
    Rest,
    Done,
}

/// The fields with their names and the keys of their help.
const FIELDS: [(Field, &str, &str); 8] = [
    (Field::Folder, "Folder of SuperOffice.config", "locate.folder"),
    (Field::Database, "Database", "locate.database"),
    (Field::Prefix, "Schema of the tables", "locate.prefix"),
    (Field::User, "SQL Server login", "locate.user"),
    (Field::Password, "Its password", "locate.password"),
    (Field::Archives, "Archive folders", "locate.archives"),
    (Field::Templates, "Template folder", "locate.templates"),
    (Field::Rest, "On-site web services", "locate.rest"),
];

/// Collects what somebody says, then looks there. Places are often only right together, so nothing is tried between.
fn locate(face: &Face, view: &View) -> Asked<()> {
    say::text("An empty answer takes a value back. Nothing is looked for until you say so.");
    let mut places = Places::default();
    let mut said = 0;
    loop {
        let mut menu = Menu::new(view);
        if said > 0 {
            menu = menu.always("Look there now", Field::Done);
        }
        for (field, name, _) in FIELDS {
            menu = menu.always(name, field);
        }
        let field = match menu.ask_inside("Which place?") {
            Err(Stop::Back) if said == 0 => return Ok(()),
            Err(Stop::Back) if yes("Look there with what you have said?", true)? => Field::Done,
            Err(Stop::Back) => return Ok(()),
            field => field?,
        };
        if field == Field::Done {
            face.give(Command::Locate(places));
            return Ok(());
        }
        match ask(face, field, &mut places) {
            Ok(()) => said += 1,
            Err(Stop::Back) => {}
            Err(stop) => return Err(stop),
        }
    }
}

fn ask(face: &Face, field: Field, places: &mut Places) -> Asked<()> {
    let Some((_, question, key)) = FIELDS.iter().find(|(known, ..)| *known == field) else { return Ok(()) };
    let help = face.help(key);
    let line = |help: Option<&str>| Line { question, help, ..Line::default() }.ask();
    match field {
        Field::Folder => places.folder = Some(line(help)?.into()),
        Field::Database => places.database = Some(line(help)?),
        Field::Prefix => places.prefix = Some(line(help)?),
        Field::User => places.user = Some(line(help)?),
        Field::Password => places.password = secret(question, help.unwrap_or_default())?,
        Field::Archives => {
            let typed = line(Some("several with a semicolon between, in the order in which they are searched"))?;
            places.archives = Some(typed.split(';').map(str::trim).map(PathBuf::from).collect());
        }
        Field::Templates => places.templates = Some(line(help)?.into()),
        Field::Rest => places.rest = Some(line(help)?),
        Field::Done => {}
    }
    Ok(())
}
