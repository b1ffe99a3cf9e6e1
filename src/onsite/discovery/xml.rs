//! `SuperOffice.config` and `web.config`: one schema of `<add key="…" value="…"/>` in nested sections.
//!
//! A document type is refused, so that no entity can grow. A section that the web server's configuration tool has
//! encrypted (`EncryptedData`, `configProtectionProvider`) or that lies in a file of its own (`configSource`) is named, never
//! guessed at. Of two lines with one key the last counts, as in .NET. No message repeats a value: it may be a password.

use super::setting::{Care, Known, ROOT, Setting, understand};
use super::text::Text;
use crate::{Code, Error, Result};
use quick_xml::events::{BytesStart, Event};
use std::path::Path;

const KNOWN: &[Known] = &[
    Known::new("Database", "DatabaseMajor", "database.kind", Care::Open),
    Known::new("Database", "DatabaseMinor", "database.version", Care::Open),
    Known::new("Database", "Server", "database.server", Care::Open),
    Known::new("Database", "Database", "database.name", Care::Open),
    Known::new("Database", "TablePrefix", "database.prefix", Care::Open),
    Known::new("Database", "CommandTimeOut", "database.timeout", Care::Open),
    Known::new("Database", "ConnectionString", "database.connection", Care::Secret),
    Known::new("Explicit", "DBUser", "database.user", Care::Veiled),
    Known::new("Explicit", "DBPassword", "database.password", Care::Secret),
    Known::new("Documents", "ArchivePath", ROOT, Care::Open),
    Known::new("Documents", "TemplatePath", "archive.templates", Care::Open),
    Known::new("Documents", "TemporaryPath", "archive.temporary", Care::Open),
    Known::new("Documents", "ImpersonateUser", "archive.impersonate", Care::Open),
    Known::new("Documents", "ArchiveUser", "archive.user", Care::Veiled),
    Known::new("Documents", "ArchivePassword", "archive.password", Care::Secret),
    Known::new("Documents", "ArchiveDomain", "archive.domain", Care::Open),
];

/// What a file of this kind says.
#[derive(Debug, Default)]
pub(super) struct Read {
    /// Its settings.
    pub settings: Vec<Setting>,
    /// Sections that cannot be read, with the reason and the line.
    pub closed: Vec<(String, &'static str, usize)>,
}

/// Reads the text of `file`, whose name is only for messages.
pub(super) fn read(text: &Text, file: &Path) -> Result<Read> {
    let lines = text.lines();
    let mut reader = quick_xml::Reader::from_str(&text.content);
    let mut found = Read::default();
    let mut inside: Vec<(String, usize)> = Vec::new();
    loop {
        let line = lines.of(reader.buffer_position() as usize);
        let invalid = |line: usize, what: &str| {
            Error::new(Code::ConfigInvalid, format!("`{}` cannot be understood at line {line}: {what}", file.display()))
                .hint("it must be the XML file that the vendor's set-up writes; put a whole copy there")
        };
        let event = reader
            .read_event()
            .map_err(|_| invalid(lines.of(reader.error_position() as usize), "this is no well-formed XML"))?;
        let (element, opens) = match &event {
            Event::Start(element) => (element, true),
            Event::Empty(element) => (element, false),
            Event::End(_) => {
                inside.pop();
                continue;
            }
            Event::DocType(_) => return Err(invalid(line, "it has a document type, which is refused")),
            Event::Eof => match inside.pop() {
                None => return Ok(found),
                Some((section, begun)) => {
                    return Err(invalid(
                        lines.of(text.content.len()),
                        &format!("it ends in the middle of `{section}`, begun at line {begun}"),
                    ));
                }
            },
            _ => continue,
        };
        let name = element.local_name().as_ref().to_owned();
        let attribute = |name: &str| attribute(element, name).map_err(|what| invalid(line, what));
        if name.eq_ignore_ascii_case("add") {
            if let (Some(key), Some(value), Some((section, _))) =
                (attribute("key")?, attribute("value")?, inside.last())
            {
                found.settings.extend(understand(KNOWN, section, &key, &value, line));
            }
        } else if name == "EncryptedData" {
            let section = inside.last().map_or(name.as_str(), |(section, _)| section);
            // A provider has named the section already.
            if !found.closed.iter().any(|(closed, ..)| closed == section) {
                found.closed.push((section.to_owned(), "is encrypted", line));
            }
        } else if attribute("configProtectionProvider")?.is_some() {
            found.closed.push((name.clone(), "is encrypted", line));
        } else if attribute("configSource")?.is_some() {
            found.closed.push((name.clone(), "lies in a file of its own", line));
        }
        if opens {
            inside.push((name, line));
        }
    }
}

/// The value of an attribute.
fn attribute(element: &BytesStart<'_>, name: &str) -> Result<Option<String>, &'static str> {
    for attribute in element.attributes() {
        let attribute = attribute.map_err(|_| "an attribute is not written as XML wants it")?;
        if attribute.key.as_ref() == name {
            let value = attribute.normalized_value(quick_xml::XmlVersion::Implicit1_0);
            return Ok(Some(value.map_err(|_| "a value names an entity that is not defined")?.into_owned()));
        }
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn found(text: &str) -> Result<Read> {
        read(&Text::decode(text.as_bytes()), Path::new("a/web.config"))
    }

    const WHOLE: &str = "<?xml version='1.0'?>\n<configuration>\n <SuperOffice>\n  <Data><Database>\n   <add key='Server' value='SQL01\\CRM'/>\n   \
        <add key='database' value='SuperOffice &amp; Co'/>\n   <add key='Server' value='SQL02'/>\n  </Database>\n  <Explicit><add key='DBUser' value='Zm9vYmFyYmF6cXV4MTIzNA=='/>\n  \
        <add key='DBPassword' value='hunter2'/></Explicit></Data>\n  <Documents><add key='ArchivePath3' value='E:\\SO_ARC'/></Documents>\n </SuperOffice>\n</configuration>\n";

    #[test]
    fn sections_lines_and_what_is_secret() {
        let read = found(WHOLE).unwrap();
        let shown: Vec<_> = read.settings.iter().map(|s| (s.key.as_str(), s.value.shown(), s.line)).collect();
        assert_eq!(
            shown,
            [
                ("database.server", "SQL01\\CRM", 5),
                ("database.name", "SuperOffice & Co", 6),
                ("database.server", "SQL02", 7),
                ("database.user", "(encrypted)", 9),
                ("database.password", "(present, not shown)", 10),
                ("archive.root.3", "E:\\SO_ARC", 11),
            ]
        );
    }

    #[test]
    fn a_file_cut_anywhere_is_an_error_with_file_and_line() {
        for length in (1..WHOLE.len() - 1).filter(|length| WHOLE[..*length].contains("<configuration>")) {
            let error = found(&WHOLE[..length]).unwrap_err();
            assert_eq!(error.code(), Code::ConfigInvalid, "{length}");
            assert!(error.message().contains("a/web.config") && error.message().contains("at line "), "{error:?}");
            assert!(!error.chain().contains("hunter2"), "{error:?}");
        }
        assert!(found("<a>\n<b>\n</a>").unwrap_err().message().contains("at line 3"));
    }

    #[test]
    fn a_bomb_is_refused_before_it_is_looked_at() {
        let bomb = "<?xml version='1.0'?>\n<!DOCTYPE lolz [<!ENTITY lol 'lol'><!ENTITY lol2 '&lol;&lol;&lol;&lol;'>]>\n<configuration>&lol2;</configuration>";
        let error = found(bomb).unwrap_err();
        assert!(error.message().contains("at line 2") && error.message().contains("document type"), "{error:?}");
    }

    #[test]
    fn part_of_a_password_is_not_taken_for_an_entity_and_shown() {
        for value in ["pa&hunter2;ss", "hunter2<", "&#xhunter2;"] {
            let text = format!("<S><Explicit><add key='DBPassword' value='{value}'/></Explicit></S>");
            let error = found(&text).err();
            assert!(!format!("{error:?}").contains("hunter2"), "{error:?}");
        }
    }

    #[test]
    fn sections_that_cannot_be_read_are_named() {
        let text = "<configuration><SuperOffice>\n<Data configProtectionProvider='Rsa'>\n<EncryptedData Type='x'><CipherData><CipherValue>AAAA</CipherValue></CipherData></EncryptedData></Data>\n\
            <Security>\n<EncryptedData/></Security><Documents configSource='documents.config'/></SuperOffice></configuration>";
        let read = found(text).unwrap();
        assert!(read.settings.is_empty());
        let closed: Vec<_> = read.closed.iter().map(|(section, _, line)| (section.as_str(), *line)).collect();
        assert_eq!(closed, [("Data", 2), ("Security", 5), ("Documents", 5)]);
    }

    #[test]
    fn a_line_of_ten_megabytes_is_only_long() {
        let pairs = "<add key='Server' value='x'/>".repeat((10 << 20) / 29);
        assert_eq!(found(&format!("<S><Database>{pairs}</Database></S>")).unwrap().settings.len(), (10 << 20) / 29);
    }

    proptest! {
        #[test]
        fn nothing_makes_it_panic(bytes: Vec<u8>) {
            let _ = read(&Text::decode(&bytes), Path::new("x"));
        }

        #[test]
        fn not_even_what_looks_like_a_file(text in r#"(<|>|/|<add key='|Server'|ArchivePath9'| value='|&amp;|&x;|<Database>|</Database>|<!--|-->|<!\[CDATA\[|\]\]>|<\?|é|'|"| |\n){0,40}"#) {
            let _ = read(&Text::decode(text.as_bytes()), Path::new("x"));
        }
    }
}
