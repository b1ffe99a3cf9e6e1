//! A setting: what one line of a configuration file means.
//!
//! The three kinds of file call the same thing by different names. Each has a table of [`Known`] names that says which key
//! of ours a name is, and how its value is to be treated: shown, kept secret, or first looked at, because the vendor's
//! set-up may have encrypted it. A name that is in no table is not a setting.

use secrecy::SecretString;
use serde::{Serialize, Serializer};
use std::path::PathBuf;

/// A value as a file gives it.
#[derive(Debug, Clone)]
pub enum Value {
    /// Anybody may read it.
    Plain(String),
    /// A password that stands there readable. It is never shown.
    Secret(SecretString),
    /// Encrypted by a recipe that is not public: it has to be given.
    Encrypted,
}

impl Value {
    /// The text of a value that anybody may read.
    #[must_use]
    pub fn plain(&self) -> Option<&str> {
        match self {
            Self::Plain(text) => Some(text),
            Self::Secret(_) | Self::Encrypted => None,
        }
    }

    /// What may be shown of it.
    #[must_use]
    pub fn shown(&self) -> &str {
        match self {
            Self::Plain(text) => text,
            Self::Secret(_) => "(present, not shown)",
            Self::Encrypted => "(encrypted)",
        }
    }
}

impl Serialize for Value {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.shown())
    }
}

/// A place in a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Place {
    /// The file, or a key of the registry.
    pub file: PathBuf,
    /// The line, counted from 1. There is none in the registry, and none for `omt.toml`, whose keys may also come from
    /// the environment.
    pub line: Option<usize>,
}

/// A setting with the place where it stands.
#[derive(Debug, Clone, Serialize)]
pub struct Found {
    /// What it means, as `database.server`: the same in every kind of file.
    pub key: String,
    /// What the file calls it, as `Database/Server`.
    pub name: String,
    /// Its value.
    pub value: Value,
    /// Where it stands.
    #[serde(flatten)]
    pub place: Place,
    /// Where the setting stands that is believed instead of this one.
    pub shadowed_by: Option<Place>,
}

/// A setting before it is known whether it is believed.
#[derive(Debug, Clone)]
pub(super) struct Setting {
    /// As in [`Found`].
    pub key: String,
    /// As in [`Found`].
    pub name: String,
    /// As in [`Found`].
    pub value: Value,
    /// As in [`Place`].
    pub line: usize,
}

/// How a value is to be treated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Care {
    /// Shown.
    Open,
    /// Shown, unless it is plainly encrypted.
    Veiled,
    /// Never shown.
    Secret,
}

/// A line of the table of a kind of file.
pub(super) struct Known {
    /// The section that it stands in; empty where there are none.
    pub section: &'static str,
    /// Its name there.
    pub name: &'static str,
    /// What it means.
    pub key: &'static str,
    /// How its value is treated.
    pub care: Care,
}

impl Known {
    pub(super) const fn new(section: &'static str, name: &'static str, key: &'static str, care: Care) -> Self {
        Self { section, name, key, care }
    }
}

/// The key of the main archive root; further ones have a number behind it.
pub(super) const ROOT: &str = "archive.root";
/// The highest number of a further archive root.
pub(super) const ROOTS: usize = 10;

/// What a line means, if anything. An empty value says nothing.
pub(super) fn understand(table: &[Known], section: &str, name: &str, value: &str, line: usize) -> Option<Setting> {
    let (name, value) = (name.trim(), value.trim());
    let find = |name: &str| {
        let same =
            |known: &&Known| known.section.eq_ignore_ascii_case(section) && known.name.eq_ignore_ascii_case(name);
        table.iter().find(same)
    };
    let (known, key) = if let Some(known) = find(name) {
        (known, known.key.to_owned())
    } else {
        let stem = name.trim_end_matches(|c: char| c.is_ascii_digit());
        let known = find(stem).filter(|known| known.key == ROOT)?;
        let number: usize = name[stem.len()..].parse().ok().filter(|number| (1..=ROOTS).contains(number))?;
        (known, format!("{ROOT}.{number}"))
    };
    if value.is_empty() {
        return None;
    }
    let encrypted = known.care != Care::Open && looks_encrypted(value);
    let value = match known.care {
        _ if encrypted => Value::Encrypted,
        _ if carries_password(value) => Value::Secret(value.into()),
        Care::Secret => Value::Secret(value.into()),
        Care::Open | Care::Veiled => Value::Plain(value.to_owned()),
    };
    let name = if section.is_empty() { name.to_owned() } else { format!("{section}/{name}") };
    Some(Setting { key, name, value, line })
}

/// Whether an address carries a password before its host.
pub(super) fn carries_password(address: &str) -> bool {
    let behind = address.split_once("://").filter(|(scheme, _)| *scheme != "sqlite").map(|(_, behind)| behind);
    behind.and_then(|behind| behind.rsplit_once('@')).is_some_and(|(user, _)| user.contains(':'))
}

/// Whether a user name or password is plainly not one but whole blocks of a cipher in Base64, or carries one of the vendor's
/// marks. Nobody is harmed if a strange password is taken for encrypted: it is asked for.
fn looks_encrypted(value: &str) -> bool {
    let marked = ["7P:", "7S:", "7H:"].iter().any(|mark| value.starts_with(mark));
    let letters = value.trim_end_matches('=');
    let padding = value.len() - letters.len();
    let base64 = letters.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/'));
    let whole = value.len().is_multiple_of(4) && padding <= 2 && value.len() >= 12;
    // Every cipher of that time works in blocks of 8 or 16 bytes.
    let blocks = whole && (value.len() / 4 * 3 - padding).is_multiple_of(8);
    marked || (base64 && blocks && (padding > 0 || value.len() >= 32))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_cipher_left_is_told_from_a_password() {
        for encrypted in ["q1w2e3r4t5Y=", "Zm9vYmFyYmF6cXV4MTIzNA==", "7P:c2FtcGxl", "AAECAwQFBgcICQoLDA0ODxAREhMUFRYX"]
        {
            assert!(looks_encrypted(encrypted), "{encrypted}");
        }
        for plain in
            ["crm7", "sample", "", "Sommer2019!!", "correct horse battery", "LongAndSimplePas", "a===", "x=y=z=w="]
        {
            assert!(!looks_encrypted(plain), "{plain}");
        }
    }

    #[test]
    fn numbered_roots_end_at_ten() {
        let table = [Known::new("S", "ArchivePath", ROOT, Care::Open), Known::new("S", "Other", "other", Care::Open)];
        let key = |name: &str| understand(&table, "s", name, " x ", 1).map(|setting| setting.key);
        assert_eq!(key("archivepath").as_deref(), Some(ROOT));
        assert_eq!(key("ArchivePath10").as_deref(), Some("archive.root.10"));
        for name in ["ArchivePath0", "ArchivePath11", "ArchivePath99999999999999999999", "Other2", ""] {
            assert_eq!(key(name), None, "{name}");
        }
        assert!(understand(&table, "S", "ArchivePath", "  ", 1).is_none());
    }

    #[test]
    fn an_address_with_a_password_is_one() {
        assert!(carries_password("http://u:p@ns/NetServer") && carries_password("mssql://u:p/q@sql/CRM"));
        for address in ["http://ns:80/NetServer", "mssql://u@sql:1433/CRM", "sqlite:///a:b@c/crm.db", "a:b@c", ""] {
            assert!(!carries_password(address), "{address}");
        }
    }

    #[test]
    fn a_secret_is_not_shown() {
        let table = [Known::new("", "pass", "password", Care::Secret)];
        let setting = understand(&table, "", "pass", "hunter2", 3).unwrap();
        assert!(!format!("{setting:?}{}", serde_json::to_string(&setting.value).unwrap()).contains("hunter2"));
    }
}
