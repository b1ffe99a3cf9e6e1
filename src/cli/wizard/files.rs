//! Files that somebody names: written whole or not at all, never over those of the migration, and read with a limit.

use super::face::Face;
use super::prompt::{Asked, Line, yes};
use super::say;
use crate::cli::report::spare;
use omt::report::to_file;
use omt::{Code, Error, Result};
use std::path::{Path, PathBuf};

/// Asks where to write a text, and writes it there.
pub(super) fn save(face: &Face, question: &str, name: &str, text: &str) -> Asked<()> {
    let help = "the name of a file, from the folder in which the wizard was started";
    let typed = Line { question, help: Some(help), initial: name, ..Line::default() }.ask()?;
    if typed.is_empty() {
        say::text("nothing was written");
        return Ok(());
    }
    let path = PathBuf::from(typed);
    if path.exists() && !yes(&format!("`{}` is there already. Replace it?", path.display()), false)? {
        return Ok(());
    }
    let written = spare(&path, &face.config).and_then(|()| write(&path, text));
    if say::told(written).is_some() {
        say::text(&format!("written: {}", path.display()));
    }
    Ok(())
}

fn write(path: &Path, text: &str) -> Result<()> {
    let failed = |cause| Error::io("write", path, cause);
    to_file(path, Box::new(move |out| out.write_all(text.as_bytes()).map_err(failed)))
}

/// The text of a table, in the encodings in which spreadsheets save.
pub(super) fn table(path: &Path) -> Result<String> {
    let bytes = crate::cli::users::read_table(path)?;
    let encoding = encoding_rs::Encoding::for_bom(&bytes).map_or(encoding_rs::UTF_8, |(encoding, _)| encoding);
    let (text, _, wrong) = encoding.decode(&bytes);
    if wrong {
        return Err(Error::new(Code::PeopleInvalid, format!("`{}` is not written in UTF-8", path.display()))
            .hint("save it as CSV UTF-8"));
    }
    Ok(text.into_owned())
}
