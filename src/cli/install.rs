//! What the process needs before anything else: logs, TLS, a runtime.

use super::args::{LogFormat, Output};
use std::io::IsTerminal;
use tracing_subscriber::EnvFilter;

/// Logs to stderr. Nothing that is secret is ever given to a log: tickets are `SecretString`s.
pub(super) fn logs(output: &Output) {
    let filter = EnvFilter::try_new(&output.log_level).unwrap_or_else(|_| EnvFilter::new("error"));
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    match output.log_format {
        LogFormat::Text => builder.with_ansi(std::io::stderr().is_terminal()).init(),
        LogFormat::Json => builder.json().init(),
    }
}

/// One provider for every TLS connection in the process.
pub(super) fn tls() {
    // Only fails when one is installed already.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
}

/// The runtime that actors, web server and uploads share.
pub(super) fn runtime() -> tokio::runtime::Runtime {
    let built = tokio::runtime::Builder::new_multi_thread().thread_name("io").enable_all().build();
    match built {
        Ok(runtime) => runtime,
        Err(error) => {
            // Without threads there is nobody to run anything, and no caller to give the error to.
            eprintln!("error: cannot start the runtime: {error}");
            std::process::exit(i32::from(u8::from(omt::exit::Exit::Incomplete)));
        }
    }
}
