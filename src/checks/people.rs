//! Checks of users: who could not log in online, and what would be lost or surprise somebody.
//!
//! Retired accounts are history and nobody's problem, external and anonymous ones have checks of their own; the others
//! look at employees who still work here. A trouble that two users have together is shown at the later one, with the
//! earlier one named, so that each is counted once.

mod addresses;

use super::{Check, Findings, Ground, Looked, Severity, Subject};
use crate::Result;
use crate::people::{People, User, UserKind};
use std::collections::BTreeMap;

/// A line of the table.
const fn check(
    id: &'static str,
    severity: Severity,
    (title, why, todo): (&'static str, &'static str, &'static str),
    look: fn(&mut Ground<'_>, &mut Findings<'_>) -> Result<Looked>,
) -> Check {
    Check { id, subject: Subject::People, severity, title, why, todo, look }
}

/// The checks of this subject.
pub(super) static CHECKS: &[Check] = &[
    check(
        "people.duplicate-address",
        Severity::Blocker,
        (
            "two users have one e-mail address",
            "the address becomes the user name online, and a user name belongs to one user",
            "give one of them another address, or choose other user names with `omt users name`",
        ),
        addresses::duplicate_address,
    ),
    check(
        "people.no-administrator",
        Severity::Blocker,
        (
            "no administrator has an address that can be a user name",
            "at least one administrator must be able to log in to the tenant",
            "enter an e-mail address for the person of an administrator",
        ),
        no_administrator,
    ),
    check(
        "people.no-address",
        Severity::Error,
        (
            "a user has no e-mail address",
            "without an address there is no user name to propose",
            "enter an address for the person, or choose a user name with `omt users name`",
        ),
        addresses::no_address,
    ),
    check(
        "people.invalid-address",
        Severity::Error,
        (
            "no address of a user can be a user name",
            "a user name must be a valid e-mail address",
            "correct the address of the person",
        ),
        addresses::invalid_address,
    ),
    check(
        "people.no-role",
        Severity::Error,
        (
            "a user has no role",
            "the role decides what a user may do; without one nothing is allowed",
            "give the user a role in the on-site administration",
        ),
        no_role,
    ),
    check(
        "people.no-person",
        Severity::Error,
        (
            "the person of a user is missing",
            "name, company and addresses of a user are those of the person",
            "repair the row in `associate`, or retire the user",
        ),
        no_person,
    ),
    check(
        "people.login-twice",
        Severity::Error,
        (
            "two users have log-ins that differ in case only",
            "folders in the archive are named after log-ins, and file systems do not tell them apart",
            "rename one of the log-ins",
        ),
        login_twice,
    ),
    check(
        "people.too-few-plans",
        Severity::Error,
        (
            "the tenant has fewer plans than there are users today",
            "users without a plan cannot log in online",
            "order more plans, or decide who needs none",
        ),
        too_few_plans,
    ),
    check(
        "people.no-plan",
        Severity::Warning,
        (
            "a user holds no user plan on-site",
            "no plan is suggested for them, and without one they cannot log in online",
            "decide about a plan with `omt users assign`, or retire the user",
        ),
        no_plan,
    ),
    check(
        "people.external-user",
        Severity::Warning,
        (
            "an external or additional anonymous user can log in on-site",
            "external and anonymous users are not supported online",
            "tell those who use the account; remove it where nobody does",
        ),
        external_user,
    ),
    check(
        "people.external-licence",
        Severity::Warning,
        (
            "an external or anonymous user holds a licence",
            "it cannot be held online, where such users do not exist",
            "take the licence from the account",
        ),
        external_licence,
    ),
    check(
        "people.retired-plan",
        Severity::Warning,
        (
            "a retired user holds a user plan",
            "the plan counts as used, although nobody logs in with it",
            "take the plan from the account on-site",
        ),
        retired_plan,
    ),
    check(
        "people.several-accounts",
        Severity::Warning,
        (
            "a person has several accounts",
            "each account with a plan needs a user name of its own, and identities are known to be mixed up",
            "retire what is not needed; choose the user names of the others yourself",
        ),
        several_accounts,
    ),
    check(
        "people.address-elsewhere",
        Severity::Warning,
        (
            "the address of a user is also on the card of another person",
            "when it becomes a user name it is removed from the other card in what is uploaded",
            "look whether both cards are the same person; the report lists what was removed",
        ),
        addresses::address_elsewhere,
    ),
    check(
        "people.bouncing-address",
        Severity::Warning,
        (
            "mail to the address of a user came back",
            "the mail in which a user sets the password goes to the user name",
            "correct the address, or put one that works before it",
        ),
        addresses::bouncing_address,
    ),
];

/// Employees who still work here.
fn active(people: &People) -> impl Iterator<Item = &User> {
    people.users().iter().filter(|user| user.is_active_employee())
}

fn item(user: &User) -> String {
    format!("user/{}", user.id)
}

/// Notes all employees for whom `wrong` has something to say.
fn each(
    ground: &mut Ground<'_>,
    findings: &mut Findings<'_>,
    wrong: impl Fn(&User) -> Option<String>,
) -> Result<Looked> {
    let people = ground.people()?;
    for user in active(&people) {
        if let Some(text) = wrong(user) {
            findings.add(item(user), format!("{}: {text}", user.login))?;
        }
    }
    Ok(Looked::Yes)
}

/// Notes each user who has a key that an earlier one has.
fn repeated(
    findings: &mut Findings<'_>,
    users: &mut dyn Iterator<Item = &User>,
    keys: impl Fn(&User) -> Vec<(String, String)>,
    text: impl Fn(&str, &User) -> String,
) -> Result<Looked> {
    let mut first: BTreeMap<String, &User> = BTreeMap::new();
    for user in users {
        let mut told = false;
        for (key, shown) in keys(user) {
            match first.get(&key) {
                None => drop(first.insert(key, user)),
                // The same in two rows of one person is nothing.
                Some(other) if other.id == user.id || told => {}
                Some(other) => {
                    told = true;
                    findings.add(item(user), format!("{}: {}", user.login, text(&shown, other)))?;
                }
            }
        }
    }
    Ok(Looked::Yes)
}

fn login_twice(ground: &mut Ground<'_>, findings: &mut Findings<'_>) -> Result<Looked> {
    let people = ground.people()?;
    let keys = |user: &User| vec![(crate::archive::fold(&user.login), user.login.clone())];
    let mut users = people.users().iter().filter(|user| !user.login.is_empty());
    repeated(findings, &mut users, keys, |_, other| format!("the log-in of user {} is `{}`", other.id, other.login))
}

fn no_administrator(ground: &mut Ground<'_>, findings: &mut Findings<'_>) -> Result<Looked> {
    let people = ground.people()?;
    let administrators = active(&people).filter(|user| user.administrator).collect::<Vec<_>>();
    if administrators.iter().all(|user| user.proposed().is_none()) {
        let text = match administrators.len() {
            0 => "no employee has a role with `admin-all` or `admin-users`".to_owned(),
            count => format!("{count} administrators, none of them with a valid address"),
        };
        findings.add("table/associate", text)?;
    }
    Ok(Looked::Yes)
}

fn no_role(ground: &mut Ground<'_>, findings: &mut Findings<'_>) -> Result<Looked> {
    if !ground.database.has_table("UserRoleLink")? {
        return Ok(Looked::NotHere("there is no table `UserRoleLink`".into()));
    }
    each(ground, findings, |user| user.role.is_empty().then(|| "there is no role".into()))
}

fn no_person(ground: &mut Ground<'_>, findings: &mut Findings<'_>) -> Result<Looked> {
    each(ground, findings, |user| {
        (!user.has_person).then(|| match user.person {
            0 => "the account names no person".into(),
            person => format!("there is no person {person}"),
        })
    })
}

fn too_few_plans(ground: &mut Ground<'_>, findings: &mut Findings<'_>) -> Result<Looked> {
    let Some(plans) = ground.tenant.map(|tenant| &tenant.plans) else {
        return Ok(Looked::NotHere("the tenant is not configured or does not answer".into()));
    };
    let quantity: u64 = plans.iter().map(|plan| u64::from(plan.quantity)).sum();
    if plans.is_empty() {
        return Ok(Looked::NotHere("the tenant has no user plans".into()));
    }
    let people = ground.people()?;
    let users = active(&people).filter(|user| !user.modules.is_empty()).count() as u64;
    if users > quantity {
        findings.add("tenant/plans", format!("{users} users hold a plan on-site, the tenant has {quantity}"))?;
    }
    Ok(Looked::Yes)
}

fn no_plan(ground: &mut Ground<'_>, findings: &mut Findings<'_>) -> Result<Looked> {
    let people = ground.people()?;
    if people.users().iter().all(|user| user.modules.is_empty()) {
        return Ok(Looked::NotHere("nobody holds a user plan: this version has licences of another kind".into()));
    }
    each(ground, findings, |user| user.modules.is_empty().then(|| "there is no user plan".into()))
}

/// Accounts of kinds that do not exist online.
fn outsiders(people: &People) -> impl Iterator<Item = &User> {
    people.users().iter().filter(|user| matches!(user.kind, UserKind::External | UserKind::Anonymous))
}

fn external_user(ground: &mut Ground<'_>, findings: &mut Findings<'_>) -> Result<Looked> {
    let people = ground.people()?;
    // Each installation has one anonymous account of its own, for web pages; it belongs to no person.
    let somebody = |user: &&User| !user.retired && (user.kind == UserKind::External || user.person != 0);
    for user in outsiders(&people).filter(somebody) {
        findings
            .add(item(user), format!("{}: the kind `{}` is not supported online", user.login, user.kind.as_str()))?;
    }
    Ok(Looked::Yes)
}

fn external_licence(ground: &mut Ground<'_>, findings: &mut Findings<'_>) -> Result<Looked> {
    let people = ground.people()?;
    for user in outsiders(&people).filter(|user| user.licences > 0) {
        let kind = user.kind.as_str();
        findings.add(item(user), format!("{}: an {kind} user holds {} licences", user.login, user.licences))?;
    }
    Ok(Looked::Yes)
}

fn retired_plan(ground: &mut Ground<'_>, findings: &mut Findings<'_>) -> Result<Looked> {
    let people = ground.people()?;
    for user in people.users().iter().filter(|user| user.retired && !user.modules.is_empty()) {
        let held: Vec<&str> = user.modules.iter().map(|module| module.shown()).collect();
        findings.add(item(user), format!("{}: retired, and holds `{}`", user.login, held.join("`, `")))?;
    }
    Ok(Looked::Yes)
}

fn several_accounts(ground: &mut Ground<'_>, findings: &mut Findings<'_>) -> Result<Looked> {
    let people = ground.people()?;
    let open = |id: &i64| people.get(*id).is_some_and(|user| !user.retired);
    for user in people.users().iter().filter(|user| !user.retired) {
        let others: Vec<String> = user.others.iter().filter(|id| open(id)).map(|id| people.login(*id)).collect();
        let earlier = user.others.iter().any(|id| *id < user.id && open(id));
        if earlier {
            findings.add(item(user), format!("{}: the person is also {}", user.login, others.join(", ")))?;
        }
    }
    Ok(Looked::Yes)
}

#[cfg(test)]
mod tests;
