//! ODBC data sources: where a name such as `SuperOffice` becomes a server and a database.
//!
//! On the installation's own server they are entries of the registry. Everywhere else somebody exports that entry into a
//! `.reg` file, or writes an `odbc.ini`, and lays it beside the vendor's files. The vendor's client is a 32-bit program, so
//! of two entries with one name the 32-bit one comes first.

use super::ini;
use super::setting::{Care, Known, Setting, understand};
use super::text::Text;
use std::path::{Path, PathBuf};

const KNOWN: &[Known] = &[
    Known::new("", "Server", "database.server", Care::Open),
    Known::new("", "Servername", "database.server", Care::Open),
    Known::new("", "Database", "database.name", Care::Open),
    Known::new("", "Driver", "database.driver", Care::Open),
];
/// The part of a registry key behind which the name of a data source stands.
const ODBC: &str = "\\ODBC\\ODBC.INI\\";
/// The part of a registry key that only the view for 32-bit programs has.
const VIEW32: &str = "\\WOW6432NODE\\";

/// A data source.
#[derive(Debug, Clone)]
pub(super) struct DataSource {
    /// Its name.
    pub name: String,
    /// Where it stands.
    pub file: PathBuf,
    /// What it says. A line is 0 where there are none.
    pub settings: Vec<Setting>,
    /// Whether it is one for 64-bit programs.
    wide: bool,
}

impl DataSource {
    fn add(sources: &mut Vec<Self>, name: &str, file: &Path, wide: bool, setting: Option<Setting>) {
        let Some(setting) = setting else { return };
        match sources.last_mut().filter(|last| last.name == name && last.wide == wide) {
            Some(last) => last.settings.push(setting),
            None => sources.push(Self { name: name.to_owned(), file: file.to_owned(), wide, settings: vec![setting] }),
        }
    }
}

/// The data sources of an exported part of the registry.
pub(super) fn read_reg(text: &Text, file: &Path) -> Vec<DataSource> {
    let mut sources = Vec::new();
    let mut at = None;
    for (index, line) in text.content.lines().enumerate() {
        let line = line.trim();
        if let Some(key) = line.strip_prefix('[') {
            let upper = key.to_ascii_uppercase();
            let begin = upper.find(ODBC).map(|begin| begin + ODBC.len());
            let name = begin.and_then(|begin| key.get(begin..)?.strip_suffix(']'));
            at = name.filter(|name| !name.contains('\\')).map(|name| (name, !upper.contains(VIEW32)));
        } else if let (Some((name, wide)), Some((key, value))) = (at, pair(line)) {
            DataSource::add(&mut sources, name, file, wide, understand(KNOWN, "", &key, &value, index + 1));
        }
    }
    sources.sort_by_key(|source| source.wide);
    sources
}

/// `"Server"="HOST\\INSTANCE"`: both sides quoted, with `\` before a quote and before itself.
fn pair(line: &str) -> Option<(String, String)> {
    let (key, rest) = quoted(line)?;
    let (value, _) = quoted(rest.trim_start().strip_prefix('=')?.trim_start())?;
    Some((key, value))
}

/// The text in quotes at the beginning, and what is behind it.
fn quoted(text: &str) -> Option<(String, &str)> {
    let mut inside = String::new();
    let mut chars = text.strip_prefix('"')?.char_indices();
    while let Some((at, next)) = chars.next() {
        match next {
            '"' => return Some((inside, &text[at + 2..])),
            '\\' => inside.push(chars.next()?.1),
            other => inside.push(other),
        }
    }
    None
}

/// The data sources of an `odbc.ini`.
pub(super) fn read_ini(text: &Text, file: &Path) -> Vec<DataSource> {
    let mut sources = Vec::new();
    for line in ini::lines(text) {
        let setting = understand(KNOWN, "", line.name, line.value, line.number);
        DataSource::add(&mut sources, line.section, file, false, setting);
    }
    sources
}

/// The data sources of this name in the registry of this machine.
#[cfg(windows)]
pub(super) fn registered(name: &str) -> Vec<DataSource> {
    let mut sources = Vec::new();
    for (software, wide) in [("SOFTWARE\\WOW6432Node", false), ("SOFTWARE", true)] {
        let path = format!("{software}{ODBC}{name}");
        let Ok(entry) = windows_registry::LOCAL_MACHINE.open(&path) else { continue };
        let file = PathBuf::from(format!("HKEY_LOCAL_MACHINE\\{path}"));
        for key in ["Server", "Database", "Driver"] {
            let setting = entry.get_string(key).ok().and_then(|value| understand(KNOWN, "", key, &value, 0));
            DataSource::add(&mut sources, name, &file, wide, setting);
        }
    }
    sources
}

/// There is a registry on Windows only.
#[cfg(not(windows))]
pub(super) fn registered(_name: &str) -> Vec<DataSource> {
    Vec::new()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn shown(sources: &[DataSource]) -> Vec<(String, String, String, usize)> {
        let of = |source: &DataSource| {
            let name = source.name.clone();
            let row = move |s: &Setting| (name.clone(), s.key.clone(), s.value.shown().to_owned(), s.line);
            source.settings.iter().map(row).collect::<Vec<_>>()
        };
        sources.iter().flat_map(of).collect()
    }

    fn row(name: &str, key: &str, value: &str, line: usize) -> (String, String, String, usize) {
        (name.into(), key.into(), value.into(), line)
    }

    #[test]
    fn an_exported_registry_in_utf_16_is_read_32_bit_first() {
        let text = "Windows Registry Editor Version 5.00\r\n\r\n[HKEY_LOCAL_MACHINE\\SOFTWARE\\ODBC\\ODBC.INI\\SuperOffice]\r\n\"Server\"=\"WIDE\"\r\n\r\n\
            [HKEY_LOCAL_MACHINE\\SOFTWARE\\WOW6432Node\\ODBC\\ODBC.INI\\SuperOffice]\r\n\"Driver\"=\"C:\\\\Windows\\\\sqlncli11.dll\"\r\n\"Server\" = \"SQL01\\\\CRM\"\r\n\
            \"Database\"=\"Super\\\"Office\"\r\n\"LastUser\"=\"sa\"\r\n\"Flag\"=dword:00000001\r\n[HKEY_LOCAL_MACHINE\\SOFTWARE\\Other]\r\n\"Server\"=\"no\"";
        let bytes: Vec<u8> = std::iter::once(0xfeff).chain(text.encode_utf16()).flat_map(u16::to_le_bytes).collect();
        assert_eq!(
            shown(&read_reg(&Text::decode(&bytes), Path::new("dsn.reg"))),
            [
                row("SuperOffice", "database.driver", "C:\\Windows\\sqlncli11.dll", 7),
                row("SuperOffice", "database.server", "SQL01\\CRM", 8),
                row("SuperOffice", "database.name", "Super\"Office", 9),
                row("SuperOffice", "database.server", "WIDE", 4),
            ]
        );
    }

    #[test]
    fn an_odbc_ini_is_read() {
        let text = b"[ODBC Data Sources]\nSuperOffice=FreeTDS\n[SuperOffice]\nServername = sql01\nDatabase = crm\nPWD = hunter2\n";
        let sources = read_ini(&Text::decode(text), Path::new("odbc.ini"));
        assert_eq!(
            shown(&sources),
            [row("SuperOffice", "database.server", "sql01", 4), row("SuperOffice", "database.name", "crm", 5)]
        );
        assert!(!format!("{sources:?}").contains("hunter2"));
    }

    proptest! {
        #[test]
        fn nothing_makes_it_panic(bytes: Vec<u8>, text in r#"(\[H\\ODBC\\ODBC\.INI\\|\]|[a-zé]|"Server"|=|"|\\|\n){0,40}"#) {
            for text in [Text::decode(&bytes), Text::decode(text.as_bytes())] {
                read_reg(&text, Path::new(""));
                read_ini(&text, Path::new(""));
            }
        }
    }
}
