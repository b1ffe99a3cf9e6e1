//! Users and their problems, as queries give them, and as lines of a list.

use super::face::Face;
use super::prompt::{Asked, Line};
use super::say::{self, column};
use omt::wizard::{Query, Task};
use omt::{Code, Error, Result};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

/// Users of a page.
const PAGE: usize = 1000;

/// A user.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Card {
    /// The id.
    pub(super) id: i64,
    /// The log-in.
    pub(super) login: String,
    /// The person's name.
    name: String,
    /// The main group.
    group: String,
    /// Whether the user may administrate: the crown.
    administrator: bool,
    /// What may become the user name.
    pub(super) candidates: Vec<String>,
    /// The user name unless somebody decides otherwise.
    pub(super) proposed: Option<String>,
    /// The plan.
    pub(super) plan: Option<String>,
    /// The user name.
    pub(super) user_name: Option<String>,
    /// The user name that somebody chose.
    pub(super) chosen: Option<String>,
    /// Why no plan can be held.
    pub(super) cannot_hold: Option<String>,
}

/// Something that is wrong with plans or names.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Problem {
    /// Whose it is.
    pub(super) user: Option<i64>,
    /// What, in one line.
    pub(super) text: String,
    /// Which row of the checklist it keeps open.
    task: Task,
}

impl Card {
    /// As a line of the board: who, and with which plan.
    pub(super) fn with_plan(&self) -> String {
        let crown = if self.administrator { "♛" } else { " " };
        let end = match (&self.plan, &self.cannot_hold) {
            (Some(plan), _) => say::shown(plan),
            (None, Some(why)) => format!("– ({why})"),
            (None, None) => "–".to_owned(),
        };
        format!("{crown} {} {} {} {end}", column(&self.login, 8), column(&self.name, 24), column(&self.group, 14))
    }

    /// As a line of the list of names: who, and under which name.
    pub(super) fn with_name(&self) -> String {
        let name = self.user_name.as_deref().unwrap_or("–");
        let how = if self.chosen.is_some() { "" } else { " (proposed)" };
        format!("{} {} {}{how}", column(&self.login, 8), column(&self.name, 22), say::shown(name))
    }
}

/// Asks for a filter.
pub(super) fn filter(question: &str) -> Asked<String> {
    let help = "words on a card, as group:sales admin:yes plan:none; nothing finds all";
    Line { question, help: Some(help), ..Line::default() }.ask()
}

/// All users that a filter finds.
pub(super) fn users(face: &Face, filter: &str) -> Result<Vec<Card>> {
    let mut cards: Vec<Card> = Vec::new();
    loop {
        let query = Query::Users { filter: filter.to_owned(), plan: None, skip: cards.len(), limit: PAGE };
        let page: Vec<Card> = list(face.query(query)?, "users")?;
        let last = page.len() < PAGE;
        cards.extend(page);
        if last {
            return Ok(cards);
        }
    }
}

/// What keeps a row of the checklist open.
pub(super) fn problems(face: &Face, task: Task) -> Result<Vec<Problem>> {
    let mut problems: Vec<Problem> = list(face.query(Query::UserProblems)?, "problems")?;
    problems.retain(|problem| problem.task == task);
    Ok(problems)
}

/// Shows them, as many as fit.
pub(super) fn show_problems(problems: &[Problem]) {
    let most = say::height().saturating_sub(14).max(4);
    for problem in problems.iter().take(most) {
        say::led("! ", &problem.text);
    }
    if problems.len() > most {
        say::text(&format!("  and {} more", problems.len() - most));
    }
}

/// A list in an answer.
pub(super) fn list<T: DeserializeOwned>(mut answer: Value, key: &str) -> Result<Vec<T>> {
    serde_json::from_value(answer[key].take())
        .map_err(|cause| Error::new(Code::Internal, format!("`{key}` of an answer cannot be read")).because(cause))
}
