//! `omt users export` and `omt users import`.

use super::args::{Export, Import};
use super::{Desk, print_json};
use crate::cli::Ended;
use crate::cli::args::Output;
use omt::exit::Exit;
use omt::ledger::Ledger;
use omt::people::table;
use omt::report::{Plain, to_file, to_stdout};
use omt::{Code, Error, Result};
use serde_json::json;
use std::io::{Read, Write};
use std::path::Path;

/// No table of users is larger.
const LARGEST: u64 = 256 << 20;

pub(super) async fn export(args: &Export, output: &Output) -> Ended {
    if output.json && args.out.is_none() {
        // On stdout data is JSON, if that is wished.
        return super::list::list(&args.list, output).await;
    }
    let desk = Desk::open(&args.list.at.config, false).await?;
    let users = desk.find(&args.list.filter);
    let writing =
        Box::new(|out: &mut dyn Write| table::export(out, &desk.people, &users, &desk.decisions, &desk.plans));
    match args.out.as_deref().filter(|out| *out != Path::new("-")) {
        None => to_stdout(writing)?,
        Some(out) => {
            crate::cli::report::spare(out, &desk.config)?;
            to_file(out, writing)?;
            if output.json {
                print_json(&json!({ "event": "written", "path": out, "users": users.len() }));
            } else {
                eprintln!("written: {} users to {}", users.len(), out.display());
            }
        }
    }
    Ok(Exit::Verified)
}

pub(super) async fn import(args: &Import, output: &Output) -> Ended {
    let bytes = read(&args.file)?;
    let desk = Desk::open(&args.at.config, true).await?;
    let read = table::import(&bytes, &desk.people, &desk.decisions, &desk.plans)?;
    let file = args.file.display();
    if !read.faults.is_empty() {
        if output.json {
            print_json(&json!({ "event": "refused", "path": args.file, "faults": read.faults }));
        } else {
            for fault in &read.faults {
                eprintln!("{file}:{}: {} [{}]", fault.line, Plain(&fault.text), fault.kind);
            }
        }
        let faults = read.faults.len();
        let some = if faults == 1 { "1 fault".to_owned() } else { format!("{faults} faults") };
        return Err(Error::new(Code::PeopleInvalid, format!("the table `{file}` has {some}, nothing was changed"))
            .hint("correct the lines and import it again"));
    }
    if !args.dry_run && read.changed > 0 {
        let ledger = Ledger::open(&desk.config.migration.ledger)?;
        let name = args.file.file_name().unwrap_or_default().to_string_lossy().into_owned();
        read.decisions.save(&desk.decisions, &format!("import of `{name}`"), &ledger)?;
        ledger.close()?;
    }
    if output.json {
        print_json(&json!({
            "event": "imported", "rows": read.rows, "changed": read.changed, "dry_run": args.dry_run,
            "plans": desk.plans.usage(&read.decisions),
        }));
    } else {
        let would = if args.dry_run { "would be" } else { "are" };
        println!("{} rows read, {} users {would} changed", read.rows, read.changed);
    }
    Ok(Exit::Verified)
}

/// The bytes of a table, of which none is endless.
pub(in crate::cli) fn read(path: &Path) -> Result<Vec<u8>> {
    let failed = |cause| Error::io("read", path, cause).hint("give the name of a table that `omt users export` wrote");
    let file = std::fs::File::open(path).map_err(failed)?;
    let mut bytes = Vec::new();
    file.take(LARGEST + 1).read_to_end(&mut bytes).map_err(failed)?;
    if bytes.len() as u64 > LARGEST {
        return Err(Error::new(Code::PeopleInvalid, format!("`{}` is too large for a table of users", path.display()))
            .hint("is it the right file?"));
    }
    Ok(bytes)
}
