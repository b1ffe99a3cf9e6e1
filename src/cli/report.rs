//! `omt report`.

use super::args::{Output, Report, ReportFormat};
use super::{Ended, print_json};
use omt::config::Config;
use omt::exit::Exit;
use omt::migration::ledger_of;
use omt::report::{Form, to_file, to_stdout, write};
use omt::{Code, Error, Result};
use serde_json::json;
use std::path::Path;

pub(super) fn report(args: &Report, output: &Output) -> Ended {
    let config = Config::load(&args.at.config)?;
    let reader = ledger_of(&config)?;
    let form = match args.format {
        // Without another wish, data is JSON.
        ReportFormat::Text if output.json => Form::Json,
        ReportFormat::Text => Form::Text,
        ReportFormat::Json => Form::Json,
        ReportFormat::Html => Form::Html,
        ReportFormat::Manifest => Form::Manifest,
    };
    let writing = Box::new(move |out: &mut dyn std::io::Write| write(&reader, form, omt::clock::now(), out));
    match args.out.as_deref().filter(|out| *out != Path::new("-")) {
        None => to_stdout(writing)?,
        Some(out) => {
            spare(out, &config)?;
            to_file(out, writing)?;
            if output.json {
                print_json(&json!({ "event": "written", "path": out }));
            } else {
                eprintln!("written: {}", out.display());
            }
        }
    }
    Ok(Exit::Verified)
}

/// A slip of the hand must not put the report in the place of the ledger.
pub(super) fn spare(out: &Path, config: &Config) -> Result<()> {
    let Ok(target) = out.canonicalize() else { return Ok(()) };
    let ledger = &config.migration.ledger;
    let beside = ["", "-wal", "-shm", ".lock"].map(|end| {
        let mut name = ledger.clone().into_os_string();
        name.push(end);
        name.into()
    });
    let taken = beside
        .iter()
        .chain([&config.file])
        .any(|path: &std::path::PathBuf| path.canonicalize().is_ok_and(|path| path == target));
    if taken {
        return Err(Error::new(Code::ConfigInvalid, format!("`{}` belongs to the migration itself", out.display()))
            .hint("give another name after `--out`"));
    }
    Ok(())
}
