//! A statement under a signature, and what one needs to check it.
//!
//! The file is `{"receipt":`, the statement as JSON, `,"key":"` with 64 digits, `","signature":"` with 128 digits, `"}` and one
//! end of line: JSON for every program, and fixed to the byte for whoever checks it. What is signed is a line that says what it
//! is, then the bytes of the statement exactly as they stand there, so that no two writers of JSON have to agree on anything.
//! One byte more, less or different, anywhere, and [`Receipt::open`] refuses it.

use super::statement::{FORMAT, Statement};
use crate::digest::Digest;
use crate::{Code, Error, Result};
use aws_lc_rs::signature::{ED25519, Ed25519KeyPair, KeyPair, UnparsedPublicKey};
use std::fmt;
use std::fmt::Write as _;
use std::str::FromStr;

/// What stands before the statement in the bytes that are signed.
const DOMAIN: &[u8] = b"omt receipt v1\n";
/// What stands before the statement in the file.
const BEGIN: &[u8] = b"{\"receipt\":";
const KEY: &[u8] = b",\"key\":\"";
const SIGNATURE: &[u8] = b"\",\"signature\":\"";
const END: &[u8] = b"\"}\n";
/// Digits of a key and of a signature.
const DIGITS: [usize; 2] = [64, 128];
/// Everything behind the statement.
const BEHIND: usize = KEY.len() + DIGITS[0] + SIGNATURE.len() + DIGITS[1] + END.len();

/// The public half of a tenant's key: 32 bytes, written as 64 lower-case hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct PublicKey([u8; 32]);

impl fmt::Display for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex(&self.0))
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for PublicKey {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        bytes_of(text.as_bytes()).map(Self).ok_or_else(|| {
            Error::new(Code::ConfigInvalid, "a key is 64 lower-case hexadecimal digits")
                .hint("`GET /v1/tenant` gives it as `receipt_key`")
        })
    }
}

/// The private half. It can sign, and cannot be shown.
pub struct SigningKey(Ed25519KeyPair);

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SigningKey").field("public", &self.public()).finish_non_exhaustive()
    }
}

impl SigningKey {
    /// A new one, from the system's random numbers.
    pub fn generate() -> Result<Self> {
        Ed25519KeyPair::generate().map(Self).map_err(|_| Error::new(Code::Internal, "the system has no random numbers"))
    }

    /// Reads a key (PKCS#8, DER); `None` if it is none.
    #[must_use]
    pub fn read(bytes: &[u8]) -> Option<Self> {
        Ed25519KeyPair::from_pkcs8(bytes).ok().map(Self)
    }

    /// The bytes that [`SigningKey::read`] reads. They are a secret.
    pub fn write(&self) -> Result<secrecy::SecretSlice<u8>> {
        let written = self.0.to_pkcs8().map_err(|_| Error::new(Code::Internal, "a key cannot be written"))?;
        Ok(written.as_ref().to_vec().into())
    }

    /// What others may know of it.
    #[must_use]
    pub fn public(&self) -> PublicKey {
        let mut bytes = [0; 32];
        // An Ed25519 key always has 32 bytes.
        bytes.copy_from_slice(&self.0.public_key().as_ref()[..32]);
        PublicKey(bytes)
    }
}

/// Signs a statement: the bytes of a receipt.
pub fn seal(statement: &Statement, key: &SigningKey) -> Result<Vec<u8>> {
    let payload = serde_json::to_vec_pretty(statement)
        .map_err(|cause| Error::new(Code::Internal, "a receipt cannot be written").because(cause))?;
    let signature = key.0.try_sign(&signed(&payload));
    let signature = signature.map_err(|_| Error::new(Code::Internal, "a receipt cannot be signed"))?;
    let (key, signature) = (key.public().to_string(), hex(signature.as_ref()));
    Ok([BEGIN, &payload, KEY, key.as_bytes(), SIGNATURE, signature.as_bytes(), END].concat())
}

/// A receipt that was checked: its signature holds, and what it says agrees with itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receipt {
    /// What it states.
    pub statement: Statement,
    /// Whose key has signed it. Whether that is the tenant's key is for the reader to know.
    pub key: PublicKey,
    /// BLAKE3 of the whole file.
    pub digest: Digest,
}

impl Receipt {
    /// Checks the bytes of a receipt.
    ///
    /// # Errors
    /// [`Code::ConfigInvalid`] if these bytes are no receipt, or one of a newer version; [`Code::VerificationFailed`] if they are
    /// one that was changed.
    pub fn open(bytes: &[u8]) -> Result<Self> {
        let behind = bytes.len().checked_sub(BEHIND).map(|start| &bytes[start..]);
        let framed = behind.and_then(frame);
        // A change destroys one end at most: the other one still says what this was.
        if !bytes.starts_with(BEGIN) && framed.is_none() {
            return Err(Error::new(Code::ConfigInvalid, "this is no receipt").hint(
                "`omt migrate` writes `receipt.json` beside the ledger, `omt receipt` fetches it from the tenant",
            ));
        }
        let Some((key, signature)) = framed.filter(|_| bytes.starts_with(BEGIN)) else {
            return Err(changed("its frame is not that of a receipt"));
        };
        let payload = bytes.get(BEGIN.len()..bytes.len() - BEHIND).unwrap_or_default();
        UnparsedPublicKey::new(&ED25519, key.0)
            .verify(&signed(payload), &signature)
            .map_err(|_| changed("its signature does not hold"))?;
        // What is signed was written by whoever holds the key: from here on it can only be newer, or wrong in itself.
        let version = serde_json::from_slice::<serde_json::Value>(payload).ok().and_then(|all| all["version"].as_u64());
        if version.is_some_and(|version| version > u64::from(FORMAT)) {
            return Err(Error::new(Code::ConfigInvalid, "a newer version of this program has made the receipt")
                .hint("check it with that version"));
        }
        let statement: Statement =
            serde_json::from_slice(payload).map_err(|cause| changed("it cannot be understood").because(cause))?;
        match statement.contradiction() {
            Some(what) => Err(changed(what)),
            None => Ok(Self { statement, key, digest: Digest::of(bytes) }),
        }
    }
}

fn changed(what: &str) -> Error {
    Error::new(Code::VerificationFailed, format!("the receipt is not what the tenant has signed: {what}"))
        .hint("get it again from the tenant: `omt receipt`")
}

/// Key and signature of what stands behind a statement, if it has that form.
fn frame(behind: &[u8]) -> Option<(PublicKey, [u8; 64])> {
    let rest = behind.strip_prefix(KEY)?;
    let (key, rest) = rest.split_at_checked(DIGITS[0])?;
    let (signature, rest) = rest.strip_prefix(SIGNATURE)?.split_at_checked(DIGITS[1])?;
    if rest != END {
        return None;
    }
    Some((PublicKey(bytes_of(key)?), bytes_of(signature)?))
}

fn signed(payload: &[u8]) -> Vec<u8> {
    [DOMAIN, payload].concat()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// Exactly so many lower-case digits: one spelling only.
fn bytes_of<const N: usize>(digits: &[u8]) -> Option<[u8; N]> {
    let value = |digit: u8| match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        _ => None,
    };
    let (pairs, rest) = digits.as_chunks::<2>();
    if pairs.len() != N || !rest.is_empty() {
        return None;
    }
    let mut bytes = [0; N];
    for (byte, [high, low]) in bytes.iter_mut().zip(pairs) {
        *byte = value(*high)? << 4 | value(*low)?;
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::item::{Key, Kind};
    use crate::receipt::merkle::{Tree, item};
    use crate::receipt::{Held, HeldItems, Roots, TableLine};
    use crate::tables::TableSum;
    use crate::tenant::protocol::Mode;
    use std::collections::BTreeMap;

    fn key() -> SigningKey {
        SigningKey(Ed25519KeyPair::from_seed_unchecked(&[7; 32]).unwrap())
    }

    fn statement() -> Statement {
        let mut items = Tree::default();
        items.push(item(Key::new(Kind::Document, 17), 5, &Digest::of(b"hello"), "SO_ARC/AO/2018.1/ø.txt"));
        let held = BTreeMap::from([("verified".to_owned(), Held { items: 1, bytes: 5 })]);
        let mut statement = Statement {
            version: FORMAT,
            number: 1,
            before: None,
            time: "2026-11-25T12:00:00.000Z".into(),
            tenant: "Cust10001".into(),
            migration: uuid::Uuid::nil(),
            mode: Mode::Test,
            company: "Fjørd AS".into(),
            serial: "1234567890".into(),
            items: HeldItems { count: 1, bytes: 5, kinds: BTreeMap::from([("document".to_owned(), held)]) },
            people: None,
            manifest: None,
            rung: None,
            tables: vec![TableLine { name: "contact".into(), sum: TableSum::of(&Digest::of(b"row")) }],
            left: vec![],
            adjusted: vec![],
            bound: vec![],
            merkle: Roots::of(&items, &Tree::default()),
        };
        statement.merkle = Roots::of(&items, &statement.tables_tree());
        statement
    }

    #[test]
    fn a_receipt_is_json_and_opens_again() {
        let bytes = seal(&statement(), &key()).unwrap();
        let json: serde_json::Value = serde_json::from_slice(&bytes).unwrap();
        assert_eq!((&json["receipt"]["number"], &json["key"]), (&1.into(), &key().public().to_string().into()));
        let receipt = Receipt::open(&bytes).unwrap();
        assert_eq!((receipt.statement, receipt.key), (statement(), key().public()));
        assert_eq!(receipt.digest, Digest::of(&bytes));
    }

    #[test]
    fn one_changed_byte_anywhere_is_found() {
        let bytes = seal(&statement(), &key()).unwrap();
        let refused = |bytes: &[u8], what: &str| {
            let code = Receipt::open(bytes).map(|_| ()).unwrap_err().code();
            assert_eq!(code, Code::VerificationFailed, "{what}");
        };
        for place in 0..bytes.len() {
            // Another letter, the same letter in another case, a blank, and any other bit.
            for flip in [1, 0x20, 0x80] {
                let mut changed = bytes.clone();
                changed[place] ^= flip;
                refused(&changed, &format!("byte {place} ^ {flip}"));
            }
            let mut changed = bytes.clone();
            changed.insert(place, b' ');
            refused(&changed, &format!("a blank before {place}"));
            changed.remove(place);
            changed.remove(place);
            refused(&changed, &format!("without byte {place}"));
        }
        refused(&[&bytes[..], b"\n"].concat(), "another end of line");
        refused(&bytes[..bytes.len() / 2], "the first half");
        refused(&bytes[bytes.len() / 2..], "the second half");
    }

    #[test]
    fn what_is_no_receipt_is_told_apart() {
        for text in ["", "{}", "{\"signature\":\"\"}", &"x".repeat(1000)] {
            assert_eq!(Receipt::open(text.as_bytes()).unwrap_err().code(), Code::ConfigInvalid, "{text}");
        }
    }

    #[test]
    fn a_signature_does_not_make_a_contradiction_true() {
        let changes: [fn(&mut Statement); 5] = [
            |statement| statement.items.count += 1,
            |statement| statement.items.bytes += 1,
            |statement| statement.tables[0].sum.rows += 1,
            |statement| statement.tables.push(statement.tables[0].clone()),
            |statement| statement.merkle.items = statement.merkle.tables,
        ];
        for (number, change) in changes.into_iter().enumerate() {
            let mut statement = statement();
            change(&mut statement);
            let error = Receipt::open(&seal(&statement, &key()).unwrap()).unwrap_err();
            assert_eq!(error.code(), Code::VerificationFailed, "{number}");
        }
        let newer = Statement { version: FORMAT + 1, ..statement() };
        assert_eq!(Receipt::open(&seal(&newer, &key()).unwrap()).unwrap_err().code(), Code::ConfigInvalid);
    }

    #[test]
    fn a_key_survives_its_bytes_and_shows_only_its_public_half() {
        use secrecy::ExposeSecret;
        let key = SigningKey::generate().unwrap();
        let bytes = key.write().unwrap();
        let again = SigningKey::read(bytes.expose_secret()).unwrap();
        assert_eq!(again.public(), key.public());
        assert_eq!(key.public().to_string().parse::<PublicKey>().unwrap(), key.public());
        assert!(key.public().to_string().to_uppercase().parse::<PublicKey>().is_err());
        assert_eq!(format!("{key:?}"), format!("SigningKey {{ public: {}, .. }}", key.public()));
        assert!(SigningKey::read(b"no key").is_none());
    }
}
