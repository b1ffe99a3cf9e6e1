//! `SuperOffice.ini`, the configuration of the vendor's Windows client.
//!
//! Read as Windows reads such files: names and sections in any case, a comment is a line that begins with `;`, quotes around
//! a value are not part of it, and of two lines with one name the first counts. Further than Windows, a `;` behind a
//! blank ends the value, because that is how people comment. Server and database are not in it: it names an ODBC data source.

use super::setting::{Care, Known, ROOT, Setting, Value, understand};
use super::text::Text;

const KNOWN: &[Known] = &[
    Known::new("SuperOffice", "ArchivePath", ROOT, Care::Open),
    Known::new("SuperOffice", "Local_ArchivePath", "archive.travel-root", Care::Open),
    Known::new("SuperOffice", "templatepath", "archive.templates", Care::Open),
    Known::new("SuperOffice", "Datapath", "database.dsn", Care::Open),
    Known::new("SuperOffice", "GlobalPrefix", "database.prefix", Care::Open),
    Known::new("SuperOffice", "GlobalTravelPrefix", "database.travel-prefix", Care::Open),
    Known::new("SuperOffice", "CRMCaption", "client.caption", Care::Open),
    Known::new("Error", "LogPath", "client.log", Care::Open),
    Known::new("DocPlugin_SoArc", "ArchivePath", "archive.plug-in-root", Care::Open),
];

/// What stands in the file.
pub(super) fn read(text: &Text) -> Vec<Setting> {
    lines(text)
        .filter_map(|line| understand(KNOWN, line.section, line.name, line.value, line.number))
        .map(|mut setting| {
            if let ("database.dsn", Value::Plain(value)) = (setting.key.as_str(), &mut setting.value) {
                // Other kinds of data path are older than any version that can be migrated.
                if value.get(..5).is_some_and(|kind| kind.eq_ignore_ascii_case("ODBC:")) {
                    value.drain(..5);
                }
            }
            setting
        })
        .collect()
}

/// A line with a value.
pub(super) struct Line<'a> {
    /// The section that it stands in.
    pub section: &'a str,
    /// What is before the first `=`.
    pub name: &'a str,
    /// What is behind it.
    pub value: &'a str,
    /// Counted from 1.
    pub number: usize,
}

/// The lines of any file of this form that have a value.
pub(super) fn lines(text: &Text) -> impl Iterator<Item = Line<'_>> {
    let mut section = "";
    text.content.lines().enumerate().filter_map(move |(index, line)| {
        let line = line.trim();
        if let Some(name) = line.strip_prefix('[') {
            section = name.split(']').next().unwrap_or_default().trim();
            return None;
        }
        if line.starts_with([';', '#']) {
            return None;
        }
        let (name, value) = line.split_once('=')?;
        Some(Line { section, name: name.trim(), value: bare(value), number: index + 1 })
    })
}

/// A value without its comment and its quotes.
fn bare(value: &str) -> &str {
    let value = value.trim();
    for quote in ['"', '\''] {
        if let Some((inside, _)) = value.strip_prefix(quote).and_then(|rest| rest.split_once(quote)) {
            return inside;
        }
    }
    let comment = value.match_indices(';').find(|(at, _)| value[..*at].ends_with([' ', '\t']) || *at == 0);
    comment.map_or(value, |(at, _)| value[..at].trim_end())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn found(text: &str) -> Vec<(String, String, usize)> {
        read(&Text::decode(text.as_bytes()))
            .into_iter()
            .map(|setting| (setting.key, setting.value.shown().to_owned(), setting.line))
            .collect()
    }

    #[test]
    fn a_file_as_people_keep_it() {
        let text = "; the server\r\n[SUPEROFFICE]\r\nArchivePath=\\\\server\\SO_ARC   ; must exist\r\n  archivepath2 = \"D:\\Old; really\"\r\n\
                    Datapath=odbc:SuperOffice\r\nGlobalPrefix=CRM7\r\ntemplatepath=\r\n;ArchivePath3=x\r\nno value\r\n[Other]\r\nArchivePath=y\r\n\
                    [DocPlugin_SoArc]\r\nArchivePath=E:\\Plug;in";
        let expected = [
            ("archive.root", "\\\\server\\SO_ARC", 3),
            ("archive.root.2", "D:\\Old; really", 4),
            ("database.dsn", "SuperOffice", 5),
            ("database.prefix", "CRM7", 6),
            ("archive.plug-in-root", "E:\\Plug;in", 13),
        ];
        assert_eq!(found(text), expected.map(|(key, value, line)| (key.to_owned(), value.to_owned(), line)));
    }

    #[test]
    fn a_line_of_ten_megabytes_is_only_long() {
        let text = format!("[SuperOffice]\nArchivePath={}\nGlobalPrefix=CRM7", "x;".repeat(5 << 20));
        let found = found(&text);
        assert_eq!((found.len(), found[1].2), (2, 3));
    }

    #[test]
    fn half_a_file_holds_what_it_holds() {
        assert_eq!(found("[SuperOffice]\nGlobalPrefix=CRM7\nArchiveP").len(), 1);
        assert_eq!(found("[SuperOff").len(), 0);
    }

    proptest! {
        #[test]
        fn nothing_makes_it_panic(bytes: Vec<u8>) {
            read(&Text::decode(&bytes));
        }

        #[test]
        fn not_even_what_looks_like_a_file(text in r#"(\[(SuperOffice|Error)?\]?|[a-zA-Z0-9 ;="'é]{0,12}|\n|ArchivePath[0-9]{0,3}=|Datapath=(ODBC|é)?:?){0,30}"#) {
            read(&Text::decode(text.as_bytes()));
        }
    }
}
