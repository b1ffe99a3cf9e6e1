//! The DMARC policy that holds for a domain: its own, or that of its organisation.
//!
//! The organisation is found by walking up the names and asking each (RFC 9989 section 4.10), which needs no list of
//! public suffixes. `mail-auth` reads the records.

use super::dkim::tag;
use super::dns::{Kind, Resolver};
use super::spf::Problem;
use mail_auth::common::parse::TxtRecordParser;
use mail_auth::dmarc::{Alignment, Dmarc as Parsed, Policy as Wish, Psd};
use serde::Serialize;

/// Names with more labels are shortened to this many before the walk goes on.
const WALK: usize = 7;

/// What receivers are asked to do with mail that fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Policy {
    /// Nothing.
    None,
    /// To put it aside.
    Quarantine,
    /// To refuse it.
    Reject,
}

/// What was found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Dmarc {
    /// The name of the record that holds; `None` if there is none.
    pub host: Option<String>,
    /// The record as it is.
    pub text: Option<String>,
    /// What it asks for, for this domain. Without a record that is nothing.
    pub policy: Policy,
    /// The organisation's domain: two names of one organisation are aligned where alignment is relaxed.
    pub organisation: String,
    /// Whether SPF must be about exactly this domain.
    pub strict_spf: bool,
    /// Whether DKIM must be about exactly this domain.
    pub strict_dkim: bool,
    /// Whether all of that is known: DNS has answered.
    pub known: bool,
}

/// A record on the way up.
struct Found {
    name: String,
    text: String,
    parsed: Parsed,
}

/// Looks for the policy of `domain`.
pub async fn policy(resolver: &dyn Resolver, domain: &str) -> (Dmarc, Vec<Problem>) {
    let (mut found, mut problems, mut known) = (Vec::new(), Vec::new(), true);
    for name in names(domain) {
        let host = format!("_dmarc.{name}");
        match resolver.ask(&host, Kind::Txt).await {
            Ok(answer) => {
                let texts: Vec<&String> = answer.values.iter().filter(|text| is_dmarc(text)).collect();
                match (&texts[..], texts.first().and_then(|text| Parsed::parse(text.as_bytes()).ok())) {
                    ([text], Some(parsed)) => {
                        let end = parsed.psd == Psd::No;
                        found.push(Found { name: name.to_owned(), text: (*text).clone(), parsed });
                        if end {
                            break;
                        }
                    }
                    ([], _) => {}
                    ([text], None) => problems.push(Problem::error(
                        "dmarc.invalid",
                        format!("the record at `{host}` cannot be read and counts as none: `{text}`"),
                    )),
                    _ => problems.push(Problem::error(
                        "dmarc.several",
                        format!("there are {} DMARC records at `{host}`, which counts as none", texts.len()),
                    )),
                }
            }
            Err(failure) if failure.is_nothing() => {}
            Err(failure) => {
                known = false;
                problems.push(Problem::warning("dmarc.unanswered", format!("`{host}`: {failure}")));
                // A server that is silent about one name is silent about its parents.
                break;
            }
        }
    }
    let organisation = organisation(domain, &found);
    // Its own, that of the organisation, and at last that of the public suffix, where that has one for all.
    let of = |name: &str| found.iter().find(|found| found.name == name);
    let holds =
        of(domain).or_else(|| of(&organisation)).or_else(|| found.iter().find(|found| found.parsed.psd == Psd::Yes));
    let dmarc = Dmarc {
        host: holds.map(|found| format!("_dmarc.{}", found.name)),
        text: holds.map(|found| found.text.clone()),
        policy: holds.map_or(Policy::None, |found| wish(found, domain)),
        strict_spf: holds.is_some_and(|found| found.parsed.aspf == Alignment::Strict),
        strict_dkim: holds.is_some_and(|found| found.parsed.adkim == Alignment::Strict),
        organisation,
        known,
    };
    if dmarc.text.is_none() && known {
        let text = format!("`{domain}` has no DMARC policy: large receivers ask for one from those who send much");
        problems.push(Problem::note("dmarc.none", text));
    }
    if let Some(percent) = dmarc.text.as_deref().and_then(|text| tag(text, "pct")).filter(|percent| *percent != "100") {
        problems.push(Problem::note(
            "dmarc.percent",
            format!("older receivers apply the policy to {percent} % of mail only"),
        ));
    }
    (dmarc, problems)
}

/// The domain and those above it, from the longest; a name of one label is nobody's.
fn names(domain: &str) -> Vec<&str> {
    let starts = std::iter::once(0).chain(domain.match_indices('.').map(|(at, _)| at + 1));
    let above: Vec<&str> = starts.map(|at| &domain[at..]).filter(|name| name.contains('.')).collect();
    let skip = if above.len() >= WALK { above.len() + 1 - WALK } else { 1 };
    above.iter().take(1).chain(above.iter().skip(skip)).copied().collect()
}

fn is_dmarc(text: &str) -> bool {
    text.split(';')
        .next()
        .and_then(|part| part.split_once('='))
        .is_some_and(|(tag, value)| tag.trim().eq_ignore_ascii_case("v") && value.trim() == "DMARC1")
}

/// The domain whose record says so, else that of the shortest name with a record, else the domain itself.
fn organisation(domain: &str, found: &[Found]) -> String {
    if let Some(own) = found.iter().find(|found| found.parsed.psd == Psd::No) {
        return own.name.clone();
    }
    // A public suffix is not an organisation: that is the name one label longer.
    if let Some(suffix) = found.iter().find(|found| found.parsed.psd == Psd::Yes && found.name != domain) {
        let longer = domain.strip_suffix(&format!(".{}", suffix.name)).unwrap_or_default();
        let label = longer.rsplit('.').next().unwrap_or_default();
        return format!("{label}.{}", suffix.name);
    }
    found.last().map_or_else(|| domain.to_owned(), |found| found.name.clone())
}

/// What a record asks for, for mail of `domain`.
fn wish(found: &Found, domain: &str) -> Policy {
    let wish = if found.name == domain { &found.parsed.p } else { &found.parsed.sp };
    let policy = match wish {
        Wish::Reject => Policy::Reject,
        Wish::Quarantine => Policy::Quarantine,
        Wish::None | Wish::Unspecified => Policy::None,
    };
    // A policy that is being tried out asks for one step less.
    match (found.parsed.t, policy) {
        (true, Policy::Reject) => Policy::Quarantine,
        (true, _) => Policy::None,
        (false, policy) => policy,
    }
}

impl Dmarc {
    /// Whether `other` counts as this domain for receivers.
    pub fn aligned(&self, domain: &str, other: &str, strict: bool) -> bool {
        other == domain
            || !strict && (other == self.organisation || other.ends_with(&format!(".{}", self.organisation)))
    }
}
