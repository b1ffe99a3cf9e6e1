//! The database in the page: what of it has moved, and what stays behind.

use crate::Result;
use crate::report::facts::Facts;
use crate::report::paper::Paper;
use crate::report::safe::Html;
use crate::report::units::{Bytes, Grouped, Many};

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
        head(paper, "Table, the biggest first", "Rows, size of the parts")?;
        for table in facts.moved.iter().take(FIRST) {
            let (rows, bytes) = (Grouped(table.rows), Bytes(table.bytes));
            writeln!(paper, "<tr><td>{}</td><td>{rows} rows, {bytes}</td></tr>", Html(&table.table))?;
        }
        writeln!(paper, "</tbody></table>")?;
    }
    if !database.left_behind.is_empty() {
        head(paper, "Stays behind", "Why")?;
        for left in &database.left_behind {
            let name = named(&left.table, left.column.as_deref());
            writeln!(paper, "<tr><td>{}</td><td>{}</td></tr>", Html(name), Html(&left.why))?;
        }
        writeln!(paper, "</tbody></table>")?;
    }
    if !database.adjusted.is_empty() {
        head(paper, "Made different by the tenant, after the proof", "Rows, and why")?;
        for adjusted in &database.adjusted {
            let rows =
                adjusted.rows.map_or_else(|| "not in this database".into(), |rows| Many(rows, "row").to_string());
            let name = named(&adjusted.table, adjusted.column.as_deref());
            writeln!(paper, "<tr><td>{}</td><td>{rows}: {}</td></tr>", Html(name), Html(&adjusted.why))?;
        }
        writeln!(paper, "</tbody></table>")?;
    }
    if !database.bound.is_empty() {
        head(paper, "Bound to the source database, to be made again by the vendor", "Rows")?;
        for bound in &database.bound {
            let name = named(&bound.table, Some(&bound.column));
            writeln!(paper, "<tr><td>{}</td><td>{}</td></tr>", Html(name), Grouped(bound.rows))?;
        }
        writeln!(paper, "</tbody></table>")?;
    }
    writeln!(paper, "</section>")
}

/// Begins a table of two columns.
fn head(paper: &mut Paper<'_>, first: &str, second: &str) -> Result<()> {
    writeln!(
        paper,
        "<table class=\"list\"><thead><tr><th scope=\"col\">{first}</th><th scope=\"col\">{second}</th></tr></thead><tbody>"
    )
}

fn named(table: &str, column: Option<&str>) -> String {
    column.map_or_else(|| table.to_owned(), |column| format!("{table}.{column}"))
}
