//! `omt status`.

use super::args::{At, Output};
use super::{Ended, print_json};
use omt::config::{Config, Size};
use omt::exit::Exit;
use omt::item::{Kind, Outcome};
use omt::migration::{ledger_of, outcomes};
use serde_json::json;

pub(super) async fn status(args: &At, output: &Output) -> Ended {
    let config = Config::load(&args.config)?;
    let reader = ledger_of(&config)?;
    let totals = reader.totals()?;
    let (pending, bytes) = (totals.of(None, None).0, totals.of(None, Some(Outcome::Verified)).1);
    let last = reader.last_run()?;
    let mails = omt::migration::mails_now(&config, &reader).await?;
    if output.json {
        let kinds: serde_json::Map<_, _> = Kind::ALL
            .into_iter()
            .map(|kind| (kind.as_str().to_owned(), json!(outcomes(&totals, Some(kind)))))
            .collect();
        print_json(&json!({
            "event": "status",
            "migration": reader.meta("migration")?,
            "outcomes": outcomes(&totals, None),
            "kinds": kinds,
            "pending": pending,
            "verified_bytes": bytes,
            "orphans": reader.orphan_count()?,
            "mails": mails,
            "last_run": last.as_ref().map(|(started, ended)| json!({ "started": started, "ended": ended })),
        }));
    } else {
        for outcome in Outcome::ALL {
            let (items, bytes) = totals.of(None, Some(outcome));
            println!("{outcome:<13} {items:>10}  {}", Size(bytes));
        }
        println!("{:<13} {pending:>10}", "pending");
        println!("{:<13} {:>10}", "orphans", reader.orphan_count()?);
        match last {
            Some((started, Some(ended))) => println!("last run: {started} to {ended}"),
            Some((started, None)) => println!("last run: {started}, not ended"),
            None => println!("no run has ended yet"),
        }
        if let Some(mails) = mails {
            print!("{}", omt::report::text::of_mails(&mails));
        }
    }
    Ok(Exit::Verified)
}
