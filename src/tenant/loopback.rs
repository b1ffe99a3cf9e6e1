//! A tenant that serves in this process, for what shows or tries everything on one machine.

use super::protocol::{Limits, Plan};
use super::{Invitation, Invited, Place, ServeOptions, invite, serve};
use crate::config::Config;
use crate::sample::SampleSummary;
use crate::{Code, Error, Result};
use std::net::SocketAddr;
use std::path::Path;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

/// A tenant on a free port of 127.0.0.1.
pub struct Loopback {
    place: Place,
    address: SocketAddr,
    end: oneshot::Sender<()>,
    server: JoinHandle<Result<()>>,
}

impl Loopback {
    /// Begins to serve what is stored at `place`. Must be called inside an actix system.
    ///
    /// # Errors
    /// When it cannot listen, or cannot read the store.
    pub async fn start(place: Place) -> Result<Self> {
        let (ready, listening) = oneshot::channel();
        let (end, ended) = oneshot::channel::<()>();
        let options = ServeOptions::new(SocketAddr::from(([127, 0, 0, 1], 0)));
        let server = actix_web::rt::spawn(serve(place.clone(), options, ready, async {
            let _ = ended.await;
        }));
        match listening.await {
            Ok(address) => Ok(Self { place, address, end, server }),
            // It ended before it listened: its own error says why.
            Err(_) => Err(server
                .await
                .map_err(|lost| Error::new(Code::Internal, "the tenant is gone").because(lost))?
                .err()
                .unwrap_or_else(|| Error::new(Code::Internal, "the tenant ended at once"))),
        }
    }

    /// Makes a customer for the company of a sample.
    pub fn invite(&self, sample: &SampleSummary, plans: Vec<Plan>) -> Result<Invited> {
        let (company, serial) = (sample.company.clone(), sample.serial.clone());
        invite(&self.place, Invitation { company, serial, plans, limits: Limits::default(), taken_names: Vec::new() })
    }

    /// The configuration in `file`, with this tenant as its other side.
    pub fn configuration(&self, file: &Path, invited: &Invited) -> Result<Config> {
        let mut config = Config::load_with(file, [])?;
        config.tenant.url = Some(format!("http://{}", self.address));
        config.tenant.ticket = Some(invited.ticket.clone());
        Ok(config)
    }

    /// Ends it, in order.
    ///
    /// # Errors
    /// What the server itself ended with.
    pub async fn stop(self) -> Result<()> {
        let _ = self.end.send(());
        self.server.await.map_err(|lost| Error::new(Code::Internal, "the tenant is gone").because(lost))?
    }
}
