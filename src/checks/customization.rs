//! What the customer or a partner has built, and what becomes of it online (`domain.md` 1.6).

use super::address::is_on_site;
use super::sweep::{evidence, find_rows, sweep};
use super::{Check, Findings, Ground, Looked, Severity, Subject};
use crate::Result;
use crate::onsite::database::Query;
use crate::sample::schema;
use std::collections::HashSet;

/// The checks of this file.
pub(super) static CHECKS: &[Check] = &[
    Check {
        id: "installation.client-program",
        subject: Subject::Installation,
        severity: Severity::Warning,
        title: "external applications start a program on the user's computer",
        why: "online there is only the web client, which cannot start programs",
        todo: "ask who uses them, and whether a web panel or an app can take their place",
        look: client_program,
    },
    Check {
        id: "installation.intranet-panel",
        subject: Subject::Installation,
        severity: Severity::Warning,
        title: "web panels show pages from inside the house",
        why: "a page of `file://`, of a short host name or of a private network is not reached from the online server, and the browser refuses it inside a secure page",
        todo: "give the pages a public https address, or remove the panels",
        look: intranet_panel,
    },
    Check {
        id: "installation.sdk-table",
        subject: Subject::Installation,
        severity: Severity::Warning,
        title: "tables that were made with the dictionary SDK",
        why: "such tables and their rows are not taken over; extra tables of Customer Service are",
        todo: "save what somebody needs, or have the partner move it into extra tables",
        look: sdk_table,
    },
    Check {
        id: "installation.foreign-application",
        subject: Subject::Installation,
        severity: Severity::Note,
        title: "other applications keep their keys in this database",
        why: "an integration that works with the database directly, or with programs of the server, does not work online",
        todo: "ask the owner of each whether it uses the web services",
        look: foreign_application,
    },
    Check {
        id: "installation.erp-connection",
        subject: Subject::Installation,
        severity: Severity::Note,
        title: "connections to ERP systems",
        why: "they come over and work, if the connector can be reached from the internet",
        todo: "see to an address that the online server reaches, and test each connection",
        look: erp_connection,
    },
];

fn client_program(ground: &mut Ground<'_>, findings: &mut Findings<'_>) -> Result<Looked> {
    if let Some(absent) = ground.lacks(&["ExtApp.ExtApp_id", "ExtApp.filename"])? {
        return Ok(absent);
    }
    let text = "SELECT {top} {ExtApp.ExtApp_id}, {ExtApp.name|''}, {ExtApp.filename} FROM {ExtApp}
                WHERE {=ExtApp.ExtApp_id} > ?1 AND {=ExtApp.deleted|0} = 0 AND LTRIM(RTRIM({=ExtApp.filename})) <> ''
                  AND {=ExtApp.filename} NOT LIKE '%://%'
                ORDER BY {=ExtApp.ExtApp_id} {limit}";
    find_rows(ground, findings, text, &[], |row| {
        let (name, file) = (row.text(1), row.text(2));
        evidence(format!("table/ExtApp/{}", row.integer(0)), format!("`{name}` starts `{file}`"))
    })
}

fn intranet_panel(ground: &mut Ground<'_>, findings: &mut Findings<'_>) -> Result<Looked> {
    if let Some(absent) = ground.lacks(&["ExtApp.ExtApp_id"])? {
        return Ok(absent);
    }
    let text =
        "SELECT {top} {ExtApp.ExtApp_id}, {ExtApp.name|''}, {ExtApp.url1|''}, {ExtApp.url2|''}, {ExtApp.filename|''}
                FROM {ExtApp} WHERE {=ExtApp.ExtApp_id} > ?1 AND {=ExtApp.deleted|0} = 0
                ORDER BY {=ExtApp.ExtApp_id} {limit}";
    sweep(ground.database, text, &[], |row| {
        // A file name that is no address is a program, which is another trouble.
        let (url, other, file) = (row.text(2), row.text(3), row.text(4));
        let file = if file.contains("://") { file } else { String::new() };
        let Some(address) = [url, other, file].into_iter().find(|text| is_on_site(text)) else { return Ok(()) };
        let place = address.split(['?', '#']).next().unwrap_or_default();
        findings.add(format!("table/ExtApp/{}", row.integer(0)), format!("`{}` shows `{place}`", row.text(1)))
    })?;
    Ok(Looked::Yes)
}

fn sdk_table(ground: &mut Ground<'_>, findings: &mut Findings<'_>) -> Result<Looked> {
    if let Some(absent) = ground.lacks(&["sequence.TableName"])? {
        return Ok(absent);
    }
    for name in undocumented(ground, true)? {
        let rows = ground.database.number(&Query::new(format!("SELECT count(*) FROM {{{name}}}")))?;
        findings.add(format!("table/{name}"), format!("`{name}` with {rows} rows"))?;
    }
    Ok(Looked::Yes)
}

/// The tables that the vendor's pages do not have and that are no extra tables: those in the dictionary, or the others.
pub(super) fn undocumented(ground: &mut Ground<'_>, in_dictionary: bool) -> Result<Vec<String>> {
    let catalogue = ground.database.catalogue()?;
    let mut known: HashSet<String> = schema::names().map(str::to_ascii_lowercase).collect();
    if ground.lacks(&["extra_tables.id", "extra_tables.table_name"])?.is_none() {
        let text = "SELECT {top} {extra_tables.id}, {extra_tables.table_name} FROM {extra_tables}
                    WHERE {=extra_tables.id} > ?1 ORDER BY {=extra_tables.id} {limit}";
        sweep(ground.database, text, &[], |row| {
            known.insert(row.text(1).to_ascii_lowercase());
            Ok(())
        })?;
    }
    let mut dictionary = HashSet::new();
    let text = "SELECT {top} {sequence.id}, {sequence.TableName} FROM {sequence}
                WHERE {=sequence.id} > ?1 ORDER BY {=sequence.id} {limit}";
    sweep(ground.database, text, &[], |row| {
        dictionary.insert(row.text(1).to_ascii_lowercase());
        Ok(())
    })?;
    let strange = |name: &str| {
        let name = name.to_ascii_lowercase();
        // `y_` begins the names of extra tables, `sys` those of the server's own.
        let ours = known.contains(&name) || name.starts_with("y_") || name.starts_with("sys");
        !ours && dictionary.contains(&name) == in_dictionary && !name.contains(['.', '|', '{', '}', '='])
    };
    Ok(catalogue.tables().map(|table| &table.name).filter(|name| strange(name)).cloned().collect())
}

fn foreign_application(ground: &mut Ground<'_>, findings: &mut Findings<'_>) -> Result<Looked> {
    if let Some(absent) = ground.lacks(&["foreignapp.foreignapp_id", "foreignapp.name"])? {
        return Ok(absent);
    }
    let text = "SELECT {top} {foreignapp.foreignapp_id}, {foreignapp.name} FROM {foreignapp}
                WHERE {=foreignapp.foreignapp_id} > ?1 ORDER BY {=foreignapp.foreignapp_id} {limit}";
    find_rows(ground, findings, text, &[], |row| {
        evidence(format!("table/foreignapp/{}", row.integer(0)), format!("`{}` keeps keys", row.text(1)))
    })
}

fn erp_connection(ground: &mut Ground<'_>, findings: &mut Findings<'_>) -> Result<Looked> {
    if let Some(absent) = ground.lacks(&["ErpConnection.erpconnection_id"])? {
        return Ok(absent);
    }
    let text = "SELECT {top} {ErpConnection.erpconnection_id}, {ErpConnection.DisplayName|''} FROM {ErpConnection}
                WHERE {=ErpConnection.erpconnection_id} > ?1 AND {=ErpConnection.Deleted|0} = 0
                ORDER BY {=ErpConnection.erpconnection_id} {limit}";
    find_rows(ground, findings, text, &[], |row| {
        evidence(format!("table/ErpConnection/{}", row.integer(0)), format!("the connection `{}`", row.text(1)))
    })
}

#[cfg(test)]
mod tests {
    use crate::checks::testing::Site;

    const TABLES: [&str; 5] = ["ExtApp", "sequence", "extra_tables", "foreignapp", "ErpConnection"];

    #[test]
    fn an_installation_as_the_vendor_made_it_is_clean() {
        let site = Site::new(
            &TABLES,
            "CREATE TABLE y_car (id int); CREATE TABLE named (id int); INSERT INTO extra_tables (id, table_name) VALUES (1, 'named');
             INSERT INTO ExtApp (ExtApp_id, name, url1) VALUES (1, 'News', 'https://example.com/news');
             INSERT INTO ExtApp (ExtApp_id, filename, deleted) VALUES (2, 'old.exe', 1);
             INSERT INTO sequence (id, TableName) VALUES (1, 'y_car')",
        );
        for check in super::CHECKS {
            site.is_clean(check.id);
        }
    }

    #[test]
    fn what_does_not_work_online_is_found() {
        let site = Site::new(
            &TABLES,
            r"INSERT INTO ExtApp (ExtApp_id, name, filename) VALUES (1, 'Calculator', 'C:\Windows\calc.exe');
              INSERT INTO ExtApp (ExtApp_id, name, url1) VALUES (2, 'Orders', 'http://intranet/orders?key=sesame'), (3, 'Map', 'file:///C:/map.html');
              CREATE TABLE Partner (Partner_id int); INSERT INTO Partner VALUES (1);
              INSERT INTO sequence (id, TableName) VALUES (1, 'PARTNER');
              INSERT INTO foreignapp (foreignapp_id, name) VALUES (4, 'Outlook');
              INSERT INTO ErpConnection (erpconnection_id, DisplayName) VALUES (5, 'Axapta')",
        );
        site.finds("installation.client-program", &["table/ExtApp/1"]);
        site.finds("installation.intranet-panel", &["table/ExtApp/2", "table/ExtApp/3"]);
        assert!(!site.look("installation.intranet-panel").all[0].text.contains("sesame"));
        site.finds("installation.sdk-table", &["table/Partner"]);
        site.is_clean("database.foreign-table");
        site.finds("installation.foreign-application", &["table/foreignapp/4"]);
        site.finds("installation.erp-connection", &["table/ErpConnection/5"]);
    }

    #[test]
    fn a_version_without_these_tables_has_nothing_to_look_at() {
        let site = Site::new(&["contact"], "SELECT 1");
        for check in super::CHECKS {
            site.is_not_here(check.id, "there is no table");
        }
    }
}
