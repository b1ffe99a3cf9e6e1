//! The `config` file of Customer Service.
//!
//! Lines of `name = value`; `#` begins a comment. A bare word is a switch: `frozen` stops Customer Service until
//! somebody removes it. Of two lines with one name the last counts. A file of this name that holds none of these names is
//! somebody else's: `config` is no rare name.

use super::setting::{Care, Known, Setting, Value, understand};
use super::text::Text;

const KNOWN: &[Known] = &[
    Known::new("", "dbHost", "service.database-host", Care::Open),
    Known::new("", "dbUsername", "service.database-user", Care::Veiled),
    Known::new("", "dbPassword", "service.database-password", Care::Secret),
    Known::new("", "dbDatabase", "database.dsn", Care::Open),
    Known::new("", "dbType", "service.database-kind", Care::Open),
    Known::new("", "nsUser", "service.user", Care::Veiled),
    Known::new("", "nsPass", "service.password", Care::Secret),
    Known::new("", "nsAnonUser", "service.anonymous-user", Care::Veiled),
    Known::new("", "nsAnonPass", "service.anonymous-password", Care::Secret),
    Known::new("", "nsEndPoint", "service.endpoint", Care::Open),
    Known::new("", "defaultContact", "service.owner-contact", Care::Open),
    Known::new("", "attachmentPath", "service.attachments", Care::Open),
    Known::new("", "templatePath", "service.templates", Care::Open),
    Known::new("", "textPath", "service.texts", Care::Open),
];
/// The longest word that can be a switch.
const WORD: usize = 32;

/// What stands in the file.
pub(super) fn read(text: &Text) -> Vec<Setting> {
    let mut settings = Vec::new();
    let mut words = Vec::new();
    for (index, line) in text.content.lines().enumerate() {
        let line = line.trim();
        if line.starts_with('#') {
            continue;
        }
        if let Some((name, value)) = line.split_once('=') {
            settings.extend(understand(KNOWN, "", name, value, index + 1));
        } else if (1..=WORD).contains(&line.len()) && line.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
            let key = format!("service.{}", line.to_ascii_lowercase());
            words.push(Setting { key, name: line.to_owned(), value: Value::Plain("on".into()), line: index + 1 });
        }
    }
    // Words alone say nothing about whose file it is, except the one that is the vendor's.
    if !settings.is_empty() || words.iter().any(|word| word.key == "service.frozen") {
        settings.extend(words);
    }
    settings
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn names_switches_and_comments() {
        let found = read(&Text::decode(
            b"# Customer Service\ndbHost = sql01\ndbPassword = hunter2 = really\n#frozen\nnsEndPoint=http://ns/NetServer/Services86\nfrozen\nnsAnonPass = \nodd-word\n",
        ));
        let shown: Vec<_> = found.iter().map(|s| (s.key.as_str(), s.value.shown(), s.line)).collect();
        assert_eq!(
            shown,
            [
                ("service.database-host", "sql01", 2),
                ("service.database-password", "(present, not shown)", 3),
                ("service.endpoint", "http://ns/NetServer/Services86", 5),
                ("service.frozen", "on", 6),
            ]
        );
    }

    #[test]
    fn a_file_of_the_same_name_is_left_alone() {
        assert!(read(&Text::decode(b"[core]\n\tbare = false\nHost\n")).is_empty());
        assert_eq!(read(&Text::decode(b"\r\nFROZEN\r\n")).len(), 1);
    }

    proptest! {
        #[test]
        fn nothing_makes_it_panic(bytes: Vec<u8>, text in r"(dbHost|frozen|=|#| |\n|é){0,40}") {
            read(&Text::decode(&bytes));
            read(&Text::decode(text.as_bytes()));
        }
    }
}
