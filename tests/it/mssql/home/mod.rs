//! A SQL Server as the place of the customers' databases.

mod import;
mod tenant;

use crate::tds::{Options, PASSWORD, Tds, USER};
use omt::config;
use omt::digest::Digest;
use omt::onsite::database::{Address, Database, Server};
use omt::tables::beside::Beside;
use omt::tables::export::TableExport;
use omt::tables::import::{Import, Proof};
use omt::tables::part::{Part, PartLimits, PartReader};
use omt::tables::plan::Piece;
use omt::tables::{FOLD, KeyRange, Large, LargeKind, TableShape};
use std::collections::BTreeMap;
use std::io::Read;
use std::path::Path;
use std::sync::Arc;
use tempfile::TempDir;

/// What travels: parts, and values that left their rows.
#[derive(Default)]
pub(super) struct Cargo {
    pub(super) parts: Vec<(Part, Vec<u8>)>,
    pub(super) large: BTreeMap<Digest, Vec<u8>>,
}

impl Beside for Cargo {
    fn limit(&self) -> usize {
        FOLD
    }

    fn take(&mut self, kind: LargeKind, content: &mut dyn Read) -> omt::Result<Large> {
        let mut bytes = Vec::new();
        content.read_to_end(&mut bytes).unwrap();
        let large = Large { kind, digest: Digest::of(&bytes), length: bytes.len() as u64 };
        self.large.insert(large.digest, bytes);
        Ok(large)
    }
}

impl Cargo {
    pub(super) fn load(&mut self, database: &mut dyn Database, shape: &TableShape, rows: u64) {
        let piece = Piece { shape: Arc::new(shape.clone()), range: KeyRange::all(), rows: 0 };
        let limits = PartLimits { rows, bytes: 32 << 20, large: FOLD };
        let mut export = TableExport::new(&piece, limits, 1);
        while let Some(part) = export.next_part(database, || Ok(Vec::new()), self).unwrap() {
            self.parts.push(part);
        }
    }

    pub(super) fn unload(&self, import: &mut dyn Import) -> omt::Result<()> {
        for place in 0..self.parts.len() {
            self.unload_part(place, import)?;
        }
        Ok(())
    }

    pub(super) fn unload_part(&self, place: usize, import: &mut dyn Import) -> omt::Result<()> {
        let (part, bytes) = &self.parts[place];
        let reader = PartReader::open(bytes.clone().into(), &part.name, &PartLimits::default())?;
        import.part(reader.tables().unwrap(), &mut |large, _, into| {
            // In pieces as they come from chunks, of a length that cuts letters.
            self.large[&large.digest]
                .chunks(300_007)
                .try_for_each(|piece| into.write_all(piece))
                .map_err(|cause| omt::Error::new(omt::Code::StoreUnusable, "a value cannot be written").because(cause))
        })
    }

    pub(super) fn prove(&self, import: &mut dyn Import) -> Vec<Proof> {
        let mut sums = BTreeMap::new();
        for (part, _) in &self.parts {
            *sums.entry(part.head.shape.name.clone()).or_default() += part.head.sum;
        }
        import.prove(&sums).unwrap()
    }
}

/// A server that lets a login make databases.
pub(super) fn host(folder: &TempDir) -> Tds {
    let file = folder.path().join("host.db");
    rusqlite::Connection::open(&file).unwrap().execute_batch("CREATE TABLE empty (x int)").unwrap();
    Tds::start(Options { may_create: Some(true), ..Options::over(file) })
}

/// A database on a real server, where somebody has given one and consents to databases being made there.
pub(super) fn real_place(database: &str) -> Option<Server> {
    if std::env::var_os("OMT_TEST_MSSQL_BUILD").is_none() {
        eprintln!(
            "LEFT OUT: no database was built on a real SQL Server; set OMT_TEST_MSSQL=… and OMT_TEST_MSSQL_BUILD=1"
        );
        return None;
    }
    let url = std::env::var("OMT_TEST_MSSQL").expect("OMT_TEST_MSSQL names the server");
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("omt.toml");
    std::fs::write(&file, "[archive]\nroots = ['.']\n").unwrap();
    let mut environment: Vec<_> = std::env::vars().filter(|(name, _)| name.starts_with("OMT_DATABASE_")).collect();
    environment.push(("OMT_DATABASE_URL".to_owned(), url));
    let config = config::Config::load_with(&file, environment).unwrap().database;
    match Address::of_url(config.url.as_deref().unwrap(), &config).unwrap() {
        Address::Mssql(server) => Some(Server { database: database.to_owned(), ..*server }),
        Address::Sqlite(_) => panic!("OMT_TEST_MSSQL names no SQL Server"),
    }
}

/// The place of a database on it.
pub(super) fn place(host: &Tds, folder: &Path, database: &str) -> Server {
    let access = config::Database {
        user: Some(USER.into()),
        password: Some(PASSWORD.to_owned().into()),
        ca: Some(host.write_certificate(folder)),
        ..config::Database::default()
    };
    match Address::of_url(&format!("mssql://localhost:{}/{database}", host.port), &access).unwrap() {
        Address::Mssql(server) => *server,
        Address::Sqlite(_) => panic!("it is a server"),
    }
}

pub(super) fn names(host: &Tds) -> Vec<String> {
    host.own().into_iter().map(|(name, _)| name).collect()
}
