//! JSON on its way into a bundle: the structure passes as it is, every text is cleaned.
//!
//! A report is one object that may be as large as an archive has troubles, so nothing is parsed as a whole: the writer follows
//! braces and quotes, holds one text at a time, and knows under which name it stands. Several objects one behind the other,
//! as in a file of JSON lines, are nothing special.

use super::scrub::Scrubber;
use std::io::{self, Write};

/// A longer text is left out.
const LONGEST: usize = 1 << 20;

/// What encloses the place that was reached.
enum Level {
    /// An object: the name of the member whose value comes, and whether a name comes next.
    Object { member: String, name_next: bool, around: String },
    /// A list, under this name.
    List { member: String },
}

/// Cleans JSON that is written into it.
pub(super) struct JsonScrub<'s, 'a, W: Write> {
    out: W,
    scrubber: &'s mut Scrubber<'a>,
    levels: Vec<Level>,
    /// The text that is being read, with its first quote.
    text: Option<Vec<u8>>,
    escaped: bool,
    left_out: bool,
}

impl<'s, 'a, W: Write> JsonScrub<'s, 'a, W> {
    pub(super) fn new(out: W, scrubber: &'s mut Scrubber<'a>) -> Self {
        Self { out, scrubber, levels: Vec::new(), text: None, escaped: false, left_out: false }
    }

    /// The text has ended: writes it clean.
    fn end_text(&mut self, raw: &[u8]) -> io::Result<()> {
        let text = if std::mem::take(&mut self.left_out) {
            "(a text that is too long)".to_owned()
        } else {
            serde_json::from_slice(raw).unwrap_or_else(|_| String::from_utf8_lossy(raw).into_owned())
        };
        let clean = match self.levels.last_mut() {
            Some(Level::Object { member, name_next: true, around }) => {
                let clean = self.scrubber.member(around, &text);
                *member = text;
                clean
            }
            // A map under a path, a person or another such name is of the same kind, unless its members say better.
            Some(Level::Object { member, .. } | Level::List { member }) => {
                let member = member.clone();
                self.scrubber.value(&member, &text)
            }
            None => self.scrubber.value("", &text),
        };
        serde_json::to_writer(&mut self.out, &clean)?;
        Ok(())
    }

    fn member(&self) -> String {
        match self.levels.last() {
            Some(Level::Object { member, .. } | Level::List { member }) => member.clone(),
            None => String::new(),
        }
    }

    fn take(&mut self, byte: u8) -> io::Result<()> {
        if let Some(mut text) = self.text.take() {
            let ends = byte == b'"' && !self.escaped;
            self.escaped = byte == b'\\' && !self.escaped;
            if text.len() < LONGEST || ends {
                text.push(byte);
            } else {
                self.left_out = true;
            }
            if ends {
                return self.end_text(&text);
            }
            self.text = Some(text);
            return Ok(());
        }
        match byte {
            b'"' => {
                self.text = Some(vec![byte]);
                return Ok(());
            }
            b'{' => {
                let around = self.member();
                self.levels.push(Level::Object { member: String::new(), name_next: true, around });
            }
            b'[' => {
                let member = self.member();
                self.levels.push(Level::List { member });
            }
            b'}' | b']' => drop(self.levels.pop()),
            b':' => self.name_next(false),
            b',' => self.name_next(true),
            _ => {}
        }
        self.out.write_all(&[byte])
    }

    fn name_next(&mut self, next: bool) {
        if let Some(Level::Object { name_next, .. }) = self.levels.last_mut() {
            *name_next = next;
        }
    }
}

impl<W: Write> Write for JsonScrub<'_, '_, W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        bytes.iter().try_for_each(|byte| self.take(*byte))?;
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
    use serde_json::{Value, json};

    fn clean(text: &str) -> String {
        with(|scrubber| {
            let mut out = Vec::new();
            // One byte at a time: nothing may depend on how it comes.
            text.bytes().for_each(|byte| {
                JsonScrub::write_all(&mut JsonScrub::new(&mut Vec::new(), scrubber), &[byte]).unwrap();
            });
            JsonScrub::new(&mut out, scrubber).write_all(text.as_bytes()).unwrap();
            String::from_utf8(out).unwrap()
        })
    }

    #[test]
    fn the_structure_stays_and_texts_are_clean() {
        let value = json!({
            "rows": 17, "outcome": "missing", "item": "document/4", "why": "ask \"Kari\"\nHansen", "paths": { "E:\\Kari": "/srv/kari" },
            "looked_in": ["KH/2020.1", "x"], "deep": [[{ "who": "Ola Lie", "n": null }]], "database": { "password": "abc" }
        });
        let cleaned: Value = serde_json::from_str(&clean(&value.to_string())).unwrap();
        assert_eq!(
            (&cleaned["rows"], &cleaned["outcome"], &cleaned["item"]),
            (&json!(17), &json!("missing"), &json!("document/4"))
        );
        assert!(cleaned["looked_in"][0].as_str().unwrap().starts_with("path-"));
        assert!(cleaned["deep"][0][0]["who"].as_str().unwrap().starts_with("person-"));
        assert_eq!(cleaned["database"]["password"], "(secret)");
        let folded = cleaned.to_string().to_lowercase();
        assert!(
            !folded.contains("kari")
                && !folded.contains("hansen")
                && !folded.contains("ola")
                && !folded.contains("abc"),
            "{folded}"
        );
    }

    #[test]
    fn lines_follow_each_other_and_a_text_without_end_does_no_harm() {
        let lines = clean("{\"why\":\"Kari\"}\n{\"why\":\"Hansen\"}\n");
        assert_eq!(lines.lines().count(), 2);
        assert!(!lines.contains("Kari") && !lines.contains("Hansen"));
        assert_eq!(clean("{\"a\": \"Kari"), "{\"a\": ");
        assert!(clean(&format!("{{\"a\":\"{}\"}}", "x".repeat(LONGEST + 5))).contains("too long"));
    }
}
