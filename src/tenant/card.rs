//! The card of a tenant: what is known about it apart from what it holds.
//!
//! The card lies twice: as `tenant.json` in the store, so that a lost catalogue can be rebuilt, and in the
//! catalogue, whose write lock makes a change by one process (`omt tenant invite`) visible to another (the
//! server) without either losing anything.

use super::protocol::{DatabaseKind, Limits, Mode, Plan, TenantInfo, TenantState};
use crate::digest::Digest;
use rand::TryRngCore;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use subtle::{Choice, ConstantTimeEq};

/// The version of the card's form.
const FORMAT: u32 = 1;

/// Everything about a tenant but its content.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Card {
    pub(crate) format: u32,
    pub(crate) customer: String,
    pub(crate) company: String,
    pub(crate) serial: String,
    pub(crate) plans: Vec<Plan>,
    pub(crate) limits: Limits,
    pub(crate) state: TenantState,
    /// BLAKE3 of each ticket: whoever reads the store cannot use it.
    pub(crate) tickets: Vec<Digest>,
    /// The last run, once there was one.
    pub(crate) run: Option<Run>,
    /// How many runs there were: the epoch of proofs.
    pub(crate) runs: u32,
    /// User names that somebody has whom no migration brought.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) taken_names: Vec<String>,
    /// The people that were put last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) people: Option<PeopleCard>,
    /// How many receipts were made: the number of the last one.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub(crate) receipts: u32,
    /// The run that was accepted last: what mails follow from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) accepted: Option<Accepted>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for it")]
fn is_zero(number: &u32) -> bool {
    *number == 0
}

/// A run that was accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Accepted {
    /// Its number.
    pub(crate) run: u32,
    /// Test or live.
    pub(crate) mode: Mode,
    /// The list of people that counted.
    pub(crate) people: Option<Digest>,
}

/// Where the people of a migration are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct PeopleCard {
    /// The name of the object that holds them: the digest of its bytes.
    pub(crate) name: Digest,
    /// How many users hold a plan.
    pub(crate) users: u32,
}

/// What the last run said about itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Run {
    pub(crate) migration: uuid::Uuid,
    pub(crate) company: String,
    pub(crate) serial: String,
    pub(crate) mode: Mode,
}

impl Card {
    pub(crate) fn new(customer: String, company: String, serial: String, plans: Vec<Plan>, limits: Limits) -> Self {
        let state = TenantState::MigrationPending;
        Self {
            format: FORMAT,
            customer,
            company,
            serial,
            plans,
            limits,
            state,
            tickets: vec![],
            run: None,
            runs: 0,
            taken_names: vec![],
            people: None,
            receipts: 0,
            accepted: None,
        }
    }

    /// Reads `tenant.json`; `None` if it is none or of a newer version.
    pub(crate) fn read(bytes: &[u8]) -> Option<Self> {
        serde_json::from_slice(bytes).ok().filter(|card: &Self| card.format == FORMAT)
    }

    /// The bytes of `tenant.json`.
    pub(crate) fn write(&self) -> Vec<u8> {
        // A structure of strings and numbers with text keys always becomes JSON.
        serde_json::to_vec_pretty(self).unwrap_or_default()
    }

    /// Whether `ticket` opens this tenant; the time it takes tells nothing about how much of it was right.
    pub(crate) fn admits(&self, ticket: &str) -> bool {
        let asked = Digest::of(ticket.as_bytes());
        let found = self
            .tickets
            .iter()
            .fold(Choice::from(0), |found, known| found | known.as_bytes().as_slice().ct_eq(asked.as_bytes()));
        found.into()
    }

    /// Makes another ticket and notes its hash.
    pub(crate) fn issue(&mut self) -> Option<SecretString> {
        let mut bytes = [0; 32];
        rand::rngs::OsRng.try_fill_bytes(&mut bytes).ok()?;
        let ticket = SecretString::from(format!("{}.{}", self.customer, base64url(&bytes)));
        self.tickets.push(Digest::of(ticket.expose_secret().as_bytes()));
        Some(ticket)
    }

    /// What a client may see.
    pub(crate) fn info(&self) -> TenantInfo {
        TenantInfo {
            customer: self.customer.clone(),
            company: self.company.clone(),
            serial: self.serial.clone(),
            state: self.state,
            plans: self.plans.clone(),
            taken_names: self.taken_names.clone(),
            mail_domain: format!("{}.suocrm.com", self.customer.to_lowercase()),
            limits: self.limits,
            database: DatabaseKind::default(),
            receipt_key: None,
        }
    }
}

/// Whether `text` can be the name of a customer. Whatever passes is a safe name for files and objects.
pub(crate) fn is_customer(text: &str) -> bool {
    number_of(text).is_some()
}

/// The number in `Cust12345`.
pub(crate) fn number_of(customer: &str) -> Option<u32> {
    let digits = customer.strip_prefix("Cust")?;
    let plain = (5..=9).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit());
    if plain && !digits.starts_with('0') { digits.parse().ok() } else { None }
}

/// Base64 with the alphabet for URLs, without padding (RFC 4648, section 5).
fn base64url(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for group in bytes.chunks(3) {
        let number =
            group.iter().enumerate().fold(0_u32, |number, (at, byte)| number | u32::from(*byte) << (16 - 8 * at));
        for position in 0..=group.len() {
            text.push(char::from(ALPHABET[(number >> (18 - 6 * position) & 63) as usize]));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn card() -> Card {
        Card::new("Cust10001".into(), "Fjord AS".into(), "123".into(), vec![], Limits::default())
    }

    #[test]
    fn only_the_tickets_that_were_issued_open_the_door() {
        let mut card = card();
        let first = card.issue().unwrap();
        let second = card.issue().unwrap();
        for ticket in [&first, &second] {
            assert_eq!(ticket.expose_secret().len(), "Cust10001.".len() + 43);
            assert!(card.admits(ticket.expose_secret()));
        }
        assert!(!card.admits("") && !card.admits("Cust10001.") && !card.admits(&format!("{}x", first.expose_secret())));
        assert!(!String::from_utf8(card.write()).unwrap().contains(first.expose_secret()));
    }

    #[test]
    fn a_card_survives_its_file() {
        let mut card = card();
        card.issue();
        assert_eq!(Card::read(&card.write()).unwrap(), card);
        assert!(Card::read(b"{}").is_none());
    }

    #[test]
    fn a_customer_has_one_spelling() {
        assert!(is_customer("Cust10001") && is_customer("Cust999999999"));
        for text in [
            "",
            "Cust",
            "Cust1",
            "Cust00001",
            "Cust10001/",
            "cust10001",
            "../Cust10001",
            "Cust１0001",
            "Cust1234567890",
        ] {
            assert!(!is_customer(text), "{text}");
        }
    }

    #[test]
    fn base64_is_as_the_standard_says() {
        for (bytes, text) in [
            ("", ""),
            ("f", "Zg"),
            ("fo", "Zm8"),
            ("foo", "Zm9v"),
            ("foob", "Zm9vYg"),
            ("fooba", "Zm9vYmE"),
            ("foobar", "Zm9vYmFy"),
        ] {
            assert_eq!(base64url(bytes.as_bytes()), text);
        }
        assert_eq!(base64url(&[0xfb, 0xff]), "-_8");
    }
}
