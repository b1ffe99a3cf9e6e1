//! The checks about mail, over samples with and without troubles.

use super::*;
use crate::config::Config;
use crate::onsite::Installation;
use crate::sample::{FaultSelection, Planted, SampleOptions, SampleSummary, write};
use rusqlite::Connection;
use std::collections::BTreeMap;
use tempfile::TempDir;

/// A sample with these faults, changed by these statements.
fn sample(faults: &str, changes: &str) -> (TempDir, SampleSummary) {
    let folder = tempfile::tempdir().unwrap();
    let faults = FaultSelection::parse(faults).unwrap();
    let options =
        SampleOptions { documents: 200, median_size: 500, faults, ..SampleOptions::new(folder.path().join("S")) };
    let summary = write(&options, &mut |_| {}).unwrap();
    Connection::open(folder.path().join("S/crm.db")).unwrap().execute_batch(changes).unwrap();
    (folder, summary)
}

/// What each check finds: items by id, for those that find something.
fn found(summary: &SampleSummary) -> BTreeMap<&'static str, Vec<String>> {
    let config = Config::load_with(&summary.config, []).unwrap();
    let installation = Installation::find(&config).unwrap();
    let mut database = installation.connect().unwrap();
    let mut found = BTreeMap::new();
    for check in CHECKS {
        let mut items = Vec::new();
        let mut export = |evidence: &crate::checks::Evidence| {
            items.push(evidence.item.clone());
            Ok(())
        };
        let mut findings = Findings::new(&mut export);
        let mut ground = Ground {
            config: &config,
            installation: &installation,
            database: &mut *database,
            tenant: None,
            people: None,
        };
        assert_eq!((check.look)(&mut ground, &mut findings).unwrap(), Looked::Yes, "{}", check.id);
        if !items.is_empty() {
            found.insert(check.id, items);
        }
    }
    found
}

#[test]
fn each_planted_fault_is_found_and_nothing_else() {
    let (_folder, summary) = sample("all", "");
    let planted: Vec<Planted> = serde_json::from_slice(&std::fs::read(&summary.fault_list).unwrap()).unwrap();
    let mut expected: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for fault in planted.into_iter().filter(|fault| fault.expect.starts_with("mail.")) {
        expected.entry(fault.expect).or_default().push(format!("mailbox/{}", fault.id.unwrap()));
    }
    let found: BTreeMap<String, Vec<String>> =
        found(&summary).into_iter().map(|(id, items)| (id.to_owned(), items)).collect();
    assert_eq!((found.len(), &found), (5, &expected));
}

#[test]
fn a_clean_sample_is_clean() {
    let (_folder, summary) = sample("", "");
    assert!(found(&summary).is_empty());
}

#[test]
fn what_the_sample_does_not_plant_is_found_too() {
    let (_folder, summary) = sample(
        "",
        "UPDATE mail_in_filter SET server_type = 3 WHERE id = 1;
         UPDATE mail_in_filter SET server_type = 77 WHERE id = 2;
         UPDATE mail_in_filter SET last_success = '2024-01-01 10:00:00', last_try = '2024-03-01 10:00:00' WHERE id = 3;
         UPDATE mail_in_filter SET num_seq_failures = 12 WHERE id = 2;
         UPDATE mail_alias SET alias = (SELECT address FROM mail_in_filter WHERE id = 3) WHERE id = 1;
         UPDATE config SET smtp_host = 'EXCHANGE01', panic_mail = 'root@localhost';
         INSERT INTO s_smtp_servers SELECT 1, 1, '10.1.2.3', 25 UNION SELECT 2, 1, '10.1.2.3', 25
             UNION SELECT 3, 1, 'smtp.provider.example', 25;
         INSERT INTO MailingDomains (mailingdomains_id, name) VALUES (1, 'news.example');
         INSERT INTO email_account (email_account_id, email_address) VALUES (9, 'a@b.example');",
    );
    let found = found(&summary);
    let items = |id: &str| found.get(id).map(|items| items.join(" ")).unwrap_or_default();
    assert_eq!(items("mail.type-not-online"), "mailbox/1 mailbox/2");
    assert_eq!(items("mail.failing-mailbox"), "mailbox/2 mailbox/3");
    assert_eq!(items("mail.alias-is-mailbox"), "mailbox/1");
    assert_eq!(items("mail.internal-smtp"), "setting/smtp_host smtp-server/1");
    assert_eq!(items("mail.sender-without-domain"), "setting/panic_mail");
    assert_eq!(items("mail.personal-mailbox"), "email-account/9");
    assert!(items("mail.several-domains").contains("domain/news.example"));
    assert_eq!(found.len(), 7, "{found:?}");
}

#[test]
fn without_customer_service_there_is_nothing_to_look_at() {
    let tables = ["mail_in_filter", "mail_alias", "config", "email_account", "s_shipment", "MailingDomains"];
    let drop: String = tables.map(|table| format!("DROP TABLE \"{table}\";")).concat();
    let (_folder, summary) = sample("", &drop);
    let config = Config::load_with(&summary.config, []).unwrap();
    let installation = Installation::find(&config).unwrap();
    let mut database = installation.connect().unwrap();
    for check in CHECKS {
        let mut export = |_: &crate::checks::Evidence| Ok(());
        let mut ground = Ground {
            config: &config,
            installation: &installation,
            database: &mut *database,
            tenant: None,
            people: None,
        };
        let looked = (check.look)(&mut ground, &mut Findings::new(&mut export)).unwrap();
        assert!(matches!(looked, Looked::NotHere(_)), "{}", check.id);
    }
}

#[test]
fn hosts_inside_of_a_network_are_told_from_others() {
    for host in ["mail", "exchange01.corp", "10.0.0.5", "192.168.1.2", "127.0.0.1", "[fd00::1]", "smtp.firma.local."] {
        assert!(is_internal(host), "{host}");
    }
    for host in ["", "smtp.office365.com", "198.51.100.7", "mail.superoffice.com"] {
        assert!(!is_internal(host), "{host}");
    }
}
