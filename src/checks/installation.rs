//! Whose installation it is, and whether it is new enough.

use super::sweep::{evidence, find_rows, moment};
use super::{Check, Findings, Ground, Looked, Severity, Subject};
use crate::Result;
use crate::onsite::database::Query;
use crate::onsite::{Number, Version};

/// Dates before this one stand for "none"; licences without an end have the year 9999.
const NO_DATE: &str = "1900-01-01 00:00:00";

/// The checks of this file.
pub(super) static CHECKS: &[Check] = &[
    Check {
        id: "installation.version",
        subject: Subject::Installation,
        severity: Severity::Blocker,
        title: "the installation is older than version 7.1",
        why: "older databases have other tables; the vendor's migration begins with 7.1",
        todo: "upgrade the installation first",
        look: version,
    },
    Check {
        id: "installation.licence-identity",
        subject: Subject::Installation,
        severity: Severity::Blocker,
        title: "the database does not say whose it is",
        why: "a migration is bound to company name and serial number; without them it cannot be told from another one",
        todo: "activate the licence again, so that the table `company` has one row with owner and serial number",
        look: licence_identity,
    },
    Check {
        id: "installation.licence-expired",
        subject: Subject::Installation,
        severity: Severity::Warning,
        title: "the licence has run out",
        why: "users cannot log in any more when the days of grace are over, also while the migration is prepared",
        todo: "have the licence renewed; do not change company name or serial number with it",
        look: licence_expired,
    },
];

fn version(ground: &mut Ground<'_>, findings: &mut Findings<'_>) -> Result<Looked> {
    let version = Version::detect(ground.database)?;
    match version.meets(Number::FLOOR) {
        Some(true) => {}
        Some(false) => {
            let sources: Vec<&str> = version.evidence.iter().map(|piece| piece.source.as_str()).collect();
            findings.add("installation/version", sources.join("; "))?;
        }
        None => return Ok(Looked::NotHere("nothing in this database tells its version".into())),
    }
    Ok(Looked::Yes)
}

fn licence_identity(ground: &mut Ground<'_>, findings: &mut Findings<'_>) -> Result<Looked> {
    if let Some(absent) = ground.lacks(&["company.company_id", "company.ownerContactName", "company.serialNo"])? {
        return Ok(absent);
    }
    let text = "SELECT {top} {company.company_id}, {company.ownerContactName}, {company.serialNo} FROM {company}
                ORDER BY {=company.company_id} {limit}";
    let rows = ground.database.rows(&Query::new(text).limit(10))?;
    if rows.len() != 1 {
        findings.add("table/company", format!("`company` must have one row and has {}", rows.len()))?;
    }
    for row in &rows {
        for (column, name) in [(1, "ownerContactName"), (2, "serialNo")] {
            if row.text(column).trim().is_empty() {
                findings.add(format!("table/company/{}", row.integer(0)), format!("`company.{name}` is empty"))?;
            }
        }
    }
    Ok(Looked::Yes)
}

fn licence_expired(ground: &mut Ground<'_>, findings: &mut Findings<'_>) -> Result<Looked> {
    if let Some(absent) = ground.lacks(&["ModuleOwner.ModuleOwner_id", "ModuleOwner.expiration"])? {
        return Ok(absent);
    }
    let dialect = ground.database.dialect();
    let now = moment(dialect, &crate::clock::now().format("%F 00:00:00").to_string());
    let text = "SELECT {top} {ModuleOwner.ModuleOwner_id}, {ModuleOwner.ownerName|''}, {ModuleOwner.expiration}
                FROM {ModuleOwner} WHERE {=ModuleOwner.ModuleOwner_id} > ?1
                  AND {=ModuleOwner.expiration} > ?2 AND {=ModuleOwner.expiration} < ?3
                ORDER BY {=ModuleOwner.ModuleOwner_id} {limit}";
    find_rows(ground, findings, text, &[&moment(dialect, NO_DATE), &now], |row| {
        evidence(
            format!("table/ModuleOwner/{}", row.integer(0)),
            format!("the licence of `{}` ended on {}", row.text(1), row.moment(2).date()),
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checks::testing::Site;

    const TABLES: [&str; 4] = ["ProductVersion", "config", "company", "ModuleOwner"];

    #[test]
    fn a_licensed_installation_of_a_known_version_is_clean() {
        let site = Site::new(
            &TABLES,
            "INSERT INTO ProductVersion (ProductVersion_id, ownerName, version) VALUES (1, 'SuperOffice', 'US'), (2, 'SuperOffice', '7.1.4507');
             INSERT INTO company (company_id, ownerContactName, serialNo) VALUES (1, 'Nordlys', '123');
             INSERT INTO ModuleOwner (ModuleOwner_id, expiration) VALUES (1, '9999-12-31 00:00:00'), (2, '1760-01-01 00:00:00')",
        );
        for check in CHECKS {
            site.is_clean(check.id);
        }
    }

    #[test]
    fn an_old_version_is_found_whatever_partners_have_installed() {
        let site = Site::new(
            &TABLES,
            "INSERT INTO ProductVersion (ProductVersion_id, ownerName, version) VALUES (1, 'SuperOffice', '6.2'), (2, 'Partner', '9.0');
             INSERT INTO config (id, version) VALUES (1, '7.0.2')",
        );
        site.finds("installation.version", &["installation/version"]);
        Site::new(&["company"], "SELECT 1").is_not_here("installation.version", "tells its version");
        Site::new(&["DatabaseModel"], "SELECT 1").is_clean("installation.version");
    }

    #[test]
    fn a_company_without_name_or_number_and_an_old_licence_are_found() {
        let site = Site::new(
            &TABLES,
            "INSERT INTO company (company_id, ownerContactName, serialNo) VALUES (1, 'Nordlys', ' '), (2, 'x', '1');
             INSERT INTO ModuleOwner (ModuleOwner_id, expiration) VALUES (1, '2019-12-31 00:00:00')",
        );
        site.finds("installation.licence-identity", &["table/company", "table/company/1"]);
        site.finds("installation.licence-expired", &["table/ModuleOwner/1"]);
        Site::new(&TABLES, "SELECT 1").finds("installation.licence-identity", &["table/company"]);
        let site = Site::new(&["contact"], "CREATE TABLE company (company_id int)");
        site.is_not_here("installation.licence-identity", "`ownerContactName`");
        site.is_not_here("installation.licence-expired", "`ModuleOwner`");
    }
}
