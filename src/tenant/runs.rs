//! The life of a migration at the tenant: opened, run again, accepted.
//!
//! The identity of a migration is its own id. A client that has lost its ledger is given the id that the tenant
//! knows. Company and serial number are recorded, and a change between runs asks for a confirmation instead of
//! locking the customer out. A rehearsal may be repeated as often as one likes; the live migration is accepted once, and
//! from then on only late documents come in: what the tenant holds is its own ([`Tenant::keeps`]). Whatever is accepted is
//! stated in a receipt.

use super::card::{Accepted, Run};
use super::catalogue::{self, HeldItem};
use super::database::LATE_ONLY;
use super::held::Tenant;
use super::protocol::{Commit, Committed, Entry, Items, Mode, Open, Opened, RunKind, TenantState};
use crate::item::Kind;
use crate::{Code, Error, Result};
use std::time::Duration;

/// How long opening a live migration may flush: well within what a client waits for an answer.
const FLUSH: Duration = Duration::from_secs(20);

impl Tenant {
    /// Opens the first run or another one.
    pub(crate) fn open_run(&self, open: &Open) -> Result<Opened> {
        if open.mode == Mode::Live {
            // What seeds have brought: the acceptance has to wait for less while the installation is frozen.
            self.flush_within(FLUSH)?;
        }
        self.change(|card, totals| {
            if card.state == TenantState::Running && open.mode == Mode::Test {
                return Err(refused(
                    "the tenant is running: it takes late documents of a live migration, no rehearsal",
                )
                .hint("run with `--live`, or ask for another tenant for rehearsals"));
            }
            if let Some(last) = &card.run
                && (last.company != open.company || last.serial != open.serial)
                && !open.identity_changed
            {
                return Err(refused(format!(
                    "the last run was for company `{}` with serial number `{}`, this one is for `{}` with `{}`",
                    last.company, last.serial, open.company, open.serial
                ))
                .hint("if the installation is the same, confirm that company or serial number have changed"));
            }
            let migration = card.run.as_ref().map_or(open.migration, |last| last.migration);
            card.run =
                Some(Run { migration, company: open.company.clone(), serial: open.serial.clone(), mode: open.mode });
            card.runs += 1;
            let kind = if totals.items > 0 { RunKind::Recovery } else { RunKind::Initial };
            let (verified_items, chunks) = (totals.verified as u64, totals.chunks as u64);
            Ok(Opened { migration, kind, verified_items, chunks })
        })
    }

    /// Accepts the migration, if both sides believe the same.
    pub(crate) fn commit(&self, commit: &Commit) -> Result<Committed> {
        let agree = |totals: &super::catalogue::Totals| {
            let unproven = totals.items - totals.verified;
            if unproven > 0 {
                return Err(refused(format!("{unproven} items are stored, but not verified"))
                    .hint("let them be verified, send them again, or withdraw them"));
            }
            if (totals.verified as u64, totals.verified_bytes as u64) != (commit.items, commit.bytes) {
                return Err(refused(format!(
                    "the tenant holds {} verified items of {} bytes, the client speaks of {} of {} bytes",
                    totals.verified, totals.verified_bytes, commit.items, commit.bytes
                ))
                .hint("compare both lists, then send or withdraw what differs"));
            }
            Ok(())
        };
        agree(&self.totals()?)?;
        let database = self.agree_on_database(commit)?;
        let live = self.card().run.as_ref().is_some_and(|run| run.mode == Mode::Live);
        if live {
            // From here on nobody will send anything again: it must survive a power cut.
            self.flush()?;
        }
        let committed = self.change(|card, totals| {
            agree(totals)?;
            match card.run.as_ref().map(|run| run.mode) {
                None => return Err(refused("there is no migration to accept")),
                Some(Mode::Live) => card.state = TenantState::Running,
                Some(Mode::Test) if card.state != TenantState::Running => card.state = TenantState::OfflineMaintenance,
                Some(Mode::Test) => {}
            }
            self.state_receipt(card, database.as_ref())?;
            let people = card.people.map(|people| people.name);
            card.accepted = card.run.as_ref().map(|run| Accepted { run: card.runs, mode: run.mode, people });
            let (items, bytes) = (totals.verified as u64, totals.verified_bytes as u64);
            Ok(Committed { state: card.state, items, bytes, mails: None })
        })?;
        if live {
            self.flush()?;
        }
        self.owe_mails();
        Ok(committed)
    }

    /// Why an entry is not taken by a running tenant; nothing if it is. `held` is what is here under the same key.
    pub(super) fn keeps(&self, entry: &Entry, held: Option<&HeldItem>) -> Option<&'static str> {
        if self.card().state != TenantState::Running {
            return None;
        }
        match held.filter(|held| held.proof > 0) {
            Some(held) if held.entry.blake3 == entry.blake3 => None,
            Some(_) => Some("the tenant is running and keeps what it holds: only late documents come in"),
            // Lost bytes may come again, but no others.
            None if entry.item.kind() == Kind::Part => {
                let same = held.is_some_and(|held| held.entry.blake3 == entry.blake3);
                (!same).then_some("the tenant is running: its database is in use and is not replaced any more")
            }
            None => None,
        }
    }

    /// A running tenant does not give up what it holds, whatever becomes of the installation.
    pub(super) fn keeps_all(&self, items: &Items) -> Result<()> {
        if self.card().state != TenantState::Running {
            return Ok(());
        }
        let mut gone = items.absent.iter().map(|absent| absent.item).chain(items.withdrawn.iter().copied());
        let taken = self.catalogue.read(|reader| {
            for key in gone.by_ref() {
                if catalogue::item(reader, key)?.is_some_and(|held| held.proof > 0) {
                    return Ok(Some(key));
                }
            }
            Ok(None)
        })?;
        taken.map_or(Ok(()), |key| {
            Err(refused(format!("the tenant is running and keeps `{key}`: nothing is taken away any more"))
                .hint(LATE_ONLY))
        })
    }
}

fn refused(message: impl Into<String>) -> Error {
    Error::new(Code::TenantRefused, message)
}
