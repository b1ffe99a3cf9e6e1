//! The checks of users against samples: a clean one, the planted troubles, and all others.

use super::*;
use crate::config::Config;
use crate::onsite::Installation;
use crate::onsite::database::Database;
use crate::sample::{FaultSelection, Planted, SampleOptions, write};
use crate::tenant::protocol::{DatabaseKind, Limits, Plan, TenantInfo, TenantState};
use std::collections::BTreeSet;

/// A sample with faults, and what its checks find: id of the check, item.
struct Site {
    folder: tempfile::TempDir,
}

impl Site {
    fn new(faults: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let faults = FaultSelection::parse(faults).unwrap();
        let options =
            SampleOptions { documents: 200, median_size: 256, faults, ..SampleOptions::new(folder.path().join("S")) };
        write(&options, &mut |_| {}).unwrap();
        Self { folder }
    }

    fn change(&self, sql: &str) {
        let database = rusqlite::Connection::open(self.folder.path().join("S/crm.db")).unwrap();
        database.execute_batch(sql).unwrap();
    }

    fn planted(&self) -> BTreeSet<(String, String)> {
        let list = std::fs::read(self.folder.path().join("S/faults.json")).unwrap();
        let planted: Vec<Planted> = serde_json::from_slice(&list).unwrap();
        planted.into_iter().map(|one| (one.expect, format!("user/{}", one.id.unwrap()))).collect()
    }

    fn found(&self, tenant: Option<&TenantInfo>) -> BTreeSet<(String, String)> {
        let config = Config::load_with(&self.folder.path().join("S/omt.toml"), []).unwrap();
        let installation = Installation::find(&config).unwrap();
        let mut database: Box<dyn Database> = installation.connect().unwrap();
        let mut ground =
            Ground { config: &config, installation: &installation, database: &mut *database, tenant, people: None };
        let mut all = BTreeSet::new();
        for check in CHECKS {
            let mut export = |evidence: &crate::checks::Evidence| {
                assert!(!evidence.text.is_empty());
                assert!(all.insert((check.id.to_owned(), evidence.item.clone())), "{} twice", evidence.item);
                Ok(())
            };
            (check.look)(&mut ground, &mut Findings::new(&mut export)).unwrap();
        }
        all
    }
}

fn tenant(quantity: u32) -> TenantInfo {
    TenantInfo {
        customer: "Cust10001".into(),
        company: "x".into(),
        serial: "1".into(),
        state: TenantState::MigrationPending,
        plans: vec![Plan { name: "SalesPREM".into(), quantity }],
        taken_names: vec![],
        mail_domain: "x".into(),
        limits: Limits::default(),
        database: DatabaseKind::default(),
        receipt_key: None,
    }
}

#[test]
fn a_clean_installation_has_nothing_to_say() {
    let site = Site::new("");
    assert_eq!(site.found(None), BTreeSet::new());
    assert_eq!(site.found(Some(&tenant(500))), BTreeSet::new());
}

#[test]
fn every_planted_trouble_is_found_and_no_other() {
    let site = Site::new("people");
    let planted = site.planted();
    assert_eq!(planted.len(), 6);
    assert_eq!(site.found(None), planted);
}

#[test]
fn every_other_trouble_is_found_where_it_is() {
    let site = Site::new("");
    // Users 4 and 7 are ordinary, 6 has retired; the customers' persons have larger ids.
    site.change(
        "UPDATE Email SET bounceCount = 3 WHERE person_id = 4 AND rank = 1;
         UPDATE Email SET email_address = (SELECT upper(email_address) FROM Email WHERE person_id = 7 AND rank = 1)
           WHERE email_id = (SELECT max(email_id) FROM Email);
         INSERT INTO LicenseAssocLink (LicenseAssocLink_id, moduleLicenseId, assocId) VALUES (90001, 1, 6);
         UPDATE associate SET name = lower((SELECT name FROM associate WHERE associate_id = 8)) WHERE associate_id = 9;
         UPDATE associate SET person_id = 999999 WHERE associate_id = 10;
         UPDATE associate SET person_id = 12 WHERE associate_id = 13;
         INSERT INTO LicenseAssocLink (LicenseAssocLink_id, moduleLicenseId, assocId)
           SELECT 90002, 6, associate_id FROM associate WHERE type = 7;
         DELETE FROM FunctionRightRoleLink;",
    );
    let found = site.found(Some(&tenant(3)));
    let expected = [
        ("people.bouncing-address", "user/4"),
        ("people.address-elsewhere", "user/7"),
        ("people.retired-plan", "user/6"),
        ("people.login-twice", "user/9"),
        ("people.no-person", "user/10"),
        ("people.no-address", "user/10"),
        ("people.several-accounts", "user/13"),
        ("people.no-administrator", "table/associate"),
        ("people.too-few-plans", "tenant/plans"),
    ];
    let mut expected: BTreeSet<_> = expected.map(|(id, item)| (id.to_owned(), item.to_owned())).into();
    let anonymous = found.iter().find(|(id, _)| id == "people.external-licence").cloned();
    expected.extend(anonymous.clone());
    assert!(anonymous.is_some());
    assert_eq!(found, expected);
}

#[test]
fn ids_are_of_this_subject_and_unique() {
    let ids: BTreeSet<_> = CHECKS.iter().map(|check| check.id).collect();
    assert_eq!(ids.len(), CHECKS.len());
    assert!(ids.iter().all(|id| id.starts_with("people.")));
    for id in ["duplicate-address", "no-address", "invalid-address", "no-plan", "no-role", "external-user"] {
        assert!(ids.contains(format!("people.{id}").as_str()));
    }
}
