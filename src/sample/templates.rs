//! Document templates: rows of `DocTmpl`, and files in the template folder, some of them in several languages.

use super::Site;
use super::content::{Content, Kind, Recipe};
use super::database::Database;
use super::disk::Disk;
use super::document::MAIN_ROOT;
use super::faults::archive::MISSING_TEMPLATE;
use super::faults::{Harvest, Item};
use crate::error::Result;

/// The folder of the templates below the main root.
pub(super) const FOLDER: &str = "TEMPLATE";
/// Names, kinds of file and `record_type` (2 document, 3 e-mail, 7 merge draft, 9 saved report).
const KINDS: &[(&str, &str, Kind, i64)] = &[
    ("Letter", "docx", Kind::Docx, 2),
    ("Offer", "docx", Kind::Docx, 2),
    ("Contract", "docx", Kind::Docx, 2),
    ("Minutes", "dotx", Kind::Docx, 2),
    ("Calculation", "xlsx", Kind::Xlsx, 2),
    ("Price list", "xlsx", Kind::Xlsx, 2),
    ("Mail", "html", Kind::Html, 3),
    ("Følgebrev", "rtf", Kind::Rtf, 2),
    ("Serienbrief", "docx", Kind::Docx, 7),
    ("Bericht über Verkäufe", "xlsx", Kind::Xlsx, 9),
    ("Confirmation", "html", Kind::Html, 3),
    ("Memo", "txt", Kind::Txt, 2),
];
/// How many templates there are of each.
const VARIANTS: usize = 3;
/// Languages that have a folder of their own.
const LANGUAGES: &[&str] = &["NO", "US", "GE"];
/// Each so many templates there is one in all languages.
const TRANSLATED: usize = 5;
/// So many templates lose their file at most.
const MOST_MISSING: u64 = 3;

/// How many templates a sample has.
pub(super) const COUNT: u64 = (KINDS.len() * VARIANTS) as u64;

/// Writes rows and files. The ids are 1 to [`COUNT`].
pub(super) fn write(site: &Site, database: &Database, disk: &mut Disk, harvest: &mut Harvest) -> Result<()> {
    let fault = &MISSING_TEMPLATE;
    let missing = if site.faults.contains(fault.name) { fault.count(site.documents).min(MOST_MISSING) } else { 0 };
    for index in 0..COUNT as usize {
        let (name, extension, kind, record_type) = KINDS[index % KINDS.len()];
        let id = index as i64 + 1;
        let name = match index / KINDS.len() {
            0 => name.to_owned(),
            variant => format!("{name} {}", variant + 1),
        };
        let file = format!("{name}.{extension}");
        database.add(
            "DocTmpl",
            &[
                ("DocTmpl_id", &id),
                ("name", &name),
                ("rank", &id),
                ("filename", &file),
                ("record_type", &record_type),
                ("mimeType", &kind.media_type()),
            ],
        )?;
        let path = format!("{MAIN_ROOT}/{FOLDER}/{file}");
        if id as u64 > COUNT - missing {
            harvest.add(fault, Item::Template, id, Some(path));
            continue;
        }
        let content = |language: u64| {
            let recipe = site.source.of_other("template", id as u64 * 100 + language);
            // Templates are small: the text a letter begins with, and a logo.
            Content::Made(Recipe { kind, size: recipe.size.min(100 << 10), ..recipe })
        };
        disk.store(&path, &site.source, content(0))?;
        if index % TRANSLATED == 0 {
            for (number, language) in LANGUAGES.iter().enumerate() {
                let path = format!("{MAIN_ROOT}/{FOLDER}/{language}/{file}");
                disk.store(&path, &site.source, content(number as u64 + 1))?;
            }
        }
    }
    Ok(())
}
