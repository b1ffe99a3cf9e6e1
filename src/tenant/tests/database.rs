//! The customer's database at the tenant: all of it, proven, or none of it.

use super::*;
use crate::item::Kind;
use crate::tables::part::{Part, PartWriter};
use crate::tables::{Cell, ColumnType, KeyRange, ShapeColumn, TableShape, TableSum};
use crate::tenant::protocol::{DatabaseManifest, DatabaseState, LeftBehind, ManifestPart, ManifestTable};
use std::sync::Arc;

fn column(name: &str, declared: &str, key: u32) -> ShapeColumn {
    let (name, declared) = (name.into(), declared.into());
    ShapeColumn { name, declared, kind: ColumnType::Dynamic, nullable: key == 0, key, masked: false }
}

fn shape(name: &str) -> TableShape {
    TableShape { name: name.into(), columns: vec![column("id", "integer", 1), column("name", "nvarchar(20)", 0)] }
}

fn part(name: &str, ids: std::ops::Range<i64>, range: KeyRange) -> (Part, Vec<u8>) {
    let mut writer = PartWriter::new(&Arc::new(shape(name)), 1, Vec::new()).unwrap();
    ids.for_each(|id| writer.push(&[Cell::Integer(id), Cell::Text(format!("n{id}").into_bytes())]).unwrap());
    writer.finish(range).unwrap()
}

fn at(id: i64) -> Vec<Cell> {
    vec![Cell::Integer(id)]
}

/// Lands two parts of `contact` as items 1 and 2, and gives their manifest.
async fn landed(tenant: &Running) -> DatabaseManifest {
    let parts = [
        part("contact", 1..11, KeyRange { after: None, until: Some(at(10)) }),
        part("contact", 11..21, KeyRange { after: Some(at(10)), until: None }),
    ];
    let bytes: Vec<&[u8]> = parts.iter().map(|(_, bytes)| bytes.as_slice()).collect();
    tenant.put(&pack_of(&bytes)).await;
    let mut table = ManifestTable { shape: shape("contact"), sum: TableSum::default(), parts: Vec::new() };
    let mut entries = Vec::new();
    for (number, (part, bytes)) in (1..).zip(&parts) {
        let item = Key::new(Kind::Part, number);
        let path = format!("database/contact/{number}.parquet");
        entries.push(Entry { item, path, ..entry(number, bytes) });
        table.sum += part.head.sum;
        let (range, sum) = (part.head.range.clone(), part.head.sum);
        table.parts.push(ManifestPart { item, blake3: part.name, range, sum });
    }
    assert_eq!(findings(&tenant.items(&entries, true).await), [Finding::Verified; 2]);
    let left = LeftBehind {
        table: "Credentials".into(),
        column: None,
        reason: "secret".into(),
        why: "it holds secrets".into(),
        shape: Some(shape("Credentials")),
    };
    DatabaseManifest { tables: vec![table], left: vec![left], rung: "plain".into() }
}

fn put(tenant: &Running, manifest: &DatabaseManifest) -> RequestBuilder {
    tenant.of(Method::PUT, "/database").json(manifest)
}

fn rows(world: &World) -> i64 {
    let file = world.place().catalogue.join("Cust10001.crm.db");
    let database = rusqlite::Connection::open(file).unwrap();
    let empty: i64 = database.query_row("SELECT count(*) FROM Credentials", [], |row| row.get(0)).unwrap();
    assert_eq!(empty, 0);
    database.query_row("SELECT count(*) FROM contact", [], |row| row.get(0)).unwrap()
}

#[test]
fn a_database_is_built_proven_and_still_there_after_a_restart() {
    let world = World::new();
    let mut tenant = world.serve();
    let manifest = run(async {
        tenant.open(Mode::Test).await;
        assert_eq!(good::<DatabaseState>(tenant.of(Method::GET, "/database")).await, DatabaseState::Absent);
        let manifest = landed(&tenant).await;
        let state: DatabaseState = good(put(&tenant, &manifest)).await;
        let DatabaseState::Proven {
            manifest: digest, tables: 1, rows: 20, sums, mode: Mode::Test, people: None, ..
        } = state
        else {
            panic!("{state:?}")
        };
        assert_eq!((digest, sums["contact"]), (manifest.digest(), manifest.tables[0].sum));
        manifest
    });
    assert_eq!(rows(&world), 20);
    tenant.stop();
    let mut tenant = world.serve();
    run(async {
        tenant.open(Mode::Test).await;
        let held: Option<DatabaseManifest> = good(tenant.of(Method::GET, "/database/manifest")).await;
        assert_eq!(held.as_ref(), Some(&manifest));
        let state: DatabaseState = good(tenant.of(Method::GET, "/database")).await;
        assert!(matches!(state, DatabaseState::Proven { .. }), "{state:?}");
        let totals = tenant.page().await.entries.iter().map(|held| held.entry.size).sum();
        let commit = |database| tenant.of(Method::POST, "/commit").json(&Commit { items: 2, bytes: totals, database });
        assert_eq!(bad(commit(Some(Digest::of(b"another")))).await.0, 409);
        let _: Committed = good(commit(Some(manifest.digest()))).await;
    });
    tenant.stop();
}

#[test]
fn a_manifest_that_cannot_be_is_refused_and_what_is_wrong_is_never_in_place() {
    let world = World::new();
    let mut tenant = world.serve();
    run(async {
        tenant.open(Mode::Test).await;
        let manifest = landed(&tenant).await;
        let refused: [fn(&mut DatabaseManifest); 5] = [
            |manifest| manifest.tables[0].sum.rows += 1,
            |manifest| manifest.tables.push(manifest.tables[0].clone()),
            |manifest| manifest.tables[0].parts[1].item = manifest.tables[0].parts[0].item,
            |manifest| manifest.tables[0].parts[0].item = Key::new(Kind::Document, 1),
            |manifest| manifest.tables[0].shape.columns.clear(),
        ];
        for change in refused {
            let mut changed = manifest.clone();
            change(&mut changed);
            let (status, text) = bad(put(&tenant, &changed)).await;
            assert_eq!(status, 409, "{text}");
        }
        let failed: [fn(&mut DatabaseManifest); 4] = [
            |manifest| manifest.tables[0].parts[0].item = Key::new(Kind::Part, 9),
            |manifest| manifest.tables[0].parts[0].blake3 = Digest::of(b"another"),
            |manifest| manifest.tables[0].parts[0].range.until = Some(at(11)),
            |manifest| manifest.tables[0].shape.columns[1].name = "title".into(),
        ];
        for change in failed {
            let mut changed = manifest.clone();
            change(&mut changed);
            let state: DatabaseState = good(put(&tenant, &changed)).await;
            let DatabaseState::Failed { why } = state else { panic!("{state:?}") };
            assert!(why.contains("part/") && why.contains("contact"), "{why}");
            assert!(!world.place().catalogue.join("Cust10001.crm.db").exists());
            let commit = Commit { items: 2, bytes: 0, database: Some(changed.digest()) };
            assert_eq!(bad(tenant.of(Method::POST, "/commit").json(&commit)).await.0, 409);
        }
        let state: DatabaseState = good(put(&tenant, &manifest)).await;
        assert!(matches!(state, DatabaseState::Proven { .. }), "{state:?}");
    });
    assert_eq!(rows(&world), 20);
    tenant.stop();
}
