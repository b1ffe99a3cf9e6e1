//! Secrets by value: every secret that this program knows is looked for in everything that is written, in all its forms.
//!
//! A secret travels in disguise: escaped for JSON, XML or an address, in UTF-16, in hexadecimal digits, in Base64 at any of three
//! offsets. [`Secrets`] looks for all of that at once; a [`Strainer`] is the last thing that bytes pass before they go into the
//! bundle, whatever was done to them before.

use crate::config::Config;
use crate::onsite::discovery::{Discovery, Value};
use crate::{Code, Error, Result};
use aho_corasick::{AhoCorasick, MatchKind};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use secrecy::ExposeSecret;
use std::io::{self, Write};

/// What stands in the place of a secret.
pub(super) const HIDDEN: &str = "(secret)";
/// A shorter secret would be found in innocent words; it is hidden where its name gives it away.
const SHORTEST: usize = 4;
/// So many letters of Base64 are no coincidence.
const TELLING: usize = 6;
/// Bytes that are looked through at once.
const BLOCK: usize = 64 << 10;

/// Words in the name of a setting or a variable whose value is a secret.
const NAMES: [&str; 11] = [
    "password",
    "passwd",
    "pwd",
    "secret",
    "ticket",
    "token",
    "apikey",
    "api_key",
    "accesskey",
    "access_key",
    "dbpass",
];

/// Whether a name says that its value is a secret.
pub(super) fn names_secret(name: &str) -> bool {
    let name = name.to_lowercase();
    let whole = ["pass", "key", "nspass", "nsanonpass", "authorization", "symmetrickey", "symmetriciv"];
    whole.contains(&name.as_str()) || NAMES.iter().any(|word| name.contains(word)) || name.ends_with("_key")
}

/// All known secrets.
pub(super) struct Secrets {
    find: Option<AhoCorasick>,
    longest: usize,
}

impl Secrets {
    /// Those of the configuration, of the installation's files and of the environment.
    pub(super) fn gather(
        config: &Config,
        discovery: &Discovery,
        environment: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Self> {
        let mut known: Vec<String> = Vec::new();
        known.extend(
            [&config.tenant.ticket, &config.database.password]
                .into_iter()
                .flatten()
                .map(|one| one.expose_secret().to_owned()),
        );
        for found in &discovery.settings {
            if let Value::Secret(secret) = &found.value {
                known.push(secret.expose_secret().to_owned());
                known.extend(password_in(secret.expose_secret()));
            }
        }
        for (name, value) in environment {
            let ours = ["OMT_", "AWS_", "AZURE_"].iter().any(|section| name.starts_with(section));
            if names_secret(&name) || (ours && name.contains("KEY")) {
                known.push(value);
            } else {
                known.extend(password_in(&value));
            }
        }
        Self::of(&known)
    }

    /// These.
    pub(super) fn of(known: &[String]) -> Result<Self> {
        let mut forms: Vec<Vec<u8>> = known
            .iter()
            .map(|secret| secret.trim())
            .filter(|secret| secret.len() >= SHORTEST)
            .flat_map(forms)
            .collect();
        // A ticket is the customer and a key; the key alone opens nothing, but it is the secret part.
        for secret in known {
            if let Some((_, key)) = secret.trim().split_once('.').filter(|(_, key)| key.len() >= 20) {
                forms.extend(self::forms(key));
            }
        }
        forms.sort();
        forms.dedup();
        let longest = forms.iter().map(Vec::len).max().unwrap_or_default();
        let find = if forms.is_empty() {
            None
        } else {
            let built = AhoCorasick::builder()
                .ascii_case_insensitive(true)
                .match_kind(MatchKind::LeftmostLongest)
                .build(&forms);
            // The cause would show a pattern.
            Some(built.map_err(|_| Error::new(Code::Internal, "the search for secrets cannot be set up"))?)
        };
        Ok(Self { find, longest })
    }

    /// The first secret in a text at or after `from`: where it begins and ends.
    pub(super) fn first(&self, text: &str, from: usize) -> Option<(usize, usize)> {
        let mut from = from;
        while let Some(found) = self.find.as_ref()?.find(&text.as_bytes()[from..]) {
            let (start, end) = (from + found.start(), from + found.end());
            if text.is_char_boundary(start) && text.is_char_boundary(end) {
                return Some((start, end));
            }
            from = start + 1;
        }
        None
    }
}

/// The password in an address or in a connection string.
fn password_in(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    if let Some((_, rest)) = text.split_once("://")
        && let Some((who, _)) = rest.rsplit_once('@')
        && let Some((_, password)) = who.split_once(':')
    {
        found.push(password.to_owned());
        found.push(crate::config::unescaped(password));
    }
    for part in text.split(';') {
        if let Some((name, value)) = part.split_once('=')
            && names_secret(name.trim())
        {
            found.push(value.trim().to_owned());
        }
    }
    found
}

/// Everything that a secret may look like.
fn forms(secret: &str) -> Vec<Vec<u8>> {
    let plain = secret.as_bytes();
    let utf16 = |unit: fn(u16) -> [u8; 2]| secret.encode_utf16().flat_map(unit).collect::<Vec<u8>>();
    let (little, big) = (utf16(u16::to_le_bytes), utf16(u16::to_be_bytes));
    let percent = |keep: &dyn Fn(u8) -> bool, blank: &str| {
        let mut text = String::new();
        for &byte in plain {
            match byte {
                b' ' => text.push_str(blank),
                byte if keep(byte) => text.push(char::from(byte)),
                byte => text.extend(['%', digit(byte >> 4), digit(byte & 15)]),
            }
        }
        text.into_bytes()
    };
    let unreserved = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    let xml = secret.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;");
    let json = serde_json::to_string(secret).unwrap_or_default();
    let hex = |bytes: &[u8]| {
        bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect::<String>().into_bytes()
    };
    let mut forms = vec![
        plain.to_vec(),
        percent(&unreserved, "%20"),
        percent(&unreserved, "+"),
        percent(&|_| false, "%20"),
        xml.replace('\'', "&apos;").into_bytes(),
        xml.replace('\'', "&#39;").into_bytes(),
        json.trim_matches('"').as_bytes().to_vec(),
        secret.escape_debug().to_string().into_bytes(),
        secret.escape_default().to_string().into_bytes(),
        hex(plain),
        hex(&little),
    ];
    for bytes in [plain, &little, &big] {
        forms.extend(base64s(bytes));
    }
    forms.extend([little, big]);
    forms.retain(|form| form.len() >= SHORTEST);
    forms
}

/// A hexadecimal digit.
fn digit(half: u8) -> char {
    char::from_digit(half.into(), 16).unwrap_or('0')
}

/// The letters of Base64 that a secret decides alone, at each of the three offsets at which it can lie in what was encoded.
fn base64s(bytes: &[u8]) -> Vec<Vec<u8>> {
    let mut forms = Vec::new();
    for offset in 0..3 {
        let padded = [&[0; 3][..offset], bytes].concat();
        let (from, to) = ((offset * 8).div_ceil(6), padded.len() * 8 / 6);
        for text in [STANDARD_NO_PAD.encode(&padded), URL_SAFE_NO_PAD.encode(&padded)] {
            if let Some(letters) = text.get(from..to).filter(|letters| letters.len() >= TELLING) {
                forms.push(letters.as_bytes().to_vec());
            }
        }
    }
    forms
}

/// Lets everything through but secrets.
pub(super) struct Strainer<'a, W: Write> {
    out: W,
    secrets: &'a Secrets,
    pending: Vec<u8>,
    /// How many it has replaced.
    pub(super) replaced: u64,
    /// How many bytes it has let through.
    pub(super) bytes: u64,
}

impl<'a, W: Write> Strainer<'a, W> {
    pub(super) fn new(out: W, secrets: &'a Secrets) -> Self {
        Self { out, secrets, pending: Vec::new(), replaced: 0, bytes: 0 }
    }

    /// Lets the rest through.
    pub(super) fn finish(&mut self) -> io::Result<()> {
        self.strain(self.pending.len())
    }

    /// Lets pass what begins before `until`; a secret that begins there is replaced as a whole.
    fn strain(&mut self, until: usize) -> io::Result<()> {
        let mut at = 0;
        if let Some(find) = &self.secrets.find {
            for found in find.find_iter(&self.pending) {
                if found.start() >= until {
                    break;
                }
                self.out.write_all(&self.pending[at..found.start()])?;
                self.out.write_all(HIDDEN.as_bytes())?;
                self.bytes += (found.start() - at + HIDDEN.len()) as u64;
                self.replaced += 1;
                at = found.end();
            }
        }
        if at < until {
            self.out.write_all(&self.pending[at..until])?;
            self.bytes += (until - at) as u64;
            at = until;
        }
        self.pending.drain(..at);
        Ok(())
    }
}

impl<W: Write> Write for Strainer<'_, W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.pending.extend_from_slice(bytes);
        if self.pending.len() >= BLOCK + 2 * self.secrets.longest {
            // A secret may go on in what has not come yet.
            self.strain(self.pending.len() - self.secrets.longest)?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn strained(secrets: &Secrets, pieces: &[&[u8]]) -> (Vec<u8>, u64) {
        let mut out = Vec::new();
        let mut strainer = Strainer::new(&mut out, secrets);
        for piece in pieces {
            strainer.write_all(piece).unwrap();
        }
        strainer.finish().unwrap();
        let replaced = strainer.replaced;
        (out, replaced)
    }

    #[test]
    fn a_secret_is_found_in_every_disguise() {
        let secret = "Blå \"bær\" & <46>";
        let secrets = Secrets::of(&[secret.to_owned()]).unwrap();
        let around = |bytes: &[u8]| STANDARD_NO_PAD.encode([b"user:".as_slice(), bytes, b" more"].concat());
        let utf16: Vec<u8> = secret.encode_utf16().flat_map(u16::to_le_bytes).collect();
        for disguise in [
            secret.as_bytes().to_vec(),
            secret.to_ascii_uppercase().into_bytes(),
            b"Bl%C3%A5%20%22b%c3%a6r%22%20%26%20%3C46%3E".to_vec(),
            serde_json::to_vec(secret).unwrap(),
            format!("{secret:?}").into_bytes(),
            b"Bl\xc3\xa5 &quot;b\xc3\xa6r&quot; &amp; &lt;46&gt;".to_vec(),
            utf16.clone(),
            around(secret.as_bytes()).into_bytes(),
            around(&utf16).into_bytes(),
        ] {
            let (out, replaced) = strained(&secrets, &[b"before ", &disguise, b" after"]);
            assert_eq!(replaced, 1, "{}", String::from_utf8_lossy(&disguise));
            assert!(!String::from_utf8_lossy(&out).contains("46"), "{}", String::from_utf8_lossy(&out));
        }
    }

    #[test]
    fn the_password_in_an_address_or_a_connection_string_is_a_secret() {
        assert_eq!(password_in("mssql://crm:p%40ss@sql/CRM"), ["p%40ss", "p@ss"]);
        assert_eq!(password_in("Server=s;User ID=u;Password=hunter2;"), ["hunter2"]);
        assert!(password_in("https://tenant.example/a:b").is_empty());
        assert!(names_secret("DBPassword") && names_secret("nsPass") && names_secret("AZURE_STORAGE_ACCOUNT_KEY"));
        assert!(!names_secret("keyboard") && !names_secret("passage"));
    }

    proptest! {
        #[test]
        fn a_secret_is_found_however_the_bytes_come(before in 0..140_000_usize, cut in 0..24_usize) {
            let secrets = Secrets::of(&["open sesame 4711".to_owned()]).unwrap();
            let text = [vec![b'x'; before], b"open sesame 4711".to_vec(), vec![b'y'; 70_000]].concat();
            let cut = (before + cut).min(text.len());
            let (out, replaced) = strained(&secrets, &[&text[..cut], &text[cut..]]);
            prop_assert_eq!(replaced, 1);
            prop_assert_eq!(out.len(), text.len() - 16 + HIDDEN.len());
        }
    }
}
