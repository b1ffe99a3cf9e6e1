//! The report for programs: one object that holds everything, written piece by piece.

use super::facts::Facts;
use super::paper::{Paper, Ready};
use super::{journal, left, units};
use crate::Result;
use crate::checks::waiver::Waiver;
use crate::item::{Kind, Outcome};
use crate::ledger::{Reader, Totals};
use serde::Serialize;
use serde::de::IgnoredAny;
use serde_json::{Map, Value, json};

/// Runs in one page: each carries the curve of its throughput.
const RUNS: usize = 20;

/// A file without a row.
#[derive(Serialize)]
struct Orphan {
    /// Label of the root, then the path in it.
    path: String,
    size: u64,
    /// When it was last written.
    modified: String,
}

/// Writes the object and an end of line.
pub(super) fn write(reader: &Reader, facts: &Facts, paper: &mut Paper<'_>) -> Result<()> {
    let kinds = |of: &dyn Fn(Kind) -> Value| -> Value {
        Value::Object(Kind::ALL.into_iter().map(|kind| (kind.as_str().to_owned(), of(kind))).collect())
    };
    let generated = facts.generated.to_rfc3339_opts(chrono::SecondsFormat::Millis, true);
    write!(paper, "{{\"event\":\"report\"")?;
    member(paper, "migration", &facts.migration)?;
    member(paper, "identity", &facts.identity)?;
    member(paper, "generated", &generated)?;
    member(paper, "rows", &facts.sums.rows)?;
    member(paper, "pending", &facts.sums.pending)?;
    member(paper, "identity_holds", &facts.sums.holds())?;
    member(paper, "identity_text", &facts.sums.to_string())?;
    member(paper, "totals", &totals(&facts.totals, None))?;
    member(paper, "kinds", &kinds(&|kind| totals(&facts.totals, Some(kind))))?;
    member(paper, "pending_kinds", &kinds(&|kind| facts.totals.of(Some(kind), None).0.into()))?;
    member(paper, "orphan_count", &facts.orphans)?;
    member(paper, "journal_intact", &facts.journal.trouble.is_none())?;
    if let Some(trouble) = &facts.journal.trouble {
        member(paper, "journal_trouble", trouble)?;
    }
    member(paper, "forecast", &facts.hindsight)?;
    member(paper, "database", &facts.database)?;
    member(paper, "tables", &facts.moved)?;
    member(paper, "waivers", &waivers(facts))?;
    if let Some(people) = &facts.people {
        member(paper, "people", people)?;
    }
    if let Some(mails) = &facts.mails {
        member(paper, "mails", mails)?;
    }
    write!(paper, ",\"runs\":")?;
    runs(reader, paper)?;
    write!(paper, ",\"left\":")?;
    paper.array(|tell| {
        left::outcomes()
            .try_for_each(|outcome| left::each(reader, &facts.roots, outcome, u64::MAX, &mut |left| tell(left)))
    })?;
    write!(paper, ",\"orphans\":")?;
    paper.array(|tell| {
        reader.each_orphan(u64::MAX, &mut |(root, path, size, modified)| {
            tell(&Orphan { path: facts.roots.path(root, "", &path), size, modified: units::stamp(modified) })
        })
    })?;
    write!(paper, ",\"journal\":")?;
    paper.array(|tell| journal::each(reader, u64::MAX, &mut |entry| tell(entry)))?;
    writeln!(paper, "}}")
}

fn member(paper: &mut Paper<'_>, name: &str, value: &impl Serialize) -> Result<()> {
    write!(paper, ",\"{name}\":")?;
    paper.json(value)
}

fn totals(totals: &Totals, kind: Option<Kind>) -> Value {
    let entry = |outcome: Outcome| {
        let (items, bytes) = totals.of(kind, Some(outcome));
        (outcome.as_str().to_owned(), json!({ "items": items, "bytes": bytes }))
    };
    Value::Object(Outcome::ALL.into_iter().map(entry).collect::<Map<_, _>>())
}

/// The checks that people have waived.
fn waivers(facts: &Facts) -> Vec<Value> {
    let entry = |(check, waiver): (&str, &Waiver)| json!({ "check": check, "who": waiver.who, "why": waiver.why, "at": waiver.at });
    facts.journal.waivers.iter().map(entry).collect()
}

/// The summaries of all runs, newest first. A run without one is told with its times.
fn runs(reader: &Reader, paper: &mut Paper<'_>) -> Result<()> {
    paper.array(|tell| {
        let mut before = i64::MAX;
        loop {
            let page = reader.runs_before(before, RUNS)?;
            let Some((last, ..)) = page.last() else { return Ok(()) };
            before = *last;
            for (_, started, ended, summary) in &page {
                match summary.as_deref().filter(|text| serde_json::from_str::<IgnoredAny>(text).is_ok()) {
                    Some(text) => tell(&Ready(text))?,
                    None => tell(&json!({ "started": started, "ended": ended }))?,
                }
            }
        }
    })
}

#[cfg(test)]
mod tests {
    use crate::report::{Form, fixture};
    use serde_json::{Value, json};

    fn read(world: &fixture::World) -> Value {
        serde_json::from_str(&world.report(Form::Json)).unwrap()
    }

    #[test]
    fn waivers_stand_in_it_with_who_why_and_when() {
        let world = fixture::world();
        assert_eq!(read(&world)["waivers"], json!([]));
        world.waive("database.traveller", "Ann", "comes home on Friday");
        let waiver = &read(&world)["waivers"][0];
        assert_eq!((&waiver["check"], &waiver["who"]), (&json!("database.traveller"), &json!("Ann")));
        assert_eq!(waiver["why"], "comes home on Friday");
        assert!(waiver["at"].as_str().is_some_and(|at| at.ends_with('Z')));
    }

    #[test]
    fn one_object_holds_everything() {
        let report = read(&fixture::world());
        assert_eq!(report["event"], "report");
        assert_eq!(report["identity"], json!({ "company": fixture::COMPANY, "serial": "1234567" }));
        assert_eq!(report["generated"], "2026-11-23T06:00:00.000Z");
        assert_eq!(
            (&report["rows"], &report["pending"], &report["identity_holds"]),
            (&json!(9), &json!(1), &json!(true))
        );
        assert_eq!(
            report["identity_text"],
            "rows 9 = verified 4 + missing 2 + unreadable 1 + unmigratable 1 + pending 1 ✓"
        );
        assert_eq!(report["totals"]["verified"], json!({ "items": 4, "bytes": 5_005_000 }));
        assert_eq!(report["kinds"]["template"]["verified"]["items"], 1);
        assert_eq!(report["pending_kinds"]["document"], 1);
        let sum: u64 = report["totals"].as_object().unwrap().values().map(|one| one["items"].as_u64().unwrap()).sum();
        assert_eq!(sum + 1, 9);
        assert_eq!(report["runs"].as_array().unwrap().len(), 2);
        assert_eq!(report["runs"][1]["event"], "finished");
        assert_eq!(report["runs"][0]["started"], "2026-11-23T05:00:00.000Z");
        assert_eq!(report["journal"][0]["kind"], "migration.opened");
        assert_eq!(report["journal_intact"], true);
    }

    #[test]
    fn what_was_left_says_why_and_where_it_was_looked_for() {
        let report = read(&fixture::world());
        let left = report["left"].as_array().unwrap();
        assert_eq!(left.len(), 4);
        assert_eq!(
            left[0],
            json!({
                "item": "document", "id": 10, "outcome": "missing", "path": "LM/2020.1/lost.doc",
                "reason": "several files of this name, none where it should be",
                "looked_in": ["LM/2020.1", "LM/2019.2", ""], "candidates": ["SO_ARC/XX/lost.doc", "SO_ARC/YY/lost.doc"],
            })
        );
        assert_eq!((&left[2]["outcome"], &left[3]["outcome"]), (&json!("unreadable"), &json!("unmigratable")));
        assert_eq!(
            report["orphans"],
            json!([
                { "path": "SO_ARC/XX/lost.doc", "size": 70, "modified": "2020-01-02T03:04:05Z" },
                { "path": "SO_ARC/YY/<b>lost</b>.doc", "size": 71, "modified": "1970-01-01T00:00:00Z" },
            ])
        );
    }

    #[test]
    fn a_broken_journal_is_told_and_still_listed() {
        let world = fixture::world();
        world.tamper();
        let report = read(&world);
        assert_eq!(report["journal_intact"], false);
        assert!(report["journal_trouble"].as_str().unwrap().contains("changed at entry 2"));
        assert_eq!(report["journal"].as_array().unwrap().len(), 3);
    }

    #[test]
    fn an_empty_ledger_has_a_report_too() {
        let report = read(&fixture::empty());
        assert_eq!((&report["rows"], &report["migration"], &report["left"]), (&json!(0), &Value::Null, &json!([])));
    }

    #[test]
    fn totals_that_do_not_agree_with_the_items_are_not_hidden() {
        let world = fixture::world();
        world.damage("UPDATE total SET items = items + 1 WHERE state = 1 AND kind = 1");
        let report = read(&world);
        assert_eq!(report["identity_holds"], false);
    }
}
