//! Decisions about users: plans, user names, notifications, and taking them back.

use super::args::{Assign, Name, Notify, Suggest, Unassign, YesNo};
use super::{Desk, print_json};
use crate::cli::Ended;
use crate::cli::args::{At, Output};
use omt::config::Config;
use omt::exit::Exit;
use omt::ledger::Ledger;
use omt::people::suggest::suggestions;
use omt::people::{Decisions, Problem, ProblemKind, User, address, cannot_hold, problems, undo as take_back};
use omt::report::Plain;
use omt::{Code, Error, Result};
use serde_json::json;

pub(super) async fn assign(args: &Assign, output: &Output) -> Ended {
    let desk = Desk::open(&args.at.config, true).await?;
    let plan = desk.plans.find(&args.plan)?.name.clone();
    let users = chosen(&desk, args.who.filter.as_deref(), &args.who.logins)?;
    if let Some((user, why)) = users.iter().find_map(|user| cannot_hold(user).map(|why| (user, why))) {
        return Err(Error::new(Code::PeopleInvalid, format!("{} {why} and cannot hold a plan", user.login))
            .hint("leave it out; nothing was changed"));
    }
    let mut decisions = desk.decisions.clone();
    for user in &users {
        decisions.set_plan(user.id, Some(plan.clone()));
    }
    let what = format!("plan `{plan}` for {}", of(&users));
    settle(&desk, &decisions, &what, output)
}

pub(super) async fn unassign(args: &Unassign, output: &Output) -> Ended {
    let desk = Desk::open(&args.at.config, false).await?;
    let mut decisions = desk.decisions.clone();
    // Whoever is gone from the installation has no log-in any more, but a number.
    let gone = |login: &String| {
        login.parse().ok().filter(|id| desk.people.get(*id).is_none() && desk.decisions.plan(*id).is_some())
    };
    let (numbers, logins): (Vec<String>, Vec<String>) =
        args.who.logins.iter().cloned().partition(|login| gone(login).is_some());
    for id in numbers.iter().filter_map(gone) {
        decisions.set_plan(id, None);
        decisions.set_name(id, None);
    }
    let mut users = Vec::new();
    if !logins.is_empty() || args.who.filter.is_some() {
        users = chosen(&desk, args.who.filter.as_deref(), &logins)?;
        users.retain(|user| desk.decisions.plan(user.id).is_some());
    }
    for user in &users {
        decisions.set_plan(user.id, None);
    }
    let what = if users.is_empty() && !numbers.is_empty() {
        format!("no plan for users who are gone: {}", numbers.join(", "))
    } else {
        format!("no plan for {}", of(&users))
    };
    settle(&desk, &decisions, &what, output)
}

pub(super) async fn name(args: &Name, output: &Output) -> Ended {
    let desk = Desk::open(&args.at.config, false).await?;
    let user = desk.named(&args.login)?;
    if let Some((name, objection)) = args.address.as_deref().and_then(|name| Some((name, address::objection(name)?))) {
        return Err(Error::new(Code::PeopleInvalid, format!("`{name}` cannot be a user name: {objection}"))
            .hint("a user name is an e-mail address"));
    }
    let mut decisions = desk.decisions.clone();
    decisions.set_name(user.id, args.address.as_deref());
    let what = format!("user name `{}` for {}", decisions.name_of(user).unwrap_or_default(), user.login);
    settle(&desk, &decisions, &what, output)
}

pub(super) async fn suggest(args: &Suggest, output: &Output) -> Ended {
    let desk = Desk::open(&args.at.config, true).await?;
    let found = suggestions(&desk.people, &desk.decisions, &desk.plans);
    let mut decisions = desk.decisions.clone();
    for suggestion in &found {
        if let Some(plan) = &suggestion.plan {
            decisions.set_plan(suggestion.user, Some(plan.clone()));
        }
    }
    if output.json {
        let usage = desk.plans.usage(&decisions);
        print_json(&json!({ "event": "suggestions", "suggestions": found, "plans": usage }));
    } else {
        for suggestion in &found {
            let plan = match (&suggestion.plan, suggestion.candidates.as_slice()) {
                (Some(plan), _) => plan.clone(),
                (None, []) => "–".to_owned(),
                (None, several) => format!("? {}", several.join(" | ")),
            };
            let login = Plain(&suggestion.login).to_string();
            println!("{login:<9} {:<32} {}", Plain(plan).to_string(), Plain(&suggestion.reason));
        }
        for used in desk.plans.usage(&decisions) {
            println!("{:<40} {:>6} of {:>6} with these", Plain(&used.plan).to_string(), used.used, used.quantity);
        }
    }
    if !args.apply {
        return Ok(Exit::Verified);
    }
    let count = found.iter().filter(|suggestion| suggestion.plan.is_some()).count();
    settle(&desk, &decisions, &format!("suggested plans for {count} users"), output)
}

pub(super) fn undo(args: &At, output: &Output) -> Ended {
    let config = Config::load(&args.config)?;
    let nothing = || {
        Error::new(Code::PeopleInvalid, "there is no change to take back")
            .hint("`omt users list` shows plans and user names as they are")
    };
    if !config.migration.ledger.exists() {
        return Err(nothing());
    }
    let ledger = Ledger::open(&config.migration.ledger)?;
    let undone = take_back(&ledger)?;
    ledger.close()?;
    let undone = undone.ok_or_else(nothing)?;
    if output.json {
        print_json(&json!({ "event": "undone", "entry": undone.entry, "what": undone.what }));
    } else {
        println!("taken back: {}", Plain(&undone.what));
    }
    Ok(Exit::Verified)
}

pub(super) async fn notify(args: &Notify, output: &Output) -> Ended {
    let desk = Desk::open(&args.at.config, false).await?;
    let mut decisions = desk.decisions.clone();
    if let Some(welcome) = args.told.welcome {
        decisions.welcome = Some(welcome == YesNo::Yes);
    }
    match args.told.summary.as_deref().map(str::trim) {
        None => {}
        Some("none") => decisions.summary = None,
        Some(summary) => {
            if let Some(objection) = address::objection(summary) {
                return Err(Error::new(
                    Code::PeopleInvalid,
                    format!("nothing can be sent to `{summary}`: {objection}"),
                )
                .hint("give an e-mail address, or `none`"));
            }
            decisions.summary = Some(summary.to_owned());
        }
    }
    settle(&desk, &decisions, "notifications", output)
}

/// The users that were named, or those of the filter: then only employees who still work here, because a plan for
/// everybody in a group is not meant for its meeting rooms.
fn chosen<'a>(desk: &'a Desk, filter: Option<&str>, logins: &[String]) -> Result<Vec<&'a User>> {
    let mut users = match filter {
        None => logins.iter().map(|login| desk.named(login)).collect::<Result<Vec<_>>>()?,
        Some(filter) => desk.find(filter).into_iter().filter(|user| user.is_active_employee()).collect(),
    };
    users.sort_by_key(|user| user.id);
    users.dedup_by_key(|user| user.id);
    if users.is_empty() {
        return Err(Error::new(Code::PeopleInvalid, "no employee fits the filter")
            .hint("`omt users list --filter TEXT` shows who fits"));
    }
    Ok(users)
}

fn of(users: &[&User]) -> String {
    match users {
        [user] => user.login.clone(),
        users => format!("{} users", users.len()),
    }
}

/// Writes the decisions, unless they give away what the customer does not own. What else is not right yet is told, and
/// may be put right later.
fn settle(desk: &Desk, decisions: &Decisions, what: &str, output: &Output) -> Ended {
    let before = problems(&desk.people, &desk.decisions, &desk.plans);
    let now = problems(&desk.people, decisions, &desk.plans);
    let new: Vec<&Problem> = now.iter().filter(|problem| !before.contains(problem)).collect();
    // Fewer of what was too many is no new problem.
    let usage =
        |decisions, plan: &str| desk.plans.usage(decisions).iter().find(|used| used.plan == plan).map(|used| used.used);
    let worse = |plan: &str| usage(decisions, plan) > usage(&desk.decisions, plan);
    let over = |problem: &&&Problem| problem.kind == ProblemKind::TooMany && problem.plan.as_deref().is_some_and(worse);
    if let Some(over) = new.iter().find(over) {
        return Err(Error::new(Code::PeopleInvalid, over.text.clone())
            .hint("take the plan from others, or buy more; nothing was changed"));
    }
    let ledger = Ledger::open(&desk.config.migration.ledger)?;
    let changed = decisions.save(&desk.decisions, what, &ledger)?;
    ledger.close()?;
    if output.json {
        print_json(&json!({
            "event": "decided", "what": what, "changed": changed, "plans": desk.plans.usage(decisions), "problems": new,
        }));
    } else {
        println!("{}: {changed} changed", Plain(what));
        for problem in new {
            println!("! {}", Plain(&problem.text));
        }
    }
    Ok(Exit::Verified)
}
