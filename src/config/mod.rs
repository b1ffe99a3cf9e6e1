//! The one configuration file, as typed and as resolved.
//!
//! [`Config`] is `omt.toml` word for word; its doc comments are the help. Every key has a twin in the
//! environment, `OMT_<SECTION>_<KEY>`, which wins. [`Config::load`] reads both, checks everything and
//! resolves paths against the folder of the file, so that nothing later has to ask what was meant.

mod foreign;
mod freeze;
mod load;
mod mail;
mod rate;
mod secret;
mod size;

pub use foreign::is_foreign;
pub use freeze::{Ending, Freeze};
pub use mail::{Envelope, Mail};
pub use rate::{Rate, Window};
pub(crate) use secret::{take_password, unescaped};
pub use size::Size;

use crate::onsite::database::Rung;
use crate::pack::cut::Cut;
use crate::tenant::protocol::Mode;
use secrecy::SecretString;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;

/// Everything that a run needs to know.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[derive(Default)]
pub struct Config {
    /// Where the on-site system is.
    pub installation: Installation,
    /// The CRM database, where it is not what the installation's own files say.
    pub database: Database,
    /// The places of files, where they are not what the installation's own files say.
    pub archive: Archive,
    /// The receiving side.
    pub tenant: Tenant,
    /// What kind of migration.
    pub migration: Migration,
    /// Sizes and degrees of concurrency.
    pub pipeline: Pipeline,
    /// Which tables move, and in which portions.
    pub tables: Tables,
    /// How fast it may send.
    pub pace: Pace,
    /// Figures for a monitoring system.
    pub metrics: Metrics,
    /// Mailboxes and their domains.
    pub mail: Mail,
    /// How a live migration holds the installation still.
    pub freeze: Freeze,
    /// The file that this was read from.
    #[serde(skip)]
    pub file: PathBuf,
}

/// `[installation]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Installation {
    /// The folder of `SuperOffice.config`.
    pub folder: PathBuf,
    /// The base address of the on-site web services, below which `/api/v1` answers: a log-on is checked there. Without it, it
    /// is derived from `nsEndPoint` of the Service configuration.
    pub rest: Option<String>,
}

impl Default for Installation {
    fn default() -> Self {
        Self { folder: PathBuf::from("."), rest: None }
    }
}

/// `[database]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Database {
    /// `mssql://HOST[:PORT][\INSTANCE]/DATABASE`, `sqlite:///path/to/crm.db`, or a path.
    pub url: Option<String>,
    /// The schema that holds the tables, `crm7` unless the installation says otherwise.
    pub prefix: Option<String>,
    /// The SQL Server login. It needs to read the tables and nothing else.
    pub user: Option<String>,
    /// Its password. Better given as `OMT_DATABASE_PASSWORD`. One inside `url` is accepted and taken out of it.
    #[serde(deserialize_with = "secret::read")]
    pub password: Option<SecretString>,
    /// A PEM file with the certificates of a private authority, trusted beside those of the system.
    pub ca: Option<PathBuf>,
    /// Consent to talk to a SQL Server whatever certificate it shows. Whoever stands between can then read the
    /// password and everything else: only for a network where nobody can.
    pub trust_server_certificate: bool,
    /// How much of the conversation with SQL Server is encrypted.
    pub encrypt: Encrypt,
    /// Seconds without an answer after which a query is given up. Long reads of large tables need many.
    pub timeout_seconds: u64,
    /// Log in with the Windows account that runs this program; works on Windows only.
    pub windows_login: bool,
}

impl Default for Database {
    fn default() -> Self {
        Self {
            url: None,
            prefix: None,
            user: None,
            password: None,
            ca: None,
            trust_server_certificate: false,
            encrypt: Encrypt::Required,
            timeout_seconds: 600,
            windows_login: false,
        }
    }
}

/// How much of the conversation with a SQL Server is encrypted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Encrypt {
    /// All of it; a server that cannot is not talked to.
    #[default]
    Required,
    /// Only the log-in. Rows, that is names, addresses and mail of people, cross the network in the clear.
    Login,
    /// Nothing, unless the server insists. The password crosses the network as good as in the clear. Only for old
    /// servers that know no TLS 1.2, in a network where nobody listens.
    Off,
}

/// `[archive]`
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Archive {
    /// The archive roots in the order in which they are searched.
    pub roots: Vec<PathBuf>,
    /// The template folder.
    pub templates: Option<PathBuf>,
    /// Where folders that the installation's files or its database name are found from here, as `"E:\\SO_ATT" = "/mnt/so_att"`.
    pub paths: BTreeMap<String, PathBuf>,
    /// The name of an attachment's file; `{id}` stands for the id of its row. Not public: the default is the bare id.
    pub attachment_name: Option<String>,
}

/// `[tenant]`
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Tenant {
    /// The address of the tenant, `https://…`.
    pub url: Option<String>,
    /// The ticket that came with the invitation. Better given as `OMT_TENANT_TICKET`.
    pub ticket: Option<SecretString>,
    /// A PEM file with certificates to trust beside those of the system.
    pub ca: Option<PathBuf>,
}

/// `[migration]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Migration {
    /// `test` (repeatable, changes nothing on-site) or `live`.
    pub mode: Mode,
    /// The ledger, on a local disk.
    pub ledger: PathBuf,
}

impl Default for Migration {
    fn default() -> Self {
        Self { mode: Mode::Test, ledger: PathBuf::from("ledger.db") }
    }
}

/// `[pipeline]`: every capacity and degree of concurrency has its name here.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Pipeline {
    /// All bytes in flight together, files being read and packs being sent.
    pub memory: Size,
    /// The size of a full pack.
    pub pack: Size,
    /// Up to here a file is one chunk.
    pub whole: Size,
    /// The usual chunk of a larger file.
    pub chunk: Size,
    /// How larger files are cut: `fixed` or `content`.
    pub cut: Cut,
    /// Whether chunks are compressed: `auto` does it only while the link is what everything waits for.
    pub squeeze: Squeeze,
    /// The level of zstd; negative levels are faster.
    pub level: i32,
    /// Threads that look for files: they wait for the file system, not for the processor.
    pub finders: usize,
    /// Threads that read and hash. 0 is one for each core.
    pub hashers: usize,
    /// Threads that read tables, each over a connection of its own.
    pub exporters: usize,
    /// Threads that cut, compress and bundle. 0 is one for each core.
    pub chunkers: usize,
    /// The most packs on their way at once; the link decides how many really are.
    pub uploads: usize,
    /// The most verification calls at once.
    pub verifications: usize,
    /// How often a call is tried before the run gives up, with growing pauses between.
    pub tries: usize,
    /// Seconds without any progress after which a call is given up and tried again.
    pub stall_seconds: u64,
}

impl Default for Pipeline {
    fn default() -> Self {
        Self {
            memory: Size(256 << 20),
            pack: Size(16 << 20),
            whole: Size(1 << 20),
            chunk: Size(4 << 20),
            cut: Cut::Fixed,
            squeeze: Squeeze::Auto,
            level: 1,
            finders: 4,
            exporters: 2,
            hashers: 0,
            chunkers: 0,
            uploads: 32,
            verifications: 8,
            tries: 8,
            stall_seconds: 60,
        }
    }
}

/// `[tables]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Tables {
    /// Whether tables move at all.
    #[serde(rename = "move")]
    pub moving: bool,
    /// Tables, or columns as `table.column`, that stay behind beside those that do so anyhow. A `*` at the end is allowed.
    pub leave: Vec<String>,
    /// Tables and columns that move although they usually stay behind.
    pub take: Vec<String>,
    /// The rows of a part of a table, in memory; the part itself is smaller.
    pub part: Size,
    /// The most rows of a part.
    pub part_rows: u64,
    /// Larger values leave their row and travel as chunks: no row needs the memory of its largest value.
    pub large: Size,
    /// The level of zstd in parts.
    pub level: i32,
    /// A table of more rows is read in ranges of so many, by several connections.
    pub range_rows: u64,
    /// The highest rung of consistent reading that is tried: `database-snapshot`, `snapshot-isolation`, `frozen` or `plain`.
    pub rung: Rung,
    /// Consent to switch snapshot isolation on for the time of the reading, where it is off: that changes the database.
    pub switch_on: bool,
}

impl Default for Tables {
    fn default() -> Self {
        Self {
            moving: true,
            leave: Vec::new(),
            take: Vec::new(),
            part: Size(8 << 20),
            part_rows: 250_000,
            large: Size(1 << 20),
            level: 3,
            range_rows: 1_000_000,
            rung: Rung::DatabaseSnapshot,
            switch_on: false,
        }
    }
}

/// When chunks are compressed. What does not become smaller is stored as it is in any case.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Squeeze {
    /// While packs queue for the link: then a byte less is a byte sooner. Otherwise the processor is what
    /// everything waits for, and it has better things to do.
    #[default]
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// `[pace]`: edit it while a run is under way, it is read again when the file changes.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Pace {
    /// The most that is sent, as `20 MiB/s`; absent or `unlimited` is no limit.
    pub limit: Rate,
    /// The time zone of the timetable, as `Europe/Oslo`.
    pub zone: Option<chrono_tz::Tz>,
    /// Other limits at certain hours of the week; the first window that fits wins.
    pub timetable: Vec<Window>,
}

/// `[metrics]`
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Metrics {
    /// Where Prometheus may ask, as `127.0.0.1:9184`.
    pub listen: Option<SocketAddr>,
}
