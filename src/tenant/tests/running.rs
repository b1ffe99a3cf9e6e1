//! A running tenant keeps what it holds: late items come in, and nothing else changes.

use super::*;
use crate::receipt::Receipt;

/// A tenant that accepted `document/1` live; gives the entry.
async fn accepted(tenant: &mut Running) -> Entry {
    tenant.open(Mode::Live).await;
    let first = entry(1, b"first");
    tenant.put(&pack_of(&[b"first"])).await;
    assert_eq!(findings(&tenant.items(std::slice::from_ref(&first), true).await), [Finding::Verified]);
    assert_eq!(tenant.commit(1, 5).await.unwrap().state, TenantState::Running);
    first
}

async fn receipt(tenant: &Running) -> Receipt {
    let response = tenant.of(Method::GET, "/receipt").send().await.unwrap();
    assert_eq!(response.status(), StatusCode::OK);
    Receipt::open(&response.bytes().await.unwrap()).unwrap()
}

#[test]
fn late_items_come_in_and_make_another_receipt() {
    let world = World::new();
    let mut tenant = world.serve();
    run(async {
        tenant.open(Mode::Live).await;
        assert_eq!(bad(tenant.of(Method::GET, "/receipt")).await.0, 404);
        accepted(&mut tenant).await;
        let before = receipt(&tenant).await;
        // The same call again is the same acceptance.
        tenant.commit(1, 5).await.unwrap();
        assert_eq!(receipt(&tenant).await, before);
        tenant.open(Mode::Live).await;
        tenant.put(&pack_of(&[b"late!!"])).await;
        assert_eq!(findings(&tenant.items(&[entry(2, b"late!!")], true).await), [Finding::Verified]);
        tenant.commit(2, 11).await.unwrap();
        let after = receipt(&tenant).await;
        assert_eq!((after.statement.number, after.statement.before), (2, Some(before.digest)));
        assert_eq!((after.statement.items.count, after.key), (2, before.key));
        assert_ne!(after.statement.merkle.root, before.statement.merkle.root);
        let info: TenantInfo = good(tenant.call(Method::GET, "/v1/tenant")).await;
        assert_eq!(info.receipt_key, Some(after.key.to_string()));
    });
    tenant.stop();
}

#[test]
fn nothing_is_taken_away_or_replaced() {
    let world = World::new();
    let mut tenant = world.serve();
    run(async {
        let first = accepted(&mut tenant).await;
        tenant.open(Mode::Live).await;
        tenant.put(&pack_of(&[b"other"])).await;
        let verdicts = tenant.items(&[entry(1, b"other")], true).await;
        assert_eq!(findings(&verdicts), [Finding::Refused]);
        assert!(verdicts[0].detail.contains("late documents"), "{verdicts:?}");
        // What it holds already is no change.
        assert_eq!(findings(&tenant.items(&[first], true).await), [Finding::Verified]);
        let part = Entry { item: Key::new(Kind::Part, 1), ..entry(1, b"other") };
        assert_eq!(findings(&tenant.items(&[part], true).await), [Finding::Refused]);
        let gone = Items { withdrawn: vec![Key::new(Kind::Document, 1)], ..Items::default() };
        assert_eq!(bad(tenant.of(Method::POST, "/items").json(&gone)).await, (409, "tenant.refused".into()));
        let lost = Items { absent: vec![absent(1)], ..Items::default() };
        assert_eq!(bad(tenant.of(Method::POST, "/items").json(&lost)).await, (409, "tenant.refused".into()));
        let manifest = DatabaseManifest { rung: "plain".into(), ..DatabaseManifest::default() };
        assert_eq!(bad(tenant.of(Method::PUT, "/database").json(&manifest)).await, (409, "tenant.refused".into()));
        // Of what it never had, anything may be said.
        let never = Items { absent: vec![absent(9)], ..Items::default() };
        good::<Verdicts>(tenant.of(Method::POST, "/items").json(&never)).await;
        tenant.commit(1, 5).await.unwrap();
    });
    tenant.stop();
}

fn absent(id: u32) -> Absent {
    Absent { item: Key::new(Kind::Document, id), outcome: Outcome::Missing }
}

#[test]
fn a_damaged_key_is_not_replaced_in_silence() {
    let world = World::new();
    let mut tenant = world.serve();
    run(async {
        accepted(&mut tenant).await;
        std::fs::write(world.path().join(&world.customer).join("receipt.key"), b"no key").unwrap();
        assert_eq!(bad(tenant.call(Method::GET, "/v1/tenant")).await.0, 503);
        tenant.put(&pack_of(&[b"late!!"])).await;
        tenant.items(&[entry(2, b"late!!")], true).await;
        assert!(tenant.commit(2, 11).await.is_err());
        // What was stated stays.
        assert_eq!(receipt(&tenant).await.statement.number, 1);
    });
    tenant.stop();
}
