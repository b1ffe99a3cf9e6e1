//! `omt wizard`: the guide in a terminal, for whoever has nothing but a shell on the server.
//!
//! It is a face like any other: it sends commands to the front actor, draws its view, and has no privilege. Questions block, so they are
//! asked on a thread of their own, which nobody waits for when the process is told to end. Whatever was said lies in the ledger;
//! leaving costs nothing, by a menu, by Ctrl-C, by a lost connection. Without a terminal nothing is asked: programs use
//! `omt serve --stdio`.
//!
//! [`face`] walks through the steps, one file each; [`prompt`] asks, [`menu`] offers, [`say`] tells, [`cards`] reads users.

mod cards;
mod checklist;
mod checks;
mod complete;
mod confirm;
mod face;
mod files;
mod installation;
mod keys;
mod left;
mod logon;
mod menu;
mod names;
mod notify;
mod plans;
mod prompt;
mod rows;
mod say;
mod signals;
mod table;
mod upload;
mod welcome;

use super::Ended;
use super::args::{At, Output};
use face::Face;
use omt::config::Config;
use omt::exit::Exit;
use omt::wizard::view::{Data, Upload, UploadState};
use omt::wizard::{Command, Front};
use omt::{Code, Error, Result};
use prompt::Stop;
use signals::Signals;
use std::io::IsTerminal;
use tokio::runtime::Handle;
use tokio::sync::oneshot;

pub(super) async fn wizard(args: &At, output: &Output) -> Ended {
    needs_terminal(output)?;
    let config = Config::load(&args.config)?;
    prompt::dress();
    let mut signals = Signals::new()?;
    let front = Front::start(config.clone())?;
    let face = Face::new(front.clone(), config, Handle::current());
    let (to, ended) = oneshot::channel();
    let thread = std::thread::Builder::new().name("terminal".into()).spawn(move || {
        // If the process was told to end, nobody waits for it.
        let _ = to.send(face.run());
    });
    thread.map_err(|cause| Error::new(Code::Internal, "there is no thread for the terminal").because(cause))?;
    let ended = tokio::select! {
        ended = ended => ended,
        () = signals.next() => Ok(Err(Stop::Interrupt)),
    };
    keys::restore();
    close(front, &mut signals).await;
    match ended {
        Ok(Ok(exit)) => return Ok(exit),
        // Told here, where it does not matter whether anybody can read it.
        Ok(Err(Stop::Failed(error))) => say::error(&error),
        Ok(Err(_)) => {}
        Err(lost) => {
            return Err(Error::new(Code::Internal, "the terminal face has ended")
                .hint("start it again, it goes on where it was")
                .because(lost));
        }
    }
    say::line("nothing is lost: the same command goes on here");
    Ok(Exit::Interrupted)
}

/// Without somebody at a terminal there is nobody to answer.
fn needs_terminal(output: &Output) -> Result<()> {
    let what = if output.json {
        "the wizard in the terminal talks to people, not in JSON"
    } else if !std::io::stdin().is_terminal() || !std::io::stderr().is_terminal() {
        "the wizard asks questions, and there is no terminal to answer them"
    } else {
        return Ok(());
    };
    Err(Error::new(Code::TerminalAbsent, what)
        .hint("run it in a terminal (`ssh -t`), or drive the same wizard from a program: `omt serve --stdio`"))
}

/// Waits for an upload that goes on; whoever asks a second time does not want to wait.
async fn close(front: Front, signals: &mut Signals) {
    let view = front.view().await;
    if let Data::Upload(Upload { state: UploadState::Running | UploadState::Paused, .. }) = view.data {
        say::line("stopping: what is under way is finished first; once more stops at once");
    }
    let closing = front.clone().close();
    tokio::pin!(closing);
    loop {
        tokio::select! {
            _ = &mut closing => return,
            () = signals.next() => drop(front.command(Command::Stop).await),
        }
    }
}
