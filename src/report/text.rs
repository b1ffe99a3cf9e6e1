//! The report for a terminal.

use crate::config::Size;
use crate::migration::Summary;
use std::fmt::Write;

/// What a run says when it has ended.
#[must_use]
pub fn of_run(summary: &Summary) -> String {
    let mut text = String::new();
    for (outcome, items) in &summary.outcomes {
        let _ = writeln!(text, "{outcome:<13} {items:>10}");
    }
    let _ = writeln!(text, "{:<13} {:>10}", "pending", summary.pending);
    let _ = writeln!(text, "{:<13} {:>10}", "rows", summary.rows);
    let _ = writeln!(
        text,
        "read {}, sent {}, skipped {} in {:.1} s",
        Size(summary.bytes.read),
        Size(summary.bytes.sent),
        Size(summary.bytes.skipped),
        summary.seconds
    );
    text
}
