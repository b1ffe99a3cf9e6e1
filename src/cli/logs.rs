//! What the process needs before anything else: logs.

use super::args::{LogFormat, Output};
use super::logfile::LogFile;
use std::io::IsTerminal;
use tracing_subscriber::layer::{Layer, SubscriberExt};
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Registry};

/// Logs to stderr. Nothing that is secret is ever given to a log: tickets are `SecretString`s.
pub(super) fn start(output: &Output) {
    let filter = EnvFilter::try_new(&output.log_level).unwrap_or_else(|_| EnvFilter::new("error"));
    let layer = tracing_subscriber::fmt::layer::<Registry>().with_writer(std::io::stderr);
    let mut layers = vec![match output.log_format {
        LogFormat::Text => layer.with_ansi(std::io::stderr().is_terminal()).with_filter(filter).boxed(),
        LogFormat::Json => layer.json().with_filter(filter).boxed(),
    }];
    if let Some(path) = &output.log_file {
        match LogFile::open(path) {
            Ok(file) => {
                let layer = tracing_subscriber::fmt::layer::<Registry>().with_writer(file).with_ansi(false);
                layers.push(match output.log_format {
                    LogFormat::Text => layer.with_filter(for_file(&output.log_level)).boxed(),
                    LogFormat::Json => layer.json().with_filter(for_file(&output.log_level)).boxed(),
                });
            }
            // What was asked for goes on without its log.
            Err(error) => eprintln!("warning: cannot write the log `{}`: {error}", path.display()),
        }
    }
    tracing_subscriber::registry().with(layers).init();
}

/// A file is for those who come later: it holds at least what is ordinary.
fn for_file(level: &str) -> EnvFilter {
    let level = if matches!(level, "error" | "warn" | "off") { "info" } else { level };
    EnvFilter::try_new(level).unwrap_or_else(|_| EnvFilter::new("info"))
}
