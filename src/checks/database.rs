//! The state of the CRM database: keys, dates, its own lists of tables, and rows that somebody changed by hand.

use super::sweep::{evidence, find_rows, key_of, moment, sweep};
use super::{Check, Findings, Ground, Looked, Severity, Subject};
use crate::Result;
use crate::onsite::changes::Change;
use crate::onsite::database::Query;
use crate::onsite::take_back::outstanding_at;

/// Up to here keys are the central database's own; satellites have those above (`domain.md` 2.1).
const CENTRAL_KEYS: i64 = 0x0100_0000;
/// From here on keys are temporary ones of travellers.
const TEMPORARY_KEYS: i64 = 0x7E00_0000;
/// The tables whose rows the migration names by their keys.
const NAMED: [(&str, &str); 10] = [
    ("document", "document_id"),
    ("appointment", "appointment_id"),
    ("DocTmpl", "DocTmpl_id"),
    ("attachment", "id"),
    ("associate", "associate_id"),
    ("person", "person_id"),
    ("contact", "contact_id"),
    ("Email", "email_id"),
    ("ticket", "id"),
    ("ej_message", "id"),
];
/// Tables whose rows carry a checksum of the vendor's that decides who may log in and what they may do.
const SIGNED: [(&str, &str); 9] = [
    ("company", "company_id"),
    ("associate", "associate_id"),
    ("Role", "Role_id"),
    ("FunctionRight", "FunctionRight_id"),
    ("FunctionRightRoleLink", "FunctionRightRoleLink_id"),
    ("UserRoleLink", "UserRoleLink_id"),
    ("ModuleOwner", "ModuleOwner_id"),
    ("ModuleLicense", "ModuleLicense_id"),
    ("LicenseAssocLink", "LicenseAssocLink_id"),
];

/// The checks of this file.
pub(super) static CHECKS: &[Check] = &[
    Check {
        id: "database.sentry-addon-names",
        subject: Subject::Database,
        severity: Severity::Blocker,
        title: "preferences mention SentryAddonNames",
        why: "the vendor's tool does not leave its first screen while such a preference exists; sentry plug-ins do not exist online",
        todo: "delete these rows of `UserPreference`, or the preference in the administration",
        look: sentry_addon_names,
    },
    Check {
        id: "database.model-table-absent",
        subject: Subject::Database,
        severity: Severity::Blocker,
        title: "the database model lists a table that is not there",
        why: "the vendor's migration reads table by table as the model says, and ends with `Invalid object name`",
        todo: "have the table removed from the model (an old dictionary step of a partner solution), or create it anew",
        look: model_table_absent,
    },
    Check {
        id: "database.sequence-behind",
        subject: Subject::Database,
        severity: Severity::Error,
        title: "the next key of a table is already taken",
        why: "keys are given out by the table `sequence`: the next row that is registered there fails or takes the place of another",
        todo: "set `next_id` to one more than the largest key of the table",
        look: sequence_behind,
    },
    Check {
        id: "database.duplicate-key",
        subject: Subject::Database,
        severity: Severity::Error,
        title: "a key is there twice, or is empty",
        why: "such rows cannot be told apart, and a page that begins after a key may leave one of them out",
        todo: "correct or delete the rows, then restore the unique index of the table",
        look: duplicate_key,
    },
    Check {
        id: "database.date-out-of-range",
        subject: Subject::Database,
        severity: Severity::Warning,
        title: "documents were registered at an impossible time",
        why: "the date decides the half-year folder: the file is looked for in other places and found later, or not at all",
        todo: "correct `document.registered`, or have the files found by their names",
        look: date_out_of_range,
    },
    Check {
        id: "database.unsigned-row",
        subject: Subject::Database,
        severity: Severity::Warning,
        title: "rows that carry a checksum have none",
        why: "the vendor's programs treat a user, role, right or licence that was written by plain SQL as not there",
        todo: "register them anew in the administration",
        look: unsigned_row,
    },
    Check {
        id: "database.no-login",
        subject: Subject::Database,
        severity: Severity::Warning,
        title: "a system event already keeps users out",
        why: "a live migration sets such an event: this may be left over from an earlier one, and is no sign that users are out now",
        todo: "remove it in the administration, unless it is meant to be there; one of omt is ended by `omt unfreeze`",
        look: no_login,
    },
    Check {
        id: "database.foreign-table",
        subject: Subject::Database,
        severity: Severity::Note,
        title: "tables that the database's own dictionary does not know",
        why: "somebody made them beside the CRM system; they are not part of it and have no place online",
        todo: "tell their owner; save them if somebody needs them",
        look: foreign_table,
    },
];

fn sentry_addon_names(ground: &mut Ground<'_>, findings: &mut Findings<'_>) -> Result<Looked> {
    if let Some(absent) = ground.lacks(&["UserPreference.prefkey", "UserPreference.prefvalue"])? {
        return Ok(absent);
    }
    // The value may be long, and is nobody's business but for the word in it.
    let text = "SELECT {top} {UserPreference.userpreference_id}, {UserPreference.prefsection}, {UserPreference.prefkey}
                FROM {UserPreference} WHERE {=UserPreference.userpreference_id} > ?1
                  AND (LOWER({=UserPreference.prefkey}) LIKE '%sentryaddonnames%'
                    OR LOWER({=UserPreference.prefvalue}) LIKE '%sentryaddonnames%')
                ORDER BY {=UserPreference.userpreference_id} {limit}";
    find_rows(ground, findings, text, &[], |row| {
        evidence(
            format!("table/UserPreference/{}", row.integer(0)),
            format!("the preference `{}/{}` mentions it", row.text(1), row.text(2)),
        )
    })
}

/// The tables that the model lists; `Err` says why it cannot be read.
fn model(ground: &mut Ground<'_>) -> Result<Result<Vec<String>, Looked>> {
    if let Some(absent) = ground.lacks(&["DatabaseModel.ModelData"])? {
        return Ok(Err(absent));
    }
    let text = "SELECT {top} {DatabaseModel.ModelData} FROM {DatabaseModel}
                ORDER BY {=DatabaseModel.databasemodel_id} DESC {limit}";
    let rows = ground.database.rows(&Query::new(text).limit(1))?;
    let bytes = rows.first().map_or(&[][..], |row| row.bytes(0));
    let reason = if bytes.is_empty() {
        "`DatabaseModel` is empty"
    } else {
        "the model is compressed in a way that is not public"
    };
    Ok(serde_json::from_slice(bytes).map_err(|_| Looked::NotHere(reason.into())))
}

fn model_table_absent(ground: &mut Ground<'_>, findings: &mut Findings<'_>) -> Result<Looked> {
    let names = match model(ground)? {
        Ok(names) => names,
        Err(looked) => return Ok(looked),
    };
    let catalogue = ground.database.catalogue()?;
    for name in names.iter().filter(|name| catalogue.table(name).is_none()) {
        findings.add(format!("table/{name}"), format!("the model lists `{name}`, which does not exist"))?;
    }
    Ok(Looked::Yes)
}

fn sequence_behind(ground: &mut Ground<'_>, findings: &mut Findings<'_>) -> Result<Looked> {
    if let Some(absent) = ground.lacks(&["sequence.next_id", "sequence.TableName"])? {
        return Ok(absent);
    }
    let catalogue = ground.database.catalogue()?;
    let text = "SELECT {top} {sequence.id}, {sequence.next_id}, {sequence.TableName} FROM {sequence}
                WHERE {=sequence.id} > ?1 ORDER BY {=sequence.id} {limit}";
    let mut lines = Vec::new();
    sweep(ground.database, text, &[], |row| {
        lines.push((row.integer(0), row.integer(1), row.text(2)));
        Ok(())
    })?;
    for (id, next, name) in lines {
        let Some(table) = catalogue.table(&name) else { continue };
        let Some(key) = key_of(table) else { continue };
        // Rows that came from satellites keep their high keys, which the sequence of the central database never reaches.
        let end = if next <= CENTRAL_KEYS { CENTRAL_KEYS } else { TEMPORARY_KEYS };
        let name = &table.name;
        let query = format!("SELECT max({{={name}.{key}}}) FROM {{{name}}} WHERE {{={name}.{key}}} < {end}");
        let largest = ground.database.number(&Query::new(query))?;
        if next <= largest {
            findings.add(
                format!("table/sequence/{id}"),
                format!("the next key of `{name}` is {next}, but {largest} is taken already"),
            )?;
        }
    }
    Ok(Looked::Yes)
}

fn duplicate_key(ground: &mut Ground<'_>, findings: &mut Findings<'_>) -> Result<Looked> {
    let catalogue = ground.database.catalogue()?;
    for (name, key) in NAMED {
        let Some(table) = catalogue.table(name) else { continue };
        let Some(column) = table.column(key) else { continue };
        let sole = table.columns.iter().filter(|column| column.key > 0).count() == 1;
        if column.key > 0 && sole {
            // The database itself sees to it.
            continue;
        }
        let empty = ground
            .database
            .number(&Query::new(format!("SELECT count(*) FROM {{{name}}} WHERE {{={name}.{key}}} IS NULL")))?;
        if empty > 0 {
            findings.add(format!("table/{name}"), format!("{empty} rows of `{name}` have no key"))?;
        }
        let text = format!(
            "SELECT {{top}} {{={name}.{key}}}, count(*) FROM {{{name}}} WHERE {{={name}.{key}}} > ?1
             GROUP BY {{={name}.{key}}} HAVING count(*) > 1 ORDER BY {{={name}.{key}}} {{limit}}"
        );
        sweep(ground.database, &text, &[], |row| {
            let (id, times) = (row.integer(0), row.integer(1));
            findings.add(format!("table/{name}/{id}"), format!("the key {id} of `{name}` is there {times} times"))
        })?;
    }
    Ok(Looked::Yes)
}

fn date_out_of_range(ground: &mut Ground<'_>, findings: &mut Findings<'_>) -> Result<Looked> {
    if let Some(absent) = ground.lacks(&["document.document_id", "document.registered"])? {
        return Ok(absent);
    }
    // Two days of grace for clocks and time zones.
    let end = (crate::clock::now() + chrono::Duration::days(2)).format("%F 00:00:00").to_string();
    let dialect = ground.database.dialect();
    let (first, end) = (moment(dialect, "1985-01-01 00:00:00"), moment(dialect, &end));
    let text = "SELECT {top} {document.document_id}, {document.registered} FROM {document}
                WHERE {=document.document_id} > ?1 AND ({=document.registered} IS NULL
                  OR {=document.registered} < ?2 OR {=document.registered} > ?3)
                ORDER BY {=document.document_id} {limit}";
    find_rows(ground, findings, text, &[&first, &end], |row| {
        let registered = row.moment(1).format("%F %T");
        evidence(format!("document/{}", row.integer(0)), format!("registered at {registered}"))
    })
}

fn unsigned_row(ground: &mut Ground<'_>, findings: &mut Findings<'_>) -> Result<Looked> {
    let catalogue = ground.database.catalogue()?;
    let mut looked = Looked::NotHere("no table has a column `encryptedCheck` in this database".into());
    for (name, key) in SIGNED {
        if catalogue.column(name, "encryptedCheck").is_none() || catalogue.column(name, key).is_none() {
            continue;
        }
        looked = Looked::Yes;
        let text = format!(
            "SELECT {{top}} {{{name}.{key}}} FROM {{{name}}} WHERE {{={name}.{key}}} > ?1
               AND ({{={name}.encryptedCheck}} IS NULL OR LTRIM(RTRIM({{={name}.encryptedCheck}})) = '')
             ORDER BY {{={name}.{key}}} {{limit}}"
        );
        sweep(ground.database, &text, &[], |row| {
            let id = row.integer(0);
            findings.add(format!("table/{name}/{id}"), format!("`{name}` {id} has an empty `encryptedCheck`"))
        })?;
    }
    Ok(looked)
}

fn no_login(ground: &mut Ground<'_>, findings: &mut Findings<'_>) -> Result<Looked> {
    if let Some(absent) = ground.lacks(&["SystemEvent.SystemEvent_id", "SystemEvent.eventkey"])? {
        return Ok(absent);
    }
    let text =
        "SELECT {top} {SystemEvent.SystemEvent_id}, {SystemEvent.eventkey}, {SystemEvent.scope|0} FROM {SystemEvent}
                WHERE {=SystemEvent.SystemEvent_id} > ?1 AND LOWER({=SystemEvent.eventkey}) LIKE '%nologin%'
                ORDER BY {=SystemEvent.SystemEvent_id} {limit}";
    let outstanding = outstanding_at(&ground.config.migration.ledger);
    find_rows(ground, findings, text, &[], |row| {
        let (id, key) = (row.integer(0), row.text(1));
        let ours = |change: &Change| matches!(change, Change::NoLogin(event) if event.id == id && event.key == key);
        let ours = outstanding.iter().any(|one| ours(&one.change));
        let whose = if ours { "; omt has set it: `omt unfreeze` deletes it" } else { "" };
        let text = format!("the event `{key}` with scope {}{whose}", row.integer(2));
        evidence(format!("table/SystemEvent/{id}"), text)
    })
}

fn foreign_table(ground: &mut Ground<'_>, findings: &mut Findings<'_>) -> Result<Looked> {
    if let Some(absent) = ground.lacks(&["sequence.TableName"])? {
        return Ok(absent);
    }
    for name in super::customization::undocumented(ground, false)? {
        findings.add(format!("table/{name}"), format!("`{name}` is not in the dictionary"))?;
    }
    Ok(Looked::Yes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checks::testing::Site;

    const TABLES: [&str; 8] =
        ["UserPreference", "DatabaseModel", "sequence", "document", "contact", "company", "associate", "SystemEvent"];
    const CLEAN: &str = "INSERT INTO contact (contact_id) VALUES (1), (9), (50331659);
        INSERT INTO sequence (id, next_id, TableName) VALUES (15, 10, 'contact'), (16, 1, 'nowhere');
        INSERT INTO DatabaseModel (databasemodel_id, ModelData) VALUES (1, CAST('[\"contact\"]' AS BLOB));
        INSERT INTO document (document_id, registered) VALUES (1, '2020-02-03 04:05:06');
        INSERT INTO company (company_id) VALUES (1); INSERT INTO associate (associate_id) VALUES (1);
        INSERT INTO UserPreference (userpreference_id, prefkey, prefvalue) VALUES (1, 'Language', 'no');
        INSERT INTO SystemEvent (SystemEvent_id, eventkey) VALUES (1, 'kSEFreetextRebuild')";

    #[test]
    fn a_database_as_it_should_be_is_clean() {
        let site = Site::new(&TABLES, CLEAN);
        for check in CHECKS {
            site.is_clean(check.id);
        }
    }

    #[test]
    fn each_trouble_is_found_with_its_row() {
        let site = Site::new(
            &TABLES,
            &format!(
                "{CLEAN};
                 INSERT INTO UserPreference (userpreference_id, prefkey, prefvalue)
                   VALUES (2, 'SENTRYADDONNAMES', ''), (3, 'x', 'a;SentryAddonNames=1');
                 UPDATE DatabaseModel SET ModelData = CAST('[\"contact\",\"Gone\"]' AS BLOB);
                 UPDATE sequence SET next_id = 9 WHERE id = 15;
                 INSERT INTO document (document_id, registered) VALUES (2, '1760-01-01 00:00:00'), (3, '9999-12-31 00:00:00');
                 UPDATE associate SET encryptedCheck = ' ';
                 INSERT INTO SystemEvent (SystemEvent_id, eventkey) VALUES (2, 'kSENoLogin');
                 CREATE TABLE Somebodys (x int)"
            ),
        );
        site.finds("database.sentry-addon-names", &["table/UserPreference/2", "table/UserPreference/3"]);
        site.finds("database.model-table-absent", &["table/Gone"]);
        site.finds("database.sequence-behind", &["table/sequence/15"]);
        site.finds("database.date-out-of-range", &["document/2", "document/3"]);
        site.finds("database.unsigned-row", &["table/associate/1"]);
        site.finds("database.no-login", &["table/SystemEvent/2"]);
        site.finds("database.foreign-table", &["table/Somebodys"]);
        site.is_clean("database.duplicate-key");
    }

    #[test]
    fn keys_are_only_counted_where_the_database_does_not_see_to_them() {
        let site = Site::new(
            &["contact"],
            "CREATE TABLE person (person_id int); INSERT INTO person VALUES (1), (2), (2), (NULL), (NULL)",
        );
        site.finds("database.duplicate-key", &["table/person", "table/person/2"]);
        assert!(site.look("database.duplicate-key").all[0].text.starts_with("2 rows"));
    }

    #[test]
    fn what_is_not_there_or_cannot_be_read_is_said() {
        let site = Site::new(
            &["contact", "DatabaseModel"],
            "INSERT INTO DatabaseModel (databasemodel_id, ModelData) VALUES (1, x'1f8b0800')",
        );
        site.is_not_here("database.model-table-absent", "compressed");
        for (id, reason) in [
            ("database.sentry-addon-names", "UserPreference"),
            ("database.sequence-behind", "sequence"),
            ("database.date-out-of-range", "document"),
            ("database.unsigned-row", "encryptedCheck"),
            ("database.no-login", "SystemEvent"),
            ("database.foreign-table", "sequence"),
        ] {
            site.is_not_here(id, reason);
        }
        Site::new(&["DatabaseModel"], "SELECT 1").is_not_here("database.model-table-absent", "empty");
    }
}
