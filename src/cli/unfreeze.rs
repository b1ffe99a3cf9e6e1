//! `omt unfreeze`: the installation as it was before it was frozen, whatever became of the run that froze it.

use super::args::{At, Output};
use super::{Ended, print_json};
use omt::config::Config;
use omt::exit::Exit;
use omt::ledger::Ledger;
use omt::migration::ledger_of;
use omt::onsite::freeze::Fingerprint;
use omt::onsite::take_back::{Restored, take_back_all};
use serde_json::json;

pub(super) fn unfreeze(args: &At, output: &Output) -> Ended {
    let config = Config::load(&args.config)?;
    // Without a ledger nothing was ever frozen, and none is to be made.
    ledger_of(&config)?;
    let ledger = Ledger::open(&config.migration.ledger)?;
    let restored = take_back_all(&ledger, &config, true)?;
    ledger.close()?;
    let digest = |print: &Option<Fingerprint>| print.as_ref().map(|print| print.digest().to_string());
    if output.json {
        let restored = restored.as_ref();
        print_json(&json!({
            "event": "unfrozen",
            "changes": restored.map(|all| &all.changes).into_iter().flatten().collect::<Vec<_>>(),
            "complete": restored.is_none_or(Restored::is_complete),
            "before": restored.and_then(|all| digest(&all.before)),
            "fingerprint": restored.and_then(|all| digest(&all.now)),
            "same": restored.and_then(Restored::is_same),
            "differs": restored.map(Restored::difference).unwrap_or_default(),
        }));
    } else {
        tell(restored.as_ref());
    }
    restored.map_or(Ok(()), |all| all.must_be_complete())?;
    Ok(Exit::Verified)
}

fn tell(restored: Option<&Restored>) {
    let Some(restored) = restored else {
        println!("nothing is frozen that this ledger knows of");
        return;
    };
    for change in &restored.changes {
        match (&change.how, &change.error) {
            (Some(how), _) => println!("{}: {how}", change.what),
            (None, error) => println!("{}: STILL THERE: {}", change.what, error.as_deref().unwrap_or_default()),
        }
    }
    for (when, print) in [("before", &restored.before), ("now", &restored.now)] {
        match print {
            Some(print) => println!("fingerprint {when:<6} {}", print.digest()),
            None => println!("fingerprint {when:<6} not known"),
        }
    }
    match restored.is_same() {
        Some(true) => println!("the installation is exactly as it was before the freeze"),
        Some(false) => println!("not as it was before the freeze: {}", restored.difference().join(", ")),
        None => {}
    }
}
