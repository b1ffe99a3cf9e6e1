//! What moves, and how it ended: kinds, keys and outcomes.
//!
//! A [`Key`] names an item the same way on both sides and in every run. It packs into one integer, so that
//! ten million of them are an ordinary primary key, and sorts as the rows of the installation are read:
//! by kind, then by the row's own id.

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use std::fmt;
use std::str::FromStr;

/// What an item is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// A row of `document` and its file in the archive.
    Document = 1,
    /// A row of `DocTmpl` and its file in the template folder, or a translation of that file.
    Template = 2,
    /// A row of `attachment` and its file in the Service attachment folder.
    Attachment = 3,
    /// A part of a table of the database.
    Part = 4,
}

impl Kind {
    /// All kinds, in the order of their keys.
    pub const ALL: [Self; 4] = [Self::Document, Self::Template, Self::Attachment, Self::Part];

    /// The kinds whose content is a file of the installation, in the order in which they are read.
    pub const FILES: [Self; 3] = [Self::Document, Self::Template, Self::Attachment];

    /// The word for it, as in `document/17`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Document => "document",
            Self::Template => "template",
            Self::Attachment => "attachment",
            Self::Part => "part",
        }
    }

    /// The kind with this number.
    #[must_use]
    pub fn from_number(number: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| *kind as u8 == number)
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The vendor's language sub-folders of the template folder (`domain.md` 5). The position is part of a
/// [`Key`]: append only.
pub const LANGUAGES: [&str; 16] =
    ["NO", "SP", "US", "CZ", "SW", "CN", "DA", "JP", "GE", "FI", "NL", "RU", "FR", "PL", "IT", "EN"];

/// The name of an item: kind, row id and, for a translated template, the language.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Key(i64);

impl Key {
    /// The item of `kind` with the row id `id` (32 bits, as the vendor's ids are).
    #[must_use]
    pub fn new(kind: Kind, id: u32) -> Self {
        Self(i64::from(kind as u8) << 48 | i64::from(id) << 8)
    }

    /// The translation of a template; `language` is a position in [`LANGUAGES`].
    #[must_use]
    pub fn translation(id: u32, language: usize) -> Self {
        debug_assert!(language < LANGUAGES.len());
        Self(Self::new(Kind::Template, id).0 | (language as i64 + 1))
    }

    /// The integer form, positive and sorted like the key.
    #[must_use]
    pub fn number(self) -> i64 {
        self.0
    }

    /// Reads the integer form; `None` if no key looks like this.
    #[must_use]
    pub fn from_number(number: i64) -> Option<Self> {
        let kind = Kind::from_number(u8::try_from(number >> 48).ok()?)?;
        let language = (number & 0xff) as usize;
        let legal = (number >> 40).trailing_zeros() >= 8
            && (language == 0 || (kind == Kind::Template && language <= LANGUAGES.len()));
        legal.then_some(Self(number))
    }

    /// What the item is.
    #[must_use]
    pub fn kind(self) -> Kind {
        // A key is only ever made from a kind.
        Kind::from_number((self.0 >> 48) as u8).unwrap_or(Kind::Document)
    }

    /// The id of the row.
    #[must_use]
    pub fn id(self) -> u32 {
        (self.0 >> 8) as u32
    }

    /// The language of a translated template.
    #[must_use]
    pub fn language(self) -> Option<&'static str> {
        let number = (self.0 & 0xff) as usize;
        number.checked_sub(1).and_then(|index| LANGUAGES.get(index).copied())
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.kind(), self.id())?;
        self.language().map_or(Ok(()), |language| write!(f, "/{language}"))
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The text is not the name of an item.
#[derive(Debug, thiserror::Error)]
#[error("an item is named like `document/17` or `template/4/NO`")]
pub struct NotAKey;

impl FromStr for Key {
    type Err = NotAKey;

    fn from_str(text: &str) -> Result<Self, NotAKey> {
        let mut parts = text.split('/');
        let kind = parts.next().and_then(|word| Kind::ALL.into_iter().find(|kind| kind.as_str() == word));
        let id = parts.next().filter(|id| !id.starts_with(['+', '0']) || *id == "0").and_then(|id| id.parse().ok());
        let (Some(kind), Some(id)) = (kind, id) else { return Err(NotAKey) };
        let key = match parts.next() {
            None => Self::new(kind, id),
            Some(word) if kind == Kind::Template => {
                let language = LANGUAGES.iter().position(|language| *language == word).ok_or(NotAKey)?;
                Self::translation(id, language)
            }
            Some(_) => return Err(NotAKey),
        };
        if parts.next().is_some() { Err(NotAKey) } else { Ok(key) }
    }
}

impl Serialize for Key {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Key {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(de::Error::custom)
    }
}

/// How an item ended. Exactly one each, and only the verifier may say [`Outcome::Verified`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// The tenant has re-read and re-hashed it from its store.
    Verified = 1,
    /// There is a row but no file.
    Missing = 2,
    /// There is a file, but it cannot be read.
    Unreadable = 3,
    /// The file changed each time it was read.
    Changing = 4,
    /// It cannot move, by a rule (`domain.md` 1.6).
    Unmigratable = 5,
    /// The tenant said no, and why.
    Refused = 6,
    /// What the tenant holds differs from what was sent.
    Failed = 7,
}

impl Outcome {
    /// All outcomes, in the order in which reports show them.
    pub const ALL: [Self; 7] = [
        Self::Verified,
        Self::Missing,
        Self::Unreadable,
        Self::Changing,
        Self::Unmigratable,
        Self::Refused,
        Self::Failed,
    ];

    /// The word for it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Verified => "verified",
            Self::Missing => "missing",
            Self::Unreadable => "unreadable",
            Self::Changing => "changing",
            Self::Unmigratable => "unmigratable",
            Self::Refused => "refused",
            Self::Failed => "failed",
        }
    }

    /// The outcome with this number.
    #[must_use]
    pub fn from_number(number: i64) -> Option<Self> {
        Self::ALL.into_iter().find(|outcome| *outcome as i64 == number)
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_survives_both_of_its_forms() {
        for key in [
            Key::new(Kind::Document, 0),
            Key::new(Kind::Document, u32::MAX),
            Key::new(Kind::Attachment, 10_000),
            Key::new(Kind::Part, 3),
            Key::translation(7, 0),
            Key::translation(7, LANGUAGES.len() - 1),
        ] {
            assert_eq!(Key::from_number(key.number()), Some(key));
            assert_eq!(key.to_string().parse::<Key>().unwrap(), key);
        }
        assert_eq!(Key::translation(4, 0).to_string(), "template/4/NO");
    }

    #[test]
    fn what_is_no_key_is_told_apart() {
        for text in ["", "document", "document/", "document/-1", "document/01", "document/4/NO", "template/4/XX", "x/1"]
        {
            assert!(text.parse::<Key>().is_err(), "{text}");
        }
        for number in [0, -1, 17, 9 << 48, 1 << 48 | 3, 1 << 48 | 1 << 41] {
            assert_eq!(Key::from_number(number), None, "{number}");
        }
    }

    #[test]
    fn keys_sort_by_kind_then_id() {
        let mut keys = [Key::new(Kind::Template, 1), Key::new(Kind::Document, 9), Key::new(Kind::Document, 2)];
        keys.sort();
        assert_eq!(keys.iter().map(Key::to_string).collect::<Vec<_>>(), ["document/2", "document/9", "template/1"]);
    }
}
