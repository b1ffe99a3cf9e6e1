//! `omt migrate`, `omt recover` and `omt seed`.

use super::args::{Output, Run, Seed};
use super::face::Face;
use super::{Ended, print_json};
use omt::config::Config;
use omt::exit::Exit;
use omt::migration::{Consent, Control, Summary, migrate as run};
use omt::pipeline::Stop;

pub(super) async fn migrate(args: Run, recovery_only: bool, output: &Output) -> Ended {
    pass(args, recovery_only, false, output).await
}

/// `omt seed`
pub(super) async fn seed(args: Seed, output: &Output) -> Ended {
    let args = Run { at: args.at, test: false, live: false, identity_changed: args.identity_changed, frozen: false };
    pass(args, false, true, output).await
}

async fn pass(args: Run, recovery_only: bool, seed: bool, output: &Output) -> Ended {
    let mut config = Config::load(&args.at.config)?;
    if let Some(mode) = args.mode() {
        config.migration.mode = mode;
    }
    let control = Control::default();
    serve_metrics(&config)?;
    stop_on_signals(control.stop.clone());
    let face = Face::new(output, &control);
    let consent = Consent { identity_changed: args.identity_changed, recovery_only, seed, frozen: args.frozen };
    let summary = run(config, consent, control, face.observer()).await;
    face.finish();
    let summary = summary?;
    if output.json {
        print_json(&summary);
    } else {
        print!("{}", omt::report::text::of_run(&summary));
    }
    tell_failure(&summary);
    Ok(exit_of(&summary))
}

/// The exit status that a summary carries.
pub(super) fn exit_of(summary: &Summary) -> Exit {
    [Exit::Verified, Exit::Left, Exit::Usage, Exit::Blocked, Exit::Different, Exit::Interrupted]
        .into_iter()
        .find(|exit| u8::from(*exit) == summary.exit)
        .unwrap_or(Exit::Incomplete)
}

fn tell_failure(summary: &Summary) {
    if let Some(failure) = &summary.error {
        eprintln!("error: {} [{}]", failure.message, failure.code);
        if let Some(hint) = &failure.hint {
            eprintln!("hint: {hint}");
        }
    }
}

/// The first Ctrl-C (or a request to terminate) drains, the second aborts.
fn stop_on_signals(stop: Stop) {
    tokio::spawn(async move {
        signal().await;
        eprintln!("stopping: what is under way is finished first; once more stops at once");
        stop.drain();
        signal().await;
        stop.abort();
    });
}

#[cfg(unix)]
pub(super) async fn signal() {
    use tokio::signal::unix::{SignalKind, signal};
    let Ok(mut terminate) = signal(SignalKind::terminate()) else {
        let _ = tokio::signal::ctrl_c().await;
        return;
    };
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        _ = terminate.recv() => {}
    }
}

#[cfg(not(unix))]
pub(super) async fn signal() {
    let _ = tokio::signal::ctrl_c().await;
}

/// Prometheus may ask where the configuration says.
fn serve_metrics(config: &Config) -> omt::Result<()> {
    use actix_web::{App, HttpServer, web};
    let (Some(address), Some(recorder)) = (config.metrics.listen, omt::metrics::install()) else { return Ok(()) };
    let upkeep = recorder.clone();
    tokio::spawn(async move {
        // Histograms keep every sample until somebody asks or this runs.
        let mut ticks = tokio::time::interval(std::time::Duration::from_secs(5));
        loop {
            ticks.tick().await;
            upkeep.run_upkeep();
        }
    });
    let server = HttpServer::new(move || {
        let recorder = recorder.clone();
        App::new().route("/metrics", web::get().to(move || std::future::ready(recorder.render())))
    })
    .workers(1)
    .disable_signals()
    .bind(address)
    .map_err(|cause| {
        omt::Error::new(omt::Code::ConfigInvalid, format!("cannot listen on `{address}` for metrics"))
            .hint("change `metrics.listen`")
            .because(cause)
    })?;
    actix_web::rt::spawn(server.run());
    Ok(())
}
