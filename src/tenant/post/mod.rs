//! The tenant's mails: who is written to when a migration is accepted, in which words, and how it gets there.
//!
//! An accepted migration owes mails ([`owed`]): a welcome to each user with a plan, if that was wanted and the migration is a
//! live one; the summary of users to the address that was named; and to whoever migrates the word that the upload is complete.
//! After a rehearsal no user is written to, because nobody can log in. What is owed stands in the outbox, a table of the
//! catalogue, before anything is sent, and in it only once; the commit neither waits for mails nor fails by them. The
//! [`courier`] takes it from there: a mail server that does not take an address ends that mail, one that is gone makes all
//! wait. Whoever dies between handing over and the answer cannot know whether the mail arrived: it is sent again, and called doubtful.

mod courier;
mod letter;
mod owed;
mod relay;
mod texts;

pub(super) use courier::run;
pub use relay::PostOptions;

use super::protocol::Mails;
use crate::Result;
use crate::tenant::catalogue;
use crate::tenant::held::Tenant;
use relay::Relay;
use std::sync::{Mutex, PoisonError};
use tokio::sync::{Notify, watch};
use tokio_util::sync::CancellationToken;

/// What the server and the courier share.
pub(super) struct Post {
    /// The mail server, if there is one.
    relay: Option<Relay>,
    /// Somebody has entered mails.
    wake: Notify,
    /// Counts the rounds of the courier, for those who wait for a change.
    rounds: watch::Sender<u64>,
    /// Why nothing can be sent at the moment.
    trouble: Mutex<Option<String>>,
    /// The server ends: no further mail is begun.
    pub(super) stop: CancellationToken,
}

impl Post {
    /// With the mail server of `options`, or none.
    pub(super) fn new(options: Option<&PostOptions>) -> Result<Self> {
        Ok(Self {
            relay: options.map(Relay::new).transpose()?,
            wake: Notify::new(),
            rounds: watch::Sender::new(0),
            trouble: Mutex::default(),
            stop: CancellationToken::new(),
        })
    }

    /// Tells the courier that something may wait.
    pub(super) fn wake(&self) {
        self.wake.notify_one();
    }

    /// How the mails of a tenant stand. Blocks.
    pub(super) fn state(&self, tenant: &Tenant) -> Result<Mails> {
        let mut mails = tenant.catalogue.read(catalogue::mails)?;
        mails.server = self.relay.is_some();
        mails.trouble.clone_from(&self.trouble.lock().unwrap_or_else(PoisonError::into_inner));
        Ok(mails)
    }

    /// The rounds of the courier: whoever holds this can wait for the next one.
    pub(super) fn rounds(&self) -> watch::Receiver<u64> {
        self.rounds.subscribe()
    }

    fn tell(&self, trouble: Option<String>) {
        *self.trouble.lock().unwrap_or_else(PoisonError::into_inner) = trouble;
        self.rounds.send_modify(|rounds| *rounds += 1);
    }
}

/// Milliseconds since 1970, as the outbox counts them.
fn now() -> i64 {
    crate::clock::now().timestamp_millis()
}
