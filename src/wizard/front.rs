//! The way to the front actor.

use super::actor::{Going, Turn, Wizard};
use super::command::{Command, Query};
use super::event::Events;
use super::query::Answer;
use super::view::View;
use crate::config::Config;
use crate::exit::Exit;
use crate::{Code, Error, Result};
use actix::{Actor, Addr, Context};
use std::sync::Arc;
use tokio::sync::{Semaphore, oneshot, watch};

/// Commands and questions that may wait for the actor at once.
const WAITING: usize = 64;

/// The way to the front actor. Cloning is cheap; the actor lives as long as somebody has a way to it.
#[derive(Clone)]
pub struct Front {
    address: Addr<Wizard>,
    events: Events,
    going: watch::Receiver<Going>,
    room: Arc<Semaphore>,
}

impl Front {
    /// Starts the actor on this thread, and has it look for the installation and ask the tenant. Must be called inside an
    /// actix system on a multi-thread runtime.
    ///
    /// # Errors
    /// A ledger that cannot be read.
    pub fn start(config: Config) -> Result<Self> {
        let events = Events::default();
        // The first thing that it does is to look.
        let (told, going) = watch::channel(Going { work: true, upload: false });
        let wizard = Wizard::new(config, events.clone(), told)?;
        let address = Wizard::create(|context| {
            // Unbounded for actix; the semaphore below is the bound.
            context.set_mailbox_capacity(0);
            wizard
        });
        Ok(Self { address, events, going, room: Arc::new(Semaphore::new(WAITING)) })
    }

    /// What happens, in order.
    #[must_use]
    pub fn events(&self) -> &Events {
        &self.events
    }

    /// The view as it is now.
    pub async fn view(&self) -> View {
        loop {
            let seen = self.ask(|wizard, _| {
                // A ledger that cannot be read now is told by the next command.
                let _ = wizard.reload();
                wizard.draw()
            });
            match seen.await {
                Ok(view) => return view,
                // The actor only ends with its process.
                Err(_) => std::future::pending::<()>().await,
            }
        }
    }

    /// Gives a command; the view after it. Work that it begins goes on behind it.
    ///
    /// # Errors
    /// `command.refused`, with the reason; or why the command failed. Nothing has happened then.
    pub async fn command(&self, command: Command) -> Result<View> {
        self.ask(move |wizard, context| {
            wizard.take(command, context)?;
            Ok(wizard.draw())
        })
        .await?
    }

    /// Answers a query.
    ///
    /// # Errors
    /// What keeps it from being answered now.
    pub async fn query(&self, query: Query) -> Result<Answer> {
        let asked = self.ask(move |wizard, _| {
            wizard.reload()?;
            wizard.answer(query)
        });
        asked.await??.give().await
    }

    /// Waits until no work goes on behind the commands, and gives the view. An upload is no such work.
    pub async fn settled(&self) -> View {
        let mut going = self.going.clone();
        // It is told as long as the actor lives.
        let _ = going.wait_for(|going| !going.work).await;
        self.view().await
    }

    /// Waits until no upload goes on, and gives the view.
    pub async fn uploaded(&self) -> View {
        let mut going = self.going.clone();
        let _ = going.wait_for(|going| !going.upload).await;
        self.view().await
    }

    /// Drains an upload that goes on, and gives the exit status of the last one; 0 if there was none.
    pub async fn close(self) -> Exit {
        let stopped = self.ask(|wizard, _| {
            if let Some(run) = &wizard.run {
                run.stop();
            }
        });
        let _ = stopped.await;
        let mut going = self.going.clone();
        let _ = going.wait_for(|going| !going.upload && !going.work).await;
        self.ask(|wizard, _| wizard.exit).await.unwrap_or(Exit::Incomplete)
    }

    async fn ask<T: Send + 'static>(
        &self,
        what: impl FnOnce(&mut Wizard, &mut Context<Wizard>) -> T + Send + 'static,
    ) -> Result<T> {
        let gone =
            || Error::new(Code::Internal, "the front actor has ended").hint("start the program again, it goes on");
        let _place = self.room.acquire().await.map_err(|_| gone())?;
        let (to, answer) = oneshot::channel();
        let turn = Turn(Box::new(move |wizard, context| {
            // Whoever asked may have gone away.
            let _ = to.send(what(wizard, context));
        }));
        self.address.try_send(turn).map_err(|_| gone())?;
        answer.await.map_err(|_| gone())
    }
}
