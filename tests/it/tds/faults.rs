//! What goes wrong, and when. Each fault happens once unless it says otherwise.

use std::sync::Mutex;

/// Something that goes wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Fault {
    /// The connection breaks in the middle of this row (from 0) of an answer about this table.
    DropInRow(&'static str, usize),
    /// A question about this table is never answered.
    Stall(&'static str),
    /// Every question about this table is refused.
    Deny(&'static str),
    /// A question about this table is answered with this error.
    Fail(&'static str, u32, &'static str),
    /// A statement that begins with these words is answered with this error.
    Refuse(&'static str, u32, &'static str),
    /// The connection breaks when a statement comes that begins with these words.
    Cut(&'static str),
    /// The next connections break before a word is said, so many of them: a server that starts again.
    HangUp(usize),
    /// This database is not opened the next so many times: a server that has started and recovers.
    Recover(usize),
    /// The next reader that logs in is sent to another server: to this port of `localhost`.
    SendTo(u16),
}

impl Fault {
    /// The table that it is about.
    fn table(&self) -> Option<&'static str> {
        match self {
            Self::DropInRow(table, _) | Self::Stall(table) | Self::Deny(table) | Self::Fail(table, ..) => Some(table),
            Self::Refuse(..) | Self::Cut(_) | Self::HangUp(_) | Self::Recover(_) | Self::SendTo(_) => None,
        }
    }
}

/// The faults that are still to come.
#[derive(Default)]
pub(super) struct Faults(Mutex<Vec<Fault>>);

impl Faults {
    pub(super) fn plant(&self, fault: Fault) {
        self.0.lock().expect("nobody panicked").push(fault);
    }

    pub(super) fn left(&self) -> usize {
        self.0.lock().expect("nobody panicked").iter().filter(|fault| !matches!(fault, Fault::Deny(_))).count()
    }

    /// The fault that a statement meets; its rows decide about [`Fault::DropInRow`].
    pub(super) fn meet(&self, statement: &str, rows: usize) -> Option<Fault> {
        let mut faults = self.0.lock().expect("nobody panicked");
        let met = faults.iter().position(|fault| match fault {
            Fault::DropInRow(table, row) => about(statement, table) && *row < rows,
            Fault::Refuse(words, ..) => statement.starts_with(words),
            other => other.table().is_some_and(|table| about(statement, table)),
        })?;
        if matches!(faults[met], Fault::Deny(_)) { Some(faults[met].clone()) } else { Some(faults.remove(met)) }
    }

    /// Whether the connection breaks with this statement.
    pub(super) fn cuts(&self, statement: &str) -> bool {
        let mut faults = self.0.lock().expect("nobody panicked");
        let cut = faults.iter().position(|fault| matches!(fault, Fault::Cut(words) if statement.starts_with(words)));
        cut.map(|cut| faults.remove(cut)).is_some()
    }

    /// Whether this connection breaks at once.
    pub(super) fn hangs_up(&self) -> bool {
        self.count_down(|fault| if let Fault::HangUp(left) = fault { Some(left) } else { None })
    }

    /// Whether the database is not open yet.
    pub(super) fn recovers(&self) -> bool {
        self.count_down(|fault| if let Fault::Recover(left) = fault { Some(left) } else { None })
    }

    /// Where this reader is sent.
    pub(super) fn sends_to(&self) -> Option<u16> {
        let mut faults = self.0.lock().expect("nobody panicked");
        let sent = faults.iter().position(|fault| matches!(fault, Fault::SendTo(_)))?;
        if let Fault::SendTo(port) = faults.remove(sent) { Some(port) } else { None }
    }

    fn count_down(&self, of: fn(&mut Fault) -> Option<&mut usize>) -> bool {
        let mut faults = self.0.lock().expect("nobody panicked");
        let happens = faults.iter_mut().find_map(of).is_some_and(|left| {
            *left -= 1;
            true
        });
        faults.retain(|fault| !matches!(fault, Fault::HangUp(0) | Fault::Recover(0)));
        happens
    }
}

/// Whether a statement reads a table: its name between dots, brackets or blanks.
pub(super) fn about(statement: &str, table: &str) -> bool {
    let (statement, table) = (statement.to_ascii_lowercase(), table.to_ascii_lowercase());
    statement.contains(&format!(".[{table}]")) || statement.contains(&format!(".{table} "))
}
