//! The database in the page: what of it has moved, and what stays behind.

use crate::Result;
use crate::report::facts::Facts;
use crate::report::paper::Paper;
use crate::report::safe::Html;
use crate::report::units::{Bytes, Grouped};

/// The tables that are shown, the biggest first.
const FIRST: usize = 50;

/// Writes the section, if tables have moved.
pub(super) fn write(facts: &Facts, paper: &mut Paper<'_>) -> Result<()> {
    let Some(database) = &facts.database else { return Ok(()) };
    let summary = &database.summary;
    let proven = if summary.proven {
        "The tenant has built it, read it again and found every row."
    } else {
        "It is not proven: the tenant has not yet built it."
    };
    writeln!(
        paper,
        "<section id=\"database\"><h2>Database <span class=\"count\">{}</span></h2><p class=\"note\">{} rows in {} parts, {} of \
         them sent by the last run; read by {}. {proven}</p>",
        Grouped(summary.tables),
        Grouped(summary.rows),
        Grouped(summary.parts),
        Grouped(summary.sent_parts),
        summary.rung,
    )?;
    for refused in &database.refused {
        writeln!(paper, "<p class=\"note\">Not by {}: {}.</p>", refused.rung, Html(&refused.why))?;
    }
    if !facts.moved.is_empty() {
        writeln!(
            paper,
            "<table class=\"list\"><thead><tr><th scope=\"col\">Table, the biggest first</th><th scope=\"col\">Rows, size of the parts</th></tr></thead><tbody>"
        )?;
        for table in facts.moved.iter().take(FIRST) {
            let (rows, bytes) = (Grouped(table.rows), Bytes(table.bytes));
            writeln!(paper, "<tr><td>{}</td><td>{rows} rows, {bytes}</td></tr>", Html(&table.table))?;
        }
        writeln!(paper, "</tbody></table>")?;
    }
    if !database.left_behind.is_empty() {
        writeln!(
            paper,
            "<table class=\"list\"><thead><tr><th scope=\"col\">Stays behind</th><th scope=\"col\">Why</th></tr></thead><tbody>"
        )?;
        for left in &database.left_behind {
            let column = left.column.as_deref().map(|column| format!(".{column}")).unwrap_or_default();
            writeln!(paper, "<tr><td>{}{}</td><td>{}</td></tr>", Html(&left.table), Html(column), Html(&left.why))?;
        }
        writeln!(paper, "</tbody></table>")?;
    }
    writeln!(paper, "</section>")
}
