//! Freezing and putting back, over the tables of SQLite.

use super::*;
use crate::checks::testing::Site;
use crate::onsite::changes::outstanding;
use crate::onsite::take_back::{keep, left_over, take_back_all};

const SEQUENCE: &str =
    "INSERT INTO sequence (id, next_id, TableName, TableNumber) VALUES (163, 40, 'SystemEvent', 153);
    INSERT INTO SystemEvent (SystemEvent_id, scope, eventkey) VALUES (39, 1, 'kSEFreetextRebuild')";

fn site(sql: &str) -> Site {
    let mut site = Site::new(&["SystemEvent", "sequence"], sql);
    std::fs::create_dir(site.path("Service")).unwrap();
    std::fs::write(site.path("Service/config"), "dbHost = x\r\nnsUser = y").unwrap();
    site.installation = Installation::find(&site.config).unwrap();
    site
}

fn ledger(site: &Site) -> Ledger {
    Ledger::open(&site.path("ledger.db")).unwrap()
}

fn sql(site: &Site, text: &str) {
    rusqlite::Connection::open(site.path("crm.db")).unwrap().execute_batch(text).unwrap();
}

fn rows(site: &Site) -> (i64, i64) {
    let database = rusqlite::Connection::open(site.path("crm.db")).unwrap();
    let number = |sql| database.query_row(sql, [], |row| row.get(0)).unwrap();
    (number("SELECT count(*) FROM SystemEvent"), number("SELECT coalesce(max(next_id), 0) FROM sequence"))
}

fn print(site: &Site) -> Fingerprint {
    Fingerprint::take(&site.installation, &mut *site.installation.connect().unwrap()).unwrap()
}

#[test]
fn everything_is_put_back_exactly_and_the_fingerprint_proves_it() {
    for (text, rows_then, rows_now) in [(SEQUENCE, (1, 40), (2, 41)), ("SELECT 1", (0, 0), (1, 0))] {
        let site = site(text);
        let ledger = ledger(&site);
        let before = print(&site);
        assert_eq!(rows(&site), rows_then);
        let frozen = freeze(&ledger, &site.installation, &site.config.freeze).unwrap();
        assert!(frozen.event && frozen.files.len() == 1 && frozen.open.is_empty(), "{frozen:?}");
        assert_eq!(rows(&site), rows_now);
        assert_eq!(print(&site).difference(&before).len(), 2);
        let restored = take_back_all(&ledger, &site.config, false).unwrap().unwrap();
        assert_eq!((restored.is_complete(), restored.is_same(), restored.changes.len()), (true, Some(true), 2));
        assert_eq!((print(&site), rows(&site)), (before, rows_then));
        assert_eq!(take_back_all(&ledger, &site.config, true).unwrap(), None);
    }
}

#[test]
fn what_was_frozen_before_stays_frozen() {
    let site = site(SEQUENCE);
    std::fs::write(site.path("Service/config"), "dbHost = x\nFrozen\n").unwrap();
    sql(&site, "INSERT INTO SystemEvent (SystemEvent_id, scope, eventkey) VALUES (38, 1, 'NoLogin')");
    let ledger = ledger(&site);
    let before = print(&site);
    let frozen = freeze(&ledger, &site.installation, &site.config.freeze).unwrap();
    assert_eq!((frozen.files.len(), frozen.event, frozen.already.len()), (0, false, 2));
    assert_eq!(take_back_all(&ledger, &site.config, true).unwrap(), None);
    assert_eq!(print(&site), before);
}

#[test]
fn a_freeze_that_was_kept_is_taken_back_only_by_a_person() {
    let site = site(SEQUENCE);
    let ledger = ledger(&site);
    freeze(&ledger, &site.installation, &site.config.freeze).unwrap();
    assert_eq!(left_over(&ledger.reader().unwrap()).unwrap().len(), 2);
    keep(&ledger).unwrap();
    assert_eq!(left_over(&ledger.reader().unwrap()).unwrap(), []);
    assert_eq!(take_back_all(&ledger, &site.config, false).unwrap(), None);
    assert_eq!(take_back_all(&ledger, &site.config, true).unwrap().unwrap().is_same(), Some(true));
}

#[test]
fn numbers_that_others_took_and_edits_of_others_stay_and_are_told() {
    let site = site(SEQUENCE);
    let ledger = ledger(&site);
    freeze(&ledger, &site.installation, &site.config.freeze).unwrap();
    sql(
        &site,
        "UPDATE sequence SET next_id = 43; INSERT INTO SystemEvent (SystemEvent_id, eventkey) VALUES (41, 'other')",
    );
    std::fs::write(site.path("Service/config"), "frozen\ndbHost = y\n").unwrap();
    let restored = take_back_all(&ledger, &site.config, false).unwrap().unwrap();
    assert_eq!((restored.is_complete(), restored.is_same(), restored.difference().len()), (true, Some(false), 2));
    assert_eq!(rows(&site), (2, 43));
    assert_eq!(std::fs::read(site.path("Service/config")).unwrap(), b"dbHost = y\n");
    assert!(restored.changes[0].how.as_ref().unwrap().contains("stay taken"), "{restored:?}");
    assert!(restored.changes[1].how.as_ref().unwrap().contains("only the word"), "{restored:?}");
}

#[test]
fn a_database_that_refuses_is_told_with_what_to_do_and_one_that_keeps_the_event_stays_known() {
    let site = site(SEQUENCE);
    let ledger = ledger(&site);
    let before = print(&site);
    sql(&site, "CREATE TRIGGER no BEFORE INSERT ON SystemEvent BEGIN SELECT RAISE(ABORT, 'no'); END");
    let error = freeze(&ledger, &site.installation, &site.config.freeze).unwrap_err();
    assert_eq!(error.code(), Code::FreezeRefused);
    assert!(error.hint_text().unwrap().contains("freeze.database = false"));
    let restored = take_back_all(&ledger, &site.config, false).unwrap().unwrap();
    assert_eq!((restored.is_complete(), print(&site)), (true, before.clone()));

    sql(&site, "DROP TRIGGER no; CREATE TRIGGER no BEFORE DELETE ON SystemEvent BEGIN SELECT RAISE(ABORT, 'no'); END");
    freeze(&ledger, &site.installation, &site.config.freeze).unwrap();
    let restored = take_back_all(&ledger, &site.config, false).unwrap().unwrap();
    assert_eq!((restored.is_complete(), restored.is_same()), (false, Some(false)));
    assert_eq!(restored.must_be_complete().unwrap_err().code(), Code::FreezeStuck);
    // The word did not wait for the event.
    assert_eq!(outstanding(&ledger.reader().unwrap()).unwrap().len(), 1);
    sql(&site, "DROP TRIGGER no");
    assert_eq!(take_back_all(&ledger, &site.config, false).unwrap().unwrap().is_same(), Some(true));
    assert_eq!(print(&site), before);
}

#[test]
fn a_number_that_somebody_else_takes_first_is_left_to_them() {
    let site = site(SEQUENCE);
    let mut pen = pen(&site.installation, &site.config.freeze).unwrap();
    let mut entered = Vec::new();
    let set = event::set(
        &mut *pen,
        "NoLogin",
        1,
        "",
        |plan| {
            // Between the plan and the number.
            if entered.is_empty() {
                sql(&site, "UPDATE sequence SET next_id = 55");
            }
            entered.push(plan.id);
            Ok(plan.id)
        },
        |_| Ok(()),
    );
    assert_eq!((set.unwrap(), entered), (Some(55), vec![40, 55]));
    assert_eq!(rows(&site), (2, 56));
}
