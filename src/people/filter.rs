//! Finding users by what is on their cards, as somebody types it into one box.
//!
//! All words must be somewhere on the card; `"words in quotes"` must stand there like that; `field:word` looks into one
//! field only, `field:` alone asks for an empty one. Nobody has to type accents or care for case, and it does not matter
//! in which Unicode form the database has the text. A text that means nothing in particular is just looked for: a
//! filter cannot be wrong. Each card is folded once, so that ten thousand are searched while a key is pressed.

use super::{Decisions, People, User};
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// The fields that can be asked for, with their words.
const FIELDS: [(&str, Field); 16] = [
    ("name", Field::Name),
    ("login", Field::Login),
    ("initials", Field::Login),
    ("group", Field::Group),
    ("role", Field::Role),
    ("position", Field::Position),
    ("company", Field::Company),
    ("plan", Field::Plan),
    ("onsite", Field::Onsite),
    ("email", Field::Email),
    ("username", Field::UserName),
    ("user_name", Field::UserName),
    ("admin", Field::Admin),
    ("retired", Field::Retired),
    ("type", Field::Kind),
    ("id", Field::Id),
];

/// A field of a card; the number is its place there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Field {
    Name,
    Login,
    Group,
    Role,
    Position,
    Company,
    Plan,
    Onsite,
    Email,
    UserName,
    Admin,
    Retired,
    Kind,
    Id,
}

/// How many fields there are.
const COUNT: usize = Field::Id as usize + 1;

impl Field {
    /// Fields with one word, of which a part means nothing.
    fn is_exact(self) -> bool {
        matches!(self, Self::Admin | Self::Retired | Self::Id)
    }
}

/// Everybody's cards, ready to be searched.
pub struct Cards(Vec<Card>);

struct Card {
    user: i64,
    fields: [String; COUNT],
    /// All that can be seen on the card, one field behind the other.
    all: String,
}

impl Cards {
    /// The cards of everybody, with what was decided.
    #[must_use]
    pub fn new(people: &People, decisions: &Decisions) -> Self {
        Self(people.users().iter().map(|user| Card::new(user, decisions)).collect())
    }

    /// The ids of the users whose cards fit, in order.
    #[must_use]
    pub fn find(&self, filter: &Filter) -> Vec<i64> {
        self.0.iter().filter(|card| filter.fits(card)).map(|card| card.user).collect()
    }
}

impl Card {
    fn new(user: &User, decisions: &Decisions) -> Self {
        let mut fields = [const { String::new() }; COUNT];
        let mut put = |field: Field, text: &str| fields[field as usize] = fold(text);
        let yes = |flag: bool| if flag { "yes" } else { "no" };
        let lines = |texts: &mut dyn Iterator<Item = &str>| texts.collect::<Vec<_>>().join("\n");
        put(Field::Name, &user.name);
        put(Field::Login, &user.login);
        put(Field::Group, &lines(&mut [&user.group].into_iter().chain(&user.groups).map(String::as_str)));
        put(Field::Role, &user.role);
        put(Field::Position, &user.position);
        put(Field::Company, &user.company);
        put(Field::Plan, decisions.plan(user.id).unwrap_or_default());
        put(Field::Onsite, &lines(&mut user.modules.iter().flat_map(|module| [module.title.as_str(), &module.name])));
        put(Field::Email, &lines(&mut user.addresses.iter().map(|address| address.text.trim())));
        put(Field::UserName, decisions.name_of(user).unwrap_or_default());
        put(Field::Admin, yes(user.administrator));
        put(Field::Retired, yes(user.retired));
        put(Field::Kind, user.kind.as_str());
        put(Field::Id, &user.id.to_string());
        // Flags are seen as words.
        let flags = [(user.administrator, "administrator"), (user.retired, "retired")];
        let seen = (0..COUNT).filter(|at| ![Field::Admin as usize, Field::Retired as usize].contains(at));
        let mut all = seen.map(|at| fields[at].as_str()).collect::<Vec<_>>();
        all.extend(flags.into_iter().filter(|(set, _)| *set).map(|(_, word)| word));
        let all = all.join("\n");
        Self { user: user.id, fields, all }
    }
}

/// What somebody typed, understood.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter(Vec<Term>);

#[derive(Debug, Clone, PartialEq, Eq)]
struct Term {
    field: Option<Field>,
    text: String,
}

impl Filter {
    /// Understands a text. An empty one fits everybody.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        let mut terms = Vec::new();
        let mut rest = text.trim_start();
        while !rest.is_empty() {
            let (word, quoted, after) = next(rest);
            rest = after;
            let (field, text) = if quoted { (None, word.as_str()) } else { field_of(&word) };
            let text = fold(text.trim());
            if field.is_some() || !text.is_empty() {
                terms.push(Term { field, text });
            }
        }
        Self(terms)
    }

    fn fits(&self, card: &Card) -> bool {
        self.0.iter().all(|term| match term.field {
            None => card.all.contains(&term.text),
            Some(field) => {
                let there = &card.fields[field as usize];
                match term.text.as_str() {
                    "" => there.is_empty(),
                    "none" if field == Field::Plan && there.is_empty() => true,
                    text if field.is_exact() => there == text,
                    text => there.contains(text),
                }
            }
        })
    }
}

fn is_quote(letter: char) -> bool {
    matches!(letter, '"' | '“' | '”' | '„')
}

/// The next word without its quotes, whether it begins with one, and what comes behind it.
fn next(text: &str) -> (String, bool, &str) {
    let mut word = String::new();
    let mut inside = false;
    for (at, letter) in text.char_indices() {
        if is_quote(letter) {
            inside = !inside;
        } else if letter.is_whitespace() && !inside {
            return (word, text.starts_with(is_quote), text[at..].trim_start());
        } else {
            word.push(letter);
        }
    }
    (word, text.starts_with(is_quote), "")
}

/// The field that a word asks for, and what it asks; words with a colon that is none of ours stay as they are.
fn field_of(word: &str) -> (Option<Field>, &str) {
    let known = |name: &str| FIELDS.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, field)| *field);
    match word.split_once(':').map(|(name, text)| (known(name), text)) {
        Some((Some(field), text)) => (Some(field), text),
        _ => (None, word),
    }
}

/// The form in which cards are searched: small letters without accents, in one Unicode form.
pub(super) fn fold(text: &str) -> String {
    if text.is_ascii() {
        return text.to_ascii_lowercase();
    }
    let mut folded = String::with_capacity(text.len());
    for letter in text.chars().flat_map(char::to_lowercase).nfkd().filter(|letter| !is_combining_mark(*letter)) {
        match letter {
            'ø' => folded.push('o'),
            'đ' | 'ð' => folded.push('d'),
            'ł' => folded.push('l'),
            'ħ' => folded.push('h'),
            'ı' => folded.push('i'),
            'ς' => folded.push('σ'),
            'æ' => folded.push_str("ae"),
            'œ' => folded.push_str("oe"),
            'ß' => folded.push_str("ss"),
            'þ' => folded.push_str("th"),
            letter => folded.push(letter),
        }
    }
    folded
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::people::{Address, UserKind};
    use proptest::prelude::*;

    fn people() -> People {
        let address = |text: &str| Address { email: 1, rank: 1, text: text.into(), bounces: 0 };
        let ase = User {
            name: "Åse Sørensen Weiß".into(),
            group: "Sales".into(),
            groups: vec!["Management team".into()],
            role: "User level 0".into(),
            company: "Nordlys & Sønner AS".into(),
            administrator: true,
            addresses: vec![address("ase@nordlys.no")],
            ..User::new(1, "ÅSE", UserKind::Employee)
        };
        let ole = User {
            name: "Ole Marketing".into(),
            group: "Service".into(),
            role: "User level 1".into(),
            ..User::new(21, "OM", UserKind::Resource)
        };
        People::of(vec![ase, ole, User { retired: true, ..User::new(3, "GONE", UserKind::Employee) }])
    }

    fn found(text: &str) -> Vec<i64> {
        let mut decisions = Decisions::default();
        decisions.set_plan(21, Some("Marketing".into()));
        Cards::new(&people(), &decisions).find(&Filter::parse(text))
    }

    #[test]
    fn words_quotes_and_fields_are_understood() {
        for (text, expected) in [
            ("", vec![1, 3, 21]),
            ("   ", vec![1, 3, 21]),
            ("ase", vec![1]),
            ("SORENSEN weiss", vec![1]),
            ("A\u{30a}SE", vec![1]),
            ("user level", vec![1, 21]),
            ("level user 1", vec![21, 1].into_iter().rev().collect()),
            ("\"user level 1\"", vec![21]),
            ("role:\"level 0\"", vec![1]),
            ("\"role:level\"", vec![]),
            ("group:management", vec![1]),
            ("group:marketing", vec![]),
            ("name:marketing", vec![21]),
            ("plan:marketing", vec![21]),
            ("plan:none", vec![1, 3]),
            ("plan:", vec![1, 3]),
            ("email:nordlys", vec![1]),
            ("admin:yes", vec![1]),
            ("Admin:NO", vec![3, 21]),
            ("administrator", vec![1]),
            ("retired:yes", vec![3]),
            ("retired", vec![3]),
            ("type:resource", vec![21]),
            ("id:1", vec![1]),
            ("login:åse admin:no", vec![]),
            ("time:10", vec![]),
            ("“ole marketing”", vec![21]),
            ("company:sonner", vec![1]),
            ("\"never closed", vec![]),
        ] {
            assert_eq!(found(text), expected, "{text}");
        }
    }

    /// The page filters on its own, ten thousand users at each key. `tests/page/people.test.mjs` asks it the same.
    #[test]
    fn the_page_and_the_commands_find_the_same_users() {
        let shared: serde_json::Value = serde_json::from_str(include_str!("../../tests/page/people.json")).unwrap();
        let text = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
        let texts = |value: &serde_json::Value| value.as_array().unwrap().iter().map(text).collect::<Vec<_>>();
        let mut decisions = Decisions::default();
        let user = |card: &serde_json::Value| {
            let id = card["id"].as_i64().unwrap();
            decisions.set_plan(id, card["plan"].as_str().map(str::to_owned));
            let address = |text: String| Address { email: 1, rank: 1, text, bounces: 0 };
            let module = |(title, name)| std::sync::Arc::new(crate::people::Module { name, title });
            User {
                name: text(&card["name"]),
                retired: card["retired"] == true,
                administrator: card["administrator"] == true,
                group: text(&card["group"]),
                groups: texts(&card["groups"]),
                role: text(&card["role"]),
                position: text(&card["position"]),
                company: text(&card["company"]),
                addresses: texts(&card["addresses"]).into_iter().map(address).collect(),
                modules: texts(&card["onsite"]).into_iter().zip(texts(&card["modules"])).map(module).collect(),
                ..User::new(id, text(&card["login"]), serde_json::from_value(card["kind"].clone()).unwrap())
            }
        };
        let people = People::of(shared["users"].as_array().unwrap().iter().map(user).collect());
        for card in shared["users"].as_array().unwrap() {
            let user = people.get(card["id"].as_i64().unwrap()).unwrap();
            assert_eq!(decisions.name_of(user), card["user_name"].as_str());
        }
        let cards = Cards::new(&people, &decisions);
        for case in shared["cases"].as_array().unwrap() {
            let expected: Vec<i64> = serde_json::from_value(case[1].clone()).unwrap();
            assert_eq!(cards.find(&Filter::parse(case[0].as_str().unwrap())), expected, "{}", case[0]);
        }
    }

    #[test]
    fn a_phrase_does_not_run_from_one_field_into_the_next() {
        assert!(found("\"sales management\"").is_empty());
    }

    proptest! {
        #[test]
        fn no_text_is_wrong(text in "(\\PC|[\"“: ]|name|plan|admin){0,60}") {
            let found = found(&text);
            prop_assert!(found.len() <= 3);
        }

        #[test]
        fn whoever_is_on_a_card_is_found_by_any_part_of_it(name in "[a-zA-ZÀ-žά-ώА-я ]{1,30}") {
            let user = User { name: name.clone(), ..User::new(1, "X", UserKind::Employee) };
            let cards = Cards::new(&People::of(vec![user]), &Decisions::default());
            for word in name.split_whitespace().filter(|word| !word.contains(is_quote)) {
                prop_assert_eq!(cards.find(&Filter::parse(&format!("\"{word}\""))), [1], "{}", word);
                prop_assert_eq!(cards.find(&Filter::parse(&format!("\"{}\"", word.to_uppercase()))), [1], "{}", word);
            }
        }
    }
}
