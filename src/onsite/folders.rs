//! The folders of Customer Service, as its own server names them in the database.

use super::database::{Database, Query};
use crate::Result;
use serde::Serialize;

/// A folder that the database names.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct NamedFolder {
    /// Which row and column names it, as `config.text_path`.
    pub by: String,
    /// Its path, as the Service server sees it.
    pub path: String,
}

/// The columns of `config` that name folders.
const COLUMNS: [&str; 3] = ["text_path", "attachment_path", "template_path"];
/// More attachment locations than anybody has.
const LOCATIONS: usize = 10_000;

/// All folders that the database names; none where Customer Service was never installed.
pub fn named_folders(database: &mut dyn Database) -> Result<Vec<NamedFolder>> {
    let mut folders = Vec::new();
    if database.has_table("config")? {
        let text = "SELECT {top} {config.text_path|''}, {config.attachment_path|''}, {config.template_path|''}
                    FROM {config} ORDER BY {=config.id} {limit}";
        for row in database.rows(&Query::new(text).limit(1))? {
            let named = COLUMNS.iter().enumerate();
            folders.extend(
                named.map(|(index, column)| NamedFolder { by: format!("config.{column}"), path: row.text(index) }),
            );
        }
    }
    if database.has_table("attachment_location")? {
        let text = "SELECT {top} {attachment_location.attachment_location_id}, {attachment_location.path}
                    FROM {attachment_location} ORDER BY {=attachment_location.attachment_location_id} {limit}";
        for row in database.rows(&Query::new(text).limit(LOCATIONS))? {
            folders.push(NamedFolder { by: format!("attachment_location/{}", row.integer(0)), path: row.text(1) });
        }
    }
    folders.retain(|folder| !folder.path.trim().is_empty());
    Ok(folders)
}
