//! Answering queries: what is in memory at once, what has to be read or asked by a task.

use super::actor::{Wizard, blocking};
use super::command::Query;
use crate::config::Config;
use crate::item::Outcome;
use crate::ledger::Reader;
use crate::mail::dns::{Cached, Dns};
use crate::mail::{self, Onsite, Survey, instruction};
use crate::onsite::Installation;
use crate::people::filter::{Cards, Filter};
use crate::people::suggest::suggestions;
use crate::people::{People, Problem, User, cannot_hold, table};
use crate::report::{self, Form};
use crate::{Code, Error, Result};
use serde_json::{Value, json};
use std::future::Future;
use std::path::Path;
use std::pin::Pin;
use std::sync::Arc;

/// The most entries of a page.
const PAGE: usize = 1000;

/// The answer to a query.
#[derive(Debug, Clone, PartialEq)]
pub enum Answer {
    /// An object.
    Json(Value),
    /// A text of another kind.
    Text {
        /// Its kind, as `text/csv`.
        mime: &'static str,
        /// The text.
        text: String,
    },
}

/// An answer, or what has to be done for it away from the actor.
pub(super) enum Answering {
    Ready(Answer),
    Later(Pin<Box<dyn Future<Output = Result<Answer>> + Send>>),
}

impl Answering {
    pub(super) async fn give(self) -> Result<Answer> {
        match self {
            Self::Ready(answer) => Ok(answer),
            Self::Later(answer) => answer.await,
        }
    }

    fn json(value: Value) -> Self {
        Self::Ready(Answer::Json(value))
    }

    fn reading(work: impl FnOnce() -> Result<Answer> + Send + 'static) -> Self {
        Self::Later(Box::pin(blocking(work)))
    }
}

impl Wizard {
    pub(super) fn answer(&self, query: Query) -> Result<Answering> {
        let path = self.config().migration.ledger;
        Ok(match query {
            Query::View => Answering::json(serde_json::to_value(self.draw()).unwrap_or_default()),
            Query::Users { filter, plan, skip, limit } => {
                Answering::json(self.users(&filter, plan.as_deref(), skip, limit.min(PAGE))?)
            }
            Query::Plans => Answering::json(self.board()?),
            Query::UserProblems => Answering::json(json!({ "problems": self.told_problems()? })),
            Query::Suggestions => {
                let found = suggestions(self.known_people()?, &self.decisions, &self.plans());
                Answering::json(json!({ "suggestions": found }))
            }
            Query::UsersTable => {
                let people = self.known_people()?;
                let mut bytes = Vec::new();
                table::export(&mut bytes, people, &people.together(), &self.decisions, &self.plans())?;
                let text = String::from_utf8_lossy(&bytes).into_owned();
                Answering::Ready(Answer::Text { mime: "text/csv; charset=utf-8", text })
            }
            Query::Checks => {
                let checks = self.state.checks.as_ref();
                Answering::json(json!({
                    "checked": checks.map(|checks| &checks.at),
                    "checks": checks.map(super::state::Checks::compared).unwrap_or_default(),
                }))
            }
            Query::Left { outcome, filter, skip, limit } => {
                let outcome = outcome.filter(|outcome| !outcome.is_empty());
                Answering::reading(move || left(&path, outcome.as_deref(), &filter, skip, limit.min(PAGE)))
            }
            Query::Report { form } => Answering::reading(move || written(&path, &form)),
            Query::Mail => {
                let (config, domain) = (self.config(), self.mail_domain());
                Answering::Later(Box::pin(surveyed(config, domain)))
            }
            Query::Receipt => Answering::reading(move || receipt(&path)),
            Query::Journal { after, limit } => Answering::reading(move || {
                let entries = opened(&path)?.journal_after(after, limit.min(PAGE))?;
                Ok(Answer::Json(json!({ "entries": entries })))
            }),
            Query::Help => Answering::json(super::help::texts()),
        })
    }

    fn known_people(&self) -> Result<&Arc<People>> {
        self.people().ok_or_else(|| {
            Error::new(Code::CommandRefused, "the users of the installation are not known yet")
                .hint("look again: `detect`")
        })
    }

    fn users(&self, filter: &str, plan: Option<&str>, skip: usize, limit: usize) -> Result<Value> {
        let people = self.known_people()?;
        // Whoever wants everybody, page by page, need not wait for cards to be made.
        let all = filter.trim().is_empty();
        let found = if all { Vec::new() } else { Cards::new(people, &self.decisions).find(&Filter::parse(filter)) };
        let mut users = people.together();
        users.retain(|user| {
            (all || found.binary_search(&user.id).is_ok())
                && plan.is_none_or(|plan| self.decisions.plan(user.id).unwrap_or_default() == plan)
        });
        let total = users.len();
        let page: Vec<Value> = users.into_iter().skip(skip).take(limit).map(|user| self.card(user, people)).collect();
        Ok(json!({ "total": total, "users": page }))
    }

    fn card(&self, user: &User, people: &People) -> Value {
        let own: Vec<&Problem> = self.problems.iter().filter(|problem| problem.user == Some(user.id)).collect();
        json!({
            "id": user.id, "login": user.login, "name": user.name, "kind": user.kind, "retired": user.retired,
            "administrator": user.administrator, "group": user.group, "groups": user.groups, "role": user.role,
            "position": user.position, "company": user.company,
            "onsite": user.modules.iter().map(|module| module.shown()).collect::<Vec<_>>(),
            // What a filter finds beside what is shown.
            "modules": user.modules.iter().map(|module| &module.name).collect::<Vec<_>>(),
            "addresses": user.addresses.iter().map(|address| address.text.trim()).collect::<Vec<_>>(),
            "candidates": user.candidates(), "proposed": user.proposed(),
            "others": user.others.iter().map(|id| people.login(*id)).collect::<Vec<_>>(),
            "plan": self.decisions.plan(user.id), "user_name": self.decisions.name_of(user),
            "chosen": self.decisions.name(user.id), "cannot_hold": cannot_hold(user), "problems": own,
        })
    }

    fn board(&self) -> Result<Value> {
        let (people, plans) = (self.known_people()?, self.plans());
        let employees = people.users().iter().filter(|user| user.is_active_employee());
        let without = employees.clone().filter(|user| self.decisions.plan(user.id).is_none()).count();
        let available: u64 = plans.list().iter().map(|plan| u64::from(plan.quantity)).sum();
        Ok(json!({
            "known": plans.is_known(), "plans": plans.usage(&self.decisions), "users": employees.count(),
            "without": without, "available": available,
        }))
    }

    /// Problems with the log-ins on both sides.
    fn told_problems(&self) -> Result<Vec<Value>> {
        let people = self.known_people()?;
        let told = |problem: &Problem| {
            let mut value = json!(problem);
            value["task"] = json!(super::deciding::task_of(problem.kind));
            if let Some(user) = problem.user {
                value["login"] = people.login(user).into();
            }
            value
        };
        Ok(self.problems.iter().map(told).collect())
    }

    fn mail_domain(&self) -> mail::Tenant {
        match &self.tenant {
            Some(Ok(info)) => {
                mail::Tenant { domain: Some(info.mail_domain.to_ascii_lowercase()), said: "the tenant says so".into() }
            }
            Some(Err(error)) => {
                mail::Tenant { domain: None, said: format!("the tenant does not tell: {}", error.chain()) }
            }
            None => mail::Tenant { domain: None, said: "the tenant was not asked yet".into() },
        }
    }
}

fn opened(path: &Path) -> Result<Reader> {
    if path.exists() {
        return Reader::open(path);
    }
    Err(Error::new(Code::CommandRefused, "there is no ledger yet: nothing was begun").hint("begin: `accept`"))
}

/// A page of what did not come. The list is as long as the archive is bad, so it is walked and never held.
fn left(path: &Path, outcome: Option<&str>, filter: &str, skip: usize, limit: usize) -> Result<Answer> {
    let reader = opened(path)?;
    reader.hold_still()?;
    if let Some(word) = outcome.filter(|word| !Outcome::ALL.iter().any(|outcome| outcome.as_str() == *word)) {
        return Err(Error::new(Code::CommandRefused, format!("there is no outcome `{word}`"))
            .hint(Outcome::ALL.map(Outcome::as_str).join(", ")));
    }
    let wanted = filter.to_lowercase();
    let (mut total, mut items) = (0_usize, Vec::new());
    report::each_left(&reader, &mut |left| {
        let fits = outcome.is_none_or(|word| left.outcome == word)
            && (wanted.is_empty()
                || [&left.path, &left.item, &left.detail].iter().any(|text| text.to_lowercase().contains(&wanted)));
        if fits {
            if total >= skip && items.len() < limit {
                items.push(json!(left));
            }
            total += 1;
        }
        Ok(())
    })?;
    Ok(Answer::Json(json!({ "total": total, "items": items })))
}

fn written(path: &Path, form: &str) -> Result<Answer> {
    let (form, mime) = match form {
        "json" => (Form::Json, "application/json"),
        "text" => (Form::Text, "text/plain; charset=utf-8"),
        "html" => (Form::Html, "text/html; charset=utf-8"),
        other => {
            return Err(Error::new(Code::CommandRefused, format!("there is no report as `{other}`"))
                .hint("`json`, `text` or `html`"));
        }
    };
    let mut bytes = Vec::new();
    report::write(&opened(path)?, form, crate::clock::now(), &mut bytes)?;
    let text = String::from_utf8_lossy(&bytes).into_owned();
    match form {
        Form::Json => serde_json::from_str(&text)
            .map(Answer::Json)
            .map_err(|cause| Error::new(Code::Internal, "the report cannot be read back").because(cause)),
        _ => Ok(Answer::Text { mime, text }),
    }
}

/// The receipt beside the ledger, byte for byte: what the signature is over would not survive being written again.
fn receipt(path: &Path) -> Result<Answer> {
    let file = path.with_file_name("receipt.json");
    let text = std::fs::read_to_string(&file).map_err(|cause| {
        Error::new(Code::CommandRefused, "there is no receipt yet: the tenant signs one when it accepts")
            .because(Error::io("read", &file, cause))
    })?;
    Ok(Answer::Text { mime: "application/json", text })
}

async fn surveyed(config: Config, tenant: mail::Tenant) -> Result<Answer> {
    let reading = config.clone();
    let (onsite, company) = blocking(move || {
        let mut source = Installation::find(&reading)?.open()?;
        let company = source.facts()?.company;
        Ok((Onsite::read(source.database())?, company))
    })
    .await?;
    let domain = tenant
        .domain
        .or_else(|| config.mail.domain.clone().map(|domain| domain.trim_end_matches('.').to_ascii_lowercase()));
    let resolver = Cached::new(Dns::new(&config.mail));
    let survey: Survey =
        mail::survey(onsite, mail::Tenant { domain, said: tenant.said }, &resolver, &config.mail).await;
    let mut value = serde_json::to_value(&survey)
        .map_err(|cause| Error::new(Code::Internal, "the survey of mail cannot be written").because(cause))?;
    value["instruction"] = instruction::write(&survey, &company).into();
    value["open"] = survey.open().into();
    Ok(Answer::Json(value))
}
