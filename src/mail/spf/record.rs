//! A record cut into its terms (RFC 7208 section 4.6), with its text as it was.
//!
//! A term that the standard does not allow is kept as [`What::Wrong`] with the reason: receivers answer such a record
//! with an error, but a person must still see it and get everything else of it back.

use super::macros;
use std::net::{Ipv4Addr, Ipv6Addr};
use std::ops::Range;

/// What every record begins with.
const VERSION: &str = "v=spf1";

/// A record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// The text, as it is in DNS.
    pub text: String,
    /// Its terms, in their order.
    pub terms: Vec<Term>,
}

/// A mechanism or a modifier.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Term {
    /// Where it stands in the text.
    pub span: Range<usize>,
    /// What a match means.
    pub qualifier: Qualifier,
    /// What it is.
    pub what: What,
}

/// What a match of a mechanism means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Qualifier {
    /// `+`, or nothing.
    Pass,
    /// `-`
    Fail,
    /// `~`
    SoftFail,
    /// `?`
    Neutral,
}

/// The kinds of terms. Names of domains are as they were written, with macros.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum What {
    /// Matches always.
    All,
    /// Matches if the other domain's record says pass.
    Include(String),
    /// Matches the addresses of a domain, the record's own without a name.
    A(Option<String>),
    /// Matches the addresses of a domain's mail servers.
    Mx(Option<String>),
    /// Matches by reverse look-up; nobody should use it.
    Ptr(Option<String>),
    /// Matches addresses without asking.
    Ip {
        /// Whether its prefix has no bits, so that everybody is in it.
        everyone: bool,
    },
    /// Matches if the name, mostly one with macros, exists.
    Exists(String),
    /// The other domain's record decides if nothing has matched.
    Redirect(String),
    /// Where the explanation of a failure is.
    Exp(String),
    /// Another modifier; ignored by receivers.
    Other,
    /// Something that is not allowed, and why.
    Wrong(&'static str),
}

impl Record {
    /// Reads the text of a TXT record; `None` if it is no SPF record.
    pub fn read(text: &str) -> Option<Self> {
        let version = text.get(..VERSION.len())?;
        let rest = &text[VERSION.len()..];
        if !version.eq_ignore_ascii_case(VERSION) || !(rest.is_empty() || rest.starts_with(' ')) {
            return None;
        }
        let (mut terms, mut at) = (Vec::new(), VERSION.len());
        for part in rest.split(' ') {
            if !part.is_empty() {
                let (qualifier, what) = term(part);
                terms.push(Term { span: at..at + part.len(), qualifier, what });
            }
            at += part.len() + 1;
        }
        // A modifier of these two kinds may stand only once.
        for repeated in [|what: &What| matches!(what, What::Redirect(_)), |what: &What| matches!(what, What::Exp(_))] {
            for again in terms.iter_mut().filter(|term| repeated(&term.what)).skip(1) {
                again.what = What::Wrong("it may stand only once");
            }
        }
        Some(Self { text: text.to_owned(), terms })
    }

    /// The text of a term.
    pub fn text_of(&self, term: &Term) -> &str {
        &self.text[term.span.clone()]
    }

    /// Terms that a receiver can come to: those before the first `all`, and modifiers.
    pub fn reached(&self) -> impl Iterator<Item = &Term> {
        let all = self.terms.iter().position(|term| term.what == What::All).unwrap_or(self.terms.len());
        // A redirect counts only where there is no `all` at all.
        let without_all = all == self.terms.len();
        self.terms.iter().enumerate().filter_map(move |(index, term)| {
            let reached = if matches!(term.what, What::Redirect(_)) { without_all } else { index < all };
            reached.then_some(term)
        })
    }

    /// The `all` that decides, if there is one.
    pub fn all(&self) -> Option<&Term> {
        self.terms.iter().find(|term| term.what == What::All)
    }

    /// The redirect, if there is one.
    pub fn redirect(&self) -> Option<&str> {
        self.terms.iter().find_map(|term| match &term.what {
            What::Redirect(domain) => Some(domain.as_str()),
            _ => None,
        })
    }

    /// The terms that are not allowed.
    pub fn wrong(&self) -> impl Iterator<Item = (&str, &'static str)> {
        self.terms.iter().filter_map(|term| match term.what {
            What::Wrong(why) => Some((self.text_of(term), why)),
            _ => None,
        })
    }
}

/// Whether a text was meant to be an SPF record but is none for receivers: a blank or a quote before it, a semicolon.
pub fn nearly(text: &str) -> bool {
    let meant: String = text.chars().filter(char::is_ascii_alphanumeric).take(5).collect();
    Record::read(text).is_none() && meant.eq_ignore_ascii_case("vspf1")
}

impl What {
    /// Whether it is a mechanism; modifiers have no order and match nothing.
    pub fn is_mechanism(&self) -> bool {
        !matches!(self, Self::Redirect(_) | Self::Exp(_) | Self::Other | Self::Wrong(_))
    }
}

fn term(text: &str) -> (Qualifier, What) {
    if !text.bytes().all(|byte| byte.is_ascii_graphic()) {
        return (Qualifier::Pass, What::Wrong("it has characters that are not allowed"));
    }
    let qualifier = match text.as_bytes().first() {
        Some(b'+') => Some(Qualifier::Pass),
        Some(b'-') => Some(Qualifier::Fail),
        Some(b'~') => Some(Qualifier::SoftFail),
        Some(b'?') => Some(Qualifier::Neutral),
        _ => None,
    };
    let rest = if qualifier.is_some() { &text[1..] } else { text };
    let end = rest.find([':', '/', '=']).unwrap_or(rest.len());
    let (name, value) = (rest[..end].to_ascii_lowercase(), &rest[end..]);
    let what = match value.strip_prefix('=') {
        Some(_) if qualifier.is_some() => What::Wrong("a modifier cannot have a qualifier"),
        Some(value) => modifier(&name, value),
        None => mechanism(&name, value),
    };
    (qualifier.unwrap_or(Qualifier::Pass), what)
}

fn modifier(name: &str, value: &str) -> What {
    let named = name.starts_with(|c: char| c.is_ascii_alphabetic())
        && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'));
    match name {
        "redirect" | "exp" if !macros::is_domain(value) => What::Wrong("it does not name a domain"),
        "redirect" => What::Redirect(value.to_owned()),
        "exp" => What::Exp(value.to_owned()),
        _ if !named => What::Wrong("it is neither a mechanism nor a modifier"),
        _ if !macros::is_text(value) => What::Wrong("its macros cannot be read"),
        _ => What::Other,
    }
}

/// A mechanism whose argument begins with `:` or `/`.
fn mechanism(name: &str, argument: &str) -> What {
    let domain = argument.strip_prefix(':');
    match name {
        "all" if argument.is_empty() => What::All,
        "all" => What::Wrong("`all` takes no argument"),
        "include" | "exists" => match domain.filter(|domain| macros::is_domain(domain)) {
            Some(domain) if name == "include" => What::Include(domain.to_owned()),
            Some(domain) => What::Exists(domain.to_owned()),
            None => What::Wrong("it does not name a domain"),
        },
        "ptr" => match domain {
            None if argument.is_empty() => What::Ptr(None),
            Some(domain) if macros::is_domain(domain) => What::Ptr(Some(domain.to_owned())),
            _ => What::Wrong("it does not name a domain"),
        },
        "a" | "mx" => match with_prefix(argument) {
            Ok(domain) if name == "a" => What::A(domain),
            Ok(domain) => What::Mx(domain),
            Err(why) => What::Wrong(why),
        },
        "ip4" => network::<Ipv4Addr>(domain, 32),
        "ip6" => network::<Ipv6Addr>(domain, 128),
        _ => What::Wrong("receivers do not know this mechanism"),
    }
}

/// `[:domain][/bits][//bits]`
fn with_prefix(argument: &str) -> Result<Option<String>, &'static str> {
    const BITS: &str = "its prefix length is not valid";
    // A slash may also be a delimiter inside of a macro.
    let from = argument.rfind('}').map_or(0, |end| end + 1);
    let slash = argument[from..].find('/').map(|at| from + at);
    let (domain, bits) = argument.split_at(slash.unwrap_or(argument.len()));
    let (four, six) = match bits.split_once("//") {
        Some((four, six)) => (four, Some(six)),
        None => (bits, None),
    };
    let four = if four.is_empty() { None } else { Some(four.strip_prefix('/').ok_or(BITS)?) };
    if four.is_some_and(|bits| prefix(bits, 32).is_none()) || six.is_some_and(|bits| prefix(bits, 128).is_none()) {
        return Err(BITS);
    }
    match domain.strip_prefix(':') {
        None if domain.is_empty() => Ok(None),
        Some(domain) if macros::is_domain(domain) => Ok(Some(domain.to_owned())),
        _ => Err("it does not name a domain"),
    }
}

fn prefix(bits: &str, most: u8) -> Option<u8> {
    let plain =
        !bits.is_empty() && bits.bytes().all(|byte| byte.is_ascii_digit()) && (bits == "0" || !bits.starts_with('0'));
    bits.parse().ok().filter(|bits| plain && *bits <= most)
}

fn network<A: std::str::FromStr>(argument: Option<&str>, most: u8) -> What {
    let Some(argument) = argument else { return What::Wrong("it does not name an address") };
    let (address, bits) = argument.split_once('/').map_or((argument, None), |(address, bits)| (address, Some(bits)));
    if address.parse::<A>().is_err() {
        return What::Wrong("its address is not valid");
    }
    match bits.map(|bits| prefix(bits, most)) {
        Some(None) => What::Wrong("its prefix length is not valid"),
        Some(Some(bits)) => What::Ip { everyone: bits == 0 },
        None => What::Ip { everyone: false },
    }
}
