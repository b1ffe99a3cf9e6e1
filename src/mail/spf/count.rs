//! What a record costs those who check it: look-ups against 10, void ones against 2 (RFC 7208 section 4.6.4).
//!
//! The worst case is counted: nothing matches, so every term is looked at. `include`, `a`, `mx`, `ptr`, `exists` and
//! `redirect` count, in every record that is reached. A look-up is void if the name has neither IPv4 nor IPv6
//! addresses (or no record of its kind), so that it is void for every sender. Names that depend on a message are counted,
//! not asked. Counting goes on past the limit, so that a person sees by how much, and ends at `ENOUGH`.

use super::macros;
use super::record::{Qualifier, Record, What};
use super::{Level, Problem};
use crate::mail::dns::{Failure, Kind, Resolver};
use futures_util::future::{BoxFuture, join_all};
use serde::Serialize;

/// More look-ups are an error for receivers.
pub const MOST_LOOKUPS: u32 = 10;
/// More void look-ups are an error for receivers.
pub const MOST_VOIDS: u32 = 2;
/// More mail servers of one name are an error for receivers.
const MOST_SERVERS: usize = 10;
/// Here counting ends.
const ENOUGH: u32 = 60;

/// What a record costs.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Count {
    /// Look-ups in the worst case.
    pub lookups: u32,
    /// Void ones among the questions that this took.
    pub voids: u32,
    /// Whether that is all: no server kept silent, and counting came to its end.
    pub complete: bool,
    /// What each term of the record itself costs, in order; terms that cost nothing are left out.
    pub spent: Vec<Spent>,
    /// The includes that lead to the one that was looked for, the last of them naming it. Empty if none does.
    pub path: Vec<String>,
    /// What is wrong on the way.
    #[serde(skip)]
    pub problems: Vec<Problem>,
}

/// What a term costs with everything behind it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Spent {
    /// The term as it is written.
    pub term: String,
    /// Its look-ups.
    pub lookups: u32,
}

impl Count {
    /// Whether receivers can evaluate the record to its end.
    pub fn works(&self) -> bool {
        self.lookups <= MOST_LOOKUPS
            && self.voids <= MOST_VOIDS
            && self.problems.iter().all(|problem| problem.level != Level::Error)
    }
}

/// Counts what the record of `domain` costs, and looks on the way for an include of `wanted` that means pass.
pub async fn count(resolver: &dyn Resolver, domain: &str, record: &Record, wanted: &str) -> Count {
    let origin = macros::plain(domain);
    let count = Count { complete: true, ..Count::default() };
    let mut walk = Walk { resolver, wanted: macros::plain(wanted), origin: origin.clone(), way: vec![origin], count };
    walk.record(record, true).await;
    walk.count
}

struct Walk<'a> {
    resolver: &'a dyn Resolver,
    wanted: String,
    /// Whose record is counted.
    origin: String,
    /// The domains from there to the record that is being looked at.
    way: Vec<String>,
    count: Count,
}

impl Walk<'_> {
    /// Looks at all terms of the record of the last domain on the way. `passing` if a match in it is a pass in the end.
    fn record<'b>(&'b mut self, record: &'b Record, passing: bool) -> BoxFuture<'b, ()> {
        Box::pin(async move {
            for (term, why) in record.wrong() {
                self.error("spf.syntax", format!("`{term}` in the record of `{}`: {why}", self.domain()));
            }
            // A redirect is followed when nothing else is left, wherever it stands.
            let (last, first): (Vec<_>, Vec<_>) =
                record.reached().partition(|term| matches!(term.what, What::Redirect(_)));
            for term in first.into_iter().chain(last) {
                let before = self.count.lookups;
                self.term(&term.what, passing && term.qualifier == Qualifier::Pass).await;
                let lookups = self.count.lookups - before;
                if self.way.len() == 1 && lookups > 0 {
                    self.count.spent.push(Spent { term: record.text_of(term).to_owned(), lookups });
                }
            }
        })
    }

    async fn term(&mut self, what: &What, passing: bool) {
        match what {
            What::Include(name) | What::Redirect(name) => {
                self.lookup();
                self.other(name, passing).await;
            }
            What::A(name) => {
                self.lookup();
                if let Some(name) = self.name(name.as_deref()) {
                    self.addresses(&[name]).await;
                }
            }
            What::Exists(name) => {
                self.lookup();
                if let Some(name) = self.name(Some(name)) {
                    self.addresses(&[name]).await;
                }
            }
            What::Mx(name) => {
                self.lookup();
                if let Some(name) = self.name(name.as_deref()) {
                    self.servers(&name).await;
                }
            }
            What::Ptr(_) => {
                self.lookup();
                let text = format!(
                    "the record of `{}` uses `ptr`, which is slow and which the standard advises against",
                    self.domain()
                );
                self.say(Problem::warning("spf.ptr", text));
            }
            What::Ip { everyone: true } if passing => {
                let text = format!("the record of `{}` allows every address to send", self.domain());
                self.say(Problem::warning("spf.everyone", text));
            }
            What::Ip { .. } | What::All | What::Exp(_) | What::Other | What::Wrong(_) => {}
        }
    }

    /// Follows an include or a redirect.
    async fn other(&mut self, name: &str, passing: bool) {
        let Some(name) = self.name(Some(name)) else { return };
        if self.way.contains(&name) {
            self.error("spf.loop", format!("the record of `{}` leads back to `{name}`", self.domain()));
            return;
        }
        self.way.push(name.clone());
        if name == self.wanted && passing && self.count.path.is_empty() {
            self.count.path = self.way[1..].to_vec();
        }
        if self.count.lookups >= ENOUGH {
            self.count.complete = false;
        } else if let Some(record) = self.fetch(&name).await {
            self.record(&record, passing).await;
        }
        self.way.pop();
    }

    /// The one record of another domain.
    async fn fetch(&mut self, name: &str) -> Option<Record> {
        let from = self.way.iter().rev().nth(1).cloned().unwrap_or_default();
        let records: Vec<Record> = match self.resolver.ask(name, Kind::Txt).await {
            Ok(answer) => answer.values.iter().filter_map(|text| Record::read(text)).collect(),
            Err(failure) if failure.is_nothing() => {
                self.count.voids += 1;
                Vec::new()
            }
            Err(failure) => {
                self.unanswered(name, &failure);
                return None;
            }
        };
        let found = records.len();
        let mut records = records.into_iter();
        match (records.next(), found) {
            (Some(record), 1) => return Some(record),
            (None, _) => self.error(
                "spf.target-without-record",
                format!("the record of `{from}` refers to `{name}`, which has no SPF record"),
            ),
            _ => self.error(
                "spf.target-with-several",
                format!("the record of `{from}` refers to `{name}`, which has {found} SPF records"),
            ),
        }
        None
    }

    /// Asks for the mail servers of a name, and for their addresses.
    async fn servers(&mut self, name: &str) {
        match self.resolver.ask(name, Kind::Mx).await {
            Ok(answer) if answer.values.len() > MOST_SERVERS => {
                let text = format!(
                    "`{name}` has {} mail servers; more than {MOST_SERVERS} are an error with `mx`",
                    answer.values.len()
                );
                self.error("spf.many-servers", text);
            }
            Ok(answer) => {
                let hosts = answer.values.iter().filter_map(|value| value.split_once(' '));
                let hosts: Vec<String> = hosts.map(|(_, host)| host.to_owned()).filter(|host| host != ".").collect();
                self.addresses(&hosts).await;
            }
            Err(failure) if failure.is_nothing() => self.count.voids += 1,
            Err(failure) => self.unanswered(name, &failure),
        }
    }

    /// Asks for addresses of names, all at once.
    async fn addresses(&mut self, names: &[String]) {
        // A record this bad does not get better by asking on.
        if self.count.lookups >= ENOUGH {
            self.count.complete = false;
            return;
        }
        let resolver = self.resolver;
        let asked = join_all(names.iter().map(|name| async move {
            match resolver.ask(name, Kind::A).await {
                Err(failure) if failure.is_nothing() => resolver.ask(name, Kind::Aaaa).await,
                answer => answer,
            }
        }));
        for (name, answer) in names.iter().zip(asked.await) {
            match answer {
                Ok(_) => {}
                Err(failure) if failure.is_nothing() => {
                    self.count.voids += 1;
                    let text = format!("the record of `{}` asks for `{name}`, which has no address", self.domain());
                    self.say(Problem::warning("spf.void", text));
                }
                Err(failure) => self.unanswered(name, &failure),
            }
        }
    }

    /// The name that a term means; `None` if it depends on a message.
    fn name(&mut self, name: Option<&str>) -> Option<String> {
        let Some(name) = name else { return Some(self.domain().to_owned()) };
        let expanded = macros::expand(name, self.domain(), &self.origin);
        if expanded.is_none() {
            let text = format!(
                "`{name}` in the record of `{}` depends on the message: it is counted, not asked",
                self.domain()
            );
            self.say(Problem::note("spf.macro", text));
        }
        expanded
    }

    fn lookup(&mut self) {
        self.count.lookups += 1;
    }

    fn domain(&self) -> &str {
        self.way.last().map_or(self.origin.as_str(), String::as_str)
    }

    fn unanswered(&mut self, name: &str, failure: &Failure) {
        self.count.complete = false;
        self.say(Problem::warning("spf.unanswered", format!("`{name}`: {failure}")));
    }

    fn error(&mut self, id: &'static str, text: String) {
        self.say(Problem::error(id, text));
    }

    /// The same thing is said once, however often a record leads to it.
    fn say(&mut self, problem: Problem) {
        if !self.count.problems.contains(&problem) {
            self.count.problems.push(problem);
        }
    }
}
