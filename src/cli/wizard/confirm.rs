//! Who migrates, and whether it is a test. One question after the other; Esc goes to the one before.

use super::face::Face;
use super::prompt::{Asked, Line, Stop, choose, yes};
use super::say;
use omt::tenant::protocol::Mode;
use omt::wizard::view::{Choice, Data};
use omt::wizard::{Command, Contact, View};

/// What is asked, in this order.
const QUESTIONS: usize = 5;

pub(super) fn step(face: &mut Face, view: &View) -> Asked<()> {
    let Data::Confirm { contact, emails, phones, languages, modes } = &view.data else { return Ok(()) };
    say::text("Who is written to and called about this migration, and how it is done.");
    let mut said = face.draft.take().or_else(|| contact.clone()).unwrap_or_else(|| Contact {
        name: String::new(),
        email: String::new(),
        phone: String::new(),
        language: "en".into(),
        mode: Mode::Test,
    });
    let mut at = 0;
    while at < QUESTIONS {
        let answered = match at {
            0 => line(face, "Name:", "confirm.name", &said.name, &[]).map(|name| said.name = name),
            1 => line(face, "E-mail:", "confirm.email", &said.email, emails).map(|email| said.email = email),
            2 => line(face, "Phone:", "confirm.phone", &said.phone, phones).map(|phone| said.phone = phone),
            3 => language(languages, &said.language).map(|language| said.language = language),
            _ => mode(modes, said.mode).map(|mode| said.mode = mode),
        };
        match answered {
            Ok(()) => at += 1,
            Err(Stop::Back) if at > 0 => at -= 1,
            Err(stop) => {
                // Whoever comes back finds what was typed.
                face.draft = Some(said);
                return Err(stop);
            }
        }
    }
    // What the front actor does not take is asked again, with what was typed.
    face.draft = Some(said.clone());
    if face.given(Command::Confirm(said)) {
        face.draft = None;
    }
    Ok(())
}

fn line(face: &Face, question: &str, key: &str, initial: &str, suggestions: &[String]) -> Asked<String> {
    // One suggestion that stands there already is none.
    let suggestions = if suggestions.len() == 1 && suggestions[0] == initial { &[] } else { suggestions };
    Line { question, help: face.help(key), initial, suggestions }.ask()
}

fn language(languages: &[&str], now: &str) -> Asked<String> {
    let start = languages.iter().position(|language| *language == now).unwrap_or_default();
    let name = |code: &str| match code {
        "en" => "English (en)".to_owned(),
        "nb" => "Norsk bokmål (nb)".to_owned(),
        "de" => "Deutsch (de)".to_owned(),
        other => other.to_owned(),
    };
    choose("Language of e-mails:", languages.iter().map(|code| (name(code), (*code).to_owned())).collect(), start)
}

fn mode(modes: &[Choice<Mode>], now: Mode) -> Asked<Mode> {
    for mode in modes {
        say::led(&format!("{}: ", mode.title), mode.means);
        if let Some(why) = &mode.not {
            say::led("not now: ", why);
        }
    }
    let may: Vec<&Choice<Mode>> = modes.iter().filter(|mode| mode.not.is_none()).collect();
    let start = may.iter().position(|mode| mode.value == now).unwrap_or_default();
    let options = may.iter().map(|mode| (mode.title.to_owned(), mode.value)).collect();
    let mode = choose("How:", options, start)?;
    if mode == Mode::Live
        && !yes("A live migration is accepted once and freezes this installation. Is that meant?", false)?
    {
        return Err(Stop::Back);
    }
    Ok(mode)
}
