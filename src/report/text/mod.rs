//! The report for a terminal: at most 100 columns, the sums, and the first of each list.

mod database;
mod lists;
mod mails;
mod of_checks;
mod of_run;
mod people;

pub use mails::of_mails;
pub use of_checks::of_checks;
pub use of_run::of_run;
pub(super) use people::card;

use super::facts::{Facts, Standing};
use super::freeze;
use super::paper::Paper;
use super::run::Run;
use super::safe::Plain;
use super::units::{Bytes, Duration, Many, Rate};
use crate::Result;
use crate::item::{Kind, Outcome};
use crate::ledger::{Reader, Totals};

/// Columns of a line.
const WIDTH: usize = 96;
/// Runs in the table.
const RUNS: usize = 8;
/// Columns of the longest bar.
const BAR: f64 = 24.0;

/// Writes the report.
pub(super) fn write(reader: &Reader, facts: &Facts, paper: &mut Paper<'_>) -> Result<()> {
    header(facts, paper)?;
    sums(facts, paper)?;
    runs(facts, paper)?;
    if let Some(run) = facts.working() {
        throughput(run, paper)?;
        edges(run, paper)?;
    }
    database::write(facts, paper)?;
    frozen(facts, paper)?;
    waivers(facts, paper)?;
    if let Some(people) = &facts.people {
        people::write(people, paper)?;
    }
    if let Some(mails) = &facts.mails {
        writeln!(paper)?;
        mails::write(mails, paper)?;
    }
    lists::write(reader, facts, paper)
}

/// What was found beforehand, and who has decided to go on.
/// The last freeze.
fn frozen(facts: &Facts, paper: &mut Paper<'_>) -> Result<()> {
    let Some((run, frozen)) = freeze::last(&facts.runs) else { return Ok(()) };
    writeln!(paper)?;
    lists::wrapped(paper, "freeze     ", &[format!("run of {}", Plain(run.when()))], " ")?;
    for line in freeze::lines(frozen) {
        lists::wrapped(paper, "           ", &[Plain(line).to_string()], " ")?;
    }
    Ok(())
}

fn waivers(facts: &Facts, paper: &mut Paper<'_>) -> Result<()> {
    if facts.journal.waivers.is_empty() {
        return Ok(());
    }
    writeln!(paper, "\nwaived checks")?;
    for (check, waiver) in facts.journal.waivers.iter() {
        lists::wrapped(paper, "  ", &[format!("{} by {}", Plain(check), Plain(&waiver.who))], " ")?;
        lists::wrapped(paper, "      ", &[Plain(&waiver.why).to_string()], " ")?;
    }
    Ok(())
}

fn header(facts: &Facts, paper: &mut Paper<'_>) -> Result<()> {
    writeln!(paper, "company    {}, serial number {}", Plain(facts.company()), Plain(facts.serial()))?;
    writeln!(paper, "migration  {}", Plain(facts.migration.as_deref().unwrap_or("none yet")))?;
    match facts.last() {
        Some(run) => writeln!(
            paper,
            "last run   {}, {}, {}: {}",
            Plain(run.what()),
            Plain(run.when()),
            Duration(run.seconds),
            Plain(run.ending())
        )?,
        None => writeln!(paper, "last run   none has ended yet")?,
    }
    if let Some(hindsight) = &facts.hindsight {
        writeln!(paper, "forecast   {hindsight}")?;
    }
    match &facts.journal.trouble {
        None => {
            let entries = facts.journal.entries;
            let word = if entries == 1 { "entry" } else { "entries" };
            writeln!(paper, "journal    {entries} {word}, unbroken")?;
        }
        Some(trouble) => {
            writeln!(paper, "journal    BROKEN")?;
            writeln!(paper)?;
            writeln!(paper, "!!! THE JOURNAL WAS CHANGED AFTER IT WAS WRITTEN")?;
            lists::wrapped(paper, "!!! ", &[Plain(trouble).to_string()], " ")?;
        }
    }
    if let Some(error) = facts.last().and_then(|run| run.error.as_ref()) {
        lists::wrapped(paper, "error      ", &[format!("{} [{}]", Plain(&error.message), Plain(&error.code))], " ")?;
        if let Some(hint) = &error.hint {
            lists::wrapped(paper, "hint       ", &[Plain(hint).to_string()], " ")?;
        }
    }
    Ok(())
}

fn sums(facts: &Facts, paper: &mut Paper<'_>) -> Result<()> {
    let (standing, sentence) = facts.verdict();
    let mark = if standing == Standing::Wrong { "!!! " } else { "" };
    writeln!(paper)?;
    lists::wrapped(paper, mark, &[sentence], " ")?;
    lists::wrapped(paper, "", &[facts.sums.to_string()], " ")?;
    lists::wrapped(paper, "", &[format!("({})", facts.rows_in_words())], " ")?;
    let kinds: Vec<Kind> = Kind::ALL.into_iter().filter(|kind| facts.totals.all(Some(*kind)).0 > 0).collect();
    let columns: Vec<Option<Kind>> = match kinds.len() {
        0 => return Ok(()),
        1 => vec![Some(kinds[0])],
        _ => kinds.iter().copied().map(Some).chain([None]).collect(),
    };
    writeln!(paper)?;
    write!(paper, "{:<12}", "")?;
    for column in &columns {
        write!(paper, " {:>20}", column.map_or("all", Kind::as_str))?;
    }
    writeln!(paper)?;
    for outcome in Outcome::ALL.into_iter().map(Some).chain([None]) {
        // Zeros say something where things could have been lost, and nothing in a row of zeros.
        if outcome != Some(Outcome::Verified) && facts.totals.of(None, outcome).0 == 0 {
            continue;
        }
        row(paper, outcome.map_or("pending", Outcome::as_str), &columns, &|kind| facts.totals.of(kind, outcome))?;
    }
    row(paper, "rows", &columns, &|kind| all(&facts.totals, kind))?;
    writeln!(paper, "{:<12} {:>9}", "orphans", facts.orphans)
}

fn all(totals: &Totals, kind: Option<Kind>) -> (u64, u64) {
    totals.all(kind)
}

fn row(
    paper: &mut Paper<'_>,
    name: &str,
    columns: &[Option<Kind>],
    figures: &dyn Fn(Option<Kind>) -> (u64, u64),
) -> Result<()> {
    write!(paper, "{name:<12}")?;
    for column in columns {
        let (items, bytes) = figures(*column);
        write!(paper, " {items:>9} {:>10}", Bytes(bytes))?;
    }
    writeln!(paper)
}

fn runs(facts: &Facts, paper: &mut Paper<'_>) -> Result<()> {
    if facts.runs.is_empty() {
        return Ok(());
    }
    writeln!(paper)?;
    writeln!(
        paper,
        "{:<23} {:<22} {:>13} {:>10} {:>10} {:>10}",
        "runs, last first", "", "time", "read", "sent", "skipped"
    )?;
    for run in facts.runs.iter().take(RUNS) {
        writeln!(
            paper,
            "{:<23} {:<22} {:>13} {:>10} {:>10} {:>10}",
            Plain(run.when()).to_string(),
            Plain(run.what()).to_string(),
            Duration(run.seconds),
            Bytes(run.bytes.read),
            Bytes(run.bytes.sent),
            Bytes(run.bytes.skipped)
        )?;
    }
    Ok(())
}

fn throughput(run: &Run, paper: &mut Paper<'_>) -> Result<()> {
    writeln!(paper)?;
    writeln!(
        paper,
        "throughput, run of {}: read {}, sent {}, proven {}",
        Plain(run.when()),
        Rate::of(run.bytes.read, run.seconds),
        Rate::of(run.bytes.sent, run.seconds),
        Rate::of(run.bytes.verified, run.seconds)
    )
}

fn edges(run: &Run, paper: &mut Paper<'_>) -> Result<()> {
    let longest = run.edges.iter().map(|edge| edge.waited).fold(0.0, f64::max);
    for edge in &run.edges {
        let bar = "█".repeat(if longest > 0.0 { (edge.waited / longest * BAR).round() as usize } else { 0 });
        let line = format!(
            "{:<19} holds {:>4} {:>11} through   waited {:>13}  {bar}",
            Plain(&edge.name).to_string(),
            edge.capacity,
            edge.items,
            Duration(edge.waited)
        );
        writeln!(paper, "{}", line.trim_end())?;
    }
    match run.bottleneck() {
        Some(sentence) => lists::wrapped(paper, "", &[sentence], " "),
        None => Ok(()),
    }
}

/// How many more there are than were shown, if any.
fn more(paper: &mut Paper<'_>, all: u64, shown: u64, what: &'static str) -> Result<()> {
    if all > shown {
        writeln!(paper, "  … and {} more: `omt report --format json` has all", Many(all - shown, what))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::report::{Form, fixture};

    #[test]
    fn a_person_sees_sums_reasons_and_places_within_the_width_of_a_terminal() {
        let text = fixture::world().report(Form::Text);
        for part in [
            "Nordlys & Sønner <AS>, serial number 1234567",
            "rows 9 = verified 4 + missing 2 + unreadable 1 + unmigratable 1 + pending 1 ✓",
            "document/10",
            "looked in LM/2020.1, LM/2019.2, (root folder)",
            "could be SO_ARC/XX/lost.doc, SO_ARC/YY/lost.doc",
            "the uploader was the bottleneck",
            "SO_ARC/YY/<b>lost</b>.doc",
            "not complete",
            "journal    3 entries, unbroken",
        ] {
            assert!(text.contains(part), "{part} is not in\n{text}");
        }
        for line in text.lines() {
            assert!(line.chars().count() <= 100, "{} columns: {line}", line.chars().count());
        }
    }

    #[test]
    fn names_cannot_act_on_the_terminal() {
        let world = fixture::world();
        world.left(77, "a\u{1b}[31mb\nc.doc");
        let text = world.report(Form::Text);
        assert!(text.contains(r"a\u{1b}[31mb\u{a}c.doc"), "{text}");
        assert!(!text.contains('\u{1b}'));
    }

    #[test]
    fn only_the_first_of_a_long_list_are_shown() {
        let world = fixture::world();
        world.missing(1000..1100);
        let text = world.report(Form::Text);
        assert!(text.contains("missing (102)"), "{text}");
        assert!(text.contains("… and 82 items more: `omt report --format json` has all"), "{text}");
        assert_eq!(text.matches("no file of this name anywhere").count(), 19);
    }

    #[test]
    fn waivers_are_printed_with_who_and_why() {
        let world = fixture::world();
        world.waive("database.traveller", "Ann", "comes home\u{1b} on Friday");
        let text = world.report(Form::Text);
        assert!(text.contains("waived checks\n  database.traveller by Ann\n"), "{text}");
        assert!(text.contains(r"comes home\u{1b} on Friday"), "{text}");
    }

    #[test]
    fn a_broken_journal_is_said_loudly() {
        let world = fixture::world();
        world.tamper();
        let text = world.report(Form::Text);
        assert!(text.contains("!!! THE JOURNAL WAS CHANGED"), "{text}");
        assert!(text.contains("changed at entry 2"), "{text}");
    }

    #[test]
    fn an_empty_ledger_has_a_report_too() {
        let text = fixture::empty().report(Form::Text);
        assert!(text.contains("rows 0 = verified 0 + missing 0 + pending 0 ✓"), "{text}");
        assert!(text.contains("no run has ended yet"), "{text}");
    }
}
