//! How long a migration will take, before it is begun: measured here, with this database, these disks and this link.
//!
//! [`make`] reads a few pages of rows, looks for some of their files and reads them, and sends bytes to the tenant that
//! are dropped there. What was measured is a handful of samples, so the answer is a distribution: [`model`] draws from the
//! samples again and again and says what half and what nine tenths of the draws stay below. The forecast goes into the
//! ledger's journal, so that after a run [`Hindsight`] can say how wrong it was.

mod hindsight;
mod link;
mod measure;
pub mod model;

pub use hindsight::Hindsight;

use crate::config::Config;
use crate::ledger::{Ledger, Record};
use crate::migration::{Control, connect};
use crate::onsite::Installation;
use crate::{Error, Result};
use model::{Facts, Quantiles, Stage};
use serde::Serialize;
use std::time::Duration;

/// The journal's word for a forecast.
const JOURNAL: &str = "forecast.made";

/// What is asked.
#[derive(Debug, Clone, Copy)]
pub struct Ask {
    /// How long the measuring may take, all parts together.
    pub time: Duration,
    /// Days between the last seed and the final window: so much work will have changed.
    pub days: f64,
}

/// The answer.
#[derive(Debug, Clone, Serialize)]
pub struct Forecast {
    /// `forecast`
    pub event: &'static str,
    /// Rows of documents, templates and attachments.
    pub rows: u64,
    /// The bytes of their files.
    pub bytes: Quantiles,
    /// Files that were looked for and not found, of those looked for.
    pub not_found: (u64, u64),
    /// Rows that are new each day, lately.
    pub new_each_day: f64,
    /// The first pass, over everything.
    pub seed: Passage,
    /// The final window: rows are compared, and what is new is sent.
    pub window: Passage,
    /// What was measured of the way to the tenant; absent where there is no tenant to ask.
    pub link: Option<Link>,
    /// Why there is no link.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub link_missing: Option<String>,
    /// How the forecast before this one turned out.
    pub hindsight: Option<Hindsight>,
}

/// One pass.
#[derive(Debug, Clone, Serialize)]
pub struct Passage {
    /// Seconds from start to end.
    pub seconds: Quantiles,
    /// What it waits for most.
    pub dominates: &'static str,
    /// The stages, as if each had the machine to itself.
    pub stages: Vec<Stage>,
}

/// The way to the tenant.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Link {
    /// Seconds of a small call.
    pub call: Quantiles,
    /// Bytes per second.
    pub rate: Quantiles,
}

/// Measures and forecasts. The installation is only read; the ledger gets a journal entry.
pub async fn make(config: &Config, ask: Ask) -> Result<Forecast> {
    let third = ask.time / 3;
    let (hashers, finders) = (config.pipeline.hashers, config.pipeline.finders);
    let local = {
        let config = config.clone();
        let work = move || measure::installation(&Installation::find(&config)?, third);
        tokio::task::spawn_blocking(work)
            .await
            .map_err(|cause| Error::new(crate::Code::Internal, "the measuring was dropped").because(cause))??
    };
    let (way, link_missing) = match connect(config, &Control::default()) {
        Ok(connection) => match link::measure(&*connection.to, third).await {
            Ok(way) => (Some(way), None),
            Err(error) => (None, Some(error.chain())),
        },
        Err(error) => (None, Some(error.chain())),
    };
    let facts = Facts { local, way, finders, hashers, pack: config.pipeline.pack.0, days: ask.days };
    let outlook = model::draw(&facts);
    let ledger = Ledger::open(&config.migration.ledger)?;
    let hindsight = Hindsight::last(&ledger.reader()?)?;
    let forecast = Forecast {
        event: "forecast",
        rows: facts.local.rows(),
        bytes: outlook.bytes,
        not_found: facts.local.not_found(),
        new_each_day: facts.local.new_each_day,
        seed: outlook.seed,
        window: outlook.window,
        link: facts.way.as_ref().map(|way| Link { call: Quantiles::of(&way.calls), rate: Quantiles::of(&way.rates) }),
        link_missing,
        hindsight,
    };
    let entry = serde_json::json!({ "rows": forecast.rows, "bytes": forecast.bytes, "seed": forecast.seed, "window": forecast.window, "link": forecast.link });
    ledger.writer().put(Record::Journal(JOURNAL, entry))?;
    ledger.close()?;
    Ok(forecast)
}
