//! A world of its own for each test: a temporary folder with a sample installation, a tenant that listens on a
//! free port, and the binary to run between them. Everything ends with the test.

use omt::sample::{FaultSelection, Planted, SampleOptions, SampleSummary};
use serde_json::Value;
use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tempfile::TempDir;

/// Nothing in these tests takes that long unless it hangs.
const WATCHDOG: Duration = Duration::from_mins(5);

/// How a command ended, and what it said.
pub(crate) struct Output {
    /// The exit status; -1 when it was killed.
    pub exit: i32,
    /// Everything on stdout.
    pub stdout: String,
    /// Everything on stderr.
    pub stderr: String,
}

impl Output {
    /// Of a command that somebody else has started.
    pub(crate) fn of(output: &std::process::Output) -> Self {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        Self { exit: output.status.code().unwrap_or(-1), stdout: text(&output.stdout), stderr: text(&output.stderr) }
    }

    /// The JSON lines on stdout.
    pub(crate) fn events(&self) -> Vec<Value> {
        self.stdout.lines().filter_map(|line| serde_json::from_str(line).ok()).collect()
    }

    /// The last of them.
    pub(crate) fn last(&self) -> Value {
        self.events().pop().unwrap_or_else(|| panic!("no JSON on stdout; stderr: {}", self.stderr))
    }

    /// The last object of a run, which must have ended like that.
    pub(crate) fn finished(&self, exit: i32) -> Value {
        let last = self.last();
        assert_eq!(self.exit, exit, "{last:#}\n{}", self.stderr);
        assert_eq!((&last["event"], &last["exit"]), (&"finished".into(), &exit.into()), "{last:#}");
        last
    }

    /// An error before anything began: exit status, code, and that it says what to do next.
    pub(crate) fn failed(&self, exit: i32, code: &str) {
        let last = self.last();
        assert_eq!(self.exit, exit, "{last:#}\n{}", self.stderr);
        assert_eq!(last["error"]["code"], code, "{last:#}");
        assert!(last["error"]["hint"].as_str().is_some_and(|hint| !hint.is_empty()), "{last:#}");
        assert!(self.stderr.contains(&format!("[{code}]")) && self.stderr.contains("hint: "), "{}", self.stderr);
    }
}

/// A command under way.
pub(crate) struct Running {
    /// Shared, so that a proxy can kill it at the right moment.
    pub child: Arc<Mutex<Child>>,
    stdout: Receiver<String>,
    stderr: Receiver<String>,
    lines: Receiver<String>,
}

impl Running {
    fn start(mut command: Command) -> Self {
        let mut child =
            command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("omt starts");
        let stdout = drain(child.stdout.take().expect("piped"));
        let (heard, lines) = channel();
        let stderr = drain(Heard(child.stderr.take().expect("piped"), heard));
        Self { child: Arc::new(Mutex::new(child)), stdout, stderr, lines }
    }

    /// Waits until stderr has said this.
    pub(crate) fn hear(&self, text: &str) {
        let mut heard = String::new();
        while !heard.contains(text) {
            heard += &self.lines.recv_timeout(WATCHDOG).unwrap_or_else(|_| panic!("it only said: {heard}"));
        }
    }

    /// Waits for the end. What hangs is killed, and the test fails.
    pub(crate) fn finish(self) -> Output {
        let mut outputs = [&self.stdout, &self.stderr].map(|end| {
            end.recv_timeout(WATCHDOG).unwrap_or_else(|_| {
                let _ = self.child.lock().expect("nobody panicked").kill();
                panic!("the command hangs; stderr so far: {:?}", self.stderr.recv_timeout(WATCHDOG));
            })
        });
        let status = self.child.lock().expect("nobody panicked").wait().expect("it was started");
        let [stdout, stderr] = &mut outputs;
        Output { exit: status.code().unwrap_or(-1), stdout: std::mem::take(stdout), stderr: std::mem::take(stderr) }
    }
}

/// Hands on what it reads, piece by piece as it comes.
struct Heard<R>(R, Sender<String>);

impl<R: Read> Read for Heard<R> {
    fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
        let length = self.0.read(into)?;
        // Most tests do not listen.
        let _ = self.1.send(String::from_utf8_lossy(&into[..length]).into_owned());
        Ok(length)
    }
}

/// Reads to the end on a thread of its own: nobody may wait for a full pipe.
fn drain(mut from: impl Read + Send + 'static) -> Receiver<String> {
    let (to, all) = channel();
    std::thread::spawn(move || {
        let mut bytes = Vec::new();
        let _ = from.read_to_end(&mut bytes);
        let _ = to.send(String::from_utf8_lossy(&bytes).into_owned());
    });
    all
}

/// A tenant that serves until it is dropped.
pub(crate) struct Server {
    child: Child,
    /// Where it listens.
    pub url: String,
    /// What it said on stderr, when it has ended.
    stderr: Receiver<String>,
}

impl Server {
    fn start(mut command: Command) -> Self {
        let mut child =
            command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("omt starts");
        let stderr = drain(child.stderr.take().expect("piped"));
        let mut stdout = BufReader::new(child.stdout.take().expect("piped"));
        let (to, first) = channel();
        std::thread::spawn(move || {
            let mut line = String::new();
            let _ = stdout.read_line(&mut line);
            let _ = to.send(line);
        });
        let line = first.recv_timeout(WATCHDOG).unwrap_or_default();
        let Some(url) = line.trim().strip_prefix("listening on ") else {
            let _ = child.kill();
            let _ = child.wait();
            panic!("the tenant does not listen: {line} {:?}", stderr.recv());
        };
        Self { url: url.to_owned(), child, stderr }
    }

    /// Kills it; gives what it had said on stderr.
    pub(crate) fn kill(mut self) -> String {
        let _ = self.child.kill();
        let _ = self.child.wait();
        self.stderr.recv_timeout(WATCHDOG).unwrap_or_default()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

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
