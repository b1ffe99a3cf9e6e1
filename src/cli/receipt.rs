//! `omt receipt`: the tenant's signed statement, fetched, and checked offline.

use super::args::{Output, Receipt as Args, ReceiptCommand, VerifyReceipt};
use super::{Ended, print_json};
use omt::config::{Config, Size};
use omt::exit::Exit;
use omt::ledger::Reader;
use omt::migration::{Control, connect, ledger_of, write_receipt};
use omt::receipt::against::{self, Difference};
use omt::receipt::{PublicKey, Receipt};
use omt::{Code, Error, Result};
use serde_json::json;
use std::io::Write;
use std::path::Path;

pub(super) async fn receipt(args: Args, output: &Output) -> Ended {
    match args.command {
        Some(ReceiptCommand::Verify(verify)) => check(&verify, output),
        None => fetch(&args, output).await,
    }
}

/// Fetches the receipt of the ledger's migration. It is checked on the way, so that nobody keeps a broken one.
async fn fetch(args: &Args, output: &Output) -> Ended {
    let config = Config::load(&args.at.config)?;
    let migration = ledger_of(&config)?.meta("migration")?.and_then(|id| id.parse().ok()).ok_or_else(|| {
        Error::new(Code::LedgerUnusable, "nothing was migrated with this ledger yet").hint("`omt migrate` comes first")
    })?;
    let bytes = connect(&config, &Control::default())?.to.receipt(migration).await?.ok_or_else(|| {
        Error::new(Code::TenantRefused, "the tenant has no receipt of this migration")
            .hint("it is made when the tenant accepts: `omt migrate` has to come to its end")
    })?;
    let receipt = Receipt::open(&bytes)?;
    match args.out.as_deref().filter(|out| *out != Path::new("-")) {
        None => {
            let mut stdout = std::io::stdout().lock();
            let written = stdout.write_all(&bytes).and_then(|()| stdout.flush());
            written.map_err(|cause| Error::io("write", "stdout", cause))?;
        }
        Some(out) => {
            super::report::spare(out, &config)?;
            write_receipt(out, &bytes)?;
            if output.json {
                print_json(&json!({ "event": "written", "path": out }));
            } else {
                eprintln!("written: {}, signed with {}", out.display(), receipt.key);
            }
        }
    }
    Ok(Exit::Verified)
}

fn check(args: &VerifyReceipt, output: &Output) -> Ended {
    let bytes = std::fs::read(&args.file).map_err(|cause| {
        let error = Error::new(Code::ConfigInvalid, format!("cannot read `{}`", args.file.display()));
        error.hint("name a receipt, such as the `receipt.json` beside the ledger").because(cause)
    })?;
    let receipt = Receipt::open(&bytes)?;
    let mut differences = 0_u64;
    let mut tell = |difference: Difference| {
        differences += 1;
        let Difference { about, what } = difference;
        if output.json {
            print_json(&json!({ "event": "difference", "about": about, "what": what }));
        } else {
            println!("{about}: {what}");
        }
    };
    if let Some(wanted) = args.key.as_deref().map(key).transpose()?
        && wanted != receipt.key
    {
        let what = format!("it is signed with `{}`, and not with `{wanted}`", receipt.key);
        tell(Difference { about: "key".into(), what });
    }
    let ledger = match &args.ledger {
        Some(ledger) => Some(against::ledger(&receipt, &Reader::open(ledger)?, &mut tell)?),
        None => None,
    };
    let installation = if args.installation {
        let config = Config::load(&args.at.config)?;
        let reader = Reader::open(args.ledger.as_ref().unwrap_or(&config.migration.ledger))?;
        Some(against::installation(&receipt, &config, &reader, &mut tell)?)
    } else {
        None
    };
    let exit = if differences == 0 { Exit::Verified } else { Exit::Different };
    let statement = &receipt.statement;
    if output.json {
        print_json(&json!({
            "event": "receipt", "exit": u8::from(exit), "number": statement.number, "tenant": statement.tenant,
            "migration": statement.migration, "mode": statement.mode, "time": statement.time,
            "items": statement.items.count, "bytes": statement.items.bytes, "tables": statement.tables.len(),
            "rows": statement.rows(), "root": statement.merkle.root, "key": receipt.key.to_string(), "digest": receipt.digest,
            "differences": differences, "ledger": ledger, "installation": installation,
        }));
        return Ok(exit);
    }
    println!(
        "receipt {} of {}, {}: {} items ({}), {} tables with {} rows; unchanged since it was signed",
        statement.number,
        statement.tenant,
        statement.time,
        statement.items.count,
        Size(statement.items.bytes),
        statement.tables.len(),
        statement.rows()
    );
    println!("signed with {}", receipt.key);
    if args.key.is_none() {
        println!("whose key that is says the tenant: `receipt_key` of `GET /v1/tenant`; `--key` compares it");
    }
    for (with, compared) in [("the ledger", ledger), ("the installation", installation)] {
        if let Some(compared) = compared {
            let bytes = Size(compared.bytes);
            println!(
                "compared with {with}: {} items ({bytes}), {} tables, {} differences",
                compared.items, compared.tables, compared.differences
            );
        }
    }
    Ok(exit)
}

/// A key as it is typed, or the first word of a file.
fn key(text: &str) -> Result<PublicKey> {
    let path = Path::new(text);
    if !path.is_file() {
        return text.trim().parse();
    }
    let content = std::fs::read_to_string(path).map_err(|cause| Error::io("read", path, cause))?;
    content.split_whitespace().next().unwrap_or_default().parse()
}
