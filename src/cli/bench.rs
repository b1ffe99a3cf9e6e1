//! `omt bench`.

use super::args::{Bench, Output};
use super::{Ended, print_json};
use omt::bench::{Options, run};
use omt::exit::Exit;
use omt::{Code, Error};

pub(super) async fn bench(args: Bench, output: &Output) -> Ended {
    let program = std::env::current_exe()
        .map_err(|cause| Error::new(Code::Internal, "cannot find this program to start it again").because(cause))?;
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
    // From now on, also while the sample is written: a signal must not end the process before it has tidied up.
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    tokio::spawn(async move {
        super::migrate::signal().await;
        let _ = stop.send(());
    });
    let stopped = async {
        let _ = stopped.await;
    };
    if args.cutover {
        let figures = omt::bench::cutover::run(options, stopped).await?;
        if output.json {
            print_json(&figures);
        } else {
            print!("{figures}");
        }
        return Ok(Exit::Verified);
    }
    let figures = run(options, stopped).await?;
    if output.json {
        print_json(&figures);
    } else {
        print!("{figures}");
        if let Some(place) = &figures.kept {
            println!("\nkept in `{}`", place.display());
        }
    }
    Ok([Exit::Verified, Exit::Left, Exit::Usage, Exit::Blocked, Exit::Different, Exit::Interrupted]
        .into_iter()
        .find(|exit| u8::from(*exit) == figures.exit)
        .unwrap_or(Exit::Incomplete))
}
