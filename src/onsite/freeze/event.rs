//! The event that lets nobody log in with the Windows client: a row of `SystemEvent`.
//!
//! Its number comes from `sequence` as the vendor's programs take theirs: the next number is moved on first, in one
//! statement that does nothing if somebody else was faster. Row and sequence are put back as they were; a sequence from which somebody has
//! taken a number since stays where it is. Every statement may be sent twice.

use crate::onsite::database::{Database, Query, no_date};
use crate::{Code, Error, Result};
use serde::{Deserialize, Serialize};

/// So often somebody else may take the number first.
const TRIES: usize = 10;

/// The event, and what takes it back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NoLogin {
    /// The number of the row.
    pub id: i64,
    /// Its key.
    pub key: String,
    /// Its scope.
    pub scope: i64,
    /// The next number of `sequence` before that; nothing if the table is not known there.
    pub next: Option<i64>,
}

/// Whether the database knows events.
pub(super) fn is_there(database: &mut dyn Database) -> Result<bool> {
    let needed = ["SystemEvent_id", "scope", "owner", "eventkey"];
    let catalogue = database.catalogue()?;
    Ok(needed.iter().all(|column| catalogue.column("SystemEvent", column).is_some()))
}

impl NoLogin {
    /// What setting the event would change; `None` if there is one already.
    pub(super) fn plan(database: &mut dyn Database, key: &str, scope: i64) -> Result<Option<Self>> {
        let text = "SELECT count(*) FROM {SystemEvent} WHERE {=SystemEvent.eventkey} = ?1 AND {=SystemEvent.scope} = ?2
                    AND {=SystemEvent.owner} = 0";
        if database.number(&Query::new(text).bind(key).number(scope))? > 0 {
            return Ok(None);
        }
        let last = database.number(&Query::new("SELECT max({=SystemEvent.SystemEvent_id}) FROM {SystemEvent}"))?;
        let next = next(database)?;
        Ok(Some(Self { id: next.unwrap_or(1).max(last + 1), key: key.to_owned(), scope, next }))
    }

    /// Takes the number. Gives `false` if somebody else has it now.
    pub(super) fn reserve(&self, pen: &mut dyn Database) -> Result<bool> {
        let Some(before) = self.next else { return Ok(true) };
        let text = "UPDATE {!sequence} SET {!sequence.next_id} = ?1 WHERE LOWER({!sequence.TableName}) = 'systemevent'
                    AND {!sequence.next_id} = ?2";
        pen.rows(&Query::new(text).number(self.id + 1).number(before))?;
        Ok(next(pen)? == Some(self.id + 1))
    }

    /// Writes the row, unless it is there.
    pub(super) fn write(&self, pen: &mut dyn Database, message: &str) -> Result<()> {
        let now = crate::clock::now().naive_utc();
        let catalogue = pen.catalogue()?;
        let mut query = Query::new("");
        let (mut columns, mut values, mut bound) = (Vec::new(), Vec::new(), 0);
        let all = [
            ("SystemEvent_id", Bound::Number(self.id)),
            ("scope", Bound::Number(self.scope)),
            ("owner", Bound::Number(0)),
            ("eventkey", Bound::Text(&self.key)),
            ("eventmess", Bound::Text(message)),
            ("extraInfo", Bound::Number(0)),
            ("eta", Bound::Moment(no_date())),
            ("registered", Bound::Moment(now)),
            ("registered_associate_id", Bound::Number(0)),
            ("updated", Bound::Moment(no_date())),
            ("updated_associate_id", Bound::Number(0)),
            ("updatedCount", Bound::Number(0)),
        ];
        for (column, value) in all {
            // Versions differ in what an event says beside its key.
            if catalogue.column("SystemEvent", column).is_none() {
                continue;
            }
            bound += 1;
            columns.push(format!("{{!SystemEvent.{column}}}"));
            values.push(format!("?{bound}"));
            query = match value {
                Bound::Number(number) => query.number(number),
                Bound::Text(text) => query.bind(text),
                Bound::Moment(moment) => query.moment(moment),
            };
        }
        let text = format!(
            "INSERT INTO {{!SystemEvent}} ({}) SELECT {} WHERE NOT EXISTS
             (SELECT 1 FROM {{!SystemEvent}} WHERE {{!SystemEvent.SystemEvent_id}} = ?1)",
            columns.join(", "),
            values.join(", ")
        );
        pen.rows(&query.with_text(text))?;
        if self.is_written(pen)? {
            return Ok(());
        }
        Err(Error::new(Code::FreezeRefused, format!("the event `{}` was not taken by the database", self.key))
            .hint("run the same command again; if it is refused again, set `freeze.database = false`"))
    }

    /// Whether the row is there and is this one.
    pub(super) fn is_written(&self, database: &mut dyn Database) -> Result<bool> {
        let text = "SELECT count(*) FROM {SystemEvent} WHERE {=SystemEvent.SystemEvent_id} = ?1
                    AND {=SystemEvent.eventkey} = ?2 AND {=SystemEvent.scope} = ?3";
        Ok(database.number(&Query::new(text).number(self.id).bind(&self.key).number(self.scope))? > 0)
    }

    /// Deletes the row and puts the sequence back; says in a few words what was found.
    pub(in crate::onsite) fn take_back(&self, pen: &mut dyn Database) -> Result<String> {
        if !is_there(pen)? {
            return Ok("the database has no events any more".into());
        }
        let was_there = self.is_written(pen)?;
        if was_there {
            let text = "DELETE FROM {!SystemEvent} WHERE {!SystemEvent.SystemEvent_id} = ?1
                        AND {!SystemEvent.eventkey} = ?2 AND {!SystemEvent.scope} = ?3";
            pen.rows(&Query::new(text).number(self.id).bind(&self.key).number(self.scope))?;
            if self.is_written(pen)? {
                return Err(Error::new(Code::FreezeStuck, format!("the database keeps the event `{}`", self.key))
                    .hint("delete it in the administration client"));
            }
        }
        let mut moved = "";
        if let (Some(before), Some(now)) = (self.next, next(pen)?) {
            if now == self.id + 1 {
                let text = "UPDATE {!sequence} SET {!sequence.next_id} = ?1
                            WHERE LOWER({!sequence.TableName}) = 'systemevent' AND {!sequence.next_id} = ?2";
                pen.rows(&Query::new(text).number(before).number(now))?;
            } else if now != before {
                moved = "; somebody has taken further numbers, which stay taken";
            }
        }
        Ok(format!("{}{moved}", if was_there { "the event was deleted" } else { "there was no such event" }))
    }
}

enum Bound<'a> {
    Number(i64),
    Text(&'a str),
    Moment(chrono::NaiveDateTime),
}

/// The next number of events; nothing if `sequence` does not know the table.
pub(super) fn next(database: &mut dyn Database) -> Result<Option<i64>> {
    let catalogue = database.catalogue()?;
    if catalogue.column("sequence", "next_id").is_none() || catalogue.column("sequence", "TableName").is_none() {
        return Ok(None);
    }
    let text = "SELECT {sequence.next_id} FROM {sequence} WHERE LOWER({=sequence.TableName}) = 'systemevent'";
    Ok(database.rows(&Query::new(text))?.first().map(|row| row.integer(0)))
}

/// Sets the event: plans it, has `enter` write the plan down, takes the number and writes the row. Gives the entry of the
/// change, or `None` if there was such an event already. A number that somebody else took first is given up for the next one.
pub(super) fn set<E>(
    pen: &mut dyn Database,
    key: &str,
    scope: i64,
    message: &str,
    mut enter: impl FnMut(NoLogin) -> Result<E>,
    mut give_up: impl FnMut(&E) -> Result<()>,
) -> Result<Option<E>> {
    for _ in 0..TRIES {
        let Some(plan) = NoLogin::plan(pen, key, scope)? else { return Ok(None) };
        let entered = enter(plan.clone())?;
        if plan.reserve(pen)? {
            plan.write(pen, message)?;
            return Ok(Some(entered));
        }
        give_up(&entered)?;
    }
    Err(Error::new(Code::FreezeRefused, "somebody else takes every number of `SystemEvent` first")
        .hint("see who writes events into the database, and run the same command again"))
}
