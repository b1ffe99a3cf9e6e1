//! The names of people, companies and documents that a bundle must not hold, as the installation's database and the ledger know them.
//!
//! All of them go into a [`Bloom`] filter of fixed size, so that memory does not depend on how many there are: a customer with millions
//! of persons costs 32 MiB like any other. Persons and companies are read completely; documents only as far as the ledger names
//! them among what was left behind or has no row, because no other document is named anywhere in a bundle.

use super::bloom::Bloom;
use super::words::{SHORT, Word, fold, keys, words};
use crate::Result;
use crate::item::Outcome;
use crate::ledger::Reader;
use crate::onsite::database::{Database, Query};

/// Rows of a page.
const PAGE: usize = 5000;
/// Documents of each kind that are taken from the ledger.
const DOCUMENTS: usize = 200_000;

/// What a name is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// A person, by any part of the name, or a log-in.
    Person = 1,
    /// A company.
    Company = 2,
    /// A document, by the name of its file.
    Document = 3,
    /// A street.
    Place = 4,
    /// A telephone number, by its last eight digits.
    Phone = 5,
}

/// Of two kinds that a name may be of, the first one counts.
const KINDS: [Kind; 4] = [Kind::Person, Kind::Company, Kind::Document, Kind::Place];

impl Kind {
    /// The first part of a token.
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Person => "person",
            Self::Company => "company",
            Self::Document => "document",
            Self::Place => "place",
            Self::Phone => "phone",
        }
    }
}

/// Any kind: asked first, so that an ordinary word costs one look.
const ANY: u8 = 0;
/// The beginning of a longer name.
const BEGINNING: u8 = 9;

/// Where names lie: table, key, columns, kind, and whether each word of them is a name for itself.
const PLACES: [(&str, &str, &[&str], Kind, bool); 9] = [
    ("associate", "associate_id", &["name", "userName", "locationAddress"], Kind::Person, true),
    ("AssociateHistory", "AssociateHistory_id", &["name", "firstname", "middleName", "lastname"], Kind::Person, true),
    (
        "person",
        "person_id",
        &["firstname", "middleName", "lastname", "kanafname", "kanalname", "initials"],
        Kind::Person,
        true,
    ),
    ("ejuser", "id", &["loginname", "username", "firstname", "middlename", "lastname"], Kind::Person, true),
    ("contact", "contact_id", &["name", "department", "kananame"], Kind::Company, false),
    ("company", "company_id", &["ownerContactName", "ownerDepartmentName", "dbContactName"], Kind::Company, false),
    ("project", "project_id", &["name"], Kind::Document, false),
    ("address", "address_id", &["address1", "address2", "address3"], Kind::Place, false),
    ("phone", "phone_id", &["phone", "searchPhoneNumber"], Kind::Phone, false),
];

/// Words of this program: a person of this name is not found by it, and the bundle stays readable.
const OURS: &str = "verified missing unreadable changing unmigratable refused failed pending orphan document template attachment \
    database table tables part parts row rows item items file files path name names user users people plan plans tenant ledger journal archive \
    associate company person contact mail mails service machine installation check checks waived unwaived found passed status error warn warning info \
    debug trace note blocker test live initial recovery true false null none name text reason detail event finished report migration opened \
    reconciled decided undone sent skipped read bytes size root roots folder version windows linux configuration environment url http https \
    secret password ticket token code kind state mode run runs exit time hint cause upload uploader hasher chunker scanner verifier exporter";

/// All of them.
pub(super) struct Names {
    set: Bloom,
    ours: std::collections::HashSet<&'static str>,
    /// How many were taken in.
    pub(super) count: u64,
}

impl Names {
    /// None yet.
    pub(super) fn new() -> Self {
        Self { set: Bloom::new(), ours: OURS.split_whitespace().collect(), count: 0 }
    }

    /// Takes everything in that the database knows.
    pub(super) fn read(&mut self, database: &mut dyn Database) -> Result<()> {
        for (table, key, columns, kind, each_word) in PLACES {
            if !database.has_column(table, key)? {
                continue;
            }
            let list: Vec<String> = columns.iter().map(|column| format!("{{{table}.{column}|''}}")).collect();
            let text = format!(
                "SELECT {{top}} {{{table}.{key}}}, {} FROM {{{table}}} WHERE {{={table}.{key}}} > ?1 ORDER BY {{={table}.{key}}} {{limit}}",
                list.join(", ")
            );
            let mut after = i64::from(i32::MIN);
            loop {
                let page = database.rows(&Query::new(text.as_str()).number(after).limit(PAGE))?;
                for row in &page {
                    let values: Vec<String> = (1..=columns.len()).map(|column| row.text(column)).collect();
                    for value in &values {
                        self.add(kind, value, each_word);
                    }
                    if matches!(table, "person" | "ejuser" | "AssociateHistory") {
                        // The parts in the order in which people say them, and as lists do.
                        self.add(kind, &values.join(" "), false);
                        self.add(
                            kind,
                            &[values.get(2), values.first()].map(|one| one.cloned().unwrap_or_default()).join(" "),
                            false,
                        );
                        self.add(
                            kind,
                            &[values.first(), values.get(2)].map(|one| one.cloned().unwrap_or_default()).join(" "),
                            false,
                        );
                    }
                }
                match page.last().map(|row| row.integer(0)) {
                    Some(last) if page.len() == PAGE && last > after => after = last,
                    _ => break,
                }
            }
        }
        Ok(())
    }

    /// Takes the documents in that the ledger names in reports.
    pub(super) fn read_ledger(&mut self, ledger: &Reader) -> Result<()> {
        for outcome in Outcome::ALL.into_iter().filter(|outcome| *outcome != Outcome::Verified) {
            let (mut after, mut count) = (0, 0);
            while count < DOCUMENTS {
                let page = ledger.left_after(outcome, after, PAGE)?;
                let Some(last) = page.last() else { break };
                after = last.key.number();
                count += page.len();
                for known in &page {
                    if let Some((_, _, name)) = &known.place {
                        self.document(name);
                    }
                    if let Some(detail) =
                        known.detail.as_deref().and_then(|text| serde_json::from_str::<serde_json::Value>(text).ok())
                    {
                        for path in detail["path"].as_str().into_iter().chain(
                            detail["candidates"].as_array().into_iter().flatten().filter_map(serde_json::Value::as_str),
                        ) {
                            self.document(path.rsplit(['/', '\\']).next().unwrap_or_default());
                        }
                    }
                }
            }
        }
        ledger.each_orphan(DOCUMENTS as u64, &mut |(_, path, _, _)| {
            self.document(path.rsplit(['/', '\\']).next().unwrap_or_default());
            Ok(())
        })
    }

    /// The name of a file, with and without what is behind the dot.
    fn document(&mut self, name: &str) {
        self.add(Kind::Document, name, false);
        if let Some((stem, _)) = name.rsplit_once('.') {
            self.add(Kind::Document, stem, false);
        }
    }

    /// Takes a name in.
    pub(super) fn add(&mut self, kind: Kind, text: &str, each_word: bool) {
        let text = text.trim();
        if text.is_empty() {
            return;
        }
        self.count += 1;
        if kind == Kind::Phone {
            if let Some(digits) = digits(text) {
                self.set.add(kind as u8, &digits);
            }
            return;
        }
        for key in keys(text) {
            self.put(kind, &key, text);
        }
        let parts = words(text);
        if let [first, _, ..] = parts.as_slice() {
            self.set.add(BEGINNING, &first.folded);
        }
        for piece in parts.chunks(super::words::LONGEST).filter(|piece| piece.len() > 1) {
            self.set.add(BEGINNING, &piece[0].folded);
        }
        if each_word {
            for word in text.split_whitespace() {
                for key in keys(word).iter().filter(|key| key.chars().count() >= 3) {
                    self.put(kind, key, word);
                }
            }
            // Half of a double name is a name too.
            for word in parts.iter().filter(|word| word.folded.chars().count() >= 3) {
                self.put(kind, &word.folded, &text[word.start..word.end]);
            }
        }
    }

    fn put(&mut self, kind: Kind, key: &str, written: &str) {
        let key = if key.chars().count() < SHORT {
            // Short names are known as they are written, and in capitals.
            self.set.add(ANY, &format!("={}", written.to_uppercase()));
            self.set.add(kind as u8, &format!("={}", written.to_uppercase()));
            format!("={written}")
        } else {
            key.to_owned()
        };
        self.set.add(ANY, &key);
        self.set.add(kind as u8, &key);
    }

    /// What the words of `text` at the beginning of `words` are a name of, and of how many words it is.
    pub(super) fn find(&self, text: &str, words: &[Word]) -> Option<(Kind, usize)> {
        let first = words.first()?;
        let mut longest = 1;
        if self.set.has(BEGINNING, &first.folded) {
            longest = words.len().min(super::words::LONGEST);
        }
        let mut key = String::new();
        let mut ends = Vec::with_capacity(longest);
        for (nth, word) in words[..longest].iter().enumerate() {
            if nth > 0 && !super::words::near(text, &words[nth - 1], word) {
                break;
            }
            key.push_str(&word.folded);
            ends.push(key.len());
        }
        for (nth, end) in ends.iter().enumerate().rev() {
            let key = &key[..*end];
            if key.bytes().all(|byte| byte.is_ascii_digit()) || (nth == 0 && self.ours.contains(key)) {
                continue;
            }
            let written;
            let asked = if key.chars().count() < SHORT {
                written = format!("={}", &text[first.start..words[nth].end]);
                written.as_str()
            } else {
                key
            };
            if self.set.has(ANY, asked)
                && let Some(kind) = KINDS.into_iter().find(|kind| self.set.has(*kind as u8, asked))
            {
                return Some((kind, nth + 1));
            }
        }
        None
    }

    /// Whether these digits are a telephone number of the installation.
    pub(super) fn is_phone(&self, text: &str) -> bool {
        digits(text).is_some_and(|digits| self.set.has(Kind::Phone as u8, &digits))
    }

    /// Whether a text has only words of this program and numbers in it.
    pub(super) fn is_ours(&self, text: &str) -> bool {
        words(text).iter().all(|word| {
            word.folded.bytes().all(|byte| byte.is_ascii_digit()) || self.ours.contains(fold(&word.folded).as_str())
        })
    }
}

/// The digits by which a telephone number is known, whatever stands before it for the country.
fn digits(text: &str) -> Option<String> {
    const KNOWN: usize = 8;
    const FEWEST: usize = 6;
    let digits: String = text.chars().filter(char::is_ascii_digit).collect();
    (digits.len() >= FEWEST).then(|| digits[digits.len().saturating_sub(KNOWN)..].to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(names: &Names, text: &str) -> Vec<String> {
        let all = words(text);
        let (mut at, mut found) = (0, Vec::new());
        while at < all.len() {
            match names.find(text, &all[at..]) {
                Some((_, count)) => {
                    found.push(text[all[at].start..all[at + count - 1].end].to_owned());
                    at += count;
                }
                None => at += 1,
            }
        }
        found
    }

    #[test]
    fn names_are_found_however_they_are_written_and_ids_are_not() {
        let mut names = Names::new();
        names.add(Kind::Person, "Kari Øst-Hansen", true);
        names.add(Kind::Person, "TO", true);
        names.add(Kind::Company, "Nordlys & Sønner AS", false);
        names.add(Kind::Phone, "+47 22 33 44 55", false);
        let text = "document/17 of KARI_ØST-HANSEN (hansen) to TO at nordlys &\n sønner as, kari2026";
        assert_eq!(found(&names, text), ["KARI_ØST-HANSEN", "hansen", "TO", "nordlys &\n sønner as", "kari"]);
        assert!(names.is_phone("0047 22334455") && names.is_phone("22 33 44 55") && !names.is_phone("2026-11-25"));
        assert!(found(&names, "Nordlys alone, performance, sonner").is_empty());
        assert!(names.is_ours("missing 12 documents".trim_end_matches('s')) && !names.is_ours("missing Kari"));
    }

    #[test]
    fn somebody_who_is_called_like_one_of_our_words_does_not_spoil_the_report() {
        let mut names = Names::new();
        names.add(Kind::Person, "Max Missing", true);
        assert_eq!(found(&names, "missing: 3, Max Missing"), ["Max Missing"]);
    }
}
