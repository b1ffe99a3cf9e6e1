//! A mail from its facts: a text and the same as HTML, with headers that nobody can break out of.
//!
//! Names come from the customer's database, where anything can stand in them. Control characters are dropped, every value is
//! escaped where it becomes HTML, and headers are encoded by the library; a value is never looked through for
//! placeholders again. The id of a mail follows from its name in the outbox, so that of two copies the second can be recognised.

use super::texts::{Language, Texts};
use crate::config::Size;
use crate::tenant::protocol::{Contact, People};
use lettre::message::header::{ContentType, HeaderName, HeaderValue};
use lettre::message::{Mailbox, MultiPart, SinglePart};
use lettre::{Address, Message};
use serde::{Deserialize, Serialize};
use std::fmt::Write as _;

/// The users that a summary lists; it says how many more there are.
const LISTED: usize = 2000;
/// The longest value that is written into a mail.
const LONGEST: usize = 300;

/// What a mail says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub(super) enum Facts {
    /// To a user: you can log in now.
    Welcome { language: Language, company: String, name: String, user_name: String, plan: String, contact: Contact },
    /// To the address of the summary: who can log in.
    Summary {
        language: Language,
        company: String,
        test: bool,
        users: Vec<Listed>,
        more: u64,
        plans: Vec<(String, u64)>,
    },
    /// To whoever migrates: the upload is complete.
    Completed {
        language: Language,
        company: String,
        test: bool,
        name: String,
        items: u64,
        bytes: u64,
        absent: u64,
        users: u64,
    },
}

/// A user in a summary.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Listed {
    name: String,
    user_name: String,
    plan: String,
    administrator: bool,
}

impl Facts {
    /// The summary of these people.
    pub(super) fn summary(language: Language, company: String, test: bool, people: &People) -> Self {
        let listed = |user: &crate::tenant::protocol::PlanHolder| Listed {
            name: user.name.clone(),
            user_name: user.user_name.clone(),
            plan: user.plan.clone(),
            administrator: user.administrator,
        };
        let mut plans = std::collections::BTreeMap::<&str, u64>::new();
        for user in &people.users {
            *plans.entry(&user.plan).or_default() += 1;
        }
        Self::Summary {
            language,
            company,
            test,
            users: people.users.iter().take(LISTED).map(listed).collect(),
            more: people.users.len().saturating_sub(LISTED) as u64,
            plans: plans.into_iter().map(|(plan, users)| (plan.to_owned(), users)).collect(),
        }
    }
}

/// Everything that a mail is made with beside its facts.
pub(super) struct Paper<'a> {
    pub(super) from: &'a Mailbox,
    /// Where users log in, if the tenant says so.
    pub(super) login: Option<&'a str>,
}

/// A part of the body.
enum Block {
    Paragraph(String),
    Table(Vec<Vec<String>>),
}

/// Makes a mail; the error is why it cannot be sent to that address.
pub(super) fn compose(name: &str, address: &str, facts: &Facts, paper: &Paper<'_>) -> Result<Message, String> {
    let (texts, to_name, subject, blocks) = contents(facts, paper);
    let to = Mailbox::new(to_name.map(clean).filter(|name| !name.is_empty()), mailable(address)?);
    let domain = paper.from.email.domain();
    let id = format!("<{}@{domain}>", &blake3::hash(name.as_bytes()).to_hex()[..32]);
    let mut message = Message::builder()
        .from(paper.from.clone())
        .to(to)
        .subject(subject)
        .message_id(Some(id))
        .multipart(
            MultiPart::alternative()
                .singlepart(SinglePart::builder().header(ContentType::TEXT_PLAIN).body(as_text(&blocks)))
                .singlepart(
                    SinglePart::builder().header(ContentType::TEXT_HTML).body(as_html(&blocks, texts.html_language)),
                ),
        )
        .map_err(|cause| format!("the mail cannot be written: {cause}"))?;
    // So that no automatic reply is sent to it (RFC 3834).
    let name = HeaderName::new_from_ascii_str("Auto-Submitted");
    message.headers_mut().insert_raw(HeaderValue::new(name, "auto-generated".into()));
    Ok(message)
}

/// An address as SMTP takes it: the domain as the DNS knows it.
fn mailable(address: &str) -> Result<Address, String> {
    let address = address.trim();
    let wrong = || "it is no e-mail address".to_owned();
    if let Some(objection) = crate::people::address::objection(address) {
        return Err(objection);
    }
    let (local, domain) = address.rsplit_once('@').ok_or_else(wrong)?;
    let domain = idna::domain_to_ascii(domain).map_err(|_| wrong())?;
    Address::new(local, domain).map_err(|_| wrong())
}

/// A value without what could end a header or hide in a text.
fn clean(text: &str) -> String {
    let mut clean = String::new();
    for letter in text.chars().take(LONGEST) {
        // Directions that are never closed turn the rest of a line around.
        let turns = matches!(letter, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{2028}' | '\u{2029}');
        clean.push(if letter.is_control() || turns { ' ' } else { letter });
    }
    clean.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Puts values in the place of `{name}`, once: what looks like a placeholder in a value stays as it is.
fn fill(text: &str, values: &[(&str, String)]) -> String {
    let mut filled = String::new();
    let mut rest = text;
    while let Some(at) = rest.find('{') {
        filled.push_str(&rest[..at]);
        let end = rest[at..].find('}').map_or(rest.len(), |end| at + end + 1);
        let name = rest[at..end].trim_matches(['{', '}']);
        match values.iter().find(|(known, _)| *known == name) {
            Some((_, value)) => filled.push_str(value),
            None => filled.push_str(&rest[at..end]),
        }
        rest = &rest[end..];
    }
    filled + rest
}

type Contents<'a> = (&'static Texts, Option<&'a str>, String, Vec<Block>);

fn contents<'a>(facts: &'a Facts, paper: &Paper<'_>) -> Contents<'a> {
    match facts {
        Facts::Welcome { language, company, name, user_name, plan, contact } => {
            let texts = language.texts();
            let login = paper.login.unwrap_or_default().to_owned();
            let values = [
                ("company", clean(company)),
                ("name", clean(name)),
                ("user_name", clean(user_name)),
                ("plan", clean(plan)),
                ("login", login),
                ("contact", clean(&contact.name)),
                ("contact_email", clean(&contact.email)),
            ];
            let mut lines = vec![texts.greeting, texts.welcome, texts.password];
            if paper.login.is_some() {
                lines.push(texts.login);
            }
            if !contact.email.trim().is_empty() {
                lines.push(texts.questions);
            }
            lines.push(texts.automatic);
            let blocks = lines.into_iter().map(|line| Block::Paragraph(fill(line, &values))).collect();
            (texts, Some(name), fill(texts.welcome_subject, &values), blocks)
        }
        Facts::Summary { language, company, test, users, more, plans } => {
            let texts = language.texts();
            let count = users.len() as u64 + more;
            let values = [("company", clean(company)), ("count", count.to_string()), ("more", more.to_string())];
            let mut blocks = vec![Block::Paragraph(fill(texts.summary, &values))];
            let plan = |(plan, users): &(String, u64)| vec![clean(plan), users.to_string()];
            blocks.push(Block::Table(plans.iter().map(plan).collect()));
            let mut rows = vec![texts.columns.iter().map(|&column| column.to_owned()).collect()];
            rows.extend(users.iter().map(|user| {
                let administrator = if user.administrator { texts.yes } else { "" }.to_owned();
                vec![clean(&user.name), clean(&user.user_name), clean(&user.plan), administrator]
            }));
            blocks.push(Block::Table(rows));
            if *more > 0 {
                blocks.push(Block::Paragraph(fill(texts.more, &values)));
            }
            blocks.push(Block::Paragraph(if *test { texts.after_test } else { texts.after_live }.to_owned()));
            blocks.push(Block::Paragraph(texts.automatic.to_owned()));
            (texts, None, fill(texts.summary_subject, &values), blocks)
        }
        Facts::Completed { language, company, test, name, items, bytes, absent, users } => {
            let texts = language.texts();
            let values = [
                ("company", clean(company)),
                ("name", clean(name)),
                ("items", items.to_string()),
                ("size", Size(*bytes).to_string()),
                ("absent", absent.to_string()),
                ("users", users.to_string()),
            ];
            let mut lines = vec![texts.greeting, texts.completed];
            if *absent > 0 {
                lines.push(texts.absent);
            }
            lines.push(if *test { texts.after_test } else { texts.after_live });
            lines.push(texts.automatic);
            let blocks = lines.into_iter().map(|line| Block::Paragraph(fill(line, &values))).collect();
            (texts, Some(name), fill(texts.completed_subject, &values), blocks)
        }
    }
}

fn as_text(blocks: &[Block]) -> String {
    let mut text = String::new();
    for block in blocks {
        match block {
            Block::Paragraph(line) => text.push_str(line),
            Block::Table(rows) => {
                let lines: Vec<String> =
                    rows.iter().map(|row| row.join(" | ").trim_end_matches([' ', '|']).to_owned()).collect();
                text.push_str(&lines.join("\n"));
            }
        }
        text.push_str("\n\n");
    }
    text
}

fn as_html(blocks: &[Block], language: &str) -> String {
    let mut html = format!(
        "<!doctype html><html lang=\"{language}\"><head><meta charset=\"utf-8\"></head>\
         <body style=\"font-family:sans-serif;max-width:48em;line-height:1.5\">\n"
    );
    for block in blocks {
        match block {
            Block::Paragraph(line) => {
                // Writing into a text does not fail.
                let _ = writeln!(html, "<p>{}</p>", escaped(line));
            }
            Block::Table(rows) => {
                html.push_str("<table style=\"border-collapse:collapse\">\n");
                for row in rows {
                    html.push_str("<tr>");
                    for cell in row {
                        let _ = write!(html, "<td style=\"padding:2px 12px 2px 0\">{}</td>", escaped(cell));
                    }
                    html.push_str("</tr>\n");
                }
                html.push_str("</table>\n");
            }
        }
    }
    html + "</body></html>\n"
}

fn escaped(text: &str) -> String {
    let mut html = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => html.push_str("&amp;"),
            '<' => html.push_str("&lt;"),
            '>' => html.push_str("&gt;"),
            '"' => html.push_str("&quot;"),
            '\'' => html.push_str("&#39;"),
            letter => html.push(letter),
        }
    }
    html
}

#[cfg(test)]
mod tests {
    use super::*;

    fn welcome(name: &str, language: &str) -> Facts {
        Facts::Welcome {
            language: Language::of(language),
            company: "Fjord & Sønn AS".into(),
            name: name.into(),
            user_name: "kari@fjord.no".into(),
            plan: "{name}".into(),
            contact: Contact::default(),
        }
    }

    fn raw(facts: &Facts, address: &str) -> Result<String, String> {
        let from = "Post <post@tenant.example>".parse().unwrap();
        let paper = Paper { from: &from, login: None };
        compose("welcome/1", address, facts, &paper).map(|mail| String::from_utf8(mail.formatted()).unwrap())
    }

    #[test]
    fn nothing_in_a_name_becomes_a_header_or_a_script() {
        let facts = welcome("Kari\r\nBcc: all@evil.example\r\n\r\n<script>alert(1)</script>", "en");
        let mail = raw(&facts, "kari@fjord.no").unwrap();
        let (head, _) = mail.split_once("\r\n\r\n").unwrap();
        assert!(!head.lines().any(|line| line.to_lowercase().starts_with("bcc")), "{head}");
        let (.., blocks) = contents(&facts, &Paper { from: &"a@b.no".parse().unwrap(), login: None });
        let html = as_html(&blocks, "en");
        assert!(!html.contains("<script>") && html.contains("&lt;script&gt;") && html.contains("Fjord &amp; Sønn AS"));
        // A value is not looked through for placeholders.
        assert!(as_text(&blocks).contains("{name}"));
    }

    #[test]
    fn an_address_is_what_smtp_takes_or_the_mail_is_not_made() {
        let facts = welcome("Kari", "nb");
        let mail = raw(&facts, "kari@bücher.example").unwrap();
        assert!(mail.contains("kari@xn--bcher-kva.example"), "{mail}");
        for bad in ["", "kari", "kari@fjord.no\r\nRCPT TO:<other@x.no>", "a b@x.no"] {
            assert!(raw(&facts, bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn the_same_mail_has_the_same_id() {
        let id = |mail: &str| mail.lines().find(|line| line.starts_with("Message-ID")).unwrap().to_owned();
        let (one, two) = (raw(&welcome("a", "en"), "a@x.no").unwrap(), raw(&welcome("b", "de"), "b@x.no").unwrap());
        assert_eq!(id(&one), id(&two));
    }
}
