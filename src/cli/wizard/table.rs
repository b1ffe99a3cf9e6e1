//! Plans and user names in a spreadsheet: out as CSV, and in again, all of it or nothing.

use super::face::Face;
use super::prompt::{Asked, Line};
use super::{files, say};
use omt::wizard::{Command, Query};
use std::path::Path;

/// Writes the table.
pub(super) fn export(face: &Face) -> Asked<()> {
    match say::told(face.query_text(Query::UsersTable)) {
        Some(text) => files::save(face, "Write the table to:", "users.csv", &text),
        None => Ok(()),
    }
}

/// Reads a table.
pub(super) fn import(face: &Face) -> Asked<()> {
    let help = "only `plan` and `user_name` may be changed in it; rows may be left out";
    let file = Line { question: "Read the table:", help: Some(help), initial: "users.csv", ..Line::default() }.ask()?;
    if let Some(csv) = say::told(files::table(Path::new(&file)))
        && face.given(Command::ImportUsers { csv })
    {
        say::text(&format!("taken: {file}"));
    }
    Ok(())
}
