//! `omt bundle`.

use super::args::{Bundle, Output};
use super::{Ended, print_json};
use omt::bundle::{Options, Prepared, prepare};
use omt::config::{Config, Size};
use omt::exit::Exit;
use omt::{Code, Error, Result};
use serde_json::json;
use std::io::IsTerminal;

pub(super) async fn bundle(args: Bundle, output: &Output) -> Ended {
    let config = Config::load(&args.at.config)?;
    let mut logs = args.log;
    if let Some(log) = &output.log_file {
        logs.extend([super::logfile::older(log), log.clone()]);
    }
    let prepared = prepare(&config, Options { logs, checks: !args.no_checks }, &args.out).await?;
    let (files, notes) = (prepared.files.clone(), prepared.notes.clone());
    if !output.json {
        list(&prepared);
    }
    if !args.yes && !agreed()? {
        eprintln!("nothing was written");
        return Ok(Exit::Verified);
    }
    let path = prepared.keep()?;
    if output.json {
        print_json(&json!({ "event": "bundled", "path": path, "files": files, "notes": notes }));
    } else {
        eprintln!("written: {}", path.display());
    }
    Ok(Exit::Verified)
}

/// What is in it, before it is there.
fn list(prepared: &Prepared) {
    for file in &prepared.files {
        let replaced: Vec<String> = file.replaced.iter().map(|(what, count)| format!("{what} {count}")).collect();
        let replaced = if replaced.is_empty() { "nothing".to_owned() } else { replaced.join(", ") };
        println!("{:<32} {:>10}  replaced: {replaced}", file.file, Size(file.bytes).to_string());
    }
    for note in &prepared.notes {
        println!("note: {note}");
    }
}

/// Whether a person agrees. Without a terminal nobody can be asked.
fn agreed() -> Result<bool> {
    if !std::io::stdin().is_terminal() || !std::io::stderr().is_terminal() {
        return Err(Error::new(
            Code::ConfigMissing,
            "the bundle was not written: nobody can be asked without a terminal",
        )
        .hint("look at the list, then run again with `--yes`"));
    }
    inquire::Confirm::new("write it?").with_default(false).prompt().map_err(|cause| {
        Error::new(Code::Interrupted, "the bundle was not written").hint("answer with y or n").because(cause)
    })
}
