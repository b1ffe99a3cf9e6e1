//! The commands: as typed, one function each, and how they end.

mod args;
mod bench;
mod bundle;
mod check;
mod demo;
mod discover;
mod face;
mod forecast;

mod logfile;
mod logon;
mod logs;
mod mail;
mod migrate;
mod receipt;
mod report;
mod sample;
mod serve;
mod status;
mod tenant;
mod unfreeze;
mod users;
mod verify;
mod wizard;

use args::{Args, Command};
use clap::Parser;
use omt::exit::Exit;
use omt::{Error, Result};
use std::process::ExitCode;

/// What a command that ran answers.
type Ended = Result<Exit>;

/// The whole program.
pub(crate) fn main() -> ExitCode {
    let args = match Args::try_parse() {
        Ok(args) => args,
        Err(error) => {
            // Help and version are no mistakes.
            let exit = if error.use_stderr() { Exit::Usage } else { Exit::Verified };
            let _ = error.print();
            return u8::from(exit).into();
        }
    };
    logs::start(&args.output);
    let json = args.output.json;
    let ended = omt::system::start().and_then(|system| system.block_on(dispatch(args)));
    let exit = ended.unwrap_or_else(|error| {
        tell(&error, json);
        Exit::from(&error)
    });
    u8::from(exit).into()
}

async fn dispatch(args: Args) -> Ended {
    let output = args.output;
    match args.command {
        Command::Demo(demo) => demo::demo(demo, &output).await,
        Command::Sample(sample) => sample::sample(sample, &output),
        Command::Check(check) => check::check(check, &output).await,
        Command::Discover(discover) => discover::discover(discover, &output),
        Command::Logon(args) => logon::logon(args, &output).await,
        Command::Seed(args) => migrate::seed(args, &output).await,
        Command::Unfreeze(at) => unfreeze::unfreeze(&at, &output),
        Command::Migrate(run) => migrate::migrate(run, false, &output).await,
        Command::Recover(run) => migrate::migrate(run, true, &output).await,
        Command::Mail(mail) => mail::mail(&mail, &output).await,
        Command::Users(users) => users::users(users, &output).await,
        Command::Verify(verify) => verify::verify(verify, &output).await,
        Command::Forecast(ask) => forecast::forecast(ask, &output).await,
        Command::Status(at) => status::status(&at, &output).await,
        Command::Report(report) => report::report(&report, &output),
        Command::Wizard(at) => wizard::wizard(&at, &output).await,
        Command::Serve(args) => serve::serve(args, &output).await,
        Command::Receipt(receipt) => receipt::receipt(receipt, &output).await,
        Command::Bundle(args) => bundle::bundle(args, &output).await,
        Command::Bench(bench) => bench::bench(bench, &output).await,
        Command::Tenant(tenant) => tenant::tenant(tenant, &output).await,
    }
}

/// An error as a person or a program reads it, on stderr and with `--json` also as the last object on stdout.
fn tell(error: &Error, json: bool) {
    if json {
        let failure = omt::migration::Failure::from(error);
        print_json(&serde_json::json!({ "event": "error", "exit": u8::from(Exit::from(error)), "error": failure }));
    }
    eprintln!("error: {} [{}]", error.chain(), error.code().as_str());
    if let Some(hint) = error.hint_text() {
        eprintln!("hint: {hint}");
    }
}

/// One JSON object on a line of stdout.
fn print_json(value: &impl serde::Serialize) {
    use std::io::Write;
    let mut out = std::io::stdout().lock();
    // A reader that has gone away ends the talking, not the work.
    let _ = serde_json::to_writer(&mut out, value).map_err(std::io::Error::from).and_then(|()| writeln!(out));
    let _ = out.flush();
}
