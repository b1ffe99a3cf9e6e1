//! Text of `nvarchar`, `nchar`, `ntext` and `xml`: any sequence of UTF-16 code units, also one that is no Unicode.
//!
//! SQL Server does not look at what it stores, so half a surrogate pair is ordinary input. The units are kept as WTF-8:
//! like UTF-8, but a surrogate without its other half is written as three bytes of its own. Each sequence of
//! units has exactly one form, well-formed text is its plain UTF-8, and Latin text takes half the memory.

use std::fmt;

/// A sequence of UTF-16 code units.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Wide(Vec<u8>);

impl Wide {
    /// From code units, in the order in which they are stored.
    #[must_use]
    pub fn from_units(units: &[u16]) -> Self {
        Self::from(units.iter().copied())
    }

    fn from(units: impl ExactSizeIterator<Item = u16>) -> Self {
        let mut bytes = Vec::with_capacity(units.len());
        for unit in char::decode_utf16(units) {
            match unit {
                Ok(char) => bytes.extend_from_slice(char.encode_utf8(&mut [0; 4]).as_bytes()),
                Err(alone) => bytes.extend_from_slice(&three(alone.unpaired_surrogate())),
            }
        }
        Self(bytes)
    }

    /// From the bytes of the units, little-endian, as they travel and as `CAST(… AS varbinary)` gives them. `None` if
    /// their number is odd.
    #[must_use]
    pub fn from_utf16_bytes(mut bytes: Vec<u8>) -> Option<Self> {
        let (pairs, rest) = bytes.as_chunks::<2>();
        if !rest.is_empty() {
            return None;
        }
        // Most text is ASCII: each second byte is the text, and it stays where it is.
        let count = pairs.len();
        if pairs.iter().fold(0, |all, [low, high]| all | *high | (low & 0x80)) == 0 {
            for place in 1..count {
                bytes[place] = bytes[2 * place];
            }
            bytes.truncate(count);
            return Some(Self(bytes));
        }
        Some(Self::from(pairs.iter().map(|pair| u16::from_le_bytes(*pair))))
    }

    /// From the form that [`as_bytes`](Self::as_bytes) gives; `None` if it is not the one form of some units.
    #[must_use]
    pub fn from_bytes(bytes: Vec<u8>) -> Option<Self> {
        if std::str::from_utf8(&bytes).is_ok() {
            return Some(Self(bytes));
        }
        let units = units_of(&bytes)?;
        // A pair that is written as two single surrogates comes back as another text.
        Some(Self::from_units(&units)).filter(|text| text.0 == bytes)
    }

    /// WTF-8.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// The same, without a copy.
    #[must_use]
    pub fn into_bytes(self) -> Vec<u8> {
        self.0
    }

    /// The text, if it is Unicode.
    #[must_use]
    pub fn as_str(&self) -> Option<&str> {
        std::str::from_utf8(&self.0).ok()
    }

    /// The bytes of the units, little-endian, as they travel.
    #[must_use]
    pub fn utf16_bytes(&self) -> Vec<u8> {
        self.units().into_iter().flat_map(u16::to_le_bytes).collect()
    }

    /// The code units.
    #[must_use]
    pub fn units(&self) -> Vec<u16> {
        units_of(&self.0).unwrap_or_default()
    }
}

/// A surrogate in three bytes, as UTF-8 would write it if it were a character.
fn three(unit: u16) -> [u8; 3] {
    [0xE0 | (unit >> 12) as u8, 0x80 | (unit >> 6 & 0x3F) as u8, 0x80 | (unit & 0x3F) as u8]
}

fn units_of(mut bytes: &[u8]) -> Option<Vec<u16>> {
    let mut units = Vec::with_capacity(bytes.len());
    loop {
        let broken = match std::str::from_utf8(bytes) {
            Ok(text) => {
                units.extend(text.encode_utf16());
                return Some(units);
            }
            Err(cause) => cause.valid_up_to(),
        };
        let (text, rest) = bytes.split_at(broken);
        units.extend(std::str::from_utf8(text).ok()?.encode_utf16());
        let [first @ 0xED, second @ 0xA0..=0xBF, third @ 0x80..=0xBF, ..] = *rest else { return None };
        units.push(u16::from(first & 0x0F) << 12 | u16::from(second & 0x3F) << 6 | u16::from(third & 0x3F));
        bytes = &rest[3..];
    }
}

impl From<&str> for Wide {
    fn from(text: &str) -> Self {
        Self(text.as_bytes().to_vec())
    }
}

impl From<String> for Wide {
    fn from(text: String) -> Self {
        Self(text.into_bytes())
    }
}

impl fmt::Debug for Wide {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&String::from_utf16_lossy(&self.units()), f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn any_units_come_back(units in proptest::collection::vec(prop_oneof![any::<u16>(), 0xD7F0..0xE010_u16], 0..40)) {
            let text = Wide::from_units(&units);
            prop_assert_eq!(text.units(), units);
            prop_assert_eq!(Wide::from_utf16_bytes(text.utf16_bytes()), Some(text.clone()));
            prop_assert_eq!(Wide::from_bytes(text.as_bytes().to_vec()), Some(text));
        }

        #[test]
        fn latin_text_comes_back(text in "[ -~]{0,20}[é]?[ -~]{0,3}") {
            let units: Vec<u16> = text.encode_utf16().collect();
            let wide = Wide::from_utf16_bytes(units.into_iter().flat_map(u16::to_le_bytes).collect());
            prop_assert_eq!(wide.as_ref().and_then(Wide::as_str), Some(&*text));
        }

        #[test]
        fn no_bytes_are_a_second_form(bytes in proptest::collection::vec(prop_oneof![any::<u8>(), 0x80..0xC0_u8, Just(0xED)], 0..12)) {
            if let Some(text) = Wide::from_bytes(bytes.clone()) {
                let again = Wide::from_units(&text.units());
                prop_assert_eq!(again.as_bytes(), &bytes);
            }
        }
    }

    #[test]
    fn a_pair_has_one_form_only() {
        assert_eq!(Wide::from_units(&[0xD83D, 0xDE00]).as_str(), Some("😀"));
        assert_eq!(Wide::from_bytes(vec![0xED, 0xA0, 0xBD, 0xED, 0xB8, 0x80]), None);
        assert_eq!(Wide::from_units(&[0xDE00, 0xD83D]).as_str(), None);
        assert_eq!(Wide::from_utf16_bytes(vec![0x41, 0, 0]), None);
    }
}
