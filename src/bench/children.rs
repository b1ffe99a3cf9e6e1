//! The two processes that are measured: the tenant, and one pass of a migration. Both are this program, started as
//! anybody would start it, so that what is measured is what people get. Secrets travel in the environment, and
//! nothing of the caller's own configuration gets through: a measurement must never touch a real installation.

use crate::{Code, Error, Result};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};
use tokio_util::sync::CancellationToken;

/// What of the caller's environment may change a measurement: how the engine is set up.
const TUNING: [&str; 2] = ["OMT_PIPELINE_", "OMT_PACE_"];
/// What the tenant's first line begins with.
const READY: &str = "listening on ";

/// This program with an environment that holds nothing about any installation or tenant.
fn command(program: &Path) -> Command {
    let mut command = Command::new(program);
    for (name, _) in std::env::vars_os() {
        let text = name.to_string_lossy();
        if text.starts_with("OMT_") && !TUNING.iter().any(|prefix| text.starts_with(prefix)) {
            command.env_remove(&name);
        }
    }
    // Both ends are on this machine; a proxy would be measured instead.
    command.env("NO_PROXY", "127.0.0.1").env("no_proxy", "127.0.0.1");
    command.stdin(Stdio::null()).stdout(Stdio::piped()).kill_on_drop(true);
    command
}

fn start(mut command: Command, what: &str) -> Result<(Child, Lines<BufReader<ChildStdout>>)> {
    let failed = || Error::new(Code::Internal, format!("cannot start {what}"));
    let mut child = command.spawn().map_err(|cause| failed().because(cause))?;
    let out = child.stdout.take().ok_or_else(failed)?;
    Ok((child, BufReader::new(out).lines()))
}

/// A tenant that listens. It ends when this is dropped.
#[derive(Debug)]
pub(super) struct Tenant {
    child: Child,
    /// Kept open: a tenant that writes into a closed pipe would fail.
    _out: Lines<BufReader<ChildStdout>>,
    /// As it said, `http://127.0.0.1:…`.
    pub(super) url: String,
}

impl Tenant {
    /// Starts a tenant over the store `url` and waits until it listens.
    pub(super) async fn start(program: &Path, store: &str) -> Result<Self> {
        let mut command = command(program);
        command.args(["tenant", "serve", "--listen", "127.0.0.1:0", "--store", store]);
        let (child, mut out) = start(command, "the tenant")?;
        let first = out.next_line().await.ok().flatten().unwrap_or_default();
        let Some(url) = first.strip_prefix(READY) else {
            return Err(Error::new(Code::Internal, "the tenant ended before it listened")
                .hint("its own message is above; `omt tenant serve` shows it too"));
        };
        Ok(Self { child, url: url.trim().to_owned(), _out: out })
    }

    /// What it has cost so far.
    pub(super) async fn cost(&self) -> Result<Cost> {
        let unreadable = |cause| Error::new(Code::TenantFaulty, "cannot read the figures of the tenant").because(cause);
        let client = reqwest::Client::builder().no_proxy().build().map_err(unreadable)?;
        let answer = client.get(format!("{}/metrics", self.url)).send().await.map_err(unreadable)?;
        Ok(Cost::read(&answer.error_for_status().map_err(unreadable)?.text().await.map_err(unreadable)?))
    }

    /// Ends it and waits until it is gone, so that its files can be removed.
    pub(super) async fn stop(mut self) {
        // It fails when the tenant has gone already, and then there is nothing left to do.
        let _ = self.child.kill().await;
    }
}

/// What a process has cost.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Cost {
    /// Seconds of processor time.
    pub(super) cpu_seconds: f64,
    /// The most memory that it has had, in bytes.
    pub(super) peak_memory: u64,
}

impl Cost {
    /// From figures in the text form of Prometheus.
    fn read(text: &str) -> Self {
        let figure = |name: &str| {
            let value = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
            value.and_then(|value| value.trim().parse().ok()).unwrap_or(0.0)
        };
        Self {
            cpu_seconds: figure("process_cpu_seconds_total"),
            peak_memory: figure("process_peak_memory_bytes") as u64,
        }
    }
}

/// How to run a pass, again and again.
pub(super) struct Migrate {
    /// This program.
    pub(super) program: PathBuf,
    /// The configuration of the sample.
    pub(super) config: PathBuf,
    /// Where the tenant, or the relay before it, listens.
    pub(super) url: String,
    /// The ticket.
    pub(super) ticket: SecretString,
    /// Whether the tables of the database move too.
    pub(super) tables: bool,
}

impl Migrate {
    /// Runs a pass to its end, or until `stop`, and answers what it said at last. The process is gone in any case.
    pub(super) async fn pass(&self, stop: &CancellationToken) -> Result<Finished> {
        self.command(&["migrate", "--test"], stop).await
    }

    /// The same with another command.
    pub(super) async fn command(&self, named: &[&str], stop: &CancellationToken) -> Result<Finished> {
        let mut command = command(&self.program);
        command.args(named);
        let arguments: [OsString; 6] = [
            "-c".into(),
            self.config.clone().into(),
            "--json".into(),
            "--progress".into(),
            "none".into(),
            "--log-level=error".into(),
        ];
        command.args(arguments);
        command.env("OMT_TABLES_MOVE", if self.tables { "true" } else { "false" });
        command.env("OMT_TENANT_URL", &self.url).env("OMT_TENANT_TICKET", self.ticket.expose_secret());
        let (mut child, mut out) = start(command, "the migration")?;
        let unreadable = |cause| Error::new(Code::Internal, "cannot read what the migration says").because(cause);
        let mut last = String::new();
        let reading = async {
            while let Some(line) = out.next_line().await.map_err(unreadable)? {
                last = line;
            }
            Ok(())
        };
        let read = tokio::select! {
            read = reading => read,
            () = stop.cancelled() => Err(super::interrupted()),
        };
        if read.is_err() {
            // It fails when the process has gone already, and that is all that is wanted.
            let _ = child.kill().await;
        }
        read?;
        child.wait().await.map_err(|cause| Error::new(Code::Internal, "lost the migration").because(cause))?;
        Finished::read(&last)
    }
}

/// The `finished` event, as far as it is used here.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Finished {
    pub(super) exit: u8,
    pub(super) seconds: f64,
    pub(super) bytes: Bytes,
    pub(super) items: Items,
    pub(super) requests: u64,
    pub(super) retries: u64,
    pub(super) edges: Vec<Edge>,
    pub(super) resources: Resources,
    #[serde(default)]
    pub(super) freeze: Option<Freeze>,
}

#[derive(Debug, Clone, Copy, Deserialize)]
pub(super) struct Freeze {
    pub(super) seconds: f64,
}

#[derive(Debug, Clone, Copy, Deserialize)]
pub(super) struct Bytes {
    pub(super) read: u64,
    pub(super) sent: u64,
    pub(super) verified: u64,
}

#[derive(Debug, Clone, Copy, Deserialize)]
pub(super) struct Items {
    pub(super) opened: u64,
    pub(super) verified: u64,
}

#[expect(clippy::struct_field_names, reason = "the name in the event")]
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Edge {
    pub(super) edge: String,
    pub(super) items: u64,
    pub(super) waited: f64,
}

#[derive(Debug, Clone, Copy, Deserialize)]
pub(super) struct Resources {
    pub(super) cpu_seconds: f64,
    pub(super) peak_memory: u64,
}

impl Finished {
    /// From the last line on stdout.
    fn read(line: &str) -> Result<Self> {
        #[derive(Deserialize)]
        #[serde(tag = "event", rename_all = "lowercase")]
        enum Last {
            Finished(Finished),
            Error { error: crate::migration::Failure },
        }
        match serde_json::from_str(line) {
            Ok(Last::Finished(finished)) => Ok(finished),
            Ok(Last::Error { error }) => {
                let text = format!("the migration could not begin: {} [{}]", error.message, error.code);
                Err(Error::new(Code::Internal, text).hint(error.hint.unwrap_or_default()))
            }
            Err(cause) => {
                let text = "the migration ended without its last word";
                Err(Error::new(Code::Internal, text).hint("its own message is above").because(cause))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_found_by_their_whole_name() {
        let text = "# TYPE process_cpu_seconds_total counter\nprocess_cpu_seconds_total_x 9\nprocess_cpu_seconds_total 1.5\n\
                    process_peak_memory_bytes 2048\n";
        assert_eq!(Cost::read(text), Cost { cpu_seconds: 1.5, peak_memory: 2048 });
        assert_eq!(Cost::read(""), Cost::default());
    }

    #[test]
    fn an_error_of_the_migration_is_repeated_with_its_hint() {
        let line =
            r#"{"event":"error","exit":2,"error":{"code":"ledger.busy","message":"somebody else","hint":"wait"}}"#;
        let error = Finished::read(line).unwrap_err();
        assert!(error.message().contains("somebody else [ledger.busy]"));
        assert_eq!(error.hint_text(), Some("wait"));
        assert!(Finished::read("").is_err());
    }
}
