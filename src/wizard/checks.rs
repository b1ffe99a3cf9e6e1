//! What the checks said, as it is kept: with waivers that came later, and compared with the time before.

use super::state::Checks;
use super::view::ChecksRow;
use crate::checks::run::Checked;
use crate::checks::waiver::Waivers;
use serde_json::{Value, json};

impl Checks {
    /// What was said now; `before` is what was said last.
    pub(super) fn of(checked: &Checked, before: Option<&Self>) -> Self {
        let verdicts = checked.checks.iter().map(|verdict| serde_json::to_value(verdict).unwrap_or_default()).collect();
        let standing = |verdict: &Value| (text(verdict, "id"), (text(verdict, "status"), count(verdict)));
        let before = before.map(|before| before.verdicts.iter().map(standing).collect()).unwrap_or_default();
        Self { at: crate::clock::stamp(), verdicts, before }
    }

    /// Waivers decided since then.
    pub(super) fn apply(&mut self, waivers: &Waivers) {
        for verdict in &mut self.verdicts {
            let waiver = waivers.of(&text(verdict, "id")).map(|waiver| json!(waiver));
            let status = text(verdict, "status");
            let open = if count(verdict) > 0 { "found" } else { "failed" };
            match (waiver, status.as_str()) {
                (Some(waiver), "found" | "failed" | "waived") => {
                    verdict["status"] = "waived".into();
                    verdict["waiver"] = waiver;
                }
                (None, "waived") => {
                    verdict["status"] = open.into();
                    if let Some(object) = verdict.as_object_mut() {
                        object.remove("waiver");
                    }
                }
                _ => {}
            }
        }
    }

    /// The ids of checks that stand in the way of a live migration.
    pub(super) fn blockers(&self) -> Vec<String> {
        let blocks = |verdict: &&Value| text(verdict, "severity") == "blocker" && is_open(verdict);
        self.verdicts.iter().filter(blocks).map(|verdict| text(verdict, "id")).collect()
    }

    /// The row of the checklist.
    pub(super) fn row(&self) -> ChecksRow {
        let mut row = ChecksRow { done: true, blockers: self.blockers().len() as u64, ..ChecksRow::default() };
        for verdict in &self.verdicts {
            if is_open(verdict) {
                *row.found.entry(text(verdict, "severity")).or_default() += 1;
            }
            row.waived += u64::from(text(verdict, "status") == "waived");
        }
        row
    }

    /// The verdicts, each with what has changed since the time before.
    pub(super) fn compared(&self) -> Vec<Value> {
        let mut verdicts = self.verdicts.clone();
        for verdict in &mut verdicts {
            let change = self.before.get(&text(verdict, "id")).and_then(|(status, number)| {
                let (was, is) = (rank(status), rank(&text(verdict, "status")));
                match (was.cmp(&is), number.cmp(&count(verdict))) {
                    (std::cmp::Ordering::Less, _) | (std::cmp::Ordering::Equal, std::cmp::Ordering::Less) => {
                        Some("worse")
                    }
                    (std::cmp::Ordering::Greater, _) | (_, std::cmp::Ordering::Greater) => Some("better"),
                    _ => None,
                }
            });
            verdict["change"] = json!(change);
        }
        verdicts
    }
}

fn text(verdict: &Value, key: &str) -> String {
    verdict[key].as_str().unwrap_or_default().to_owned()
}

fn count(verdict: &Value) -> u64 {
    verdict["count"].as_u64().unwrap_or_default()
}

fn is_open(verdict: &Value) -> bool {
    matches!(verdict["status"].as_str(), Some("found" | "failed"))
}

/// How bad a status is.
fn rank(status: &str) -> u8 {
    match status {
        "passed" | "not-here" => 0,
        "waived" => 1,
        _ => 2,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verdict(id: &str, status: &str, count: u64) -> Value {
        json!({ "id": id, "status": status, "severity": "blocker", "count": count })
    }

    #[test]
    fn a_check_that_got_better_or_worse_says_so() {
        let before = [
            ("a", ("found", 5)),
            ("b", ("passed", 0)),
            ("c", ("found", 1)),
            ("d", ("waived", 3)),
            ("e", ("passed", 0)),
        ];
        let checks = Checks {
            verdicts: vec![
                verdict("a", "found", 2),
                verdict("b", "failed", 0),
                verdict("c", "passed", 0),
                verdict("d", "found", 3),
                verdict("e", "passed", 0),
                verdict("f", "found", 1),
            ],
            before: before.into_iter().map(|(id, (status, count))| (id.into(), (status.into(), count))).collect(),
            ..Checks::default()
        };
        let changes: Vec<Value> = checks.compared().into_iter().map(|verdict| verdict["change"].clone()).collect();
        assert_eq!(json!(changes), json!(["better", "worse", "better", "worse", null, null]));
        assert_eq!(checks.blockers(), ["a", "b", "d", "f"]);
    }

    #[test]
    fn a_waiver_counts_at_once_and_can_be_taken_back() {
        let mut checks =
            Checks { verdicts: vec![verdict("a", "found", 2), verdict("b", "failed", 0)], ..Checks::default() };
        let entry = crate::ledger::JournalEntry {
            seq: 1,
            at: "2026-01-01".into(),
            kind: "check.waived".into(),
            body: json!({ "check": "a", "who": "Åse", "why": "known" }),
        };
        let mut waivers = Waivers::default();
        waivers.hear(&entry);
        checks.apply(&waivers);
        assert_eq!((checks.row().waived, checks.blockers()), (1, vec!["b".to_owned()]));
        checks.apply(&Waivers::default());
        assert_eq!((checks.row().waived, checks.row().blockers), (0, 2));
        assert_eq!(checks.row().found["blocker"], 2);
    }
}
