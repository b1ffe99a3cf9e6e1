//! Passwords, tokens and keys that lie in tables (`domain.md` 2.8). They are counted, never read.

use super::{Check, Findings, Ground, Looked, Severity, Subject};
use crate::Result;
use crate::onsite::database::Query;

/// Where secrets lie: table, the columns that the condition needs, the condition, what they are.
const PLACES: [(&str, &[&str], &str, &str); 11] = [
    ("Credentials", &["secret"], "{=Credentials.secret} <> ''", "passwords and tickets of users"),
    ("mail_in_filter", &["pop_password"], "{=mail_in_filter.pop_password} <> ''", "passwords of mailboxes"),
    ("service_auth", &["password"], "{=service_auth.password} <> ''", "passwords of mail accounts"),
    ("ejuser", &["password"], "{=ejuser.password} <> ''", "passwords of Customer Service users"),
    (
        "registry",
        &["reg_id", "value"],
        "{=registry.value} <> '' AND ({=registry.reg_id} IN (242, 243) OR LOWER({=registry.name|''}) LIKE '%password%')",
        "keys of system users and passwords of services",
    ),
    ("BinaryObjectLink", &["linkType"], "{=BinaryObjectLink.linkType} IN (11, 12)", "access and refresh tokens"),
    (
        "ConnectionConfigField",
        &["FieldValue"],
        "{=ConnectionConfigField.FieldValue} <> ''",
        "settings of ERP and quote connections",
    ),
    ("QuoteConnection", &["ExtraData"], "{=QuoteConnection.ExtraData} <> ''", "settings of quote connections"),
    (
        "travelcurrent",
        &["adminLogin"],
        "{=travelcurrent.adminLogin} <> ''",
        "the log-in of the database's administrator",
    ),
    ("Webhook", &["secret"], "{=Webhook.secret} <> ''", "secrets that sign webhooks"),
    ("ext_datasource", &["password"], "{=ext_datasource.password} <> ''", "passwords of outside databases"),
];

/// The check of this file.
pub(super) static CHECKS: &[Check] = &[Check {
    id: "database.secrets",
    subject: Subject::Database,
    severity: Severity::Note,
    title: "secrets lie in tables",
    why: "they travel with the database; passwords of users do not work online, those of mailboxes and connections would",
    todo: "change passwords that were shared with others, and delete those of services that nobody uses",
    look: secrets,
}];

fn secrets(ground: &mut Ground<'_>, findings: &mut Findings<'_>) -> Result<Looked> {
    let catalogue = ground.database.catalogue()?;
    let mut looked = Looked::NotHere("none of the tables in question is in this database".into());
    for (table, columns, condition, what) in PLACES {
        if columns.iter().any(|column| catalogue.column(table, column).is_none()) {
            continue;
        }
        looked = Looked::Yes;
        let count =
            ground.database.number(&Query::new(format!("SELECT count(*) FROM {{{table}}} WHERE {condition}")))?;
        if count > 0 {
            findings.add(format!("table/{table}"), format!("{what}: {count}"))?;
        }
    }
    Ok(looked)
}

#[cfg(test)]
mod tests {
    use crate::checks::testing::Site;

    #[test]
    fn secrets_are_counted_and_not_shown() {
        let site = Site::new(
            &["Credentials", "mail_in_filter", "registry", "BinaryObjectLink"],
            "INSERT INTO Credentials (Credentials_id, secret) VALUES (1, 'sesame'), (2, '');
             INSERT INTO mail_in_filter (id, pop_password) VALUES (1, NULL);
             INSERT INTO registry (id, reg_id, name, value) VALUES (1, 242, 'key', 'sesame'), (2, 9, 'SmsPassword', 'sesame'), (3, 253, 'x', '1');
             INSERT INTO BinaryObjectLink (BinaryObjectLink_id, linkType) VALUES (1, 12), (2, 1)",
        );
        site.finds("database.secrets", &["table/Credentials", "table/registry", "table/BinaryObjectLink"]);
        let said = site.look("database.secrets").all;
        let counts: Vec<char> = said.iter().filter_map(|evidence| evidence.text.chars().last()).collect();
        assert_eq!(counts, ['1', '2', '1']);
        assert!(!format!("{said:?}").contains("sesame"));
    }

    #[test]
    fn no_secret_is_no_finding() {
        Site::new(&["Credentials"], "SELECT 1").is_clean("database.secrets");
        Site::new(&["contact"], "SELECT 1").is_not_here("database.secrets", "none of the tables");
    }
}
