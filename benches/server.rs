//! Reading tables over TDS: what the driver alone reads beside what is summed up and written as parts, in one run.
//!
//! There is no SQL Server here, so the server is the one of the tests, in this process, while `omt bench --database --url …` reads
//! in another. It keeps its answers and gives the same ones again, so that the best of three goes does not measure how fast it makes
//! them: like a server that is never what one waits for. Against a real one: `omt bench --database --url mssql://…`.

#[path = "../tests/it/tds/mod.rs"]
#[allow(dead_code, unused_imports, reason = "the tests need more of it")]
mod tds;

use std::process::Command;
use tds::{Options, PASSWORD, Tds, USER};

/// Rows of the narrow table; the wide one has a tenth.
const ROWS: u64 = 1_000_000;

fn main() {
    // `cargo test --benches` only wants to know whether it can be built.
    if std::env::args().any(|argument| argument == "--test") {
        return;
    }
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = folder.path().join("tables.db");
    omt::bench::database::two_tables(&file, ROWS).expect("two tables");
    let server = Tds::start(Options { remembers: true, ..Options::over(file) });
    let status = Command::new(env!("CARGO_BIN_EXE_omt"))
        .args(["bench", "--database", "--url", &server.url()])
        .envs([("OMT_DATABASE_USER", USER), ("OMT_DATABASE_PASSWORD", PASSWORD)])
        .env("OMT_DATABASE_CA", server.write_certificate(folder.path()))
        .status()
        .expect("the program starts");
    assert!(status.success(), "{status}");
}
