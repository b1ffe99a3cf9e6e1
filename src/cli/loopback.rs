//! A tenant that serves in this process, for what shows everything on one machine.

use omt::config::Config;
use omt::sample::SampleSummary;
use omt::tenant::protocol::{Limits, Plan};
use omt::tenant::{Invitation, Invited, Place, ServeOptions, invite, serve};
use omt::{Code, Error, Result};
use std::net::SocketAddr;
use std::path::Path;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

/// Makes a tenant for the company of a sample.
pub(super) fn invite_for(place: &Place, sample: &SampleSummary, plans: Vec<Plan>) -> Result<Invited> {
    let (company, serial) = (sample.company.clone(), sample.serial.clone());
    invite(place, Invitation { company, serial, plans, limits: Limits::default(), taken_names: Vec::new() })
}

/// A tenant that serves in this process.
pub(super) struct Loopback {
    address: SocketAddr,
    end: oneshot::Sender<()>,
    server: JoinHandle<Result<()>>,
}

impl Loopback {
    pub(super) async fn start(place: Place) -> Result<Self> {
        let (ready, listening) = oneshot::channel();
        let (end, ended) = oneshot::channel::<()>();
        let options = ServeOptions::new(SocketAddr::from(([127, 0, 0, 1], 0)));
        let server = actix_web::rt::spawn(serve(place, options, ready, async {
            let _ = ended.await;
        }));
        match listening.await {
            Ok(address) => Ok(Self { address, end, server }),
            // It ended before it listened: its own error says why.
            Err(_) => Err(server
                .await
                .map_err(|lost| Error::new(Code::Internal, "the tenant is gone").because(lost))?
                .err()
                .unwrap_or_else(|| Error::new(Code::Internal, "the tenant ended at once"))),
        }
    }

    pub(super) async fn stop(self) -> Result<()> {
        let _ = self.end.send(());
        self.server.await.map_err(|lost| Error::new(Code::Internal, "the tenant is gone").because(lost))?
    }

    /// The configuration of a sample, with this tenant as its other side.
    pub(super) fn configuration(&self, file: &Path, invited: &Invited) -> Result<Config> {
        let mut config = Config::load_with(file, [])?;
        config.tenant.url = Some(format!("http://{}", self.address));
        config.tenant.ticket = Some(invited.ticket.clone());
        Ok(config)
    }
}
