//! The SPF record of one domain: as it is, and as it must become.

use super::count::{Count, count};
use super::record::{Qualifier, Record, nearly};
use super::{MOST_LOOKUPS, MOST_VOIDS, Problem, merge, publish};
use crate::mail::dns::{Failure, Kind, Resolver};
use serde::Serialize;

/// What is to be done about the record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    /// The include is in it.
    There,
    /// The include is in a record that this one includes.
    Nested,
    /// There is a record without it.
    Missing,
    /// There is no record.
    NoRecord,
    /// There are several, which is an error: receivers see none of them.
    Several,
    /// The domain does not exist.
    NoDomain,
    /// DNS does not answer.
    Unknown,
    /// The domain belongs to somebody else, who will not change it.
    NotOurs,
}

/// What was found, and what is proposed.
#[derive(Debug, Clone, Serialize)]
pub struct Spf {
    /// What is to be done.
    pub state: State,
    /// The SPF records that are there.
    pub found: Vec<String>,
    /// Which of them is to be kept, where there are several.
    pub keep: Option<usize>,
    /// The record as it must become; `None` where nothing has to change, or can.
    pub proposed: Option<String>,
    /// The same as strings for DNS; empty without a proposal.
    pub strings: Vec<String>,
    /// For how many seconds the present answer is remembered, also that there is none.
    pub ttl: Option<u32>,
    /// What the present record costs.
    pub before: Option<Count>,
    /// What the proposed one costs.
    pub after: Option<Count>,
    /// Whether mail of the tenant passes today.
    pub passes: bool,
    /// Whether it will with the proposal.
    pub will_pass: bool,
    /// Why there is no answer.
    pub failure: Option<Failure>,
    /// What a person should know.
    pub problems: Vec<Problem>,
}

impl Spf {
    fn of(state: State) -> Self {
        Self {
            state,
            found: Vec::new(),
            keep: None,
            proposed: None,
            strings: Vec::new(),
            ttl: None,
            before: None,
            after: None,
            passes: false,
            will_pass: false,
            failure: None,
            problems: Vec::new(),
        }
    }
}

/// Looks at the record of `domain`. Only where the domain is `ours` a change is proposed.
pub async fn examine(resolver: &dyn Resolver, domain: &str, include: &str, ours: bool) -> Spf {
    let texts = match resolver.ask(domain, Kind::Txt).await {
        Ok(answer) => (answer.values, Some(answer.ttl)),
        Err(Failure::NoData { ttl }) => (Vec::new(), ttl),
        Err(failure) => {
            let (state, problem) = if failure.is_nothing() {
                let text = format!("`{domain}` does not exist: nobody accepts mail from it");
                (State::NoDomain, Problem::error("domain.absent", text))
            } else {
                (State::Unknown, Problem::warning("spf.unanswered", format!("`{domain}`: {failure}")))
            };
            return Spf { ttl: failure.ttl(), failure: Some(failure), problems: vec![problem], ..Spf::of(state) };
        }
    };
    let (texts, ttl) = texts;
    let mut records: Vec<Record> = texts.iter().filter_map(|text| Record::read(text)).collect();
    // DNS gives them in any order; a report must not.
    records.sort_by(|one, other| one.text.cmp(&other.text));
    let mut spf =
        Spf { ttl, found: records.iter().map(|record| record.text.clone()).collect(), ..Spf::of(State::NotOurs) };
    for text in texts.iter().filter(|text| nearly(text)) {
        let said = format!("`{text}` is not read as an SPF record: it must begin with `v=spf1` and a blank");
        spf.problems.push(Problem::warning("spf.nearly", said));
    }
    if let [record] = &records[..] {
        spf.before = Some(count(resolver, domain, record, include).await);
    }
    spf.passes = spf.before.as_ref().is_some_and(|count| count.works() && !count.path.is_empty());
    if ours {
        propose(resolver, domain, include, &records, &mut spf).await;
    }
    spf.will_pass = spf.passes || spf.after.as_ref().is_some_and(|count| count.works() && !count.path.is_empty());
    judge(domain, &records, &texts, &mut spf);
    spf
}

/// What has to be done, and the record that does it.
async fn propose(resolver: &dyn Resolver, domain: &str, include: &str, records: &[Record], spf: &mut Spf) {
    let proposed = match records {
        [] => {
            spf.state = State::NoRecord;
            let text = format!("`{domain}` has no SPF record: add the servers that send from it today before `~all`");
            spf.problems.push(Problem::warning("spf.none", text));
            merge::new(include)
        }
        [record] => {
            let nested = spf.before.as_ref().is_some_and(|count| !count.path.is_empty());
            spf.state = match (merge::includes(record, include), nested) {
                (true, _) => State::There,
                (false, true) => State::Nested,
                (false, false) => State::Missing,
            };
            if merge::first(record, include).is_some_and(|qualifier| qualifier != Qualifier::Pass) {
                let text = format!("`{include}` is included with a qualifier that is no pass");
                spf.problems.push(Problem::warning("spf.qualifier", text));
            }
            if spf.state != State::Missing {
                return;
            }
            merge::merge(record, include)
        }
        _ => {
            spf.state = State::Several;
            let Some((keep, text)) = merge::join(records, include) else { return };
            spf.keep = Some(keep);
            let said = format!(
                "`{domain}` has {} SPF records, which counts as none: keep `{}` in its new form and remove the others",
                records.len(),
                records[keep].text
            );
            spf.problems.push(Problem::error("spf.several", said));
            text
        }
    };
    if let Some(record) = Record::read(&proposed) {
        spf.after = Some(count(resolver, domain, &record, include).await);
    }
    spf.strings = publish::strings(&proposed);
    spf.proposed = Some(proposed);
}

/// What a person should know about the record as it will be, or as it is where it stays.
fn judge(domain: &str, records: &[Record], texts: &[String], spf: &mut Spf) {
    let proposed = spf.proposed.as_deref().and_then(Record::read);
    let Some(record) = proposed.as_ref().or_else(|| records.first()) else { return };
    match record.all().map(|term| term.qualifier) {
        Some(Qualifier::Pass) => spf.problems.push(Problem::warning(
            "spf.all-pass",
            format!("the record of `{domain}` ends with `+all`: everybody may send in its name"),
        )),
        Some(Qualifier::Neutral) => spf.problems.push(Problem::warning(
            "spf.all-neutral",
            format!("the record of `{domain}` ends with `?all`: it protects from nothing"),
        )),
        None if record.redirect().is_none() => spf.problems.push(Problem::warning(
            "spf.open",
            format!("the record of `{domain}` has neither `all` nor `redirect`: it protects from nothing"),
        )),
        Some(_) | None => {}
    }
    if record.all().is_some() && record.redirect().is_some() {
        let text = format!("the record of `{domain}` has `all`, so its `redirect` is ignored");
        spf.problems.push(Problem::note("spf.redirect-ignored", text));
    }
    if let Some(count) = spf.after.as_ref().or(spf.before.as_ref()) {
        spf.problems.extend(count.problems.iter().cloned());
        spf.problems.extend(too_many(domain, count));
    }
    if let Some(count) = &spf.before
        && !count.complete
    {
        let text = format!("what the record of `{domain}` costs is not completely known");
        spf.problems.push(Problem::warning("spf.incomplete", text));
    }
    let others = texts.iter().map(String::as_str).filter(|text| proposed.is_none() || Record::read(text).is_none());
    let all: Vec<&str> = others.chain(spf.proposed.as_deref()).collect();
    spf.problems.extend(publish::size(domain, &all));
}

fn too_many(domain: &str, count: &Count) -> Vec<Problem> {
    let mut problems = Vec::new();
    if count.lookups > MOST_LOOKUPS {
        let mut spent: Vec<_> = count.spent.iter().filter(|spent| spent.lookups > 1).collect();
        spent.sort_by_key(|spent| std::cmp::Reverse(spent.lookups));
        let dear: Vec<String> =
            spent.iter().take(3).map(|spent| format!("`{}` takes {}", spent.term, spent.lookups)).collect();
        let dear = if dear.is_empty() { String::new() } else { format!(": {}", dear.join(", ")) };
        problems.push(Problem::error(
            "spf.too-many-lookups",
            format!("the record of `{domain}` needs {} look-ups, {MOST_LOOKUPS} are allowed{dear}", count.lookups),
        ));
    }
    if count.voids > MOST_VOIDS {
        problems.push(Problem::error(
            "spf.too-many-voids",
            format!("the record of `{domain}` asks {} times for nothing, {MOST_VOIDS} times are allowed", count.voids),
        ));
    }
    problems
}
