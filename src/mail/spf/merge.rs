//! Puts an include into a record, and several records into one. Everything that was there stays as it was written.
//!
//! The place is before the first `all` or `redirect`, because nothing behind an `all` is ever looked at. Whoever
//! has excluded the very same domain (`-include:` or `?include:`) further in front gets the new one before that, because
//! the first match decides.

use super::macros;
use super::record::{Qualifier, Record, What};

/// Whether the record itself includes this domain so that a match means pass.
pub fn includes(record: &Record, domain: &str) -> bool {
    first(record, domain).is_some_and(|qualifier| qualifier == Qualifier::Pass)
}

/// The qualifier of the first include of this domain that can be reached.
pub fn first(record: &Record, domain: &str) -> Option<Qualifier> {
    record.reached().find(|term| is_include(&term.what, domain)).map(|term| term.qualifier)
}

fn is_include(what: &What, domain: &str) -> bool {
    matches!(what, What::Include(name) if macros::plain(name) == macros::plain(domain))
}

/// The record with the include in it; the same text if it is there already.
pub fn merge(record: &Record, domain: &str) -> String {
    if includes(record, domain) {
        return record.text.clone();
    }
    insert(record, &format!("include:{domain}"), |what| is_include(what, domain))
}

/// A record for a domain without one, as the vendor writes it.
pub fn new(domain: &str) -> String {
    format!("v=spf1 include:{domain} ~all")
}

/// Several records as one: which of them is kept, and its text with the mechanisms of the others in it. The one that is
/// kept has no mistakes, ends with a decision, and says most, in this order. `None` if there is none.
pub fn join(records: &[Record], domain: &str) -> Option<(usize, String)> {
    let worth = |record: &Record| {
        let decided = record.all().is_some() || record.redirect().is_some();
        (record.wrong().next().is_none(), decided, record.terms.len())
    };
    // Of equals the first one in DNS order, which is none, so the smallest text: the same answer each time.
    let (keep, kept) = records
        .iter()
        .enumerate()
        .max_by(|(_, one), (_, other)| worth(one).cmp(&worth(other)).then_with(|| other.text.cmp(&one.text)))?;
    let mut merged = kept.clone();
    for (_, other) in records.iter().enumerate().filter(|(index, _)| *index != keep) {
        for term in other.terms.iter().filter(|term| term.what.is_mechanism() && term.what != What::All) {
            let text = other.text_of(term);
            let there = merged.terms.iter().any(|known| merged.text_of(known).eq_ignore_ascii_case(text));
            if !there && let Some(longer) = Record::read(&insert(&merged, text, |_| false)) {
                merged = longer;
            }
        }
    }
    Some((keep, merge(&merged, domain)))
}

/// The text with one more mechanism before the first `all` or `redirect`, or before what `also_before` says.
fn insert(record: &Record, mechanism: &str, also_before: impl Fn(&What) -> bool) -> String {
    let text = &record.text;
    let decides = |what: &What| matches!(what, What::All | What::Redirect(_)) || also_before(what);
    if let Some(term) = record.terms.iter().find(|term| decides(&term.what)) {
        let at = term.span.start;
        return format!("{}{mechanism} {}", &text[..at], &text[at..]);
    }
    // No decision: behind the last mechanism, so that modifiers stay where people expect them.
    let last = record.terms.iter().rfind(|term| term.what.is_mechanism() || matches!(term.what, What::Wrong(_)));
    let at = last.map_or("v=spf1".len(), |term| term.span.end);
    format!("{} {mechanism}{}", &text[..at], &text[at..])
}
