//! What tells the process to end while nothing is asked: Ctrl-C, a request to terminate, a line that was cut.
//!
//! It listens from the beginning, so that a second one is not missed while the first is dealt with.

use omt::{Code, Error, Result};

/// Everything that is listened to.
#[cfg(unix)]
pub(super) struct Signals([tokio::signal::unix::Signal; 3]);

#[cfg(unix)]
impl Signals {
    pub(super) fn new() -> Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        let listen = |kind| signal(kind).map_err(failed);
        Ok(Self([listen(SignalKind::interrupt())?, listen(SignalKind::terminate())?, listen(SignalKind::hangup())?]))
    }

    /// Waits for the next one.
    pub(super) async fn next(&mut self) {
        let [interrupt, terminate, hangup] = &mut self.0;
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
            _ = hangup.recv() => {}
        }
    }
}

/// Everything that is listened to.
#[cfg(windows)]
pub(super) struct Signals(tokio::signal::windows::CtrlC, tokio::signal::windows::CtrlClose);

#[cfg(windows)]
impl Signals {
    pub(super) fn new() -> Result<Self> {
        use tokio::signal::windows::{ctrl_c, ctrl_close};
        Ok(Self(ctrl_c().map_err(failed)?, ctrl_close().map_err(failed)?))
    }

    /// Waits for the next one.
    pub(super) async fn next(&mut self) {
        tokio::select! {
            _ = self.0.recv() => {}
            _ = self.1.recv() => {}
        }
    }
}

fn failed(cause: std::io::Error) -> Error {
    Error::new(Code::Internal, "the process cannot be told to end").hint("start it again").because(cause)
}
