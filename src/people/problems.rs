//! The rules about users, plans and user names: one function for everybody who asks.
//!
//! The commands, the checks, the wizard and the tenant itself call [`problems`]; the tenant does it with what a client
//! has sent, because it trusts nobody. A user without a plan cannot log in, and needs no user name.

use super::{Decisions, People, Plans, User, UserKind, address};
use serde::Serialize;
use std::collections::BTreeMap;

/// What kind of rule is broken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ProblemKind {
    /// Something was decided for a user who is not there any more.
    UnknownUser,
    /// The tenant does not have the plan.
    UnknownPlan,
    /// More users hold a plan than the customer owns.
    TooMany,
    /// The kind of account cannot hold a plan, or it is closed.
    CannotHold,
    /// A user with a plan has no user name.
    NoName,
    /// A user name that cannot be one.
    InvalidName,
    /// Two users have one user name.
    DuplicateName,
    /// Somebody at the tenant has the user name already.
    TakenName,
    /// No administrator holds a plan.
    NoAdministrator,
    /// The summary goes to something that is no address.
    InvalidSummary,
}

impl ProblemKind {
    /// The word for it, as JSON has it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::UnknownUser => "unknown-user",
            Self::UnknownPlan => "unknown-plan",
            Self::TooMany => "too-many",
            Self::CannotHold => "cannot-hold",
            Self::NoName => "no-name",
            Self::InvalidName => "invalid-name",
            Self::DuplicateName => "duplicate-name",
            Self::TakenName => "taken-name",
            Self::NoAdministrator => "no-administrator",
            Self::InvalidSummary => "invalid-summary",
        }
    }
}

/// A broken rule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// Which rule.
    pub kind: ProblemKind,
    /// Whose it is; `None` where it is nobody's in particular.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user: Option<i64>,
    /// The plan that it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub plan: Option<String>,
    /// In one line; begins with the log-in where it is about a user.
    pub text: String,
}

impl Problem {
    fn new(kind: ProblemKind, user: Option<i64>, text: impl Into<String>) -> Self {
        Self { kind, user, plan: None, text: text.into() }
    }
}

/// Every broken rule: those of users in the order of their ids, then those of plans, then the rest.
#[must_use]
pub fn problems(people: &People, decisions: &Decisions, plans: &Plans) -> Vec<Problem> {
    let mut found = of_users(people, decisions, plans);
    duplicates(people, decisions, &mut found);
    found.sort_by_key(|problem| problem.user);
    for used in plans.usage(decisions).into_iter().filter(|used| used.available < 0) {
        let text = format!("plan `{}`: {} users hold it, the customer owns {}", used.plan, used.used, used.quantity);
        let plan = Some(used.plan);
        found.push(Problem { plan, ..Problem::new(ProblemKind::TooMany, None, text) });
    }
    let holds = |user: &User| user.administrator && decisions.plan(user.id).is_some();
    if !people.users().iter().any(holds) {
        found.push(Problem::new(ProblemKind::NoAdministrator, None, "no administrator holds a plan"));
    }
    if let Some(objection) = decisions.summary.as_deref().and_then(address::objection) {
        let text = format!(
            "the summary cannot be sent to `{}`: {objection}",
            decisions.summary.as_deref().unwrap_or_default()
        );
        found.push(Problem::new(ProblemKind::InvalidSummary, None, text));
    }
    found
}

fn of_users(people: &People, decisions: &Decisions, plans: &Plans) -> Vec<Problem> {
    let mut found = Vec::new();
    for (id, plan) in decisions.plans() {
        let problem = |kind, text| Problem { plan: Some(plan.to_owned()), ..Problem::new(kind, Some(id), text) };
        let Some(user) = people.get(id) else {
            let text = format!("user {id} holds plan `{plan}`, but is not in the installation any more");
            found.push(problem(ProblemKind::UnknownUser, text));
            continue;
        };
        let login = &user.login;
        if plans.is_known() && plans.get(plan).is_none() {
            found.push(problem(ProblemKind::UnknownPlan, format!("{login}: the tenant has no plan `{plan}`")));
        }
        if let Some(why) = cannot_hold(user) {
            found.push(problem(ProblemKind::CannotHold, format!("{login}: {why} and cannot hold a plan")));
        }
        match decisions.name_of(user) {
            None if user.addresses.is_empty() => {
                found.push(problem(ProblemKind::NoName, format!("{login}: there is no user name and no address")));
            }
            None => {
                let text = format!("{login}: no address of the person can be a user name");
                found.push(problem(ProblemKind::InvalidName, text));
            }
            Some(name) => {
                if let Some(objection) = address::objection(name) {
                    let text = format!("{login}: `{name}` cannot be a user name: {objection}");
                    found.push(problem(ProblemKind::InvalidName, text));
                } else if let Some(taken) = plans.taken(&address::normal(name)) {
                    let text = format!("{login}: user name `{name}` is taken at the tenant by `{taken}`");
                    found.push(problem(ProblemKind::TakenName, text));
                }
            }
        }
    }
    found
}

/// Why an account cannot hold a plan, as a part of a sentence; `None` if it can.
#[must_use]
pub fn cannot_hold(user: &User) -> Option<&'static str> {
    match user.kind {
        UserKind::External => Some("is an external user"),
        UserKind::Anonymous => Some("is an anonymous user"),
        _ if user.retired => Some("is retired"),
        _ => None,
    }
}

/// Names that several users with a plan have: told on every side.
fn duplicates(people: &People, decisions: &Decisions, found: &mut Vec<Problem>) {
    let mut holders: BTreeMap<String, Vec<(&User, &str)>> = BTreeMap::new();
    for user in decisions.plans().filter_map(|(id, _)| people.get(id)) {
        if let Some(name) = decisions.name_of(user).filter(|name| !name.trim().is_empty()) {
            holders.entry(address::normal(name)).or_default().push((user, name));
        }
    }
    for same in holders.values().filter(|same| same.len() > 1) {
        for (user, name) in same {
            let others: Vec<&str> =
                same.iter().filter(|(other, _)| other.id != user.id).map(|(other, _)| other.login.as_str()).collect();
            let text = format!("{}: user name `{name}` is also used by {}", user.login, listed(&others));
            found.push(Problem::new(ProblemKind::DuplicateName, Some(user.id), text));
        }
    }
}

/// The first of them: ten thousand users with one name must not make ten thousand lines of ten thousand names.
fn listed(logins: &[&str]) -> String {
    const SHOWN: usize = 5;
    let first = logins.iter().take(SHOWN).copied().collect::<Vec<_>>().join(", ");
    if logins.len() > SHOWN { format!("{first} and {} more", logins.len() - SHOWN) } else { first }
}

#[cfg(test)]
mod tests {
    use super::ProblemKind::*;
    use super::*;
    use crate::people::Address;
    use crate::tenant::protocol::Plan;

    fn user(id: i64, login: &str, address: &str) -> User {
        let addresses = vec![Address { email: id, rank: 1, text: address.into(), bounces: 0 }];
        User { addresses, ..User::new(id, login, UserKind::Employee) }
    }

    fn people() -> People {
        let admin = User { administrator: true, ..user(1, "ADM", "adm@x.no") };
        let gone = User { retired: true, ..user(5, "OLD", "old@x.no") };
        let external = User { kind: UserKind::External, ..user(6, "EXT", "ext@x.no") };
        People::of(vec![
            admin,
            user(2, "LM", "Lm@X.no"),
            user(3, "KN", "lm@x.NO"),
            user(4, "BAD", "bad at x.no"),
            gone,
            external,
            User::new(7, "NONE", UserKind::Employee),
        ])
    }

    fn plans() -> Plans {
        let plan = |name: &str, quantity| Plan { name: name.into(), quantity };
        Plans::new(&[plan("A", 4), plan("B", 1)], &["BOSS@x.no".into()])
    }

    fn told(decisions: &Decisions) -> Vec<String> {
        problems(&people(), decisions, &plans()).into_iter().map(|problem| problem.text).collect()
    }

    #[test]
    fn both_sides_of_a_conflict_are_named() {
        let mut decisions = Decisions::default();
        for id in [1, 2, 3] {
            decisions.set_plan(id, Some("A".into()));
        }
        assert_eq!(
            told(&decisions),
            ["LM: user name `Lm@X.no` is also used by KN", "KN: user name `lm@x.NO` is also used by LM"]
        );
        decisions.set_name(3, Some("kn@x.no"));
        assert!(told(&decisions).is_empty());
    }

    #[test]
    fn a_user_without_a_plan_may_have_any_name() {
        let mut decisions = Decisions::default();
        decisions.set_plan(1, Some("A".into()));
        decisions.set_name(2, Some("adm@x.no"));
        decisions.set_name(4, Some("nonsense"));
        assert!(told(&decisions).is_empty());
    }

    #[test]
    fn each_rule_has_its_own_word() {
        let mut decisions = Decisions::default();
        for (id, plan) in [(2, "B"), (4, "B"), (5, "A"), (6, "A"), (7, "C"), (99, "A")] {
            decisions.set_plan(id, Some(plan.into()));
        }
        decisions.set_name(2, Some("boss@X.no"));
        decisions.summary = Some("nobody".into());
        let found = problems(&people(), &decisions, &plans());
        let kinds: Vec<_> = found.iter().map(|problem| (problem.user, problem.kind)).collect();
        assert_eq!(
            kinds,
            [
                (Some(2), TakenName),
                (Some(4), InvalidName),
                (Some(5), CannotHold),
                (Some(6), CannotHold),
                (Some(7), UnknownPlan),
                (Some(7), NoName),
                (Some(99), UnknownUser),
                (None, TooMany),
                (None, NoAdministrator),
                (None, InvalidSummary),
            ]
        );
        for problem in found {
            assert_eq!(serde_json::to_value(problem.kind).unwrap(), problem.kind.as_str());
        }
    }

    #[test]
    fn without_a_tenant_plans_are_not_judged() {
        let mut decisions = Decisions::default();
        decisions.set_plan(1, Some("whatever".into()));
        assert!(problems(&people(), &decisions, &Plans::unknown()).is_empty());
    }
}
