//! What `omt check` says: the worst first, what has one cause together, and what to do about each.

use super::lists::wrapped;
use crate::Result;
use crate::checks::causes;
use crate::checks::run::{Checked, Status, Verdict};
use crate::checks::{KEPT, Severity};
use crate::report::paper::Paper;
use crate::report::safe::Plain;
use crate::report::units::{Duration, Many};

/// What checks say when they have looked.
#[must_use]
pub fn of_checks(checked: &Checked) -> String {
    let mut text = Vec::new();
    // Writing into memory does not fail.
    let _ = write(checked, &mut Paper::new(&mut text));
    String::from_utf8_lossy(&text).into_owned()
}

/// Checks that are told together: those with one cause, or of one subject.
struct Group<'a> {
    heading: &'static str,
    severity: Severity,
    verdicts: Vec<&'a Verdict>,
}

fn is_open(verdict: &Verdict) -> bool {
    matches!(verdict.status, Status::Found | Status::Failed)
}

fn groups(checked: &Checked) -> Vec<Group<'_>> {
    let open: Vec<&Verdict> = checked.checks.iter().filter(|verdict| is_open(verdict)).collect();
    let shared = |verdict: &Verdict| {
        let cause = verdict.cause?;
        (open.iter().filter(|other| other.cause == Some(cause)).count() > 1).then_some(cause)
    };
    let mut groups: Vec<Group<'_>> = Vec::new();
    for verdict in &open {
        // What has one cause is told where the worst of it belongs; other checks stand with their severity and subject.
        let (heading, severity) = match shared(verdict) {
            Some(cause) => {
                let worst = open.iter().filter(|other| other.cause == Some(cause)).map(|other| other.severity).min();
                (causes::of(verdict.id).map_or(cause, |cause| cause.title), worst.unwrap_or(verdict.severity))
            }
            None => (verdict.subject.as_str(), verdict.severity),
        };
        match groups.iter_mut().find(|group| group.heading == heading && group.severity == severity) {
            Some(group) => group.verdicts.push(verdict),
            None => groups.push(Group { heading, severity, verdicts: vec![verdict] }),
        }
    }
    groups
}

fn write(checked: &Checked, paper: &mut Paper<'_>) -> Result<()> {
    let groups = groups(checked);
    for severity in Severity::ALL {
        let mut of_this = groups.iter().filter(|group| group.severity == severity).peekable();
        if of_this.peek().is_none() {
            continue;
        }
        writeln!(paper, "{}S\n", severity.as_str().to_uppercase())?;
        for group in of_this {
            writeln!(paper, "  {}", group.heading)?;
            group.verdicts.iter().try_for_each(|verdict| entry(verdict, severity, paper))?;
            writeln!(paper)?;
        }
    }
    rest(checked, paper)?;
    sums(checked, paper)
}

fn entry(verdict: &Verdict, section: Severity, paper: &mut Paper<'_>) -> Result<()> {
    let mark = if verdict.severity == section { "" } else { verdict.severity.as_str() };
    let comma = if mark.is_empty() { "" } else { ", " };
    let line = match verdict.status {
        Status::Failed => format!("{} ({mark}{comma}could not look)", verdict.id),
        _ => format!("{} ({mark}{comma}{}): {}", verdict.id, verdict.count, verdict.title),
    };
    wrapped(paper, "    ", &[line], " ")?;
    if let Some(reason) = &verdict.reason {
        wrapped(paper, "        ", &[Plain(reason).to_string()], " ")?;
    }
    for evidence in &verdict.first {
        wrapped(paper, "        ", &[format!("{}: {}", Plain(&evidence.item), Plain(&evidence.text))], " ")?;
    }
    if verdict.count > KEPT as u64 {
        writeln!(paper, "        … and {} more: `--export DIR` writes all", verdict.count - KEPT as u64)?;
    }
    wrapped(paper, "      → ", &[verdict.todo.to_owned()], " ")
}

/// What is waived, and what had nothing to look at.
fn rest(checked: &Checked, paper: &mut Paper<'_>) -> Result<()> {
    let waived: Vec<&Verdict> = checked.checks.iter().filter(|verdict| verdict.waiver.is_some()).collect();
    if !waived.is_empty() {
        writeln!(paper, "WAIVED\n")?;
        for verdict in waived {
            let Some(waiver) = &verdict.waiver else { continue };
            let found = if verdict.count > 0 { verdict.count.to_string() } else { "finds nothing now".into() };
            wrapped(
                paper,
                "    ",
                &[format!("{} ({}, {found}): {}", verdict.id, verdict.severity.as_str(), verdict.title)],
                " ",
            )?;
            let decided = format!("{}: {}", Plain(&waiver.who), Plain(&waiver.why));
            wrapped(paper, "        ", &[decided], " ")?;
        }
        writeln!(paper)?;
    }
    let absent: Vec<&Verdict> = checked.checks.iter().filter(|verdict| verdict.status == Status::NotHere).collect();
    if !absent.is_empty() {
        writeln!(paper, "NOTHING TO LOOK AT\n")?;
        for verdict in absent {
            let reason = verdict.reason.as_deref().unwrap_or_default();
            wrapped(paper, "    ", &[format!("{}: {}", verdict.id, Plain(reason))], " ")?;
        }
        writeln!(paper)?;
    }
    Ok(())
}

fn sums(checked: &Checked, paper: &mut Paper<'_>) -> Result<()> {
    let seconds = checked.checks.iter().map(|verdict| verdict.seconds).sum();
    let passed = checked.checks.iter().filter(|verdict| verdict.status == Status::Passed).count();
    write!(paper, "{} in {}: {passed} passed", Many(checked.checks.len() as u64, "check"), Duration(seconds))?;
    for severity in Severity::ALL {
        let open = checked.checks.iter().filter(|verdict| is_open(verdict) && verdict.severity == severity).count();
        if open > 0 {
            write!(paper, ", {}", Many(open as u64, severity.as_str()))?;
        }
    }
    writeln!(paper)?;
    match checked.exit {
        0 => writeln!(paper, "nothing stands in the way"),
        1 => writeln!(paper, "nothing blocks, but somebody should look at what was found"),
        _ => writeln!(
            paper,
            "a live migration must not begin; `omt check waive ID --who NAME --why TEXT` decides otherwise"
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checks::testing::Site;
    use crate::checks::waiver::{Waivers, decide};
    use crate::checks::{Ground, Selection, run};

    #[test]
    fn what_has_one_cause_is_told_together_and_waivers_with_their_reason() {
        let site = Site::new(
            &["travelcurrent", "traveller", "associate", "satellite", "SystemEvent"],
            "INSERT INTO traveller (traveller_id, travel_id, dbTag) VALUES (1, 7, 'T\u{1b}[2J'), (2, 16777216, 'S');
             INSERT INTO satellite (satellite_id) VALUES (9);
             INSERT INTO SystemEvent (SystemEvent_id, eventkey) VALUES (1, 'NoLogin')",
        );
        let ledger = &site.config.migration.ledger;
        decide(ledger, "database.no-login", true, "Ann", "it is meant").unwrap();
        let mut database = site.installation.connect().unwrap();
        let (config, installation) = (&site.config, &site.installation);
        let ground = Ground { config, installation, database: &mut *database, tenant: None, people: None };
        let words = ["database".to_owned()];
        let checked = run::look(ground, &Selection::parse(&words).unwrap(), &Waivers::read(ledger), None).unwrap();
        assert_eq!(checked.exit, 3);
        let text = of_checks(&checked);
        let at = |part: &str| text.find(part).unwrap_or_else(|| panic!("{part} is not in\n{text}"));
        assert!(at("BLOCKERS") < at("parts of the database are, or were, somewhere else"));
        assert!(at("database.not-central (1)") < at("database.traveller (1)"));
        // A warning beside the blockers that it belongs to.
        assert!(at("database.defined-satellite (warning, 1)") < at("WAIVED"));
        assert!(at("WAIVED") < at("Ann: it is meant"));
        at("NOTHING TO LOOK AT");
        assert!(!text.contains('\u{1b}'));
        assert!(text.lines().all(|line| line.chars().count() <= 100), "{text}");
    }
}
