//! What stands in the place of a name: a short token that is the same wherever the same name stood.
//!
//! A token says what kind of thing it stands for and is made with a key, so that nobody can try names until one fits. The key lies
//! in the ledger: two bundles of one migration have equal tokens, and whoever has the ledger can find out what a token means.

use crate::ledger::{Ledger, Reader, Record};
use crate::{Code, Error, Result};
use rand::TryRngCore;
use std::path::Path;

/// The name under which the ledger keeps the key.
const KEPT: &str = "bundle.key";
/// Letters of a token.
const LENGTH: usize = 10;

/// Makes tokens.
pub(super) struct Tokens([u8; 32]);

impl Tokens {
    /// With the key of a ledger. Without a ledger, or while a run holds it and it has none yet, the key is made for this bundle only:
    /// then the second part says so.
    pub(super) fn of(ledger: &Path) -> Result<(Self, Option<&'static str>)> {
        let fresh = fresh()?;
        if !ledger.exists() {
            return Ok((
                Self(fresh),
                Some("there is no ledger: the tokens of this bundle mean nothing in another one"),
            ));
        }
        if let Some(key) = Reader::open(ledger)?.meta(KEPT)?.and_then(|text| blake3::Hash::from_hex(text).ok()) {
            return Ok((Self(*key.as_bytes()), None));
        }
        match Ledger::open(ledger) {
            Ok(opened) => {
                opened.writer().put(Record::Meta(KEPT, blake3::Hash::from(fresh).to_hex().to_string()))?;
                opened.close()?;
                Ok((Self(fresh), None))
            }
            Err(error) if error.code() == Code::LedgerBusy => {
                Ok((Self(fresh), Some("a run holds the ledger: the tokens of this bundle mean nothing in another one")))
            }
            Err(error) => Err(error),
        }
    }

    /// With a key that is known, for tests.
    #[cfg(test)]
    pub(super) fn with(key: [u8; 32]) -> Self {
        Self(key)
    }

    /// The token of a text: the same for the same text, whatever case it is in.
    pub(super) fn of_text(&self, kind: &str, text: &str) -> String {
        let mut hasher = blake3::Hasher::new_keyed(&self.0);
        hasher.update(kind.as_bytes()).update(&[0]).update(text.to_lowercase().as_bytes());
        format!("{kind}-{}", &hasher.finalize().to_hex()[..LENGTH])
    }
}

fn fresh() -> Result<[u8; 32]> {
    let mut key = [0; 32];
    rand::rngs::OsRng
        .try_fill_bytes(&mut key)
        .map_err(|cause| Error::new(Code::Internal, "the system gives no random numbers").because(cause))?;
    Ok(key)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_bundles_of_one_ledger_have_equal_tokens() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ledger.db");
        let (alone, note) = Tokens::of(&path).unwrap();
        assert!(note.is_some());
        Ledger::open(&path).unwrap().close().unwrap();
        let (one, note) = Tokens::of(&path).unwrap();
        assert!(note.is_none());
        let two = Tokens::of(&path).unwrap().0;
        let token = one.of_text("person", "Kari Hansen");
        assert_eq!(token, two.of_text("person", "KARI HANSEN"));
        assert!(token.starts_with("person-") && token != one.of_text("company", "Kari Hansen"));
        assert_ne!(token, alone.of_text("person", "Kari Hansen"));
    }
}
