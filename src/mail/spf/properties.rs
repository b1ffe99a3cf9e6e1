//! Properties that hold for every record, also for those that nobody would write.

use super::record::{What, nearly};
use super::{Record, merge, publish};
use mail_auth::common::parse::TxtRecordParser;
use proptest::prelude::*;

/// The vendor's include in all of these.
const OURS: &str = "_spf.online.superoffice.com";

/// Terms as they occur, and noise.
fn any_term() -> impl Strategy<Value = String> {
    prop_oneof![
        8 => prop::sample::select(vec![
            "a", "mx", "-all", "~all", "?all", "all", "ip4:192.0.2.1", "ip6:2001:db8::/32", "include:b.example", "exists:%{i}.b.example",
            "redirect=b.example", "exp=c.example", "?include:_spf.online.superoffice.com", "-include:_SPF.online.superoffice.com",
            "include:_spf.online.superoffice.com", "x=1", "ptr", "a:b.example/24", "", " ",
        ]).prop_map(str::to_owned),
        1 => "[!-~]{1,12}",
        1 => "\\PC{0,6}",
    ]
}

fn any_record() -> impl Strategy<Value = String> {
    (prop::sample::select(vec!["v=spf1", "V=spf1"]), prop::collection::vec(any_term(), 0..12))
        .prop_map(|(version, terms)| terms.iter().fold(version.to_owned(), |text, term| format!("{text} {term}")))
}

proptest! {
    #[test]
    fn merging_keeps_every_term_in_its_order_and_is_done_once(text in any_record()) {
        let record = Record::read(&text).unwrap();
        let merged = Record::read(&merge::merge(&record, OURS)).unwrap();
        prop_assert!(merge::includes(&merged, OURS));
        prop_assert_eq!(merge::merge(&merged, OURS), merged.text.clone());
        // Taking the one new term out again gives the old text, byte for byte.
        let added = format!("include:{OURS}");
        let without = merged.text.match_indices(&added).any(|(at, _)| {
            let (before, after) = (&merged.text[..at], &merged.text[at + added.len()..]);
            let (space_behind, space_before) = (after.strip_prefix(' '), before.strip_suffix(' '));
            space_behind.is_some_and(|after| format!("{before}{after}") == text)
                || space_before.is_some_and(|before| format!("{before}{after}") == text)
        });
        prop_assert!(merged.text == text || without, "{:?} -> {:?}", text, merged.text);
    }

    #[test]
    fn joining_keeps_every_mechanism_and_gives_the_same_in_any_order(texts in prop::collection::vec(any_record(), 1..4)) {
        let records: Vec<Record> = texts.iter().map(|text| Record::read(text).unwrap()).collect();
        let (keep, joined) = merge::join(&records, OURS).unwrap();
        let joined = Record::read(&joined).unwrap();
        for record in &records {
            for term in record.terms.iter().filter(|term| term.what.is_mechanism() && term.what != What::All) {
                let text = record.text_of(term);
                prop_assert!(joined.terms.iter().any(|other| joined.text_of(other).eq_ignore_ascii_case(text)), "{}", text);
            }
        }
        prop_assert!(merge::includes(&joined, OURS));
        let backwards: Vec<Record> = records.iter().rev().cloned().collect();
        let (other, _) = merge::join(&backwards, OURS).unwrap();
        prop_assert_eq!(&backwards[other].text, &records[keep].text);
    }

    #[test]
    fn no_text_makes_it_panic(text in "\\PC{0,300}", end in "[ -~]{0,80}") {
        for text in [text.clone(), format!("v=spf1 {text}"), format!("v=spf1 {end}")] {
            let _ = nearly(&text);
            if let Some(record) = Record::read(&text) {
                let cut: Vec<&str> = record.terms.iter().map(|term| record.text_of(term)).collect();
                prop_assert_eq!(cut, text[6..].split(' ').filter(|part| !part.is_empty()).collect::<Vec<_>>());
                prop_assert_eq!(publish::strings(&record.text).concat(), text);
            }
        }
    }

    #[test]
    fn what_is_allowed_here_is_allowed_by_another_reader(text in any_record()) {
        let record = Record::read(&text).unwrap();
        // The other reader does not know modifiers that begin like a mechanism; RFC 7208 6 allows any name.
        let plain = record.terms.iter().all(|term| term.what != What::Other);
        if plain && record.wrong().next().is_none() {
            prop_assert!(mail_auth::spf::Spf::parse(text.as_bytes()).is_ok(), "{}", text);
        }
    }
}
