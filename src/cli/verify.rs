//! `omt verify`.

use super::args::{Output, Verify};
use super::{Ended, print_json};
use omt::config::{Config, Size};
use omt::exit::Exit;
use omt::migration::compare;
use serde_json::json;

pub(super) async fn verify(args: Verify, output: &Output) -> Ended {
    let config = Config::load(&args.at.config)?;
    let comparison = compare(&config, args.deep, &mut |deviation| {
        if output.json {
            print_json(&json!({ "event": "deviation", "item": deviation.item, "path": deviation.path, "what": deviation.what }));
        } else {
            println!("{} `{}`: {}", deviation.item, deviation.path, deviation.what);
        }
    })
    .await?;
    let exit = if comparison.deviations == 0 { Exit::Verified } else { Exit::Different };
    if output.json {
        print_json(&json!({ "event": "compared", "exit": u8::from(exit), "comparison": comparison }));
    } else {
        let how = if args.deep { "re-read from the tenant's store" } else { "compared with the tenant's manifest" };
        println!("{} items ({}) {how}, {} differ", comparison.items, Size(comparison.bytes), comparison.deviations);
        if comparison.deviations > 0 {
            println!("hint: `omt migrate` sends them again");
        }
    }
    Ok(exit)
}
