//! The freeze of one run: from its beginning to whatever becomes of it.
//!
//! A [`Holding`] that is dropped puts the installation back, so that no error, no panic and no interruption leaves it frozen;
//! after `kill -9` the next run or `omt unfreeze` does it. It stays frozen only when the tenant has accepted, because from then on
//! the on-site system is not to be used any more, or when nobody can know whether the tenant has: that is safer than
//! people who work on in a system that has moved.

use super::lookout::{Write, Written};
use crate::config::{Config, Ending};
use crate::ledger::{Ledger, PASS, Pass, Record};
use crate::onsite::freeze::{self, Frozen};
use crate::onsite::take_back::{self, Restored, left_over, named, take_back_all};
use crate::onsite::{Installation, changes};
use crate::pipeline::{Event, Observer};
use crate::tenant::protocol::{TenantInfo, TenantState};
use crate::{Code, Error, Result};
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::time::Instant;

/// What a run says about its freeze.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FreezeSummary {
    /// How long this run has held the installation still, in seconds.
    pub seconds: f64,
    /// What became of it.
    pub ended: Ended,
    /// The Service `config` files that this run has frozen.
    pub files: Vec<String>,
    /// Whether this run has set the event.
    pub event: bool,
    /// What was frozen before, and stays so.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub already: Vec<String>,
    /// The fingerprint of the installation before the freeze.
    pub before: String,
    /// The same after it was put back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<String>,
    /// Whether the two are the same.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub same: Option<bool>,
    /// How many writes were seen meanwhile.
    #[serde(default)]
    pub writes: u64,
    /// The first of them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub written: Vec<Write>,
}

/// What became of a freeze.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Ended {
    /// The installation is as it was.
    Restored,
    /// It stays frozen until `omt unfreeze`.
    Kept,
    /// It could not be put back completely.
    Stuck,
}

/// An installation that is held still.
pub(super) struct Holding<'a> {
    ledger: &'a Ledger,
    config: &'a Config,
    since: Instant,
    frozen: Option<Frozen>,
    over: bool,
}

impl<'a> Holding<'a> {
    /// Freezes the installation. Rows that were read before that are read again.
    pub(super) fn begin(
        ledger: &'a Ledger,
        installation: &Installation,
        config: &'a Config,
        observer: &Observer,
    ) -> Result<Self> {
        let mut holding = Self { ledger, config, since: Instant::now(), frozen: None, over: false };
        let frozen = freeze::freeze(ledger, installation, &config.freeze)?;
        for what in &frozen.already {
            warn(observer, format!("{what} was there before: it stays frozen afterwards"));
        }
        for what in &frozen.open {
            warn(observer, format!("not frozen: {what}"));
        }
        holding.frozen = Some(frozen);
        // A pass of a seed that was stopped would go on, with rows from before the freeze.
        if let Some(pass) = ledger.reader()?.pass()? {
            end_pass(ledger, pass)?;
        }
        tracing::info!("the installation is frozen");
        Ok(holding)
    }

    /// The tenant has accepted, or nobody knows whether it has.
    pub(super) fn keep(mut self, written: Option<&Written>) -> FreezeSummary {
        self.over = true;
        self.summary(Ended::Kept, None, written)
    }

    /// Puts the installation back; also gives what is still in the way.
    pub(super) fn put_back(mut self, written: Option<&Written>) -> (FreezeSummary, Result<()>) {
        self.over = true;
        match take_back_all(self.ledger, self.config, false) {
            Ok(restored) => {
                let complete = restored.as_ref().map_or(Ok(()), Restored::must_be_complete);
                let ended = if complete.is_ok() { Ended::Restored } else { Ended::Stuck };
                (self.summary(ended, restored.as_ref(), written), complete)
            }
            Err(error) => (self.summary(Ended::Stuck, None, written), Err(error)),
        }
    }

    fn summary(&self, ended: Ended, restored: Option<&Restored>, written: Option<&Written>) -> FreezeSummary {
        let frozen = self.frozen.as_ref();
        // Nothing was changed: it is as it was without being put back.
        let unchanged = || (ended == Ended::Restored).then_some(frozen).flatten().map(|frozen| &frozen.before);
        let after = restored.map_or_else(unchanged, |restored| restored.now.as_ref());
        FreezeSummary {
            seconds: self.since.elapsed().as_secs_f64(),
            ended,
            files: frozen
                .map_or_else(Vec::new, |frozen| frozen.files.iter().map(|file| file.display().to_string()).collect()),
            event: frozen.is_some_and(|frozen| frozen.event),
            already: frozen.map_or_else(Vec::new, |frozen| frozen.already.clone()),
            before: frozen.map_or_else(String::new, |frozen| frozen.before.digest().to_string()),
            after: after.map(|print| print.digest().to_string()),
            same: frozen.zip(after).map(|(frozen, after)| frozen.before == *after),
            writes: written.map_or(0, |written| written.count),
            written: written.map_or_else(Vec::new, |written| written.first.clone()),
        }
    }
}

impl Drop for Holding<'_> {
    fn drop(&mut self) {
        if self.over {
            return;
        }
        let restored = take_back_all(self.ledger, self.config, false);
        if let Err(error) = restored.and_then(|restored| restored.map_or(Ok(()), |all| all.must_be_complete())) {
            tracing::error!("{}", error.chain());
            // The error that ended the run is told by whoever called; nobody else tells this one.
            eprintln!("error: {} [{}]", error.chain(), error.code().as_str());
        }
    }
}

/// The next look at the tables is a pass of its own.
pub(super) fn end_pass(ledger: &Ledger, pass: Pass) -> Result<()> {
    if pass.complete {
        return Ok(());
    }
    let over = Pass { complete: true, ..pass };
    ledger.writer().put(Record::Meta(PASS, json!(over).to_string()))?;
    ledger.writer().flush()
}

/// What becomes of a freeze, by the configuration.
pub(super) fn stays(config: &Config, committed: bool, written: bool) -> bool {
    let ending = match (committed, written) {
        (true, _) => config.freeze.after_commit,
        (_, true) => config.freeze.after_write,
        _ => Ending::Restore,
    };
    ending == Ending::Keep
}

/// What a run that was broken off has left: taken back, or kept if the tenant has accepted in the meantime.
pub(super) fn clear_up(ledger: &Ledger, config: &Config, info: &TenantInfo, observer: &Observer) -> Result<()> {
    let left = left_over(&ledger.reader()?)?;
    if left.is_empty() {
        return Ok(());
    }
    if info.state == TenantState::Running {
        take_back::keep(ledger)?;
        warn(observer, "the tenant has accepted: the installation stays frozen; `omt unfreeze` ends that".into());
        return Ok(());
    }
    let names: Vec<String> = left.iter().map(|one: &changes::Outstanding| named(&one.change)).collect();
    warn(observer, format!("a run that was broken off has left {}: that is taken back", names.join(", ")));
    let restored = take_back_all(ledger, config, false)?;
    let Some(restored) = restored else { return Ok(()) };
    restored.must_be_complete()?;
    if restored.is_same() == Some(false) {
        let differs = restored.difference().join(", ");
        warn(observer, format!("the installation is not exactly as before that freeze: {differs}"));
    }
    Ok(())
}

/// Whether an error leaves it open if the tenant has heard the call.
pub(super) fn is_unsure(error: &Error) -> bool {
    matches!(error.code(), Code::TenantUnreachable | Code::TenantFaulty)
}

fn warn(observer: &Observer, message: String) {
    tracing::warn!("{message}");
    observer(Event::Warning { message });
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checks::testing::Site;
    use crate::onsite::freeze::Fingerprint;
    use std::panic::{AssertUnwindSafe, catch_unwind};
    use std::sync::Arc;

    fn site() -> Site {
        let mut site = Site::new(&["SystemEvent", "sequence"], "SELECT 1");
        std::fs::create_dir(site.path("Service")).unwrap();
        std::fs::write(site.path("Service/config"), "dbHost = x").unwrap();
        site.installation = Installation::find(&site.config).unwrap();
        site
    }

    fn print(site: &Site) -> Fingerprint {
        Fingerprint::take(&site.installation, &mut *site.installation.connect().unwrap()).unwrap()
    }

    fn begin<'a>(site: &'a Site, ledger: &'a Ledger) -> Holding<'a> {
        let observer: Observer = Arc::new(|_| {});
        Holding::begin(ledger, &site.installation, &site.config, &observer).unwrap()
    }

    #[test]
    fn a_panic_while_it_is_held_puts_the_installation_back() {
        let site = site();
        let ledger = Ledger::open(&site.config.migration.ledger).unwrap();
        let before = print(&site);
        let ended = catch_unwind(AssertUnwindSafe(|| {
            let _holding = begin(&site, &ledger);
            assert_ne!(print(&site), before);
            panic!("on purpose");
        }));
        assert!(ended.is_err());
        assert_eq!(print(&site), before);
        assert_eq!(left_over(&ledger.reader().unwrap()).unwrap(), []);
    }

    #[test]
    fn a_pass_that_began_before_the_freeze_does_not_go_on() {
        let site = site();
        let ledger = Ledger::open(&site.config.migration.ledger).unwrap();
        end_pass(&ledger, Pass { number: 3, complete: true }).unwrap();
        assert_eq!(ledger.reader().unwrap().pass().unwrap(), None, "there is nothing to end");
        ledger.writer().put(Record::Meta(PASS, json!(Pass { number: 3, complete: false }).to_string())).unwrap();
        ledger.writer().flush().unwrap();
        let (summary, complete) = begin(&site, &ledger).put_back(None);
        complete.unwrap();
        assert_eq!((summary.ended, summary.same), (Ended::Restored, Some(true)));
        assert_eq!(ledger.reader().unwrap().pass().unwrap(), Some(Pass { number: 3, complete: true }));
    }

    #[test]
    fn what_becomes_of_a_freeze_is_the_configurations_to_say() {
        let mut config = Config::default();
        let all = |config: &Config| {
            [(true, false), (false, true), (false, false)].map(|(committed, written)| stays(config, committed, written))
        };
        assert_eq!(all(&config), [true, false, false]);
        (config.freeze.after_commit, config.freeze.after_write) = (Ending::Restore, Ending::Keep);
        assert_eq!(all(&config), [false, true, false]);
    }
}
