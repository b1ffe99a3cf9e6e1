//! DNS as a table in a test.

use super::{Answer, Failure, Kind, Records, Resolver};
use futures_util::future::BoxFuture;
use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

/// A resolver that knows a few names and nothing else.
#[derive(Default)]
pub(crate) struct Zone {
    records: HashMap<(String, String), Vec<String>>,
    asked: AtomicUsize,
}

impl Zone {
    /// Rows of name, type and value. The value `SERVFAIL` fails, `TIMEOUT` does not answer in time.
    pub(crate) fn of<S: AsRef<str>>(rows: &[(S, &str, S)]) -> Self {
        let mut zone = Self::default();
        for (name, kind, value) in rows {
            zone.add(name.as_ref(), kind, value.as_ref());
        }
        zone
    }

    /// Another row.
    pub(crate) fn add(&mut self, name: &str, kind: &str, value: &str) {
        self.records.entry((name.to_owned(), kind.to_owned())).or_default().push(value.to_owned());
    }

    /// How many questions were asked.
    pub(crate) fn asked(&self) -> usize {
        self.asked.load(Relaxed)
    }

    fn answer(&self, name: &str, kind: Kind) -> Answer {
        self.asked.fetch_add(1, Relaxed);
        let name = name.trim_end_matches('.').to_ascii_lowercase();
        let kind = match kind {
            Kind::Txt => "TXT",
            Kind::Mx => "MX",
            Kind::A => "A",
            Kind::Aaaa => "AAAA",
        };
        match self.records.get(&(name.clone(), kind.to_owned())) {
            Some(values) if values[0] == "SERVFAIL" => Err(Failure::Server { code: "SERVFAIL".into() }),
            Some(values) if values[0] == "TIMEOUT" => Err(Failure::Timeout),
            Some(values) => Ok(Records { ttl: 3_600, values: values.clone() }),
            None if self.records.keys().any(|(known, _)| *known == name) => Err(Failure::NoData { ttl: Some(900) }),
            None => Err(Failure::NoName { ttl: Some(900) }),
        }
    }
}

impl Resolver for Zone {
    fn ask<'a>(&'a self, name: &'a str, kind: Kind) -> BoxFuture<'a, Answer> {
        Box::pin(async move { self.answer(name, kind) })
    }
}
