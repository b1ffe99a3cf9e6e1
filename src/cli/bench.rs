//! `omt bench`.

use super::args::{Bench, Output};
use super::{Ended, print_json};
use omt::bench::database::{DatabaseOptions, run_database};
use omt::bench::{Options, run};
use omt::exit::Exit;
use omt::{Code, Error};
use serde::Serialize;
use std::fmt::Display;
use std::future::Future;
use std::path::{Path, PathBuf};

pub(super) async fn bench(args: Bench, output: &Output) -> Ended {
    let program = std::env::current_exe()
        .map_err(|cause| Error::new(Code::Internal, "cannot find this program to start it again").because(cause))?;
    if args.database {
        return tables(args, program, output).await;
    }
    let options = Options {
        program,
        documents: args.documents,
        median_size: args.size.0,
        rtt_ms: args.rtt,
        large: args.large,
        tables: args.tables,
        out: args.out,
        keep: args.keep,
    };
    if args.cutover {
        print(&omt::bench::cutover::run(options, stopped()).await?, None, output);
        return Ok(Exit::Verified);
    }
    let figures = run(options, stopped()).await?;
    print(&figures, figures.kept.as_deref(), output);
    Ok(exit(figures.exit))
}

async fn tables(args: Bench, program: PathBuf, output: &Output) -> Ended {
    let Bench { rows, tiny, tiny_rows, url, out, keep, .. } = args;
    let options = DatabaseOptions { program, rows, tables: tiny, each: tiny_rows, url, out, keep };
    let figures = run_database(options, stopped()).await?;
    print(&figures, figures.kept.as_deref(), output);
    Ok(exit(figures.exit))
}

/// From now on, also while the sample is written: a signal must not end the process before it has tidied up.
fn stopped() -> impl Future<Output = ()> {
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    tokio::spawn(async move {
        super::migrate::signal().await;
        let _ = stop.send(());
    });
    async {
        let _ = stopped.await;
    }
}

fn print<T: Serialize + Display>(figures: &T, kept: Option<&Path>, output: &Output) {
    if output.json {
        return print_json(figures);
    }
    print!("{figures}");
    if let Some(place) = kept {
        println!("\nkept in `{}`", place.display());
    }
}

/// The exit status that a process ended with.
fn exit(status: u8) -> Exit {
    [Exit::Verified, Exit::Left, Exit::Usage, Exit::Blocked, Exit::Different, Exit::Interrupted]
        .into_iter()
        .find(|exit| u8::from(*exit) == status)
        .unwrap_or(Exit::Incomplete)
}
