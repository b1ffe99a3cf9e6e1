//! The part of a migration that is about people: what was decided is sent before the tenant accepts.
//!
//! It is read again at the end, when nobody can have changed it on the way, because the run holds the ledger. The
//! documents do not wait for it: a conflict leaves the run uncommitted, and once it is solved the same command has
//! nothing else left to do. A live migration in which nobody was given a plan is let through with a warning.

use super::mails;
use crate::config::Config;
use crate::ledger::{Ledger, Record};
use crate::onsite::Installation;
use crate::people::{Decisions, Outgoing, People, Plans, ProblemKind, SENT, problems};
use crate::pipeline::{Event, Finished, Observer};
use crate::tenant::destination::Destination;
use crate::tenant::protocol::{Mode, TenantInfo, TenantState};
use crate::{Code, Error, Result};
use serde_json::json;
use std::sync::Arc;

/// So many problems are told at the start.
const SHOWN: usize = 5;

/// The decisions in the ledger, if there are any. Warns at once of what the tenant will not accept at the end, and where
/// a live migration would leave everybody outside.
pub(super) fn decided(
    ledger: &Ledger,
    config: &Config,
    tenant: &TenantInfo,
    observer: &Observer,
) -> Result<Option<Decisions>> {
    let decisions = Decisions::read(&ledger.reader()?)?;
    let warn = |message: String| {
        tracing::warn!("{message}");
        observer(Event::Warning { message });
    };
    if config.migration.mode == Mode::Live && decisions.plans().next().is_none() {
        warn("no user has a plan: after this migration nobody can log in; `omt users` gives plans".into());
    }
    // All decisions may have been taken back since the tenant was told. Who migrates is told with them, and only before it runs.
    let reader = ledger.reader()?;
    let contact = tenant.state != TenantState::Running && mails::contact(&reader)?.is_some();
    if decisions.is_empty() && !contact && reader.meta(SENT)?.is_none() {
        return Ok(None);
    }
    let people = People::read(&mut *Installation::find(config)?.connect()?)?;
    let mut broken = problems(&people, &decisions, &Plans::of(tenant));
    // Whoever is gone from the installation is not sent.
    broken.retain(|problem| problem.kind != ProblemKind::UnknownUser);
    // Where nobody has a plan any more, nobody can be missing.
    let nobody = decisions.plans().next().is_none();
    broken.retain(|problem| !nobody || problem.kind != ProblemKind::NoAdministrator);
    if !broken.is_empty() {
        let first: Vec<&str> = broken.iter().take(SHOWN).map(|problem| problem.text.as_str()).collect();
        let more = if broken.len() > SHOWN { "; …" } else { "" };
        warn(format!(
            "problems with users ({}), to be solved with `omt users` before the tenant accepts: {}{more}",
            broken.len(),
            first.join("; ")
        ));
    }
    Ok(Some(decisions))
}

/// Sends what was decided, if the run has come to its end, and keeps for the report what was sent.
pub(super) async fn send(
    finished: &Finished,
    decisions: Option<Decisions>,
    config: &Config,
    ledger: &Ledger,
    to: &dyn Destination,
) -> Result<()> {
    let contact = mails::contact(&ledger.reader()?)?;
    let Some(decisions) = decisions.filter(|_| finished.complete) else { return Ok(()) };
    let installation = Installation::find(config)?;
    // Looking through all addresses can take a while.
    let gathered = tokio::task::spawn_blocking(move || Outgoing::gather(&mut *installation.connect()?, &decisions));
    let Outgoing { mut call, sent } =
        gathered.await.map_err(|lost| Error::new(Code::Internal, "reading the users was dropped").because(lost))??;
    call.contact = contact;
    let taken = to.put_people(Arc::new(call)).await?;
    let text = serde_json::to_string(&sent)
        .map_err(|cause| Error::new(Code::Internal, "the list of users cannot be written").because(cause))?;
    let writer = ledger.writer();
    writer.put(Record::Meta(SENT, text))?;
    let entry = json!({
        "users": taken.users, "plans": sent.plans, "without_plan": sent.without_plan, "removed": sent.removed.len(),
        "notifications": sent.notifications,
    });
    writer.put(Record::Journal(SENT, entry))
}
