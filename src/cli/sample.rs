//! `omt sample`.

use super::args::{Output, Sample};
use super::{Ended, print_json};
use omt::exit::Exit;
use omt::sample::{SampleOptions, write};

pub(super) fn sample(args: Sample, output: &Output) -> Ended {
    let options = SampleOptions {
        out: args.out,
        from: args.from,
        documents: args.documents,
        users: args.users,
        seed: args.seed,
        median_size: args.size.0,
        faults: args.faults.parse()?,
    };
    let summary = write(&options, &mut |_| {})?;
    if output.json {
        print_json(&summary);
    } else {
        println!(
            "{}, serial number {}\n{} documents, {} templates, {} attachments, {} users, {}, {} planted faults",
            summary.company,
            summary.serial,
            summary.documents,
            summary.templates,
            summary.attachments,
            summary.users,
            omt::config::Size(summary.bytes),
            summary.faults
        );
        println!("configuration: {}", summary.config.display());
        println!(
            "hint: `omt tenant invite --store URL --company '{}' --serial {}` makes a tenant for it",
            summary.company, summary.serial
        );
    }
    Ok(Exit::Verified)
}
