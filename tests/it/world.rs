//! A world of its own for each test: a temporary folder with a sample installation, a tenant that listens on a
//! free port, and the binary to run between them. Everything ends with the test.

use crate::process::{Output, Running, Server};
use omt::sample::{FaultSelection, Planted, SampleOptions, SampleSummary};
use serde_json::Value;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use tempfile::TempDir;

/// Everything that a migration needs.
pub(crate) struct World {
    /// The installation.
    pub sample: SampleSummary,
    /// The tenant's ticket.
    pub ticket: String,
    /// What the next run is given in its environment.
    pub env: BTreeMap<String, String>,
    /// The tenant, while it serves.
    pub server: Option<Server>,
    serve: Vec<String>,
    store: String,
    server_env: BTreeMap<String, String>,
    folder: TempDir,
}

/// What a world is to be like.
pub(crate) struct Wish {
    /// Documents of the sample.
    pub documents: u64,
    /// Faults to plant.
    pub faults: &'static str,
    /// Users of the sample; as many as fit the documents unless stated.
    pub users: Option<u32>,
    /// Seed of the sample.
    pub seed: u64,
    /// Where the tenant keeps things; a folder of this world unless stated.
    pub store: Option<String>,
    /// What the tenant is given in its environment.
    pub server_env: BTreeMap<String, String>,
    /// Further arguments of `tenant serve`.
    pub serve: Vec<String>,
}

impl Default for Wish {
    fn default() -> Self {
        let (server_env, serve) = (BTreeMap::new(), Vec::new());
        Self { documents: 100, faults: "", users: None, seed: 7, store: None, server_env, serve }
    }
}

impl World {
    /// A small world without faults.
    pub(crate) fn new() -> Self {
        Self::with(Wish::default())
    }

    /// The same with faults.
    pub(crate) fn faulty(faults: &'static str) -> Self {
        Self::with(Wish { faults, ..Wish::default() })
    }

    /// A world as wished.
    pub(crate) fn with(wish: Wish) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let sample = omt::sample::write(
            &SampleOptions {
                documents: wish.documents,
                users: wish.users,
                seed: wish.seed,
                median_size: 4 << 10,
                faults: FaultSelection::parse(wish.faults).expect("known faults"),
                ..SampleOptions::new(folder.path().join("S"))
            },
            &mut |_| {},
        )
        .expect("a sample");
        let store = wish.store.unwrap_or_else(|| folder.path().join("T").to_str().expect("UTF-8").to_owned());
        let mut world = Self {
            sample,
            ticket: String::new(),
            env: BTreeMap::new(),
            server: None,
            serve: wish.serve,
            store,
            server_env: wish.server_env,
            folder,
        };
        world.ticket = world.invite(&world.sample.company.clone(), &world.sample.serial.clone());
        world.set("OMT_TENANT_TICKET", world.ticket.clone());
        world.start_tenant();
        world
    }

    /// Makes a tenant in the store; gives its ticket.
    pub(crate) fn invite(&self, company: &str, serial: &str) -> String {
        let output = self.tenant(&["invite", "--company", company, "--serial", serial], &[]);
        assert_eq!(output.exit, 0, "{}", output.stderr);
        output.stdout.trim().to_owned()
    }

    /// Starts the tenant, on another port than before.
    pub(crate) fn start_tenant(&mut self) {
        let mut command = self.tenant_command(&["serve", "--listen", "127.0.0.1:0", "--log-level", "trace"], &[]);
        command.args(&self.serve);
        let server = Server::start(command);
        self.set("OMT_TENANT_URL", server.url.clone());
        self.server = Some(server);
    }

    /// Further arguments for the next starts of the tenant, in the place of those before.
    pub(crate) fn serve_with(&mut self, args: Vec<String>) {
        self.serve = args;
    }

    /// Kills the tenant; gives its log.
    pub(crate) fn stop_tenant(&mut self) -> String {
        self.server.take().map(Server::kill).unwrap_or_default()
    }

    /// The tenant's commands go to another store from now on.
    pub(crate) fn use_store(&mut self, store: &str, environment: BTreeMap<String, String>) {
        (self.store, self.server_env) = (store.to_owned(), environment);
    }

    /// Sets a variable for the next runs.
    pub(crate) fn set(&mut self, name: &str, value: impl Into<String>) {
        self.env.insert(name.to_owned(), value.into());
    }

    /// Where the tenant listens.
    pub(crate) fn url(&self) -> String {
        self.server.as_ref().expect("it serves").url.clone()
    }

    /// The folder of everything.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The installation.
    pub(crate) fn site(&self) -> PathBuf {
        self.folder.path().join("S")
    }

    /// The ledger.
    pub(crate) fn ledger(&self) -> PathBuf {
        self.site().join("ledger.db")
    }

    /// The chunks that the ledger knows to have landed; asked while nobody works with it.
    pub(crate) fn landed_chunks(&self) -> u64 {
        // A run that was killed early leaves no ledger, or one without tables.
        if !self.ledger().exists() {
            return 0;
        }
        let ledger = rusqlite::Connection::open(self.ledger()).expect("a database");
        ledger.query_row("SELECT count(*) FROM chunk", [], |row| row.get::<_, i64>(0)).map_or(0, |count| count as u64)
    }

    /// Removes the ledger and what belongs to it away.
    pub(crate) fn lose_ledger(&self) {
        for end in ["", "-wal", "-shm", ".lock"] {
            let _ = fs::remove_file(self.site().join(format!("ledger.db{end}")));
        }
        assert!(!self.ledger().exists());
    }

    /// A command with the configuration of the sample, to be started.
    pub(crate) fn ready(&self, args: &[&str]) -> Command {
        let mut command = self.command();
        command.args(args).arg("-c").arg(&self.sample.config).envs(&self.env);
        command
    }

    /// Gives a command of somebody else what it needs to call `omt` for this world.
    pub(crate) fn environment(&self, mut command: Command) -> Command {
        command.current_dir(self.folder.path()).envs(&self.env);
        command
    }

    /// The customer buys so many of each of these plans.
    pub(crate) fn order(&self, plans: &[&str], quantity: u32) {
        let plans: Vec<String> = plans.iter().map(|plan| format!("{plan}={quantity}")).collect();
        let mut args = vec!["invite", "--company", &self.sample.company, "--serial", &self.sample.serial];
        for plan in &plans {
            args.extend(["--plan", plan]);
        }
        let invited = self.tenant(&args, &[]);
        assert_eq!(invited.exit, 0, "{}", invited.stderr);
    }

    /// Starts a command with the configuration of the sample.
    pub(crate) fn start(&self, args: &[&str]) -> Running {
        Running::start(self.ready(args))
    }

    /// Runs a command with the configuration of the sample to its end.
    pub(crate) fn run(&self, args: &[&str]) -> Output {
        self.start(args).finish()
    }

    /// Runs a command without a configuration to its end.
    pub(crate) fn bare(&self, args: &[&str]) -> Output {
        let mut command = self.command();
        command.args(args).envs(&self.env);
        Running::start(command).finish()
    }

    /// `omt migrate` without pictures.
    pub(crate) fn migrate(&self) -> Output {
        self.run(&["migrate", "--json", "--progress", "none"])
    }

    /// `omt report --json`
    pub(crate) fn report(&self) -> Value {
        let output = self.run(&["report", "--json"]);
        assert_eq!(output.exit, 0, "{}", output.stderr);
        output.last()
    }

    /// The manifest, as it is written.
    pub(crate) fn manifest(&self) -> String {
        let output = self.run(&["report", "--format", "manifest"]);
        assert_eq!(output.exit, 0, "{}", output.stderr);
        output.stdout
    }

    /// A command of the tenant about its store.
    pub(crate) fn tenant(&self, args: &[&str], more: &[&Path]) -> Output {
        Running::start(self.tenant_command(args, more)).finish()
    }

    fn tenant_command(&self, args: &[&str], more: &[&Path]) -> Command {
        let mut command = self.command();
        command.arg("tenant").args(args).args(more).arg("--store").arg(&self.store);
        command.arg("--catalogue").arg(self.folder.path().join("C")).envs(&self.server_env);
        command
    }

    fn command(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_omt"));
        command.current_dir(self.folder.path());
        // What the machine happens to have set must not decide a test.
        for (name, _) in std::env::vars_os() {
            let name = name.to_string_lossy().into_owned();
            if ["OMT_", "AWS_", "AZURE_"].iter().any(|section| name.starts_with(section)) {
                command.env_remove(name);
            }
        }
        for name in ["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"] {
            command.env_remove(name);
        }
        command
    }

    /// What was planted.
    pub(crate) fn planted(&self) -> Vec<Planted> {
        serde_json::from_slice(&fs::read(&self.sample.fault_list).expect("a list")).expect("a list of faults")
    }

    /// Restores the archive from the tenant's store; gives the folder.
    pub(crate) fn restore(&self) -> PathBuf {
        let out = self.folder.path().join("restored");
        let output = self.tenant(&["restore", "--out"], &[&out]);
        assert_eq!(output.exit, 0, "{}{}", output.stdout, output.stderr);
        out
    }

    /// The packs in a store on disk, sorted.
    pub(crate) fn packs(&self) -> Vec<PathBuf> {
        let mut packs: Vec<PathBuf> = files_below(Path::new(&self.store))
            .into_iter()
            .filter(|path| path.components().any(|part| part.as_os_str() == "packs"))
            .collect();
        packs.sort();
        packs
    }

    /// The archive roots of the report: label in the manifest → folder.
    pub(crate) fn roots(&self) -> BTreeMap<String, PathBuf> {
        let ledger = rusqlite::Connection::open(self.ledger()).expect("a ledger");
        let mut query = ledger.prepare("SELECT label, path FROM root").expect("the table is there");
        let rows = query.query_map([], |row| Ok((row.get(0)?, PathBuf::from(row.get::<_, String>(1)?))));
        rows.expect("rows").map(|row| row.expect("a row")).collect()
    }
}

/// Every file below a folder.
pub(crate) fn files_below(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).into_iter().flatten() {
        let entry = entry.expect("an entry");
        if entry.file_type().expect("a type").is_dir() {
            found.extend(files_below(&entry.path()));
        } else {
            found.push(entry.path());
        }
    }
    found
}

/// The lines of a manifest.
pub(crate) fn lines(manifest: &str) -> Vec<Value> {
    manifest.lines().map(|line| serde_json::from_str(line).expect("a line of JSON")).collect()
}

/// Two manifests are equal; tells the first line that differs, and not all of them.
pub(crate) fn assert_same(one: &str, other: &str) {
    for (one, other) in one.lines().zip(other.lines()) {
        assert_eq!(one, other);
    }
    assert_eq!(one.lines().count(), other.lines().count());
}
