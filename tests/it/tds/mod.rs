//! A server that speaks TDS, the protocol of SQL Server, over the tables of a sample.
//!
//! It is real where a client looks: the pre-login with its choice of encryption, TLS inside of pre-login packets, the
//! log-in with its errors, batches and `sp_executesql`, and answers in the types that the tables declare. Behind it is
//! the sample's SQLite file; [`translate`] turns the T-SQL that is needed here into SQLite's and refuses what SQL Server
//! would refuse. A login that may can also make databases of its own and fill them ([`own`], [`build`]). It can also be bad, at an exact moment ([`Fault`]). A client that nobody here wrote says whether it is
//! right: FreeTDS, in `mssql::freetds`.

mod answer;
mod build;
mod bulk;
mod casts;
mod databases;
mod faults;
mod functions;
mod login;
mod own;
mod packets;
mod session;
mod system;
mod ties;
mod tokens;
mod translate;
mod types;
mod writing;

pub(crate) use faults::Fault;

use databases::Databases;
use faults::Faults;
use std::collections::HashMap;
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::thread;

/// What the server accepts as a login.
pub(crate) const USER: &str = "crm7";
/// Its password. It must not be seen anywhere.
pub(crate) const PASSWORD: &str = "Sesam-öffne@dich:1759";
/// The database.
pub(crate) const DATABASE: &str = "SuperOffice";

/// How much the server wants to encrypt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Encryption {
    /// As the client wishes: all, or the log-in only.
    Offered,
    /// Nothing: it has no certificate.
    Refused,
}

/// What a server is to be like.
#[derive(Clone)]
pub(crate) struct Options {
    /// The sample's database.
    pub file: PathBuf,
    /// The schema of its tables.
    pub schema: &'static str,
    /// How much is encrypted.
    pub encryption: Encryption,
    /// The collation of text that is not Unicode.
    pub collation: &'static str,
    /// Whether all text is kept in that collation, as in databases of the time before Unicode.
    pub ansi: bool,
    /// Whether the login may write the tables of a freeze.
    pub writable: bool,
    /// Whether the login may make databases; with `None` the server does not say that it may not.
    pub may_create: Option<bool>,
    /// Whether the login may change settings of the database.
    pub may_alter: bool,
    /// Whether snapshot isolation is on at the beginning.
    pub isolation: bool,
    /// Whether it keeps its answers, and answers the same question alike: for who measures.
    pub remembers: bool,
}

impl Options {
    /// An ordinary server over this file.
    pub(crate) fn over(file: impl Into<PathBuf>) -> Self {
        Self {
            file: file.into(),
            schema: "crm7",
            encryption: Encryption::Offered,
            collation: "Latin1_General_CI_AS",
            ansi: false,
            writable: false,
            may_create: Some(false),
            may_alter: false,
            isolation: false,
            remembers: false,
        }
    }
}

/// Who logged in, and how.
#[derive(Debug, Clone)]
pub(crate) struct Login {
    /// With what name.
    pub user: String,
    /// Whether it said that it only reads.
    pub read_only: bool,
    /// Whether everything after the log-in is encrypted.
    pub encrypted: bool,
}

/// Something to do just before the server answers.
type Deed = Box<dyn FnOnce() + Send>;

/// What all sessions share.
struct Shared {
    options: Options,
    tls: Arc<rustls::ServerConfig>,
    faults: Faults,
    databases: Databases,
    deeds: Mutex<Vec<(&'static str, Deed)>>,
    logins: Mutex<Vec<Login>>,
    statements: Mutex<Vec<String>>,
    /// The answers that are kept, by the question.
    answers: Mutex<HashMap<String, Arc<Vec<u8>>>>,
}

/// A server that listens until the test ends.
pub(crate) struct Tds {
    /// Where it listens.
    pub port: u16,
    /// Its certificate, PEM.
    pub certificate: String,
    shared: Arc<Shared>,
}

impl Tds {
    /// Starts one.
    pub(crate) fn start(options: Options) -> Self {
        let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned(), "127.0.0.1".to_owned()])
            .expect("a certificate");
        let key = rustls::pki_types::PrivatePkcs8KeyDer::from(made.signing_key.serialize_der());
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        // Inside of pre-login packets SQL Server speaks TLS 1.2: 1.3 sends tickets after the handshake, which would end
        // up outside of it.
        let tls = rustls::ServerConfig::builder_with_provider(provider)
            .with_protocol_versions(&[&rustls::version::TLS12])
            .expect("a version that is built in")
            .with_no_client_auth()
            .with_single_cert(vec![made.cert.der().clone()], key.into())
            .expect("a key that fits");
        let shared = Arc::new(Shared {
            databases: Databases::new(options.isolation),
            deeds: Mutex::default(),
            options,
            tls: Arc::new(tls),
            faults: Faults::default(),
            logins: Mutex::default(),
            statements: Mutex::default(),
            answers: Mutex::default(),
        });
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let port = listener.local_addr().expect("it is bound").port();
        let with_sessions = Arc::clone(&shared);
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let shared = Arc::clone(&with_sessions);
                // A client that goes away is no concern of the server.
                thread::spawn(move || drop(serve(client, &shared)));
            }
        });
        Self { port, certificate: made.cert.pem(), shared }
    }

    /// The address for `database.url`.
    pub(crate) fn url(&self) -> String {
        format!("mssql://localhost:{}/{DATABASE}", self.port)
    }

    /// Writes the certificate to a file.
    pub(crate) fn write_certificate(&self, folder: &Path) -> PathBuf {
        let file = folder.join("sql-server.pem");
        std::fs::write(&file, &self.certificate).expect("a folder to write to");
        file
    }

    /// From now on this happens.
    pub(crate) fn plant(&self, fault: Fault) {
        self.shared.faults.plant(fault);
    }

    /// Just before the next question about this table is answered, this happens.
    pub(crate) fn when(&self, table: &'static str, deed: impl FnOnce() + Send + 'static) {
        self.shared.deeds.lock().expect("nobody panicked").push((table, Box::new(deed)));
    }

    /// The database snapshots that are there.
    pub(crate) fn snapshots(&self) -> Vec<String> {
        self.shared.databases.snapshots()
    }

    /// The databases that logins have made and not removed, with their files.
    pub(crate) fn own(&self) -> Vec<(String, PathBuf)> {
        self.shared.databases.own()
    }

    /// Whether snapshot isolation is on.
    pub(crate) fn has_isolation(&self) -> bool {
        self.shared.databases.has_isolation()
    }

    /// The faults that have not happened yet.
    pub(crate) fn left(&self) -> usize {
        self.shared.faults.left()
    }

    /// Who logged in so far.
    pub(crate) fn logins(&self) -> Vec<Login> {
        self.shared.logins.lock().expect("nobody panicked").clone()
    }

    /// What was asked so far.
    pub(crate) fn statements(&self) -> Vec<String> {
        self.shared.statements.lock().expect("nobody panicked").clone()
    }
}

fn serve(client: TcpStream, shared: &Shared) -> std::io::Result<()> {
    client.set_nodelay(true)?;
    if shared.faults.hangs_up() {
        return client.shutdown(std::net::Shutdown::Both);
    }
    let mut wire = packets::Wire::new(client);
    if let Some(database) = login::log_in(&mut wire, shared)? {
        session::serve(&mut wire, shared, &database)?;
    }
    Ok(())
}
