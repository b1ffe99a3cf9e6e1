//! An e-mail address as people have typed it into a mailbox or a setting.
//!
//! Twenty years of settings hold names before the address, blanks around it and umlauts in the domain. What can be
//! understood is understood; the domain is compared as DNS has it, in lower case and in ASCII.

use email_address::{EmailAddress, Options};
use serde::Serialize;
use std::fmt;

/// A usable address.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(into = "String")]
pub struct Address {
    /// Before the `@`, as it was written.
    pub local: String,
    /// Behind it, as DNS has it.
    pub domain: String,
}

impl Address {
    /// Reads `info@example.com`, also with blanks around it or as `Our Company <info@example.com>`. `None` if there is
    /// no address in it that mail can be sent to.
    pub fn read(text: &str) -> Option<Self> {
        let text = text.trim();
        let inside = text.rsplit_once('<').map_or(text, |(_, rest)| rest.trim_end_matches('>'));
        let (local, domain) = inside.trim().rsplit_once('@')?;
        let domain = domain_name(domain)?;
        // The crate judges syntax and lengths; a domain without a dot cannot be reached from the internet.
        let options = Options::default().with_required_tld().without_display_text().without_domain_literal();
        EmailAddress::parse_with_options(&format!("{local}@{domain}"), options).ok()?;
        Some(Self { local: local.to_owned(), domain })
    }

    /// Whether both mean one mailbox. By the letter of the standard the local part has a case; no server minds it.
    pub fn is(&self, other: &Self) -> bool {
        self.key() == other.key()
    }

    /// What two spellings of one address share.
    pub fn key(&self) -> String {
        format!("{}@{}", self.local.to_lowercase(), self.domain)
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@{}", self.local, self.domain)
    }
}

impl From<Address> for String {
    fn from(address: Address) -> Self {
        address.to_string()
    }
}

/// A domain as DNS has it: lower case, ASCII, without the last dot. `None` if it cannot be one with mail.
pub fn domain_name(text: &str) -> Option<String> {
    let domain = idna::domain_to_ascii(text.trim().trim_end_matches('.')).ok()?;
    let fits = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
    };
    (domain.len() <= 253 && domain.contains('.') && domain.split('.').all(fits)).then_some(domain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_people_type_is_understood() {
        for (text, read) in [
            ("support@example.com", Some("support@example.com")),
            ("  Support@EXAMPLE.com. ", Some("Support@example.com")),
            ("Our Company <info@example.com>", Some("info@example.com")),
            ("post@blåbær.example", Some("post@xn--blbr-roah.example")),
            ("", None),
            ("support", None),
            ("support@", None),
            ("support@intranet", None),
            ("@example.com", None),
            ("a b@example.com", None),
            ("a@b@example.com", None),
            ("x@exa mple.com", None),
            ("x@[192.0.2.1]", None),
        ] {
            assert_eq!(Address::read(text).map(|address| address.to_string()).as_deref(), read, "{text}");
        }
    }
}
