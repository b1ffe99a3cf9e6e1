//! A log or a report as text on its way into a bundle, line by line.
//!
//! A line of JSON is cleaned as JSON, any other as a text. The lines of a private key are dropped. Where the names of the
//! installation are not known, of a line only its time and level are kept. A report wraps long names over several lines, so it
//! is taken as a whole, up to a limit.

use super::json::JsonScrub;
use super::scrub::Scrubber;
use std::io::{self, Write};

/// What of a line is taken at once; a longer line is taken in pieces.
const PIECE: usize = 1 << 20;
/// The most of a text that is taken as a whole.
const WHOLE: usize = 16 << 20;

/// Cleans lines that are written into it.
pub(super) struct LineScrub<'s, 'a, W: Write> {
    out: W,
    scrubber: &'s mut Scrubber<'a>,
    pending: Vec<u8>,
    whole: bool,
    in_key: bool,
}

impl<'s, 'a, W: Write> LineScrub<'s, 'a, W> {
    /// Line by line.
    pub(super) fn new(out: W, scrubber: &'s mut Scrubber<'a>) -> Self {
        Self { out, scrubber, pending: Vec::new(), whole: false, in_key: false }
    }

    /// All of it at once; what is behind 16 MiB goes line by line.
    pub(super) fn whole(out: W, scrubber: &'s mut Scrubber<'a>) -> Self {
        Self { whole: true, ..Self::new(out, scrubber) }
    }

    /// Writes what is left.
    pub(super) fn finish(&mut self) -> io::Result<()> {
        let rest = std::mem::take(&mut self.pending);
        self.piece(&rest)
    }

    fn piece(&mut self, bytes: &[u8]) -> io::Result<()> {
        let text = String::from_utf8_lossy(bytes);
        if text.contains("PRIVATE KEY-----") {
            let begins = text.contains("BEGIN");
            *self.scrubber.counts.entry("secret").or_default() += u64::from(begins);
            self.in_key = begins && !text.contains("END");
            return self.out.write_all(b"(private key)\n");
        }
        if self.in_key {
            return Ok(());
        }
        if text.starts_with('{') && serde_json::from_str::<serde::de::IgnoredAny>(&text).is_ok() {
            return JsonScrub::new(&mut self.out, self.scrubber).write_all(bytes);
        }
        let clean = if self.scrubber.knows_names || self.whole {
            self.scrubber.text(&text)
        } else {
            let mut words = text.trim_end().splitn(3, char::is_whitespace).filter(|word| !word.is_empty());
            let time =
                words.next().filter(|word| word.starts_with(|letter: char| letter.is_ascii_digit()) && word.len() < 40);
            let kept = time.map_or_else(String::new, |time| format!("{time} "));
            let rest = if time.is_some() { words.collect::<Vec<_>>().join(" ") } else { text.trim_end().to_owned() };
            format!("{kept}{}\n", self.scrubber.text(&rest))
        };
        self.out.write_all(clean.as_bytes())
    }
}

impl<W: Write> Write for LineScrub<'_, '_, W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.pending.extend_from_slice(bytes);
        let enough =
            if self.whole { self.pending.len() > WHOLE } else { bytes.contains(&b'\n') || self.pending.len() > PIECE };
        if !enough {
            return Ok(bytes.len());
        }
        let mut pending = std::mem::take(&mut self.pending);
        let mut at = 0;
        while let Some(end) = pending[at..].iter().position(|byte| *byte == b'\n').map(|end| at + end + 1) {
            self.piece(&pending[at..end])?;
            at = end;
        }
        while pending.len() - at > PIECE {
            // Between two words, so that no name is cut.
            let blank =
                pending[at..at + PIECE].iter().rposition(u8::is_ascii_whitespace).map_or(PIECE, |blank| blank + 1);
            self.piece(&pending[at..at + blank])?;
            at += blank;
        }
        self.pending = pending.split_off(at);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bundle::scrub::tests::with;

    fn clean(text: &str, whole: bool) -> String {
        with(|scrubber| {
            let mut out = Vec::new();
            let mut lines =
                if whole { LineScrub::whole(&mut out, scrubber) } else { LineScrub::new(&mut out, scrubber) };
            for piece in text.as_bytes().chunks(7) {
                lines.write_all(piece).unwrap();
            }
            lines.finish().unwrap();
            String::from_utf8(out).unwrap()
        })
    }

    #[test]
    fn each_line_is_what_it_is() {
        let log = "2026-11-25T12:39:05Z WARN omt: for Kari Hansen\n{\"fields\":{\"message\":\"hansen\"},\"n\":3}\n\
                   -----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBg\n-----END PRIVATE KEY-----\nafter\n";
        let clean = clean(log, false);
        assert!(clean.starts_with("2026-11-25T12:39:05Z WARN omt: for person-"), "{clean}");
        assert!(clean.contains("\"n\":3") && clean.ends_with("after\n") && clean.contains("(private key)"), "{clean}");
        assert!(!clean.to_lowercase().contains("hansen") && !clean.contains("MIIEv"), "{clean}");
    }

    #[test]
    fn a_name_that_was_wrapped_is_still_one() {
        let clean = clean("company  Nordlys &\n         Sønner AS\nrows 17\n", true);
        assert!(!clean.contains("Nordlys") && !clean.contains("Sønner") && clean.contains("rows 17"), "{clean}");
    }

    #[test]
    fn a_line_without_end_is_taken_in_pieces() {
        let long = clean(&"word Kari ".repeat(300_000), false);
        assert!(!long.contains("Kari") && long.matches("word").count() == 300_000);
    }
}
