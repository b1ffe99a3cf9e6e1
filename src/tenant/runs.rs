//! The life of a migration at the tenant: opened, run again, accepted.
//!
//! The identity of a migration is its own id. A client that has lost its ledger is given the id that the tenant
//! knows. Company and serial number are recorded, and a change between runs asks for a confirmation instead of
//! locking the customer out.

use super::card::{Accepted, Run};
use super::held::Tenant;
use super::protocol::{Commit, Committed, Mode, Open, Opened, RunKind, TenantState};
use crate::{Code, Error, Result};

impl Tenant {
    /// Opens the first run or another one.
    pub(crate) fn open_run(&self, open: &Open) -> Result<Opened> {
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
        self.agree_on_database(commit)?;
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
}

fn refused(message: impl Into<String>) -> Error {
    Error::new(Code::TenantRefused, message)
}
