//! Single keys while an upload goes on, and the terminal as it was afterwards.
//!
//! Questions read their keys themselves; this is for the time in which nothing is asked. Ctrl-C is a key then, not a signal.

use crossterm::cursor::Show;
use crossterm::event::{DisableBracketedPaste, Event, KeyCode, KeyEventKind, KeyModifiers, poll, read};
use crossterm::terminal::{disable_raw_mode, enable_raw_mode, is_raw_mode_enabled};
use std::io::Result;
use std::time::Duration;

/// Keys come one by one for as long as this lives.
pub(super) struct Single(());

impl Single {
    pub(super) fn new() -> Result<Self> {
        enable_raw_mode().map(|()| Self(()))
    }
}

impl Drop for Single {
    fn drop(&mut self) {
        // A terminal that is gone needs no putting back.
        let _ = disable_raw_mode();
    }
}

/// A key that means something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Key {
    /// A letter, small.
    Letter(char),
    /// Ctrl-C.
    Interrupt,
    /// Esc.
    Escape,
}

/// The next key, if one comes in time.
pub(super) fn next(patience: Duration) -> Result<Option<Key>> {
    if !poll(patience)? {
        return Ok(None);
    }
    Ok(match read()? {
        Event::Key(key) if key.kind == KeyEventKind::Press => match key.code {
            KeyCode::Char('c') if key.modifiers.contains(KeyModifiers::CONTROL) => Some(Key::Interrupt),
            KeyCode::Char(letter) => letter.to_lowercase().next().map(Key::Letter),
            KeyCode::Esc => Some(Key::Escape),
            _ => None,
        },
        _ => None,
    })
}

/// Forgets what was pressed and not read: it was meant for what has just ended, not for the question that comes.
pub(super) fn forget() -> Result<()> {
    while poll(Duration::ZERO)? {
        read()?;
    }
    Ok(())
}

/// Puts the terminal back when the process was told to end in the middle of a question.
pub(super) fn restore() {
    if is_raw_mode_enabled().unwrap_or(false) {
        let _ = disable_raw_mode();
        let _ = crossterm::execute!(std::io::stderr(), DisableBracketedPaste, Show);
        super::say::line("");
    }
}
