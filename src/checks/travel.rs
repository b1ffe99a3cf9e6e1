//! People on a journey, satellites, and what both leave behind (`domain.md` 2.5).
//!
//! A migration takes the central database while nobody works on a copy of it. Keys below 0x01000000 are the central
//! database's own, each satellite has 0x01000000 of them, and a traveller's copy gives out temporary ones from 0x7E000000,
//! which are replaced when it comes home.

use super::sweep::{evidence, find_rows, key_of, sweep};
use super::{Check, Findings, Ground, Looked, Severity, Subject};
use crate::Result;
use crate::onsite::database::Query;
use std::collections::BTreeSet;

/// Where the keys of satellites begin; also how many each of them has.
const SATELLITE: i64 = 0x0100_0000;
/// Where the temporary keys of travellers begin.
const TEMPORARY: i64 = 0x7E00_0000;
/// `travelcurrent.systemlevel` of a central database.
const CENTRAL: i64 = 10;

/// The checks of this file.
pub(super) static CHECKS: &[Check] = &[
    Check {
        id: "database.not-central",
        subject: Subject::Database,
        severity: Severity::Blocker,
        title: "this is not the central database",
        why: "a travel or satellite database holds a part of the rows only, and some of its keys are temporary",
        todo: "point `database.url` at the central database; if this is it, have `travelcurrent` corrected by the vendor's support",
        look: not_central,
    },
    Check {
        id: "database.traveller",
        subject: Subject::Database,
        severity: Severity::Blocker,
        title: "a user is out travelling",
        why: "what that user has changed since is only on the travelling computer and would be lost",
        todo: "have each of them come home (end the journey in the Windows client), or remove the traveller in the administration",
        look: traveller,
    },
    Check {
        id: "database.active-satellite",
        subject: Subject::Database,
        severity: Severity::Blocker,
        title: "a satellite was made from this database",
        why: "satellites do not exist online; what was registered there since the last replication would be lost",
        todo: "replicate, then shut the satellite down and remove it in the administration",
        look: active_satellite,
    },
    Check {
        id: "database.defined-satellite",
        subject: Subject::Database,
        severity: Severity::Warning,
        title: "a satellite is defined, but seems never to have been made",
        why: "satellites do not exist online; the definition is of no use there",
        todo: "make sure that no such database is in use, then remove the definition",
        look: defined_satellite,
    },
    Check {
        id: "database.unfinished-homecoming",
        subject: Subject::Database,
        severity: Severity::Error,
        title: "rows have kept the temporary key of a traveller",
        why: "a homecoming was not finished: references to such rows may be wrong, and the keys can be given out again",
        todo: "have the homecoming repeated, or the rows registered anew and the old ones deleted",
        look: unfinished_homecoming,
    },
    Check {
        id: "database.travel-leftover",
        subject: Subject::Database,
        severity: Severity::Warning,
        title: "keys of a journey are still mapped although nobody travels",
        why: "the list is emptied when a traveller comes home: something was interrupted",
        todo: "look whether the user's data of that time is complete",
        look: leftover,
    },
];

fn not_central(ground: &mut Ground<'_>, findings: &mut Findings<'_>) -> Result<Looked> {
    if let Some(absent) = ground.lacks(&["travelcurrent.travelcurrent_id"])? {
        return Ok(absent);
    }
    let text =
        "SELECT {top} {travelcurrent.travelcurrent_id}, {travelcurrent.systemlevel|10}, {travelcurrent.current_id|0}
                FROM {travelcurrent} ORDER BY {=travelcurrent.travelcurrent_id} {limit}";
    let rows = ground.database.rows(&Query::new(text).limit(10))?;
    if rows.len() != 1 {
        findings.add("table/travelcurrent", format!("it must have one row and has {}", rows.len()))?;
    }
    for row in &rows {
        let (id, level, current) = (row.integer(0), row.integer(1), row.integer(2));
        if level != CENTRAL || current != 0 {
            let text = format!("level {level} of database {current}, where the central one has level {CENTRAL} and 0");
            findings.add(format!("table/travelcurrent/{id}"), text)?;
        }
    }
    Ok(Looked::Yes)
}

fn traveller(ground: &mut Ground<'_>, findings: &mut Findings<'_>) -> Result<Looked> {
    if let Some(absent) = ground.lacks(&["traveller.traveller_id", "traveller.travel_id", "associate.name"])? {
        return Ok(absent);
    }
    let text = format!(
        "SELECT {{top}} {{traveller.traveller_id}}, {{traveller.travel_id}}, {{traveller.dbTag|''}}, {{associate.name}}
         FROM {{traveller}} LEFT JOIN {{associate}} ON {{=associate.associate_id}} = {{=traveller.travel_id}}
         WHERE {{=traveller.traveller_id}} > ?1
           AND ({{=traveller.travel_id}} IS NULL OR {{=traveller.travel_id}} < {SATELLITE})
         ORDER BY {{=traveller.traveller_id}} {{limit}}"
    );
    find_rows(ground, findings, &text, &[], |row| {
        let (user, tag) = (row.integer(1), row.text(2));
        if user == 0 {
            return evidence(format!("table/traveller/{}", row.integer(0)), format!("a journey of nobody, `{tag}`"));
        }
        evidence(format!("user/{user}"), format!("`{}` is out travelling with the database `{tag}`", row.text(3)))
    })
}

fn active_satellite(ground: &mut Ground<'_>, findings: &mut Findings<'_>) -> Result<Looked> {
    if let Some(absent) = ground.lacks(&["traveller.traveller_id", "traveller.travel_id"])? {
        return Ok(absent);
    }
    let text = format!(
        "SELECT {{top}} {{traveller.traveller_id}}, {{traveller.travel_id}}, {{traveller.dbTag|''}} FROM {{traveller}}
         WHERE {{=traveller.traveller_id}} > ?1 AND {{=traveller.travel_id}} >= {SATELLITE}
         ORDER BY {{=traveller.traveller_id}} {{limit}}"
    );
    find_rows(ground, findings, &text, &[], |row| {
        let number = row.integer(1) / SATELLITE;
        evidence(
            format!("table/traveller/{}", row.integer(0)),
            format!("satellite {number} with the database `{}`", row.text(2)),
        )
    })
}

fn defined_satellite(ground: &mut Ground<'_>, findings: &mut Findings<'_>) -> Result<Looked> {
    if let Some(absent) = ground.lacks(&["satellite.satellite_id"])? {
        return Ok(absent);
    }
    // Active ones are known by their number, or by the area that they were made for.
    let (mut numbers, mut areas) = (BTreeSet::new(), BTreeSet::new());
    if ground.lacks(&["traveller.traveller_id", "traveller.travel_id"])?.is_none() {
        let text = format!(
            "SELECT {{top}} {{traveller.traveller_id}}, {{traveller.travel_id}}, {{traveller.area_id|0}} FROM {{traveller}}
             WHERE {{=traveller.traveller_id}} > ?1 AND {{=traveller.travel_id}} >= {SATELLITE}
             ORDER BY {{=traveller.traveller_id}} {{limit}}"
        );
        sweep(ground.database, &text, &[], |row| {
            numbers.insert(row.integer(1) / SATELLITE);
            areas.insert(row.integer(2));
            Ok(())
        })?;
    }
    let text = "SELECT {top} {satellite.satellite_id}, {satellite.area_id|0}, {satellite.DSN|''} FROM {satellite}
                WHERE {=satellite.satellite_id} > ?1 ORDER BY {=satellite.satellite_id} {limit}";
    sweep(ground.database, text, &[], |row| {
        let (id, area) = (row.integer(0), row.integer(1));
        if numbers.contains(&id) || (area != 0 && areas.contains(&area)) {
            return Ok(());
        }
        findings.add(format!("table/satellite/{id}"), format!("defined with the data source `{}`", row.text(2)))
    })?;
    Ok(Looked::Yes)
}

fn unfinished_homecoming(ground: &mut Ground<'_>, findings: &mut Findings<'_>) -> Result<Looked> {
    let catalogue = ground.database.catalogue()?;
    for table in catalogue.tables() {
        // A key with a name that no query can ask for is not the vendor's, and no traveller has it.
        let Some(key) = key_of(table).filter(|key| [*key, &table.name].iter().all(|name| Query::can_name(name))) else {
            continue;
        };
        let name = &table.name;
        // The largest key is the end of an index: this costs nothing where nothing is.
        let largest = ground.database.number(&Query::new(format!("SELECT max({{={name}.{key}}}) FROM {{{name}}}")))?;
        if largest < TEMPORARY {
            continue;
        }
        let text = format!(
            "SELECT {{top}} {{{name}.{key}}} FROM {{{name}}}
             WHERE {{={name}.{key}}} > ?1 AND {{={name}.{key}}} >= {TEMPORARY} ORDER BY {{={name}.{key}}} {{limit}}"
        );
        sweep(ground.database, &text, &[], |row| {
            let id = row.integer(0);
            findings.add(format!("table/{name}/{id}"), format!("the key {id:#X} of `{name}` is a traveller's"))
        })?;
    }
    Ok(Looked::Yes)
}

fn leftover(ground: &mut Ground<'_>, findings: &mut Findings<'_>) -> Result<Looked> {
    if let Some(absent) = ground.lacks(&["travelidmapping", "traveller"])? {
        return Ok(absent);
    }
    let mapped = ground.database.number(&Query::new("SELECT count(*) FROM {travelidmapping}"))?;
    let travelling = ground.database.number(&Query::new("SELECT count(*) FROM {traveller}"))?;
    if mapped > 0 && travelling == 0 {
        findings.add("table/travelidmapping", format!("{mapped} keys are mapped"))?;
    }
    Ok(Looked::Yes)
}

#[cfg(test)]
mod tests {
    use crate::checks::testing::Site;

    const TABLES: [&str; 6] = ["travelcurrent", "traveller", "satellite", "travelidmapping", "associate", "contact"];
    const HOME: &str = "INSERT INTO travelcurrent (travelcurrent_id, systemlevel, current_id) VALUES (1, 10, 0);
        INSERT INTO associate (associate_id, name) VALUES (7, 'LM'); INSERT INTO contact (contact_id) VALUES (50331659)";

    #[test]
    fn a_central_database_with_everybody_at_home_is_clean() {
        let site = Site::new(&TABLES, HOME);
        for check in super::CHECKS {
            site.is_clean(check.id);
        }
    }

    #[test]
    fn travellers_and_satellites_are_told_apart() {
        let site = Site::new(
            &TABLES,
            &format!(
                "{HOME}; INSERT INTO traveller (traveller_id, travel_id, dbTag) VALUES (1, 7, 'T7'), (2, 33554432, 'S2'), (3, 0, 'X');
                 INSERT INTO satellite (satellite_id, DSN) VALUES (2, 'Branch'), (3, 'Never')"
            ),
        );
        site.finds("database.traveller", &["user/7", "table/traveller/3"]);
        site.finds("database.active-satellite", &["table/traveller/2"]);
        site.finds("database.defined-satellite", &["table/satellite/3"]);
        assert!(site.look("database.traveller").all[0].text.contains("`LM`"));
    }

    #[test]
    fn another_level_or_another_number_of_rows_is_not_central() {
        Site::new(&TABLES, "").finds("database.not-central", &["table/travelcurrent"]);
        let travel = "INSERT INTO travelcurrent (travelcurrent_id, systemlevel, current_id) VALUES (4, 8, 7)";
        Site::new(&TABLES, travel).finds("database.not-central", &["table/travelcurrent/4"]);
    }

    #[test]
    fn temporary_keys_and_forgotten_mappings_are_found() {
        let site = Site::new(
            &TABLES,
            "INSERT INTO contact (contact_id) VALUES (5), (2113929217); INSERT INTO travelidmapping (travelidmapping_id) VALUES (1)",
        );
        site.finds("database.unfinished-homecoming", &["table/contact/2113929217"]);
        site.finds("database.travel-leftover", &["table/travelidmapping"]);
    }

    #[test]
    fn a_version_without_these_tables_has_nothing_to_look_at() {
        let site = Site::new(&["contact"], "CREATE TABLE traveller (traveller_id int)");
        site.is_not_here("database.not-central", "`travelcurrent`");
        site.is_not_here("database.traveller", "`travel_id`");
        site.is_not_here("database.active-satellite", "`travel_id`");
        site.is_not_here("database.defined-satellite", "`satellite`");
        site.is_not_here("database.travel-leftover", "`travelidmapping`");
        site.is_clean("database.unfinished-homecoming");
    }
}
