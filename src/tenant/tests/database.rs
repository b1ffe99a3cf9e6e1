//! The customer's database at the tenant: all of it, proven, or none of it.

use super::*;
use crate::Result;
use crate::item::Kind;
use crate::onsite::database::Database;
use crate::tables::adjust::{Adjusted, Adjustments};
use crate::tables::import::{GiveLarge, Import, Proof, SqliteImport};
use crate::tables::part::{Part, PartWriter, TableRows};
use crate::tables::{Cell, ColumnType, KeyRange, ShapeColumn, TableShape, TableSum};
use crate::tenant::database::{Built, build};
use crate::tenant::protocol::{DatabaseManifest, DatabaseState, LeftBehind, ManifestPart, ManifestTable};
use crate::tenant::restore;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
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

/// An import of a bad tenant: it changes its file when all parts are in it, before it is proven.
struct Dishonest {
    honest: Box<SqliteImport>,
    folder: PathBuf,
    harm: String,
}

impl Dishonest {
    fn begin(folder: &Path, harm: &str) -> Box<dyn Import> {
        let honest = Box::new(SqliteImport::begin(&folder.join("crm.db")).unwrap());
        Box::new(Self { honest, folder: folder.to_owned(), harm: harm.to_owned() })
    }
}

impl Import for Dishonest {
    fn tables(&mut self, shapes: &[Arc<TableShape>]) -> Result<()> {
        self.honest.tables(shapes)
    }

    fn part(&mut self, part: Vec<TableRows>, large: &mut GiveLarge<'_>) -> Result<()> {
        self.honest.part(part, large)
    }

    fn prove(&mut self, expected: &BTreeMap<String, TableSum>) -> Result<Vec<Proof>> {
        // Whoever reads the file finds all tables in it.
        drop(self.honest.database()?);
        let file = std::fs::read_dir(&self.folder).unwrap().next().unwrap().unwrap().path();
        rusqlite::Connection::open(file).unwrap().execute_batch(&self.harm).unwrap();
        self.honest.prove(expected)
    }

    fn database(&mut self) -> Result<Box<dyn Database>> {
        self.honest.database()
    }

    fn adjust(&mut self, adjustments: &Adjustments) -> Result<Vec<Adjusted>> {
        self.honest.adjust(adjustments)
    }

    fn finish(self: Box<Self>) -> Result<()> {
        self.honest.finish()
    }
}

/// Builds what was landed, as a bad tenant does.
fn dishonest(world: &World, manifest: &DatabaseManifest, harm: &str) -> (String, String, Vec<String>) {
    let tenant = restore::open(&world.place(), &world.customer).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let built = build(&tenant, manifest, Dishonest::begin(folder.path(), harm), &mut |_, _| true);
    assert!(!folder.path().join("crm.db").exists());
    match built.unwrap() {
        Built::Different { table, what, rows } => (table, what, rows),
        Built::Ready(..) => panic!("`{harm}` was not found"),
        Built::Failed { why, .. } => panic!("{why}"),
        Built::Stopped => panic!("nobody stopped it"),
    }
}

#[test]
fn a_tenant_that_changes_rows_between_import_and_proof_is_found_and_the_rows_are_named() {
    let world = World::new();
    let mut tenant = world.serve();
    let manifest = run(async {
        tenant.open(Mode::Test).await;
        landed(&tenant).await
    });
    tenant.stop();
    for (harm, row) in [
        ("DELETE FROM contact WHERE id = 10", "contact(id=10) missing"),
        ("INSERT INTO contact SELECT 21, name FROM contact WHERE id = 20", "contact(id=21) extra"),
        ("INSERT INTO contact SELECT 0, name FROM contact WHERE id = 1", "contact(id=0) extra"),
        ("UPDATE contact SET name = 'n-3' WHERE id = 3", "contact(id=3) changed"),
        ("UPDATE contact SET name = id WHERE id = 11", "contact(id=11) changed"),
        ("UPDATE contact SET name = CAST(name AS BLOB) WHERE id = 1", "contact(id=1) changed"),
    ] {
        let (table, what, rows) = dishonest(&world, &manifest, harm);
        assert_eq!((table.as_str(), rows.as_slice()), ("contact", [row.to_owned()].as_slice()), "{harm}");
        assert!(what.contains("the manifest says 20:"), "{what}");
    }
    // A key whose sign is flipped is one row less and another more; two columns that are swapped are every row.
    let (_, _, rows) = dishonest(&world, &manifest, "UPDATE contact SET id = -id WHERE id = 7");
    assert_eq!(rows, ["contact(id=-7) extra", "contact(id=7) missing"]);
    let (_, _, rows) = dishonest(
        &world,
        &manifest,
        "ALTER TABLE contact RENAME TO old; CREATE TABLE contact (id INTEGER PRIMARY KEY, name nvarchar(20));
         INSERT INTO contact SELECT substr(name, 2) + 100, id FROM old; DROP TABLE old",
    );
    assert_eq!(rows.len(), 20);
    // A table that is not there at all any more.
    let tenant = restore::open(&world.place(), &world.customer).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let import = Dishonest::begin(folder.path(), "DROP TABLE contact");
    let gone = build(&tenant, &manifest, import, &mut |_, _| true);
    let error = gone.map(drop).unwrap_err();
    assert!(error.message().contains("`contact`"), "{error:?}");
}
