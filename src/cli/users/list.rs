//! `omt users list`.

use super::args::List;
use super::{Desk, print_json};
use crate::cli::Ended;
use crate::cli::args::Output;
use omt::exit::Exit;
use omt::people::{Problem, Use, User, problems};
use omt::report::Plain;
use serde_json::{Value, json};

pub(super) async fn list(args: &List, output: &Output) -> Ended {
    let desk = Desk::open(&args.at.config, false).await?;
    let users = desk.find(&args.filter);
    let problems = problems(&desk.people, &desk.decisions, &desk.plans);
    let usage = desk.plans.usage(&desk.decisions);
    if output.json {
        let cards: Vec<Value> = users.iter().map(|user| card(user, &desk, &problems)).collect();
        print_json(&json!({
            "event": "users", "count": desk.people.users().len(), "shown": cards.len(), "users": cards, "plans": usage,
            "plans_known": desk.plans.is_known(), "welcome": desk.decisions.welcome, "summary": desk.decisions.summary,
            "problems": problems,
        }));
    } else {
        head(&desk, &usage);
        for user in &users {
            line(user, &desk);
            for problem in problems.iter().filter(|problem| problem.user == Some(user.id)) {
                println!("          ! {}", Plain(&problem.text));
            }
        }
        for problem in problems.iter().filter(|problem| problem.user.is_none()) {
            println!("! {}", Plain(&problem.text));
        }
        println!("{} of {} users", users.len(), desk.people.users().len());
    }
    Ok(Exit::Verified)
}

fn card(user: &User, desk: &Desk, problems: &[Problem]) -> Value {
    let own: Vec<&Problem> = problems.iter().filter(|problem| problem.user == Some(user.id)).collect();
    let addresses: Vec<&str> = user.addresses.iter().map(|address| address.text.as_str()).collect();
    let others: Vec<String> = user.others.iter().map(|id| desk.people.login(*id)).collect();
    let onsite: Vec<&str> = user.modules.iter().map(|module| module.shown()).collect();
    json!({
        "id": user.id, "login": user.login, "name": user.name, "type": user.kind, "retired": user.retired,
        "administrator": user.administrator, "group": user.group, "further_groups": user.groups, "role": user.role,
        "position": user.position, "company": user.company, "person": user.person, "onsite": onsite,
        "addresses": addresses, "candidates": user.candidates(), "other_accounts": others,
        "plan": desk.decisions.plan(user.id), "user_name": desk.decisions.name_of(user),
        "user_name_chosen": desk.decisions.name(user.id).is_some(), "problems": own,
    })
}

fn head(desk: &Desk, usage: &[Use]) {
    for used in usage {
        println!(
            "{:<40} {:>6} used of {:>6}, {:>6} left",
            Plain(&used.plan).to_string(),
            used.used,
            used.quantity,
            used.available
        );
    }
    let without =
        desk.people.users().iter().filter(|user| user.is_active_employee() && desk.decisions.plan(user.id).is_none());
    println!("{:<40} {:>6} employees", "no plan", without.count());
    println!();
}

fn line(user: &User, desk: &Desk) {
    let mut marks = Vec::new();
    if user.administrator {
        marks.push("administrator".to_owned());
    }
    if !user.is_active_employee() {
        marks.push(if user.retired { "retired" } else { user.kind.as_str() }.to_owned());
    }
    if !user.others.is_empty() {
        let others: Vec<String> = user.others.iter().map(|id| desk.people.login(*id)).collect();
        marks.push(format!("same person as {}", others.join(", ")));
    }
    let marks = if marks.is_empty() { String::new() } else { format!("  [{}]", marks.join("; ")) };
    let name = desk.decisions.name_of(user).unwrap_or("–");
    let chosen = if desk.decisions.name(user.id).is_some() { "" } else { " (proposed)" };
    println!(
        "{:<9} {:<28} {:<16} {:<28} {}{chosen}{}",
        Plain(&user.login).to_string(),
        Plain(&user.name).to_string(),
        Plain(&user.group).to_string(),
        Plain(desk.decisions.plan(user.id).unwrap_or("no plan")).to_string(),
        Plain(name),
        Plain(marks)
    );
}
