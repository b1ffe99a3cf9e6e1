//! DKIM keys of a domain under the selectors that the vendor's mail service uses.
//!
//! A key that is found says that somebody may sign in the name of the domain. That it is the tenant who signs is only
//! known where the vendor was told to: each tenant has one key, so one domain. `mail-auth` reads the records.

use super::dns::{Failure, Kind, Resolver};
use super::spf::Problem;
use futures_util::future::join_all;
use mail_auth::common::parse::TxtRecordParser;
use mail_auth::common::verify::DomainKey;
use mail_auth::dkim::DkimError;
use serde::Serialize;

/// Shorter RSA keys are not trusted any more.
const LEAST_BITS: usize = 1024;

/// A key that was found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Key {
    /// Under which selector.
    pub selector: String,
    /// The name of its record.
    pub host: String,
    /// The record as it is.
    pub text: String,
    /// Bits of the key, where it can be read.
    pub bits: Option<usize>,
    /// Whether receivers accept signatures with it.
    pub usable: bool,
}

/// The keys that were found, and what a person should know about them.
pub async fn keys(resolver: &dyn Resolver, domain: &str, selectors: &[String]) -> (Vec<Key>, Vec<Problem>) {
    let hosts: Vec<String> = selectors.iter().map(|selector| format!("{selector}._domainkey.{domain}")).collect();
    let answers = join_all(hosts.iter().map(|host| resolver.ask(host, Kind::Txt))).await;
    let (mut keys, mut problems) = (Vec::new(), Vec::new());
    for ((selector, host), answer) in selectors.iter().zip(&hosts).zip(answers) {
        match answer {
            // A wildcard record answers any question; what has no key in it is not about keys.
            Ok(answer) => {
                for text in answer.values.iter().filter(|text| tag(text, "p").is_some()) {
                    let (key, problem) = judge(selector, host, text);
                    keys.push(key);
                    problems.extend(problem);
                }
            }
            Err(failure) if failure.is_nothing() => {}
            Err(failure) => problems.push(unanswered(host, &failure)),
        }
    }
    (keys, problems)
}

fn judge(selector: &str, host: &str, text: &str) -> (Key, Option<Problem>) {
    let mut key =
        Key { selector: selector.to_owned(), host: host.to_owned(), text: text.to_owned(), bits: None, usable: false };
    let problem = match DomainKey::parse(text.as_bytes()) {
        Ok(read) => {
            // A key of another kind than RSA has no number of bits here.
            let bits = read.p.public_key_bits();
            key.bits = (bits != usize::MAX && bits > 0).then_some(bits);
            key.usable = bits >= LEAST_BITS;
            let testing = tag(text, "t").is_some_and(|flags| flags.split(':').any(|flag| flag.trim() == "y"));
            if key.usable {
                testing.then(|| Problem::note("dkim.testing", format!("the key at `{host}` is marked as a test")))
            } else if bits == 0 {
                // The reader takes any bytes for a key; only one that is none has no bits.
                Some(Problem::error("dkim.invalid", format!("the key at `{host}` cannot be read")))
            } else {
                Some(Problem::error("dkim.weak", format!("the key at `{host}` has only {bits} bits")))
            }
        }
        Err(mail_auth::Error::Dkim(DkimError::RevokedPublicKey)) => {
            Some(Problem::warning("dkim.revoked", format!("the key at `{host}` is withdrawn: its `p` is empty")))
        }
        Err(cause) => Some(Problem::error("dkim.invalid", format!("the key at `{host}` cannot be read: {cause}"))),
    };
    (key, problem)
}

fn unanswered(host: &str, failure: &Failure) -> Problem {
    Problem::warning("dkim.unanswered", format!("`{host}`: {failure}"))
}

/// The value of a tag in a list of `tag=value;`.
pub(super) fn tag<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    text.split(';')
        .filter_map(|part| part.split_once('='))
        .find(|(tag, _)| tag.trim() == name)
        .map(|(_, value)| value.trim())
}
