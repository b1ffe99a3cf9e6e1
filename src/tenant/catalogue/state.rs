//! The rows of which there is one: the totals and the card.

use super::Writing;
use crate::tenant::card::Card;
use crate::{Code, Error, Result};
use rusqlite::{Connection, Row};

/// Running totals of one tenant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Totals {
    pub(crate) packs: i64,
    pub(crate) pack_bytes: i64,
    pub(crate) chunks: i64,
    pub(crate) items: i64,
    pub(crate) bytes: i64,
    pub(crate) verified: i64,
    pub(crate) verified_bytes: i64,
    pub(crate) absent: i64,
    /// The last manifest pack that is in the catalogue.
    pub(crate) sequence: i64,
    /// Whether the last server ended in order.
    pub(crate) clean: bool,
}

impl Totals {
    pub(crate) fn read(connection: &Connection) -> rusqlite::Result<Self> {
        let from_row = |row: &Row<'_>| {
            Ok(Self {
                packs: row.get(0)?,
                pack_bytes: row.get(1)?,
                chunks: row.get(2)?,
                items: row.get(3)?,
                bytes: row.get(4)?,
                verified: row.get(5)?,
                verified_bytes: row.get(6)?,
                absent: row.get(7)?,
                sequence: row.get(8)?,
                clean: row.get(9)?,
            })
        };
        connection
            .prepare_cached(
                "SELECT packs, pack_bytes, chunks, items, bytes, verified, verified_bytes, absent, sequence, clean
                 FROM totals",
            )?
            .query_row([], from_row)
    }

    pub(super) fn write(&self, connection: &Connection) -> rusqlite::Result<()> {
        connection
            .prepare_cached(
                "UPDATE totals SET packs = ?1, pack_bytes = ?2, chunks = ?3, items = ?4, bytes = ?5, verified = ?6,
                 verified_bytes = ?7, absent = ?8, sequence = ?9, clean = ?10",
            )?
            .execute((
                self.packs,
                self.pack_bytes,
                self.chunks,
                self.items,
                self.bytes,
                self.verified,
                self.verified_bytes,
                self.absent,
                self.sequence,
                self.clean,
            ))
            .map(|_| ())
    }

    /// An item comes (`sign` 1) or goes (-1).
    pub(super) fn count_item(&mut self, sign: i64, size: i64, proven: bool) {
        self.items += sign;
        self.bytes += sign * size;
        if proven {
            self.count_proof(sign, size);
        }
    }

    /// A proof comes or goes.
    pub(super) fn count_proof(&mut self, sign: i64, size: i64) {
        self.verified += sign;
        self.verified_bytes += sign * size;
    }
}

/// The card as the catalogue has it.
pub(crate) fn card(connection: &Connection) -> Result<Card> {
    let body: String = connection.query_row("SELECT body FROM card", [], |row| row.get(0))?;
    Card::read(body.as_bytes()).ok_or_else(|| Error::new(Code::StoreUnusable, "the card in the catalogue is damaged"))
}

impl Writing<'_> {
    /// The card, to be changed under the lock of this transaction.
    pub(crate) fn card(&self) -> Result<Card> {
        card(self)
    }

    /// Replaces the card.
    pub(crate) fn set_card(&self, card: &Card) -> Result<()> {
        let body = String::from_utf8_lossy(&card.write()).into_owned();
        self.execute("UPDATE card SET body = ?1", [body])?;
        Ok(())
    }
}
