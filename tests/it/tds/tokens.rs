//! The tokens of an answer.

use super::translate::Refusal;

/// Says that there is no more.
const DONE: u8 = 0xFD;
const DONE_IN_PROCEDURE: u8 = 0xFF;
const DONE_PROCEDURE: u8 = 0xFE;

/// An answer while it is written.
#[derive(Default)]
pub(super) struct Tokens(pub(super) Vec<u8>);

impl Tokens {
    pub(super) fn bytes(&mut self, bytes: &[u8]) {
        self.0.extend(bytes);
    }

    /// A text with its length in characters in one byte.
    pub(super) fn short_text(&mut self, text: &str) {
        let units = utf16(text);
        self.0.push((units.len() / 2) as u8);
        self.0.extend(units);
    }

    /// A text with its length in characters in two bytes.
    pub(super) fn long_text(&mut self, text: &str) {
        let units = utf16(text);
        self.0.extend(((units.len() / 2) as u16).to_le_bytes());
        self.0.extend(units);
    }

    /// A token with the length of what it holds.
    fn sized(&mut self, token: u8, write: impl FnOnce(&mut Self)) {
        let mut inside = Self::default();
        write(&mut inside);
        self.0.push(token);
        self.0.extend((inside.0.len() as u16).to_le_bytes());
        self.0.extend(inside.0);
    }

    /// An error of the server.
    pub(super) fn error(&mut self, number: u32, class: u8, message: &str) {
        self.sized(0xAA, |inside| {
            inside.bytes(&number.to_le_bytes());
            inside.bytes(&[1, class]);
            inside.long_text(message);
            inside.short_text("omt-test");
            inside.short_text("");
            inside.bytes(&1_u32.to_le_bytes());
        });
    }

    /// The log-in is accepted, in this version of the protocol.
    pub(super) fn login_accepted(&mut self, version: u32) {
        self.sized(0xAD, |inside| {
            inside.bytes(&[1]);
            inside.bytes(&version.to_be_bytes());
            inside.short_text("Microsoft SQL Server");
            inside.bytes(&[15, 0, 0x07, 0xD0]);
        });
    }

    /// The database is now this one.
    pub(super) fn database_is(&mut self, name: &str) {
        self.sized(0xE3, |inside| {
            inside.bytes(&[1]);
            inside.short_text(name);
            inside.short_text("master");
        });
    }

    /// Text is of this collation unless a column says otherwise.
    pub(super) fn collation_is(&mut self, collation: [u8; 5]) {
        self.sized(0xE3, |inside| {
            inside.bytes(&[7, 5]);
            inside.bytes(&collation);
            inside.bytes(&[0]);
        });
    }

    /// A transaction has begun.
    pub(super) fn transaction_begins(&mut self) {
        self.sized(0xE3, |inside| {
            inside.bytes(&[8, 8]);
            inside.bytes(&7_u64.to_le_bytes());
            inside.bytes(&[0]);
        });
    }

    /// Packets have this size.
    pub(super) fn packets_are(&mut self, size: usize) {
        self.sized(0xE3, |inside| {
            inside.bytes(&[4]);
            inside.short_text(&size.to_string());
            inside.short_text("4096");
        });
    }

    /// Readers are served by another machine.
    pub(super) fn sends_to(&mut self, host: &str, port: u16) {
        self.sized(0xE3, |inside| {
            let mut place = Self::default();
            place.bytes(&[0]);
            place.bytes(&port.to_le_bytes());
            place.long_text(host);
            inside.bytes(&[20]);
            inside.bytes(&(place.0.len() as u16).to_le_bytes());
            inside.bytes(&place.0);
            inside.bytes(&[0, 0]);
        });
    }

    fn done_as(&mut self, token: u8, status: u16, rows: u64) {
        self.0.push(token);
        self.0.extend(status.to_le_bytes());
        self.0.extend(0xC1_u16.to_le_bytes());
        self.0.extend(rows.to_le_bytes());
    }

    /// The end of an answer with this many rows.
    pub(super) fn done(&mut self, rows: u64) {
        self.done_as(DONE, 0x10, rows);
    }

    /// The end of an answer that is an error.
    pub(super) fn done_with_error(&mut self) {
        self.done_as(DONE, 0x02, 0);
    }

    /// An answer that is an error.
    pub(super) fn refused(&mut self, (number, message): &Refusal) {
        self.error(*number, 16, message);
        self.done_with_error();
    }

    /// The end of an answer that the client does not want any more.
    pub(super) fn done_with_attention(&mut self) {
        self.done_as(DONE, 0x20, 0);
    }

    /// The end of an answer inside of a procedure, and of the procedure.
    pub(super) fn done_in_procedure(&mut self, rows: u64) {
        self.done_as(DONE_IN_PROCEDURE, 0x11, rows);
        self.0.push(0x79);
        self.0.extend(0_u32.to_le_bytes());
        self.done_as(DONE_PROCEDURE, 0, 0);
    }
}

/// Text as the protocol has it.
pub(super) fn utf16(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_le_bytes).collect()
}

/// Text of the protocol.
pub(super) fn of_utf16(bytes: &[u8]) -> String {
    let units: Vec<u16> = bytes.chunks_exact(2).map(|pair| u16::from_le_bytes([pair[0], pair[1]])).collect();
    String::from_utf16_lossy(&units)
}
