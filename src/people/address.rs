//! When a text can be a user name, and when two user names are the same.
//!
//! The vendor says that a user name is a syntactically valid e-mail address and unique in the tenant; the rules for
//! case, length and international domains are not public. Here names are compared in the strictest way, so that what
//! passes here passes anywhere: trimmed, without regard to case, in composed Unicode, with the domain as the DNS
//! knows it. The longest name is what the vendor's column holds.

use email_address::{EmailAddress, Options};
use unicode_normalization::UnicodeNormalization;

/// What the column holds.
const LONGEST: usize = 239;

/// The form in which addresses are compared. Texts that are no addresses have one too.
#[must_use]
pub fn normal(text: &str) -> String {
    let text = text.trim();
    match text.rsplit_once('@') {
        Some((local, domain)) => {
            let domain = domain.trim_end_matches('.');
            let domain = idna::domain_to_ascii(domain).unwrap_or_else(|_| fold(domain));
            format!("{}@{domain}", fold(local))
        }
        None => fold(text),
    }
}

/// Without regard to case. The way over upper case brings together what has several small letters.
fn fold(text: &str) -> String {
    if text.is_ascii() {
        return text.to_ascii_lowercase();
    }
    text.nfc().collect::<String>().to_uppercase().to_lowercase().nfc().collect()
}

/// Why `text` cannot be a user name; `None` if it can.
#[must_use]
pub fn objection(text: &str) -> Option<String> {
    let text = text.trim();
    if text.is_empty() {
        return Some("it is empty".into());
    }
    let length = text.chars().count();
    if length > LONGEST {
        return Some(format!("it has {length} characters, at most {LONGEST} are possible"));
    }
    if text.chars().any(|letter| letter.is_control() || letter.is_whitespace()) {
        return Some("it has blanks or control characters in it".into());
    }
    let Some((local, domain)) = text.rsplit_once('@') else {
        return Some("there is no `@` in it".into());
    };
    let Ok(domain) = idna::domain_to_ascii_strict(domain) else {
        return Some("what stands behind the `@` is no domain name".into());
    };
    let last = domain.rsplit('.').next().unwrap_or_default();
    if last.len() == domain.len() || last.bytes().all(|byte| byte.is_ascii_digit()) {
        return Some("what stands behind the `@` is no full domain name".into());
    }
    let options = Options::default().without_display_text().without_domain_literal();
    EmailAddress::parse_with_options(&format!("{local}@{domain}"), options)
        .err()
        .map(|cause| format!("it is no e-mail address: {}", cause.to_string().trim_end_matches('.').to_lowercase()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn one_address_has_many_spellings() {
        for (one, other) in [
            ("Anna@Fjord.no", " anna@fjord.NO "),
            ("jürgen@bücher.de", "JÜRGEN@xn--bcher-kva.de"),
            ("ju\u{308}rgen@x.de", "j\u{fc}rgen@x.de"),
            ("anna@xn--80akhbyknj4f.com", "anna@испытание.com"),
            ("ΟΔΟΣ@x.gr", "οδος@x.gr"),
            ("anna@fjord.no", "anna@fjord.no."),
        ] {
            assert_eq!(normal(one), normal(other), "{one} {other}");
        }
        assert_ne!(normal("anna@fjord.no"), normal("anna@fjord.se"));
        assert_ne!(normal("anna+crm@fjord.no"), normal("anna@fjord.no"));
    }

    #[test]
    fn what_can_be_a_user_name() {
        for good in
            ["anna@fjord.no", " a.b+c@sub.fjord.co.uk ", "jürgen@bücher.de", "o'neil@fjord.ie", "a@xn--bcher-kva.de"]
        {
            assert_eq!(objection(good), None, "{good}");
        }
        let long = format!("{}@fjord.no", "a".repeat(240));
        for bad in [
            "",
            " ",
            "anna",
            "anna at fjord.no",
            "@fjord.no",
            "anna@",
            "anna@fjord",
            "anna@@fjord.no",
            "a b@fjord.no",
            "anna@-fjord.no",
            "anna@fjord..no",
            "anna@[10.0.0.1]",
            "anna@10.0.0.1",
            "Anna <anna@fjord.no>",
            "anna@fjord_x.no",
            ".anna@fjord.no",
            "anna.@fjord.no",
            "an\u{0}na@fjord.no",
            &long,
        ] {
            assert!(objection(bad).is_some(), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn comparing_twice_changes_nothing(text in "\\PC{0,40}(@\\PC{0,40})?") {
            let once = normal(&text);
            prop_assert_eq!(normal(&once), once);
            let _ = objection(&text);
        }
    }
}
