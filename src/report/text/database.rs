//! The database in the text report: what of it has moved, and what stays behind.

use super::{lists::wrapped, more};
use crate::Result;
use crate::report::facts::Facts;
use crate::report::paper::Paper;
use crate::report::safe::Plain;
use crate::report::units::{Bytes, Grouped, Many};

/// The tables that are shown, the biggest first.
const FIRST: usize = 10;

/// Writes the section, if tables have moved.
pub(super) fn write(facts: &Facts, paper: &mut Paper<'_>) -> Result<()> {
    let Some(database) = &facts.database else { return Ok(()) };
    let summary = &database.summary;
    writeln!(paper, "\ndatabase")?;
    let proven = if summary.proven {
        "the tenant has built it and found every row again"
    } else {
        "NOT PROVEN: the tenant has not yet built it"
    };
    let figures = format!(
        "{} tables, {} rows in {} parts, {} of them sent by the last run; read by {}; {proven}",
        Grouped(summary.tables),
        Grouped(summary.rows),
        Grouped(summary.parts),
        Grouped(summary.sent_parts),
        summary.rung,
    );
    wrapped(paper, "  ", &[figures], " ")?;
    for refused in &database.refused {
        wrapped(paper, "  ", &[format!("not by {}: {}", refused.rung, Plain(&refused.why))], " ")?;
    }
    for table in facts.moved.iter().take(FIRST) {
        let name = Plain(&table.table).to_string();
        writeln!(paper, "  {name:<40} {:>12} rows {:>10}", Grouped(table.rows), Bytes(table.bytes))?;
    }
    more(paper, facts.moved.len() as u64, FIRST as u64, "table")?;
    if !database.left_behind.is_empty() {
        writeln!(paper, "\ntables that stay behind ({})", database.left_behind.len())?;
        for left in &database.left_behind {
            let name = Plain(named(&left.table, left.column.as_deref())).to_string();
            wrapped(paper, &format!("  {name:<40} "), &[Plain(&left.why).to_string()], " ")?;
        }
    }
    if !database.adjusted.is_empty() {
        writeln!(paper, "\nmade different by the tenant, after the proof ({})", database.adjusted.len())?;
        for adjusted in &database.adjusted {
            let name = Plain(named(&adjusted.table, adjusted.column.as_deref())).to_string();
            let rows =
                adjusted.rows.map_or_else(|| "not in this database".into(), |rows| Many(rows, "row").to_string());
            let why = format!("{rows}: {}", Plain(&adjusted.why));
            wrapped(paper, &format!("  {name:<40} "), &[why], " ")?;
        }
    }
    if !database.bound.is_empty() {
        writeln!(paper, "\nbound to the source database, to be made again by the vendor ({})", database.bound.len())?;
        for bound in &database.bound {
            let name = Plain(named(&bound.table, Some(&bound.column))).to_string();
            writeln!(paper, "  {name:<40} {:>12} rows", Grouped(bound.rows))?;
        }
    }
    Ok(())
}

fn named(table: &str, column: Option<&str>) -> String {
    column.map_or_else(|| table.to_owned(), |column| format!("{table}.{column}"))
}
