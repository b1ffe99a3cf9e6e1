//! The command line as typed.

mod bench;
mod receipt;
mod tenant;

pub(super) use bench::Bench;
pub(super) use receipt::{Receipt, ReceiptCommand, VerifyReceipt};
pub(super) use tenant::{Customer, Gc, Invite, Restore, Serve, Store, Tenant};

use clap::{Args as ClapArgs, Parser, Subcommand, ValueEnum};
use omt::config::Size;
use omt::tenant::protocol::Mode;
use std::net::SocketAddr;
use std::path::PathBuf;

/// Moves an on-site SuperOffice installation into an online tenant: fast, resumable, proven.
#[derive(Debug, Parser)]
#[command(name = "omt", version, propagate_version = true)]
#[command(after_help = "Exit codes: 0 all verified · 1 complete, with items missing or left behind · 2 usage or \
configuration · 3 blocked by a check or by the tenant · 4 incomplete, run again to resume · 5 verification found a \
difference · 130 interrupted")]
pub(super) struct Args {
    #[command(flatten)]
    pub(super) output: Output,
    #[command(subcommand)]
    pub(super) command: Command,
}

/// How anything is said.
#[derive(Debug, Clone, ClapArgs)]
pub(super) struct Output {
    /// Data on stdout as JSON: one object, or one event a line
    #[arg(long, global = true)]
    pub(super) json: bool,
    /// How progress is shown, on stderr; `json` events go to stdout
    #[arg(long, global = true, value_enum, default_value_t = Progress::Auto)]
    pub(super) progress: Progress,
    /// What is logged, on stderr: error, warn, info, debug, trace, or a filter such as `omt::pipeline=debug`
    #[arg(long, global = true, default_value = "error", value_name = "LEVEL")]
    pub(super) log_level: String,
    /// Log into this file too, at least `info`; it is bounded and rotated once
    #[arg(long, global = true, value_name = "FILE", env = "OMT_LOG_FILE")]
    pub(super) log_file: Option<PathBuf>,
    /// How it is logged
    #[arg(long, global = true, value_enum, default_value_t = LogFormat::Text)]
    pub(super) log_format: LogFormat,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Progress {
    /// Bars in a terminal, plain lines elsewhere
    Auto,
    /// A line every few seconds
    Plain,
    /// An event every second
    Json,
    /// Nothing
    None,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum LogFormat {
    /// For people
    Text,
    /// For programs
    Json,
}

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Show everything in a minute: sample, tenant, migration, recovery, restore, comparison, report
    Demo(Demo),
    /// Write a sample installation to look into and to migrate
    Sample(Sample),
    /// Look for everything that could go wrong, before anything is moved
    Check(Check),
    /// Show what the installation's configuration files say, and write it as a configuration file
    Discover(Discover),
    /// Say whether a user may migrate the installation, and how far that is proven
    Logon(Logon),
    /// Send what is new or has changed while users work on; nothing is frozen and nothing accepted
    Seed(Seed),
    /// Put the installation back as it was before it was frozen
    Unfreeze(At),
    /// Migrate, or resume, or recover: the tool finds out which
    Migrate(Run),
    /// Send only what was missing or has changed; fails if nothing was migrated yet
    Recover(Run),
    /// Mailboxes and their new addresses, and what DNS must become; exit 1 if something is to be done by hand
    Mail(Mail),
    /// Compare the ledger with the tenant
    Verify(Verify),
    /// Measure database, disks and link, and say how long seed and final window will take
    Forecast(Forecast),
    /// Users: who gets which plan and which user name at the tenant
    #[command(subcommand)]
    Users(super::users::args::Users),
    /// Say where the migration stands; works beside a run
    Status(At),
    /// Write the report
    Report(Report),
    /// Fetch the tenant's signed receipt, or check one offline
    Receipt(Receipt),
    /// Put together what support needs, without secrets and names; says what is in it before it is written
    Bundle(Bundle),
    /// Measure a whole migration on this machine, stage by stage
    Bench(Bench),
    /// The wizard in this terminal: every step with questions
    Wizard(At),
    /// The wizard for browsers and programs: a page and an API on this machine, or JSON lines
    Serve(ServeFaces),
    /// The receiving side
    #[command(subcommand)]
    Tenant(Tenant),
}

/// Which configuration.
#[derive(Debug, Clone, ClapArgs)]
pub(super) struct At {
    /// The configuration file
    #[arg(short, long, value_name = "FILE", default_value = "omt.toml")]
    pub(super) config: PathBuf,
}

#[derive(Debug, ClapArgs)]
pub(super) struct Demo {
    /// How many documents
    #[arg(long, default_value_t = 2000)]
    pub(super) documents: u64,
    /// Where to put everything; a new folder below the system's temporary one by default
    #[arg(long, value_name = "DIR")]
    pub(super) out: Option<PathBuf>,
    /// Another seed gives another company
    #[arg(long, default_value_t = 1)]
    pub(super) seed: u64,
}

#[derive(Debug, ClapArgs)]
pub(super) struct ServeFaces {
    /// The configuration file
    #[arg(short, long, value_name = "FILE", required_unless_present = "sample", conflicts_with = "sample")]
    pub(super) config: Option<PathBuf>,
    /// A sample installation and a tenant to try it with, in a new folder below the system's temporary one
    #[arg(long)]
    pub(super) sample: bool,
    /// How many documents the sample has
    #[arg(long, default_value_t = 2000, requires = "sample")]
    pub(super) documents: u64,
    /// How many users the sample has, 20 to 10000
    #[arg(long, requires = "sample")]
    pub(super) users: Option<u32>,
    /// Requests a line on stdin, messages a line on stdout, instead of HTTP: see docs/api.md
    #[arg(long, conflicts_with = "listen")]
    pub(super) stdio: bool,
    /// The address, of this machine only; port 0 takes any free one
    #[arg(long, default_value = "127.0.0.1:0", value_name = "ADDR")]
    pub(super) listen: SocketAddr,
}

#[derive(Debug, ClapArgs)]
pub(super) struct Sample {
    /// The folder to write; must be new or empty
    #[arg(long, value_name = "DIR")]
    pub(super) out: PathBuf,
    /// Take the content of documents from the files below this folder
    #[arg(long, value_name = "DIR")]
    pub(super) from: Option<PathBuf>,
    /// How many documents
    #[arg(long, default_value_t = 1000)]
    pub(super) documents: u64,
    /// How many users, 20 to 10000; grows with the documents by default
    #[arg(long)]
    pub(super) users: Option<u32>,
    /// Same seed, same bytes
    #[arg(long, default_value_t = 1)]
    pub(super) seed: u64,
    /// Median size of a generated document
    #[arg(long, default_value = "30KiB")]
    pub(super) size: Size,
    /// Troubles to plant: `archive`, `people`, `database`, `mail`, `all`, or single ones, separated by commas
    #[arg(long, default_value = "", value_name = "LIST")]
    pub(super) faults: String,
}

#[derive(Debug, ClapArgs)]
#[command(args_conflicts_with_subcommands = true)]
#[command(after_help = "Exit codes: 0 nothing above a note · 1 something to look at · 2 cannot begin · 3 a blocker. \
docs/checks.md explains every check")]
pub(super) struct Check {
    #[command(flatten)]
    pub(super) at: At,
    /// Only these checks: ids such as `database.traveller`, or subjects such as `archive`
    #[arg(long, value_name = "ID,SUBJECT", value_delimiter = ',')]
    pub(super) only: Vec<String>,
    /// Write everything that was found into this folder, a table for each check
    #[arg(long, value_name = "DIR")]
    pub(super) export: Option<PathBuf>,
    #[command(subcommand)]
    pub(super) decision: Option<Decision>,
}

#[derive(Debug, Subcommand)]
pub(super) enum Decision {
    /// Go on although a check finds something; kept in the ledger and printed in every report
    Waive(Waive),
    /// End a waiver
    Unwaive(Waive),
}

#[derive(Debug, ClapArgs)]
pub(super) struct Waive {
    #[command(flatten)]
    pub(super) at: At,
    /// The check, such as `database.traveller`
    #[arg(value_name = "ID")]
    pub(super) check: String,
    /// Who decides
    #[arg(long, value_name = "NAME")]
    pub(super) who: String,
    /// Why
    #[arg(long, value_name = "TEXT")]
    pub(super) why: String,
}

#[derive(Debug, ClapArgs)]
pub(super) struct Discover {
    /// A configuration file, whose folder of the installation is looked into and whose settings win
    #[arg(short, long, value_name = "FILE")]
    pub(super) config: Option<PathBuf>,
    /// Look into this folder as well; may be given several times
    #[arg(long = "in", value_name = "DIR")]
    pub(super) folders: Vec<PathBuf>,
    /// Write what was found as a configuration file; it must not exist
    #[arg(long, value_name = "FILE")]
    pub(super) export: Option<PathBuf>,
}

/// The password is asked for in a terminal, or taken from `OMT_LOGON_PASSWORD`; it is no argument, because arguments
/// can be seen by everybody on the machine.
#[derive(Debug, ClapArgs)]
pub(super) struct Logon {
    #[command(flatten)]
    pub(super) at: At,
    /// Initials, user name or e-mail address
    #[arg(long, value_name = "NAME")]
    pub(super) user: String,
}

#[derive(Debug, ClapArgs)]
pub(super) struct Run {
    #[command(flatten)]
    pub(super) at: At,
    /// A rehearsal: repeatable, nothing on-site is touched, the tenant stays in maintenance
    #[arg(long, conflicts_with = "live")]
    pub(super) test: bool,
    /// The real one: once it is accepted the tenant is running
    #[arg(long)]
    pub(super) live: bool,
    /// Go on although company name or serial number differ from the last run
    #[arg(long)]
    pub(super) identity_changed: bool,
    /// Nobody works in the installation: I have seen to it, and vouch for it while this runs
    #[arg(long)]
    pub(super) frozen: bool,
}

#[derive(Debug, ClapArgs)]
pub(super) struct Seed {
    #[command(flatten)]
    pub(super) at: At,
    /// Go on although company name or serial number differ from the last run
    #[arg(long)]
    pub(super) identity_changed: bool,
}

impl Run {
    /// What was said about the mode, if anything.
    pub(super) fn mode(&self) -> Option<Mode> {
        match (self.test, self.live) {
            (true, _) => Some(Mode::Test),
            (_, true) => Some(Mode::Live),
            _ => None,
        }
    }
}

#[derive(Debug, ClapArgs)]
pub(super) struct Forecast {
    #[command(flatten)]
    pub(super) at: At,
    /// How long to measure, in seconds
    #[arg(long, default_value_t = 12, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..=3600))]
    pub(super) time: u64,
    /// Days between the last seed and the final window
    #[arg(long, default_value_t = 1.0, value_name = "DAYS", allow_negative_numbers = true)]
    pub(super) days: f64,
}

#[derive(Debug, ClapArgs)]
pub(super) struct Mail {
    #[command(flatten)]
    pub(super) at: At,
    /// Write the instruction for the DNS provider here instead of to stdout
    #[arg(long, value_name = "FILE")]
    pub(super) instructions: Option<PathBuf>,
}

#[derive(Debug, ClapArgs)]
pub(super) struct Verify {
    #[command(flatten)]
    pub(super) at: At,
    /// Have the tenant read everything again from its store
    #[arg(long)]
    pub(super) deep: bool,
}

#[derive(Debug, ClapArgs)]
pub(super) struct Report {
    #[command(flatten)]
    pub(super) at: At,
    /// In which form
    #[arg(long, value_enum, default_value_t = ReportFormat::Text)]
    pub(super) format: ReportFormat,
    /// Write it here instead of to stdout
    #[arg(long, value_name = "FILE")]
    pub(super) out: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum ReportFormat {
    /// For a terminal
    Text,
    /// For programs; the same as `--json`
    Json,
    /// One page that needs nothing else
    Html,
    /// The manifest: one verified item a line, as JSON, sorted
    Manifest,
}

#[derive(Debug, ClapArgs)]
pub(super) struct Bundle {
    #[command(flatten)]
    pub(super) at: At,
    /// The archive to write; it must not exist
    #[arg(long, value_name = "FILE", default_value = "bundle.zip")]
    pub(super) out: PathBuf,
    /// Add this log; may be given several times
    #[arg(long, value_name = "FILE")]
    pub(super) log: Vec<PathBuf>,
    /// Do not run the checks for it
    #[arg(long)]
    pub(super) no_checks: bool,
    /// Write it without asking
    #[arg(long, short)]
    pub(super) yes: bool,
}
