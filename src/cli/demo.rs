//! `omt demo`: everything in a minute, over real HTTP, compared byte for byte at the end.

use super::args::{Demo, Output};
use super::face::Face;
use super::{Ended, print_json};
use omt::config::{Config, Size};
use omt::exit::Exit;
use omt::item::{Kind, Outcome};
use omt::migration::{Consent, Control, Summary, ledger_of, migrate};
use omt::sample::{SampleOptions, SampleSummary, repair, write};
use omt::tenant::{Loopback, Place, restore};
use omt::{Code, Error, Result};
use serde_json::json;
use std::collections::BTreeMap;
use std::io::Read;
use std::path::{Path, PathBuf};

/// How many lost files are found again.
const FOUND_AGAIN: usize = 2;

pub(super) async fn demo(args: Demo, output: &Output) -> Ended {
    let out = folder(args.out)?;
    let say = |text: &str| {
        if !output.json {
            println!("{text}");
        }
    };
    say(&format!("1. a sample installation with planted faults in `{}`", out.join("installation").display()));
    let mut options = SampleOptions::new(out.join("installation"));
    (options.documents, options.seed, options.faults) = (args.documents, args.seed, "archive".parse()?);
    let sample = write(&options, &mut |_| {})?;

    say("2. a tenant on loopback");
    let place = Place::open(&out.join("tenant").to_string_lossy(), None)?;
    let tenant = Loopback::start(place.clone()).await?;
    let invited = tenant.invite(&sample, Vec::new())?;

    say(&format!("3. migrate {} documents ({})", sample.documents, Size(sample.bytes)));
    let config = tenant.configuration(&sample.config, &invited)?;
    let first = run(&config, output).await?;

    say(&format!("4. {FOUND_AGAIN} missing files are found again: recover"));
    let found = repair(&options.out, FOUND_AGAIN)?;
    let second = run(&config, output).await?;
    tenant.stop().await?;

    say("5. restore from the tenant's store, and compare every byte");
    let restored = restore(&place, &invited.customer, &out.join("restored"), |_| {})?;
    let compared = compare(&config, &options.out, &out.join("restored"))?;

    let report = out.join("report.html");
    let reader = ledger_of(&config)?;
    omt::report::to_file(
        &report,
        Box::new(|out| omt::report::write(&reader, omt::report::Form::Html, omt::clock::now(), out)),
    )?;
    check(&sample, &first, &second, found.len(), restored.items, compared)?;
    if output.json {
        print_json(&json!({
            "event": "demo", "exit": 0, "folder": out, "first": first, "second": second,
            "recovered": found.len(), "restored": restored.items, "compared": compared, "report": report,
        }));
    } else {
        print!("{}", omt::report::text::of_run(&second));
        println!("{compared} of {compared} restored files are byte-identical to the installation's");
        println!("report: {}", report.display());
        println!("everything is in `{}`, and nowhere else", out.display());
    }
    Ok(Exit::Verified)
}

fn folder(wanted: Option<PathBuf>) -> Result<PathBuf> {
    let out = wanted.unwrap_or_else(|| {
        let stamp = omt::clock::now().format("%Y%m%d-%H%M%S");
        std::env::temp_dir().join(format!("omt-demo-{stamp}-{}", std::process::id()))
    });
    std::fs::create_dir_all(&out).map_err(|cause| Error::io("make", &out, cause))?;
    let empty = std::fs::read_dir(&out).map_err(|cause| Error::io("list", &out, cause))?.next().is_none();
    if !empty {
        return Err(Error::new(Code::ConfigInvalid, format!("`{}` is not empty", out.display()))
            .hint("name a new folder with `--out`, or leave it out"));
    }
    std::fs::create_dir_all(out.join("tenant")).map_err(|cause| Error::io("make", &out, cause))?;
    Ok(out)
}

async fn run(config: &Config, output: &Output) -> Result<Summary> {
    let control = Control::default();
    let face = Face::new(output, &control);
    let summary = migrate(config.clone(), Consent::default(), control, face.observer()).await;
    face.finish();
    let summary = summary?;
    match &summary.error {
        Some(failure) => Err(Error::new(Code::Internal, format!("the run failed: {}", failure.message))),
        None => Ok(summary),
    }
}

/// Compares every verified item's file in the installation with the restored one. Gives how many there are.
fn compare(config: &Config, installation: &Path, restored: &Path) -> Result<u64> {
    let reader = ledger_of(config)?;
    let roots: BTreeMap<i64, (String, String)> = reader.roots()?;
    let (mut after, mut compared) = (0, 0);
    loop {
        let page = reader.items_after(after, 1000)?;
        let Some(last) = page.last() else { return Ok(compared) };
        after = last.key.number();
        for known in
            page.iter().filter(|known| known.key.kind() != Kind::Part && known.outcome == Some(Outcome::Verified))
        {
            let Some((root, folder, name)) = &known.place else { continue };
            let Some((label, path)) = roots.get(root) else { continue };
            let here = installation.join(path).join(folder).join(name);
            let there = restored.join(label).join(folder).join(name);
            if !same(&here, &there)? {
                return Err(Error::new(
                    Code::VerificationFailed,
                    format!("`{}` and `{}` differ", here.display(), there.display()),
                ));
            }
            compared += 1;
        }
    }
}

fn same(one: &Path, other: &Path) -> Result<bool> {
    let open = |path: &Path| std::fs::File::open(path).map_err(|cause| Error::io("open", path, cause));
    let (mut a, mut b) = (open(one)?, open(other)?);
    let (mut left, mut right) = (Vec::new(), Vec::new());
    loop {
        left.clear();
        right.clear();
        (&mut a).take(1 << 20).read_to_end(&mut left).map_err(|cause| Error::io("read", one, cause))?;
        (&mut b).take(1 << 20).read_to_end(&mut right).map_err(|cause| Error::io("read", other, cause))?;
        if left != right {
            return Ok(false);
        }
        if left.is_empty() {
            return Ok(true);
        }
    }
}

/// The promises of the demonstration; one that is not kept is an error.
fn check(
    sample: &SampleSummary,
    first: &Summary,
    second: &Summary,
    found: usize,
    restored: u64,
    compared: u64,
) -> Result<()> {
    let planted: Vec<serde_json::Value> = std::fs::read(&sample.fault_list)
        .map_err(|cause| Error::io("read", &sample.fault_list, cause))
        .and_then(|bytes| {
            serde_json::from_slice(&bytes)
                .map_err(|cause| Error::new(Code::Internal, "the list of planted faults is broken").because(cause))
        })?;
    let expected = |word: &str| planted.iter().filter(|fault| fault["expect"] == word).count() as u64;
    let count = |summary: &Summary, word: &str| summary.outcomes.get(word).copied().unwrap_or(0);
    let identity = |summary: &Summary| {
        summary.complete && summary.outcomes.values().sum::<u64>() + summary.pending == summary.rows
    };
    let files = Kind::FILES.iter().filter_map(|kind| second.kinds.get(kind.as_str())?.get("verified")).sum::<u64>();
    let proven = |summary: &Summary| summary.database.is_some_and(|database| database.proven);
    let planted_missing = expected("missing");
    for (kept, promise) in [
        (identity(first) && identity(second), "the sums of the report agree with the rows"),
        (count(first, "missing") == planted_missing, "every planted missing file is reported, and no other"),
        (count(first, "unmigratable") == expected("unmigratable"), "what cannot move is told, and nothing else"),
        (count(first, "unreadable") == expected("unreadable"), "what cannot be read is told, and nothing else"),
        (first.orphans == expected("orphan"), "every file without a row is listed"),
        (found == FOUND_AGAIN, "two missing files are put back"),
        (count(second, "missing") == planted_missing - found as u64, "the recovery brings what was found"),
        (second.items.opened == found as u64, "the recovery opens nothing else"),
        (proven(first) && proven(second), "the tenant's database is what was sent, table by table"),
        (second.database.is_some_and(|database| database.sent_parts == 0), "no table is sent twice"),
        (restored == files && compared == restored, "everything verified is restored"),
    ] {
        if !kept {
            return Err(Error::new(Code::VerificationFailed, format!("a promise was not kept: {promise}")));
        }
    }
    Ok(())
}
