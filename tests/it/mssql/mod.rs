//! SQL Server: the same answers as from SQLite, and clear words when something is wrong.
//!
//! The server is the one in [`crate::tds`]. With `OMT_TEST_MSSQL=mssql://USER:PASSWORD@HOST/DATABASE` the conformance
//! suite runs against a real one too; what it needs beside the address comes from the usual `OMT_DATABASE_…` variables.

mod cells;
mod conformance;
mod every_type;
mod freetds;
mod home;
mod migration;
mod moment;
mod text;
mod troubles;

use crate::tds::{Options, PASSWORD, Tds, USER};
use omt::Result;
use omt::config::Config;
use omt::onsite::Installation;
use omt::onsite::database::Database;
use omt::sample::{FaultSelection, SampleOptions, SampleSummary};
use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// A sample without a tenant: what needs no migration.
struct Site {
    folder: TempDir,
    sample: SampleSummary,
}

impl Site {
    fn new(faults: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let options = SampleOptions {
            documents: 60,
            seed: 7,
            median_size: 1 << 10,
            faults: FaultSelection::parse(faults).unwrap(),
            ..SampleOptions::new(folder.path().join("S"))
        };
        let sample = omt::sample::write(&options, &mut |_| {}).unwrap();
        Self { folder, sample }
    }

    fn database(&self) -> PathBuf {
        self.folder.path().join("S/crm.db")
    }

    /// Changes the sample's rows.
    fn change(&self, sql: &str) {
        rusqlite::Connection::open(self.database()).unwrap().execute_batch(sql).unwrap();
    }

    fn serve(&self) -> Tds {
        Tds::start(Options::over(self.database()))
    }

    /// The connection that the configuration leads to, with these variables.
    fn connect(&self, environment: &[(&str, &str)]) -> Result<Box<dyn Database>> {
        connect(&self.sample.config, environment)
    }

    /// The same over a server, with everything as it should be.
    fn connect_to(&self, server: &Tds) -> Result<Box<dyn Database>> {
        let environment = access(server, self.folder.path());
        let environment: Vec<_> = environment.iter().map(|(name, value)| (*name, value.as_str())).collect();
        self.connect(&environment)
    }
}

fn connect(config: &Path, environment: &[(&str, &str)]) -> Result<Box<dyn Database>> {
    let environment = environment.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    Installation::find(&Config::load_with(config, environment)?)?.connect()
}

/// The variables with which a server lets somebody in.
fn access(server: &Tds, folder: &Path) -> Vec<(&'static str, String)> {
    vec![
        ("OMT_DATABASE_URL", server.url()),
        ("OMT_DATABASE_USER", USER.to_owned()),
        ("OMT_DATABASE_PASSWORD", PASSWORD.to_owned()),
        ("OMT_DATABASE_CA", server.write_certificate(folder).to_str().unwrap().to_owned()),
    ]
}
