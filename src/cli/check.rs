//! `omt check`, and the decisions about what it finds.

use super::args::{Check, Decision, Output, Waive};
use super::{Ended, print_json};
use omt::checks::{Selection, run, waiver};
use omt::config::Config;
use omt::exit::Exit;
use serde_json::json;

pub(super) async fn check(args: Check, output: &Output) -> Ended {
    match args.decision {
        Some(Decision::Waive(waive)) => return decide(&waive, true, output),
        Some(Decision::Unwaive(waive)) => return decide(&waive, false, output),
        None => {}
    }
    let config = Config::load(&args.at.config)?;
    let selection = Selection::parse(&args.only)?;
    let checked = run::check(&config, selection, args.export).await?;
    if output.json {
        print_json(&checked);
    } else {
        print!("{}", omt::report::text::of_checks(&checked));
    }
    Ok(checked.exit())
}

fn decide(args: &Waive, waived: bool, output: &Output) -> Ended {
    let config = Config::load(&args.at.config)?;
    waiver::decide(&config.migration.ledger, &args.check, waived, &args.who, &args.why)?;
    let event = if waived { "waived" } else { "unwaived" };
    if output.json {
        print_json(&json!({ "event": event, "check": args.check, "who": args.who, "why": args.why }));
    } else {
        println!("{event}: {}", args.check);
    }
    Ok(Exit::Verified)
}
