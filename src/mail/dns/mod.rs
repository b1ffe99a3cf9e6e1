//! Questions to DNS, and answers in which a failure is a value.
//!
//! A [`Resolver`] is asked for records of a name. [`Dns`] asks a real server; [`Cached`] is a decorator that asks each
//! question once in its life, so that a name that many records refer to costs one question and one waiting time.

mod cached;
mod hickory;
#[cfg(test)]
pub(crate) mod zone;

pub use cached::Cached;
pub use hickory::Dns;

use futures_util::future::BoxFuture;
use serde::Serialize;
use std::fmt;

/// Someone who answers questions.
pub trait Resolver: Send + Sync {
    /// The records of `kind` that `name` has. The name is complete: nothing is appended to it.
    fn ask<'a>(&'a self, name: &'a str, kind: Kind) -> BoxFuture<'a, Answer>;
}

/// What is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Texts.
    Txt,
    /// Who takes the mail.
    Mx,
    /// IPv4 addresses.
    A,
    /// IPv6 addresses.
    Aaaa,
}

/// Records, or why there are none.
pub type Answer = Result<Records, Failure>;

/// The records of an answer; never empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Records {
    /// For how many seconds the answer may be remembered: what is left of it where a server in between has it.
    pub ttl: u32,
    /// Each record as text: the joined strings of a TXT, `preference host` of an MX, an address.
    pub values: Vec<String>,
}

/// Why there are no records.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "failure", rename_all = "kebab-case")]
pub enum Failure {
    /// The name does not exist (NXDOMAIN).
    NoName {
        /// For how many seconds that may be remembered, where the server tells.
        ttl: Option<u32>,
    },
    /// The name exists, but has no such records.
    NoData {
        /// For how many seconds that may be remembered, where the server tells.
        ttl: Option<u32>,
    },
    /// The server says that it has failed, as `SERVFAIL`.
    Server {
        /// What it says.
        code: String,
    },
    /// No answer in time, however often it was asked.
    Timeout,
    /// It cannot be asked at all.
    Unreachable {
        /// Why.
        cause: String,
    },
}

impl Failure {
    /// Whether the answer is known, and it is "nothing".
    pub fn is_nothing(&self) -> bool {
        matches!(self, Self::NoName { .. } | Self::NoData { .. })
    }

    /// For how many seconds "nothing" may be remembered.
    pub fn ttl(&self) -> Option<u32> {
        match self {
            Self::NoName { ttl } | Self::NoData { ttl } => *ttl,
            _ => None,
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoName { .. } => f.write_str("the name does not exist (NXDOMAIN)"),
            Self::NoData { .. } => f.write_str("there is no such record"),
            Self::Server { code } => write!(f, "the DNS server answers {code}"),
            Self::Timeout => f.write_str("the DNS server does not answer in time"),
            Self::Unreachable { cause } => write!(f, "the DNS server cannot be asked: {cause}"),
        }
    }
}
