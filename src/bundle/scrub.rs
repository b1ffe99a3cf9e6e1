//! What becomes of a text before it goes into a bundle.
//!
//! Disguises are undone, then one kind of thing after the other is replaced: known secrets, what looks like one, Base64 that
//! holds a text, addresses, paths, telephone numbers, names. What was replaced is not looked at again. Ids, numbers, times,
//! digests and the words of this program pass. Where the installation's database could not be read nobody knows its names; then a text
//! with any other word in it is replaced as a whole.

use super::names::{Kind, Names};
use super::patterns;
use super::plain::plain;
use super::secret::{HIDDEN, Secrets, names_secret};
use super::token::Tokens;
use super::words::words;
use std::collections::BTreeMap;

/// Endings of files that say nothing about anybody.
const ENDINGS: [&str; 33] = [
    "doc", "docx", "dot", "dotx", "xls", "xlsx", "ppt", "pptx", "pdf", "msg", "eml", "som", "txt", "htm", "html",
    "xml", "jpg", "jpeg", "png", "gif", "tif", "tiff", "bmp", "zip", "rtf", "csv", "db", "toml", "config", "ini",
    "log", "json", "reg",
];
/// Names of files that every installation has.
const ORDINARY: [&str; 7] =
    ["superoffice.config", "web.config", "superoffice.ini", "config", "omt.toml", "ledger.db", "crm.db"];

/// How a value is treated, by the name of its member.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Rule {
    /// A word of this program, an id, a digest.
    Open,
    /// Text.
    Text,
    /// A path.
    Path,
    /// A person, whoever it is.
    Person,
    /// A company, whichever it is.
    Company,
    /// A secret.
    Secret,
}

fn rule(member: &str) -> Rule {
    let member = member.to_ascii_lowercase();
    match member.as_str() {
        "event" | "code" | "outcome" | "mode" | "severity" | "subject" | "status" | "at" | "started" | "ended"
        | "generated" | "blake3" | "check" | "id" | "migration" | "key" | "edge" | "cause" | "encoding" => Rule::Open,
        "path" | "paths" | "candidates" | "looked_in" | "file" | "folder" | "folders" | "here" | "root" | "roots"
        | "archives" | "templates" | "ledger" | "ca" | "listen_file" => Rule::Path,
        "who" | "login" | "person_name" | "by" | "initials" => Rule::Person,
        "company" | "owner" => Rule::Company,
        _ if names_secret(&member) => Rule::Secret,
        _ => Rule::Text,
    }
}

/// Cleans texts, and counts what it has replaced.
pub(super) struct Scrubber<'a> {
    pub(super) names: &'a Names,
    pub(super) secrets: &'a Secrets,
    pub(super) tokens: &'a Tokens,
    /// Folders of the installation and of this program, in small letters with `/`.
    pub(super) folders: &'a [String],
    /// Whether the names of the installation are known.
    pub(super) knows_names: bool,
    /// What was replaced, and how often.
    pub(super) counts: BTreeMap<&'static str, u64>,
}

/// Where something was found in a text, and what is to stand there.
type Found = (std::ops::Range<usize>, String);

/// A piece of a text: as it came, or what stands in its place.
enum Piece {
    Raw(String),
    Done(String),
}

impl Scrubber<'_> {
    fn count(&mut self, kind: &'static str) {
        *self.counts.entry(kind).or_default() += 1;
    }

    /// Cleans the value of a member of this name.
    pub(super) fn value(&mut self, member: &str, text: &str) -> String {
        if text.trim().is_empty() {
            return text.to_owned();
        }
        match rule(member) {
            Rule::Secret if text.starts_with('(') => text.to_owned(),
            Rule::Secret => {
                self.count("secret");
                HIDDEN.to_owned()
            }
            Rule::Path => self.path(&plain(text)),
            Rule::Person if text.contains('@') || self.names.is_ours(text) => self.text(text),
            Rule::Person => self.token(Kind::Person.as_str(), text.trim()),
            Rule::Company => self.token(Kind::Company.as_str(), text.trim()),
            // One word of a known shape. Anything else under such a name is a text.
            Rule::Open if is_word(text) && !self.is_named(text) => text.to_owned(),
            Rule::Open | Rule::Text => self.text(text),
        }
    }

    /// Cleans the name of a member.
    pub(super) fn member(&mut self, parent: &str, name: &str) -> String {
        if rule(parent) == Rule::Path { self.path(&plain(name)) } else { self.known_names(name) }
    }

    fn is_named(&self, text: &str) -> bool {
        let all = words(text);
        (0..all.len()).any(|at| self.names.find(text, &all[at..]).is_some())
    }

    /// Cleans a text.
    pub(super) fn text(&mut self, text: &str) -> String {
        let text = plain(text);
        if !self.knows_names && !self.names.is_ours(&text) {
            return self.token("text", &text);
        }
        self.known_names(&text)
    }

    fn known_names(&mut self, text: &str) -> String {
        let mut pieces = vec![Piece::Raw(text.to_owned())];
        let secrets = self.secrets;
        self.pass(&mut pieces, &mut |one, text| {
            let (start, end) = secrets.first(text, 0)?;
            one.count("secret");
            Some((start..end, HIDDEN.into()))
        });
        self.pass(&mut pieces, &mut |one, text| {
            let range = patterns::secret(text)?;
            one.count("secret");
            Some((range, HIDDEN.into()))
        });
        self.pass(&mut pieces, &mut |one, text| {
            let range = patterns::encoded(text)?;
            let token = one.token("encoded", &text[range.clone()]);
            Some((range, token))
        });
        self.pass(&mut pieces, &mut |one, text| {
            let (range, at) = patterns::mail(text)?;
            let (local, domain) = (&text[range.start..at], &text[at + 1..range.end]);
            let local = one.tokens.of_text("mail", local);
            let domain = one.tokens.of_text("host", domain);
            one.count("mail");
            Some((range, format!("{local}@{domain}.invalid")))
        });
        let folders = self.folders;
        self.pass(&mut pieces, &mut |one, text| {
            let range = patterns::path(text, folders)?;
            let token = one.path(&text[range.clone()]);
            Some((range, token))
        });
        let names = self.names;
        self.pass(&mut pieces, &mut |one, text| {
            let range = patterns::phone(text, |digits| names.is_phone(digits))?;
            let token = one.token(Kind::Phone.as_str(), &text[range.clone()]);
            Some((range, token))
        });
        pieces
            .into_iter()
            .map(|piece| match piece {
                Piece::Raw(text) => self.without_names(&text),
                Piece::Done(text) => text,
            })
            .collect()
    }

    /// Has `find` replace the first thing that it finds in each raw piece, again and again.
    fn pass(&mut self, pieces: &mut Vec<Piece>, find: &mut dyn FnMut(&mut Self, &str) -> Option<Found>) {
        let mut done = Vec::with_capacity(pieces.len());
        for piece in pieces.drain(..) {
            let mut rest = match piece {
                Piece::Raw(text) => text,
                done_already @ Piece::Done(_) => {
                    done.push(done_already);
                    continue;
                }
            };
            while let Some((range, token)) = find(self, &rest) {
                let behind = rest.split_off(range.end);
                rest.truncate(range.start);
                done.push(Piece::Raw(rest));
                done.push(Piece::Done(token));
                rest = behind;
            }
            done.push(Piece::Raw(rest));
        }
        *pieces = done;
    }

    fn without_names(&mut self, text: &str) -> String {
        let all = words(text);
        let mut clean = String::with_capacity(text.len());
        let (mut at, mut written) = (0, 0);
        while at < all.len() {
            let Some((kind, count)) = self.names.find(text, &all[at..]) else {
                at += 1;
                continue;
            };
            let (start, end) = (all[at].start, all[at + count - 1].end);
            clean.push_str(&text[written..start]);
            // Spelled in another way it is the same.
            let key: Vec<&str> = all[at..at + count].iter().map(|word| word.folded.as_str()).collect();
            clean.push_str(&self.token(kind.as_str(), &key.concat()));
            (written, at) = (end, at + count);
        }
        clean.push_str(&text[written..]);
        clean
    }

    fn token(&mut self, kind: &'static str, text: &str) -> String {
        self.count(kind);
        // Whole values and names found in texts have to get the same token.
        let key = words(text).into_iter().map(|word| word.folded).collect::<String>();
        self.tokens.of_text(kind, if key.is_empty() { text } else { &key })
    }

    /// A path: a token that keeps the ending, and the name of a file that every installation has.
    fn path(&mut self, path: &str) -> String {
        self.count("path");
        let unified = path.replace('\\', "/");
        let name = unified.rsplit('/').next().unwrap_or_default();
        if ORDINARY.contains(&name.to_ascii_lowercase().as_str()) {
            let folder = unified.len() - name.len();
            return format!("{}/{name}", self.tokens.of_text("path", &unified[..folder]));
        }
        let token = self.tokens.of_text("path", &unified);
        match name.rsplit_once('.').map(|(_, ending)| ending.to_ascii_lowercase()) {
            Some(ending) if ENDINGS.contains(&ending.as_str()) => format!("{token}.{ending}"),
            _ => token,
        }
    }
}

/// Whether a text is one word of the kind that programs use: an id, a time, a digest.
fn is_word(text: &str) -> bool {
    text.len() <= 80 && text.chars().all(|letter| letter.is_ascii_alphanumeric() || "-_.:/+→".contains(letter))
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// Names, secrets and tokens for tests.
    pub(in crate::bundle) fn with<T>(work: impl FnOnce(&mut Scrubber<'_>) -> T) -> T {
        let mut names = Names::new();
        names.add(Kind::Person, "Kari Hansen", true);
        names.add(Kind::Company, "Nordlys & Sønner AS", false);
        names.add(Kind::Document, "Tilbud til Lie.doc", false);
        let secrets = Secrets::of(&["open sesame".to_owned()]).unwrap();
        let folders = ["so_arc/".to_owned()];
        let tokens = Tokens::with([7; 32]);
        let (names, secrets) = (&names, &secrets);
        let counts = BTreeMap::new();
        work(&mut Scrubber { names, secrets, tokens: &tokens, folders: &folders, knows_names: true, counts })
    }

    #[test]
    fn a_text_keeps_what_support_needs_and_nobody() {
        with(|scrubber| {
            let text = "document/17 [tenant.refused]: `SO_ARC/KH/2020.1/Tilbud til Lie.doc` of Kari HANSEN, kari@nordlys.example, \
                        +47 22 33 44 55, Nordlys%20&%20S%C3%B8nner AS: pwd=xyzzy OPEN SESAME at 2026-11-25T12:39:05Z";
            let clean = scrubber.text(text);
            for part in [
                "document/17 [tenant.refused]",
                "2026-11-25T12:39:05Z",
                ".doc`",
                "person-",
                "mail-",
                "@host-",
                "phone-",
                "company-",
                "path-",
            ] {
                assert!(clean.contains(part), "{part} is not in {clean}");
            }
            let folded = clean.to_lowercase();
            for part in ["kari", "hansen", "lie", "nordlys", "sønner", "22 33", "xyzzy", "sesame"] {
                assert!(!folded.contains(part), "{part} is in {clean}");
            }
            assert_eq!(scrubber.counts["secret"], 2);
        });
    }

    #[test]
    fn the_same_person_has_the_same_token_everywhere() {
        with(|scrubber| {
            let in_text = scrubber.text("kari_hansen");
            assert_eq!(scrubber.value("who", "Kari Hansen"), in_text);
            assert_eq!(scrubber.value("status", "missing"), "missing");
            assert_ne!(scrubber.value("status", "Hansen"), "Hansen");
            assert_eq!(scrubber.value("password", "x"), HIDDEN);
            assert!(scrubber.value("file", "C:\\x\\SuperOffice.config").ends_with("/SuperOffice.config"));
        });
    }

    #[test]
    fn without_the_database_a_text_is_left_out_as_a_whole() {
        with(|scrubber| {
            scrubber.knows_names = false;
            assert!(scrubber.text("asked Ola about it").starts_with("text-"));
            assert_eq!(scrubber.text("missing 3 rows"), "missing 3 rows");
            assert_eq!(scrubber.value("code", "tenant.refused"), "tenant.refused");
        });
    }
}
