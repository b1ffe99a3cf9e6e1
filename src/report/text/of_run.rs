//! What a command says when its run has ended: how, the sums, how fast, what held it up, and what to do next.

use super::lists::wrapped;
use crate::Result;
use crate::item::Outcome;
use crate::migration::Summary;
use crate::report::facts::Sums;
use crate::report::freeze;
use crate::report::paper::Paper;
use crate::report::run::Run;
use crate::report::safe::Plain;
use crate::report::units::{Bytes, Duration, Grouped, Many, Rate};

/// What a run says when it has ended.
#[must_use]
pub fn of_run(summary: &Summary) -> String {
    let mut text = Vec::new();
    let run = Run::of(summary);
    // Writing into memory does not fail.
    let _ = write(&run, &mut Paper::new(&mut text));
    String::from_utf8_lossy(&text).into_owned()
}

fn write(run: &Run, paper: &mut Paper<'_>) -> Result<()> {
    let sums = Sums::of_run(run);
    writeln!(paper, "{}: {}", run.what(), run.ending())?;
    if sums.holds() {
        wrapped(paper, "", &[sums.to_string()], " ")?;
    } else {
        // An interrupted scan has read fewer rows than the ledger knows: that is no contradiction.
        let line = format!("{} of {} rows were read in this run", run.rows, sums.sum());
        wrapped(paper, "", &[if run.rows < sums.sum() { line } else { sums.to_string() }], " ")?;
    }
    writeln!(paper)?;
    for (outcome, items) in sums.outcomes.iter().filter(|(_, items)| *items > 0) {
        writeln!(paper, "{outcome:<13} {items:>10}")?;
    }
    if sums.pending > 0 {
        writeln!(paper, "{:<13} {:>10}", "pending", sums.pending)?;
    }
    if run.orphans > 0 {
        writeln!(paper, "{:<13} {:>10}  files without a row", "orphans", run.orphans)?;
    }
    writeln!(paper)?;
    writeln!(
        paper,
        "read {}, sent {}, skipped {}, proven {} in {}",
        Bytes(run.bytes.read),
        Bytes(run.bytes.sent),
        Bytes(run.bytes.skipped),
        Bytes(run.bytes.verified),
        Duration(run.seconds)
    )?;
    if let Some(database) = &run.database {
        let proven = if database.proven { "proven" } else { "not proven" };
        let (tables, rows, parts) = (database.tables, Grouped(database.rows), database.parts);
        let line =
            format!("database: {tables} tables, {rows} rows in {parts} parts, {} sent; {proven}", database.sent_parts);
        wrapped(paper, "", &[line], " ")?;
    }
    if let Some(receipt) = &run.receipt {
        writeln!(paper, "receipt: {}", Plain(receipt))?;
    }
    if run.worked() {
        writeln!(
            paper,
            "that is {} read and {} sent; {} to the tenant, {} repeated",
            Rate::of(run.bytes.read, run.seconds),
            Rate::of(run.bytes.sent, run.seconds),
            Many(run.requests, "call"),
            run.retries
        )?;
        if let Some(sentence) = run.bottleneck() {
            wrapped(paper, "", &[sentence], " ")?;
        }
    }
    for line in run.freeze.iter().flat_map(freeze::lines) {
        wrapped(paper, "", &[Plain(line).to_string()], " ")?;
    }
    if let Some(mails) = &run.mails {
        super::mails::write(mails, paper)?;
    }
    for hint in hints(run) {
        wrapped(paper, "hint: ", &[hint], " ")?;
    }
    Ok(())
}

/// What to do next. The hint of an error is told with the error.
fn hints(run: &Run) -> Vec<String> {
    let count = |outcome: Outcome| run.outcomes.get(outcome.as_str()).copied().unwrap_or_default();
    let mut hints = Vec::new();
    if run.pass.as_deref() == Some("seed") && run.complete {
        let sent =
            "nothing was accepted: what users change from now on is left for the next `omt seed`, or for the cut-over";
        hints.push(format!("{sent}, `omt migrate --live`"));
    }
    match run.exit {
        Some(0) if run.pass.as_deref() == Some("seed") => {}
        Some(0) if run.mode.as_deref() == Some("test") => {
            hints.push("this was a rehearsal; when all is agreed, `omt migrate --live` is the real one".into());
        }
        Some(0) => hints.push("`omt report --format html --out report.html` writes what can be handed over".into()),
        Some(1) => {
            for (outcome, advice) in [
                (Outcome::Missing, "put the missing files back and run `omt migrate` again: it sends only them"),
                (
                    Outcome::Unreadable,
                    "make the unreadable files readable for this account and run `omt migrate` again",
                ),
                (Outcome::Changing, "close what changes the changing files and run `omt migrate` again"),
                (Outcome::Unmigratable, "repair the rows of unmigratable items on-site and run `omt migrate` again"),
            ] {
                if count(outcome) > 0 {
                    hints.push(advice.into());
                }
            }
            hints.push("`omt report` says of each item why, and where it was looked for".into());
        }
        Some(4 | 130) if run.error.as_ref().is_none_or(|error| error.hint.is_none()) => {
            hints.push("run the same command again, it resumes where it was".into());
        }
        Some(5) if count(Outcome::Failed) > 0 => {
            hints.push("run `omt migrate` again: it sends what differs, then `omt verify --deep` proves it".into());
        }
        _ => {}
    }
    hints
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::fixture;

    #[test]
    fn a_run_says_its_sums_its_speed_and_what_to_do() {
        let text = of_run(&fixture::summary());
        for part in [
            "initial upload, test: complete, with items left behind",
            "rows 8 = verified 4 + missing 2 + unreadable 1 + unmigratable 1 + pending 0 ✓",
            "read 600.0 MiB, sent 400.0 MiB, skipped 0 B, proven 600.0 MiB in 2 min 00 s",
            "that is 5.0 MiB/s read and 3.3 MiB/s sent; 44 calls to the tenant, 1 repeated",
            "the uploader was the bottleneck",
            "hint: put the missing files back and run `omt migrate` again",
        ] {
            assert!(text.contains(part), "{part} is not in\n{text}");
        }
        assert!(!text.contains("changing"), "{text}");
        assert!(text.lines().all(|line| line.chars().count() <= 100), "{text}");
    }

    #[test]
    fn a_run_that_was_stopped_says_that_it_resumes() {
        let mut summary = fixture::summary();
        (summary.exit, summary.rows, summary.complete) = (130, 3, false);
        let text = of_run(&summary);
        assert!(text.contains("3 of 8 rows were read in this run"), "{text}");
        assert!(text.contains("hint: run the same command again"), "{text}");
        assert!(!text.contains('✗'), "{text}");
    }

    #[test]
    fn a_complete_rehearsal_points_to_the_real_one() {
        let mut summary = fixture::summary();
        summary.exit = 0;
        assert!(of_run(&summary).contains("omt migrate --live"));
    }
}
