//! Telling something: on stderr, in lines that fit, with nothing in them that acts on the terminal.
//!
//! Questions stand on stderr too, so that both come in order. A terminal that has gone away is noticed by the next question, not
//! here. Widths are those of the letters on the screen: a Japanese name takes twice its letters.

use omt::report::Plain;
use omt::wizard::view::Trouble;
use std::io::Write;
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// Lines are never wider, however wide the terminal is: long lines are hard to read.
const WIDEST: usize = 100;

/// Columns that may be used.
pub(super) fn width() -> usize {
    let columns = crossterm::terminal::size().map_or(80, |(columns, _)| usize::from(columns));
    columns.clamp(40, WIDEST)
}

/// Rows of the terminal.
pub(super) fn height() -> usize {
    crossterm::terminal::size().map_or(24, |(_, rows)| usize::from(rows)).max(8)
}

/// Entries of a list that are shown at once.
pub(super) fn page() -> usize {
    height().saturating_sub(8).clamp(4, 16)
}

/// Text from anywhere as it may be shown.
pub(super) fn shown(text: &str) -> String {
    Plain(text).to_string()
}

/// One line as it is.
pub(super) fn line(text: &str) {
    let _ = writeln!(std::io::stderr().lock(), "{text}");
}

/// The heading of a step or of a part of it.
pub(super) fn heading(text: &str) {
    let text = clipped(&shown(text), width() - 6);
    let rest = (width() - 1).saturating_sub(text.width() + 4);
    line("");
    line(&format!("── {text} {}", "─".repeat(rest)));
}

/// A paragraph, wrapped.
pub(super) fn text(text: &str) {
    led("", text);
}

/// A paragraph behind a lead such as `note: `, with what follows below it.
pub(super) fn led(lead: &str, text: &str) {
    let indent = " ".repeat(lead.width());
    for (at, part) in text.lines().enumerate() {
        let first = if at == 0 { lead } else { &indent };
        for text in wrapped(&shown(part), width() - 1, first, &indent) {
            line(&text);
        }
    }
}

/// An error, with what to do next.
pub(super) fn error(error: &omt::Error) {
    trouble(&Trouble::from(error));
}

/// What there is, or nothing after saying why.
pub(super) fn told<T>(result: omt::Result<T>) -> Option<T> {
    result.inspect_err(error).ok()
}

/// The same as a view has it.
pub(super) fn trouble(trouble: &Trouble) {
    led("error: ", &format!("{} [{}]", trouble.message, trouble.code));
    if let Some(hint) = &trouble.hint {
        led("hint: ", hint);
    }
}

/// So many users, in words.
pub(super) fn users(count: usize) -> String {
    if count == 1 { "1 user".to_owned() } else { format!("{count} users") }
}

/// A text cut to so many columns.
pub(super) fn clipped(text: &str, width: usize) -> String {
    if text.width() <= width {
        return text.to_owned();
    }
    let mut clipped = String::new();
    let mut taken = 0;
    for letter in text.chars() {
        taken += letter.width().unwrap_or(0);
        if taken + 1 > width {
            break;
        }
        clipped.push(letter);
    }
    clipped.push('…');
    clipped
}

/// A text in a column: cut, or filled with blanks.
pub(super) fn column(text: &str, width: usize) -> String {
    let mut text = clipped(&shown(text), width);
    let blanks = width.saturating_sub(text.width());
    text.extend(std::iter::repeat_n(' ', blanks));
    text
}

/// A paragraph as lines of at most so many columns. A word that is longer than a line is cut.
pub(super) fn wrapped(text: &str, width: usize, first: &str, rest: &str) -> Vec<String> {
    let mut lines = Vec::new();
    let mut now = first.to_owned();
    let mut blank = true;
    for word in text.split_whitespace() {
        let room = width.saturating_sub(now.width() + usize::from(!blank));
        if word.width() <= room {
            if !blank {
                now.push(' ');
            }
        } else if !blank {
            lines.push(std::mem::replace(&mut now, rest.to_owned()));
        }
        for letter in word.chars() {
            if now.width() + letter.width().unwrap_or(0) > width && now.width() > rest.width() {
                lines.push(std::mem::replace(&mut now, rest.to_owned()));
            }
            now.push(letter);
        }
        blank = false;
    }
    lines.push(now);
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_paragraph_is_wrapped_at_blanks_and_long_words_are_cut() {
        let lines = wrapped("one two three", 9, "• ", "  ");
        assert_eq!(lines, ["• one two", "  three"]);
        let lines = wrapped("see /a/very/long/path now", 10, "", "");
        assert_eq!(lines, ["see", "/a/very/lo", "ng/path", "now"]);
        assert_eq!(wrapped("", 10, "x: ", "   "), ["x: "]);
    }

    #[test]
    fn wide_letters_take_two_columns() {
        assert_eq!(clipped("提案提案", 5), "提案…");
        assert_eq!(column("提案", 6), "提案  ");
        assert_eq!(column("abcdef", 4), "abc…");
        assert!(wrapped("提案提案 提案", 9, "", "").iter().all(|line| line.width() <= 9));
    }

    #[test]
    fn what_acts_on_a_terminal_is_spelled_out() {
        assert_eq!(column("a\u{1b}[2J", 10), r"a\u{1b}[2J");
    }
}
