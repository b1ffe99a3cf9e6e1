//! How a record goes into DNS: in strings of at most 255 octets, and how large the answer becomes (RFC 7208 section 3.4).

use super::Problem;

/// The longest string in a TXT record.
const LONGEST: usize = 255;
/// Up to here, name included, an answer fits into a UDP packet everywhere.
const SAFE: usize = 450;
/// The size of a UDP packet that every server takes.
const PACKET: usize = 512;

/// The record as strings. Joined without anything between them they are the record; where possible each ends behind a
/// blank, so that people can read it.
pub fn strings(record: &str) -> Vec<String> {
    let mut strings = Vec::new();
    let mut rest = record;
    while rest.len() > LONGEST {
        // The last character that still fits begins at or before the limit.
        let most = (0..=LONGEST).rev().find(|at| rest.is_char_boundary(*at)).unwrap_or(rest.len());
        let at = rest[..most].rfind(' ').map_or(most, |blank| blank + 1);
        let (string, behind) = rest.split_at(at);
        strings.push(string.to_owned());
        rest = behind;
    }
    strings.push(rest.to_owned());
    strings
}

/// The strings as providers want them in one field: each in quotes where there are several.
pub fn quoted(record: &str) -> String {
    let strings = strings(record);
    if strings.len() == 1 {
        return record.to_owned();
    }
    strings.iter().map(|string| format!("\"{string}\"")).collect::<Vec<_>>().join(" ")
}

/// What to say about the size of the answer to a question for the TXT records of `name`, which are these.
pub fn size(name: &str, texts: &[&str]) -> Option<Problem> {
    let octets = name.len() + texts.iter().map(|text| text.len() + text.len().div_ceil(LONGEST).max(1)).sum::<usize>();
    let said = |limit| format!("all TXT records of `{name}` together have {octets} octets, more than {limit}");
    if octets > PACKET {
        Some(Problem::warning(
            "spf.too-large",
            format!("{}: some receivers cannot ask over TCP and will not see the record", said(PACKET)),
        ))
    } else if octets > SAFE {
        Some(Problem::warning("spf.large", format!("{}: the answer may not fit into a UDP packet", said(SAFE))))
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_record_is_cut_behind_blanks_and_nothing_is_lost() {
        let record = format!("v=spf1 {} ~all", "ip4:192.0.2.1 ".repeat(40).trim_end());
        let strings = strings(&record);
        assert_eq!((strings.len(), strings.concat()), (3, record.clone()));
        assert!(strings.iter().all(|string| string.len() <= 255) && strings[0].ends_with(' '));
        assert!(quoted(&record).starts_with('"') && !quoted("v=spf1 -all").contains('"'));
        let one = "x".repeat(600);
        assert_eq!(super::strings(&one).concat(), one);
    }

    #[test]
    fn the_size_is_that_of_all_texts_of_the_name() {
        let record = "v=spf1 -all";
        assert_eq!(size("example.com", &[record]), None);
        assert_eq!(size("example.com", &[record, &"x".repeat(430)]).unwrap().id, "spf.large");
        assert_eq!(size("example.com", &[record, &"x".repeat(500)]).unwrap().id, "spf.too-large");
    }
}
