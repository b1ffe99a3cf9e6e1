//! What the tenant writes to people after a migration, as far as it can be told from here.
//!
//! The tenant sends mails after it has accepted, in its own time. A run asks once, with a few seconds of patience, and keeps the
//! answer in the ledger for reports; `omt status` asks again. That a tenant does not answer, or is of a version that knows
//! no mails, is no failure of a migration.

use crate::config::Config;
use crate::ledger::{Ledger, Reader, Record};
use crate::tenant::client::HttpTenant;
use crate::tenant::destination::Destination;
use crate::tenant::protocol::{Contact, Mails};
use crate::{Code, Error, Result};
use std::time::Duration;

/// The name under which the ledger keeps the last answer.
const KEPT: &str = "mails.state";
/// How many seconds a run waits for mails to go out.
const PATIENCE: u64 = 3;
/// How long a run waits for the answer beyond that.
const LIMIT: Duration = Duration::from_secs(10);
/// How long the tenant has to answer `omt status`.
const ANSWER: Duration = Duration::from_secs(2);

/// Asks the tenant, and keeps the answer if there is anything to tell.
pub(super) async fn ask(ledger: &Ledger, to: &dyn Destination) -> Result<Option<Mails>> {
    // A tenant that went away after it had accepted does not hold the run up.
    let asked = tokio::time::timeout(Duration::from_secs(PATIENCE) + LIMIT, to.mails(PATIENCE)).await;
    let late = || Error::new(Code::TenantUnreachable, "the tenant does not answer");
    match asked.unwrap_or_else(|_| Err(late())) {
        Ok(mails) if mails.is_empty() => Ok(None),
        Ok(mails) => {
            let text = serde_json::to_string(&mails).unwrap_or_default();
            ledger.writer().put(Record::Meta(KEPT, text))?;
            Ok(Some(mails))
        }
        Err(error) => {
            tracing::warn!(error = error.chain(), "the tenant does not tell about mails");
            Ok(None)
        }
    }
}

/// What the tenant said last about mails.
pub fn mails_told(ledger: &Reader) -> Result<Option<Mails>> {
    Ok(ledger.meta(KEPT)?.and_then(|text| serde_json::from_str(&text).ok()))
}

/// How mails stand: as the tenant says, or as it said last if it does not answer. `None` if there are none.
pub async fn mails_now(config: &Config, ledger: &Reader) -> Result<Option<Mails>> {
    let told = mails_told(ledger)?;
    let migration = ledger.meta("migration")?.and_then(|id| id.parse().ok());
    let (Some(url), Some(ticket), Some(migration)) = (&config.tenant.url, &config.tenant.ticket, migration) else {
        return Ok(told);
    };
    let tenant = HttpTenant::new(url, ticket.clone(), config.tenant.ca.as_deref(), ANSWER)?.about_migration(migration);
    match tokio::time::timeout(ANSWER, tenant.mails(0)).await {
        Ok(Ok(mails)) => Ok(Some(mails).filter(|mails| !mails.is_empty())),
        Ok(Err(error)) => {
            tracing::debug!(error = error.chain(), "the tenant does not tell about mails");
            Ok(told)
        }
        Err(_) => Ok(told),
    }
}

/// Who migrates, as the wizard keeps it.
pub(super) fn contact(ledger: &Reader) -> Result<Option<Contact>> {
    let kept = ledger.settings("wizard")?.into_iter().find(|(key, _)| key == "contact");
    // A newer version may keep it in another form.
    Ok(kept.and_then(|(_, text)| serde_json::from_str(&text).ok()))
}
