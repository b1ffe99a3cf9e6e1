//! What mails say, in each language: one file for each, so that a translator has one file to read.
//!
//! Values stand in braces. A language that is not here is answered in English; `no` and `nn` in Bokmål.

mod de;
mod en;
mod nb;

use serde::{Deserialize, Serialize};

/// All texts of a language.
pub(super) struct Texts {
    /// The language as HTML names it.
    pub(super) html_language: &'static str,
    /// `{name}`
    pub(super) greeting: &'static str,
    /// `{company}`
    pub(super) welcome_subject: &'static str,
    /// `{company}`, `{user_name}`, `{plan}`
    pub(super) welcome: &'static str,
    pub(super) password: &'static str,
    /// `{login}`
    pub(super) login: &'static str,
    /// `{contact}`, `{contact_email}`
    pub(super) questions: &'static str,
    /// `{company}`
    pub(super) summary_subject: &'static str,
    /// `{company}`, `{count}`
    pub(super) summary: &'static str,
    /// Name, user name, plan, administrator.
    pub(super) columns: [&'static str; 4],
    pub(super) yes: &'static str,
    /// `{more}`
    pub(super) more: &'static str,
    /// `{company}`
    pub(super) completed_subject: &'static str,
    /// `{company}`, `{items}`, `{size}`, `{users}`
    pub(super) completed: &'static str,
    /// `{absent}`
    pub(super) absent: &'static str,
    pub(super) after_test: &'static str,
    pub(super) after_live: &'static str,
    pub(super) automatic: &'static str,
}

/// The languages that mails are written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Language {
    /// English.
    En,
    /// Norwegian, Bokmål.
    Nb,
    /// German.
    De,
}

impl Language {
    /// The language that a tag such as `nb-NO` or a word such as `Norwegian` means; English if it is none of these.
    pub(super) fn of(tag: &str) -> Self {
        let tag = tag.trim().to_lowercase();
        match tag.split(['-', '_']).next().unwrap_or_default() {
            "nb" | "no" | "nn" | "nor" | "norwegian" | "norsk" => Self::Nb,
            "de" | "ger" | "deu" | "german" | "deutsch" => Self::De,
            _ => Self::En,
        }
    }

    pub(super) fn texts(self) -> &'static Texts {
        match self {
            Self::En => &en::TEXTS,
            Self::Nb => &nb::TEXTS,
            Self::De => &de::TEXTS,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values(text: &str) -> Vec<&str> {
        let mut values: Vec<&str> =
            text.split('{').skip(1).filter_map(|rest| rest.split_once('}').map(|(name, _)| name)).collect();
        values.sort_unstable();
        values
    }

    #[test]
    fn every_language_names_the_same_values() {
        let all = |texts: &Texts| {
            [
                texts.greeting,
                texts.welcome_subject,
                texts.welcome,
                texts.password,
                texts.login,
                texts.questions,
                texts.summary_subject,
                texts.summary,
                texts.more,
                texts.completed_subject,
                texts.completed,
                texts.absent,
                texts.after_test,
                texts.after_live,
                texts.automatic,
            ]
            .map(|text| {
                assert!(!text.is_empty());
                values(text).into_iter().map(str::to_owned).collect::<Vec<_>>()
            })
        };
        let english = all(Language::En.texts());
        for language in [Language::Nb, Language::De] {
            assert_eq!(all(language.texts()), english, "{language:?}");
        }
    }

    #[test]
    fn a_language_is_found_by_its_tag() {
        let found = ["nb-NO", "no", "de_CH", "German", "", "fr"].map(Language::of);
        assert_eq!(found, [Language::Nb, Language::Nb, Language::De, Language::De, Language::En, Language::En]);
    }
}
