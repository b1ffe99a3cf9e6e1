//! What the tenant makes different in the customer's database, once it is proven: the decisions about people.
//!
//! Online a user logs in with the user name alone, so that is what decides: nobody has one but those who hold a plan. Where the
//! vendor keeps the plans of an online tenant is not public; they go into a table of the tenant's own, [`TABLE`], and nothing
//! of the vendor's is guessed. An address that became a user name leaves the cards of other persons: which rows that are is
//! looked up here, in the rows that were sent, and not taken from the client. Old passwords go by a stated list.

use crate::Result;
use crate::onsite::database::{Database, Query, Value};
use crate::people::{Owners, removals};
use crate::tables::adjust::{Adjustment, Adjustments, Change};
use crate::tables::{ColumnType, ShapeColumn, TableShape};
use crate::tenant::protocol::{DatabaseManifest, People};
use std::collections::HashMap;

/// The table of users with their plans. No table of the vendor's begins like this.
pub(crate) const TABLE: &str = "omt_user";

/// Old passwords and what stands for one: table, column, and why the value goes. Usually these stay behind altogether; this is for
/// what `tables.take` brings all the same. Secrets of machines, as that of a mailbox, are the customer's own choice then.
const SECRETS: &[(&str, &str, &str)] = &[
    ("Credentials", "secret", "an old password or ticket: every user sets a new password"),
    ("ejuser", "password", "an old password of Customer Service: every user sets a new password"),
    ("login", "ns_secret", "the ticket of a session that has ended"),
    ("user_candidate", "secret_key", "the ticket of an invitation to the old installation"),
    ("user_candidate", "secret_value", "the ticket of an invitation to the old installation"),
];

/// Rows of a page.
const PAGE: usize = 5000;

/// Everything that is to be different in a database that has just been proven. `database` is that database.
pub(crate) fn adjustments(
    database: &mut dyn Database,
    manifest: &DatabaseManifest,
    people: &People,
) -> Result<Adjustments> {
    let persons = persons(database)?;
    let mut adjustments = Adjustments::new().set_all(
        "associate",
        "userName",
        moved(manifest, "associate", "userName").unwrap_or(Value::Null),
        "nobody logs in online without a plan: user names of the installation do not count",
    );
    for holder in &people.users {
        let value = Value::Text(holder.user_name.trim().to_owned());
        let change = Change::Set { column: "userName".into(), value };
        let why = "the user name that was decided for a user with a plan".into();
        adjustments.add(Adjustment { table: "associate".into(), row: Some(holder.user), change, why });
    }
    let mut owners = Owners::default();
    for holder in &people.users {
        owners.add(&holder.user_name, holder.user, persons.get(&holder.user).copied().unwrap_or(0), &holder.login);
    }
    removals(database, &owners, &mut |removed| {
        let why = "the address has become the user name of another person".into();
        adjustments.add(Adjustment { table: "Email".into(), row: Some(removed.email), change: Change::Remove, why });
        Ok(())
    })?;
    for (table, column, why) in SECRETS {
        if let Some(empty) = moved(manifest, table, column) {
            adjustments = adjustments.set_all(table, column, empty, why);
        }
    }
    // A user that the database does not have would be one that nobody can explain.
    let here = people.users.iter().filter(|holder| persons.contains_key(&holder.user));
    let rows = here.map(|holder| {
        vec![
            Value::Integer(holder.user),
            Value::Text(holder.user_name.trim().to_owned()),
            Value::Text(holder.plan.clone()),
            Value::Integer(i64::from(holder.administrator)),
        ]
    });
    let why = "who may log in, and with which plan: the vendor's own place for it is not public";
    Ok(adjustments.make(shape(), rows.collect(), why))
}

/// The person of each account.
fn persons(database: &mut dyn Database) -> Result<HashMap<i64, i64>> {
    let mut persons = HashMap::new();
    if !database.has_table("associate")? {
        return Ok(persons);
    }
    let text = "SELECT {top} {associate.associate_id}, {associate.person_id|0} FROM {associate}
                WHERE {=associate.associate_id} > ?1 ORDER BY {=associate.associate_id} {limit}";
    let mut after = i64::from(i32::MIN);
    loop {
        let page = database.rows(&Query::new(text).number(after).limit(PAGE))?;
        persons.extend(page.iter().map(|row| (row.integer(0), row.integer(1))));
        match page.last().map(|row| row.integer(0)) {
            Some(last) if page.len() == PAGE && last > after => after = last,
            _ => return Ok(persons),
        }
    }
}

/// What stands for no value in a column, if it has moved with its values.
fn moved(manifest: &DatabaseManifest, table: &str, column: &str) -> Option<Value> {
    let table = manifest.tables.iter().find(|moved| moved.shape.name.eq_ignore_ascii_case(table))?;
    let column = table.shape.columns.iter().find(|own| own.name.eq_ignore_ascii_case(column) && !own.masked)?;
    Some(match column.kind {
        _ if column.nullable => Value::Null,
        ColumnType::Binary => Value::Bytes(Vec::new()),
        _ => Value::Text(String::new()),
    })
}

/// What the tenant's own table looks like.
fn shape() -> TableShape {
    let column = |name: &str, declared: &str, kind, key| {
        let (name, declared) = (name.to_owned(), declared.to_owned());
        ShapeColumn { name, declared, kind, nullable: false, key, masked: false }
    };
    let columns = vec![
        column("associate_id", "int", ColumnType::Int, 1),
        column("user_name", "nvarchar(254)", ColumnType::Wide, 0),
        column("plan", "nvarchar(254)", ColumnType::Wide, 0),
        column("administrator", "bit", ColumnType::Bit, 0),
    ];
    TableShape { name: TABLE.into(), columns }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_secret_of_the_list_is_a_column_of_the_vendors() {
        let known: Vec<(String, String)> = include_str!("../../sample/superoffice-schema.tsv")
            .lines()
            .skip(1)
            .map(|line| line.split('\t').collect::<Vec<_>>())
            .map(|cells| (cells[0].to_lowercase(), cells[3].to_lowercase()))
            .collect();
        for (table, column, why) in SECRETS {
            assert!(known.contains(&(table.to_lowercase(), column.to_lowercase())), "{table}.{column}");
            assert!(why.starts_with(char::is_lowercase) && !why.ends_with('.'), "{why}");
        }
        assert!(!known.iter().any(|(table, _)| table.starts_with("omt_")));
    }
}
