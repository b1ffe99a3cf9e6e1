//! How checks read tables: never more than a page at a time, and nothing that this version lacks.
//!
//! A check first asks [`Ground::lacks`] for the tables and columns that it cannot do without. Rows come through [`sweep`],
//! which asks for the rows above the last key until there are none, so that a million findings need no more memory
//! than five.

use super::{Evidence, Findings, Ground, Looked};
use crate::Result;
use crate::onsite::database::{Database, Dialect, Kind, Query, Row, Table};

/// Rows in one page: few enough for the memory, many enough that a query which reads a whole table is not repeated often.
const PAGE: usize = 5_000;

impl Ground<'_> {
    /// Why there is nothing to look at, if one of these is not there: `table`, or `table.column`.
    pub(super) fn lacks(&mut self, names: &[&str]) -> Result<Option<Looked>> {
        let catalogue = self.database.catalogue()?;
        Ok(names.iter().find_map(|name| {
            let reason = match name.split_once('.') {
                Some((table, column)) if catalogue.table(table).is_some() => {
                    catalogue.column(table, column).is_none().then(|| format!("`{table}` has no column `{column}`"))
                }
                Some((table, _)) => Some(format!("there is no table `{table}`")),
                None => catalogue.table(name).is_none().then(|| format!("there is no table `{name}`")),
            };
            reason.map(|reason| Looked::NotHere(format!("{reason} in this database")))
        }))
    }
}

/// Hands over all rows of an answer, page by page. The text selects an integer key first, wants it `> ?1`, orders by it and
/// has `{top}` and `{limit}`; `texts` are bound from `?2` on.
pub(super) fn sweep(
    database: &mut dyn Database,
    text: &str,
    texts: &[&str],
    mut tell: impl FnMut(&Row) -> Result<()>,
) -> Result<()> {
    let mut after = i64::MIN;
    loop {
        let query = Query::new(text).number(after).limit(PAGE);
        let page = database.rows(&texts.iter().fold(query, |query, text| query.bind(*text)))?;
        page.iter().try_for_each(&mut tell)?;
        match page.last() {
            Some(last) if page.len() == PAGE => after = last.integer(0),
            _ => return Ok(()),
        }
    }
}

/// Finds every row of an answer: what [`sweep`] hands over, with the item and the text that `say` makes of it.
pub(super) fn find_rows(
    ground: &mut Ground<'_>,
    findings: &mut Findings<'_>,
    text: &str,
    texts: &[&str],
    say: impl Fn(&Row) -> Evidence,
) -> Result<Looked> {
    sweep(ground.database, text, texts, |row| {
        let Evidence { item, text } = say(row);
        findings.add(item, text)
    })?;
    Ok(Looked::Yes)
}

/// A moment, written `2020-01-31 00:00:00`, as the server compares it with its own: the `T` keeps SQL Server from guessing
/// what is day and what is month, SQLite compares texts.
pub(super) fn moment(dialect: Dialect, text: &str) -> String {
    match dialect {
        Dialect::Sqlite => text.to_owned(),
        Dialect::Mssql => text.replace(' ', "T"),
    }
}

/// A piece of evidence.
pub(super) fn evidence(item: impl Into<String>, text: impl Into<String>) -> Evidence {
    Evidence { item: item.into(), text: text.into() }
}

/// The column that identifies the rows of a table by a number: the declared key, else what the vendor would call it.
pub(super) fn key_of(table: &Table) -> Option<&str> {
    let mut declared = table.columns.iter().filter(|column| column.key > 0);
    let key = match (declared.next(), declared.next()) {
        (Some(key), None) => key,
        (Some(_), Some(_)) => return None,
        _ => table.column(&format!("{}_id", table.name)).or_else(|| table.column("id"))?,
    };
    // A name that has a meaning in a query cannot be the vendor's.
    let plain = |name: &str| !name.contains(['.', '|', '{', '}', '=']);
    (key.kind == Kind::Integer && plain(&table.name) && plain(&key.name)).then_some(key.name.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checks::testing::Site;

    #[test]
    fn pages_follow_each_other_until_the_last_row() {
        let rows: Vec<String> =
            (1..=2 * PAGE + 1).map(|id| format!("INSERT INTO contact (contact_id) VALUES ({id})")).collect();
        let site = Site::new(&["contact"], &rows.join(";"));
        let mut database = site.installation.connect().unwrap();
        let (mut count, mut last) = (0, 0);
        let text = "SELECT {top} {contact.contact_id} FROM {contact} WHERE {=contact.contact_id} > ?1
                    ORDER BY {=contact.contact_id} {limit}";
        sweep(&mut *database, text, &[], |row| {
            assert!(row.integer(0) > last);
            (count, last) = (count + 1, row.integer(0));
            Ok(())
        })
        .unwrap();
        assert_eq!(count, 2 * PAGE + 1);
    }

    #[test]
    fn the_key_of_a_table_is_found_with_and_without_a_declaration() {
        let site = Site::new(
            &["contact"],
            "CREATE TABLE loose (loose_id int, x int); CREATE TABLE two (a int, b int, PRIMARY KEY (a, b));
             CREATE TABLE named (id nvarchar(9))",
        );
        let catalogue = site.installation.connect().unwrap().catalogue().unwrap();
        let key = |name: &str| catalogue.table(name).and_then(key_of).map(str::to_owned);
        assert_eq!(key("contact").as_deref(), Some("contact_id"));
        assert_eq!(key("loose").as_deref(), Some("loose_id"));
        assert_eq!((key("two"), key("named")), (None, None));
    }
}
