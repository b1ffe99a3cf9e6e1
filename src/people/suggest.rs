//! Which plan of the tenant fits what a user holds on-site.
//!
//! How the vendor maps modules to plans is not public, and the vendor's own tool leaves it to a person. So there is a
//! suggestion, with its reason, only where exactly one plan of the tenant fits: the one of the same name, or the only
//! one for the same areas (sales, service, marketing) and grade. Where several fit they are named and none is chosen.
//! The generations of names are those of the vendor's price lists: superlicences (versions 8 and 9), plans by area
//! (10 and 11), and the suite (12), in which one plan is for everybody.

use super::plans::letters;
use super::{Decisions, Module, People, Plans};
use crate::tenant::protocol::Plan;
use serde::Serialize;

/// What a plan is for, as bits.
type Areas = u8;
const SALES: Areas = 1;
const SERVICE: Areas = 2;
const MARKETING: Areas = 4;
const ALL: Areas = SALES | SERVICE | MARKETING;

/// Modules whose names do not say their areas.
const MODULES: [(&str, Areas); 5] = [
    ("superlicense-sales-pro", SALES),
    ("superlicense-service-pro", SERVICE),
    ("superlicense-marketing-pro", MARKETING),
    ("superlicense-complete", ALL),
    ("ten-salesservicemarketing", ALL),
];
/// Modules without an area, and what the plan is called that goes on with them.
const NAMED: [(&str, &str); 2] =
    [("superlicense-contact-manager", "Standard CRM"), ("superlicense-assistant", "Assistant")];
/// The right to log in, before there were plans: it says nothing about areas.
const BEFORE_PLANS: &str = "user";
/// The plans of the suite, the smallest first.
const SUITE: [&str; 5] = ["Starter", "Core", "Growth", "Plus", "Super"];

/// Two grades of the same areas.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Grade {
    Essentials,
    Premium,
}

/// What is suggested for a user.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Suggestion {
    /// Who.
    pub user: i64,
    /// The log-in.
    pub login: String,
    /// What is held on-site, as people know it.
    pub held: Vec<String>,
    /// The plan, if exactly one fits.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub plan: Option<String>,
    /// The plans that fit, if they are several.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub candidates: Vec<String>,
    /// Why, in one line.
    pub reason: String,
}

/// A suggestion for each employee who still works here and for whom nothing was decided.
#[must_use]
pub fn suggestions(people: &People, decisions: &Decisions, plans: &Plans) -> Vec<Suggestion> {
    let waiting = |user: &&super::User| user.is_active_employee() && decisions.plan(user.id).is_none();
    let suggest = |user: &super::User| {
        let held: Vec<&Module> = user.modules.iter().map(AsRef::as_ref).collect();
        let (fitting, why) = fitting(&held, plans.list());
        let (plan, candidates, reason) = match fitting.as_slice() {
            [] => (None, Vec::new(), why),
            [one] => (Some((*one).to_owned()), Vec::new(), why),
            several => {
                let reason = format!("{why}, and so do others: somebody has to choose");
                (None, several.iter().map(|name| (*name).to_owned()).collect(), reason)
            }
        };
        let held = held.iter().map(|module| module.shown().to_owned()).collect();
        Suggestion { user: user.id, login: user.login.clone(), held, plan, candidates, reason }
    };
    people.users().iter().filter(waiting).map(suggest).collect()
}

/// The plans that fit what is held, and why the first of them does.
fn fitting<'a>(held: &[&Module], plans: &'a [Plan]) -> (Vec<&'a str>, String) {
    let all = || plans.iter().map(|plan| plan.name.as_str());
    let of = |wanted: &dyn Fn(&str) -> bool| -> Vec<&'a str> { all().filter(|name| wanted(name)).collect() };
    let [first, rest @ ..] = held else { return (Vec::new(), "holds no user plan on-site".into()) };
    let what = held.iter().map(|module| format!("`{}`", module.shown())).collect::<Vec<_>>().join(" and ");
    if let [only] = plans
        && SUITE.contains(&only.name.as_str())
    {
        return (vec![&only.name], format!("`{}` is the tenant's plan for everybody", only.name));
    }
    if rest.is_empty() {
        let names: Vec<String> = [&first.title, &first.name]
            .into_iter()
            .map(String::as_str)
            .chain(NAMED.iter().filter(|(module, _)| first.name.eq_ignore_ascii_case(module)).map(|(_, plan)| *plan))
            .map(letters)
            .filter(|name| !name.is_empty())
            .collect();
        let same = of(&|name| names.contains(&letters(name)));
        if let Some(name) = same.first() {
            let reason = format!("`{name}` is what {what} is called online");
            return (same, reason);
        }
    }
    if held.iter().all(|module| module.name.eq_ignore_ascii_case(BEFORE_PLANS)) {
        return (all().collect(), format!("{what} is the right to log in and fits every plan"));
    }
    let areas = held.iter().fold(0, |areas, module| areas | areas_of_module(module));
    if areas == 0 {
        return (Vec::new(), format!("nobody has said what {what} becomes online"));
    }
    let grade = grade(held);
    let fits = of(&|name| {
        let alike = areas_of(name) == areas && (grade.is_none() || grade_of(name).is_none() || grade_of(name) == grade);
        alike || suite(areas, grade).contains(&name)
    });
    let words = words(areas);
    match fits.first() {
        Some(name) => {
            let reason = format!("`{name}` is for {words}, as {what} is");
            (fits, reason)
        }
        None => (fits, format!("the tenant has no plan for {words}, which {what} is for")),
    }
}

fn areas_of_module(module: &Module) -> Areas {
    let known = MODULES.iter().find(|(name, _)| module.name.eq_ignore_ascii_case(name));
    known.map_or_else(|| areas_of(&module.name) | areas_of(&module.title), |(_, areas)| *areas)
}

fn areas_of(name: &str) -> Areas {
    let name = letters(name);
    let bit = |word: &str, area| if name.contains(word) { area } else { 0 };
    if name == "complete" { ALL } else { bit("sales", SALES) | bit("service", SERVICE) | bit("marketing", MARKETING) }
}

fn grade_of(name: &str) -> Option<Grade> {
    let name = letters(name);
    match (name.contains("prem"), name.contains("essential")) {
        (true, false) => Some(Grade::Premium),
        (false, true) => Some(Grade::Essentials),
        _ => None,
    }
}

/// The grade that all have that say one.
fn grade(held: &[&Module]) -> Option<Grade> {
    let mut grades = held.iter().filter_map(|module| grade_of(&module.title).or_else(|| grade_of(&module.name)));
    let first = grades.next()?;
    grades.all(|grade| grade == first).then_some(first)
}

/// The plans of the suite that go on with these areas: the largest that any of them needs.
fn suite(areas: Areas, grade: Option<Grade>) -> Vec<&'static str> {
    let place = |grade| match (areas & MARKETING != 0, grade) {
        (false, Grade::Essentials) => 1,
        (false, Grade::Premium) | (true, Grade::Essentials) => 2,
        (true, Grade::Premium) => 3,
    };
    let mut places: Vec<usize> = match grade {
        Some(grade) => vec![place(grade)],
        None => [Grade::Essentials, Grade::Premium].map(place).to_vec(),
    };
    places.dedup();
    places.into_iter().map(|place| SUITE[place]).collect()
}

fn words(areas: Areas) -> String {
    let named = [(SALES, "sales"), (SERVICE, "service"), (MARKETING, "marketing")];
    let words: Vec<&str> = named.iter().filter(|(area, _)| areas & area != 0).map(|(_, word)| *word).collect();
    words.join(" and ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::people::{User, UserKind};
    use std::sync::Arc;

    fn suggested(held: &[(&str, &str)], plans: &[&str]) -> Suggestion {
        let modules =
            held.iter().map(|(name, title)| Arc::new(Module { name: (*name).into(), title: (*title).into() }));
        let user = User { modules: modules.collect(), ..User::new(1, "LM", UserKind::Employee) };
        let plans: Vec<Plan> = plans.iter().map(|name| Plan { name: (*name).into(), quantity: 1 }).collect();
        let found = suggestions(&People::of(vec![user]), &Decisions::default(), &Plans::new(&plans, &[]));
        found.into_iter().next().unwrap()
    }

    #[test]
    fn one_plan_that_fits_is_suggested_with_its_reason() {
        for (held, plans, expected) in [
            (("ten-sales", "SalesPREM"), vec!["SalesPREM", "ServicePREM", "Sales Essentials"], "SalesPREM"),
            (("ten-sales", "SalesPREM"), vec!["Sales Premium", "Sales Essentials"], "Sales Premium"),
            (("ten-salesservice", ""), vec!["SalesPREM", "SalesPREM-ServicePREM"], "SalesPREM-ServicePREM"),
            (
                ("superlicense-complete", "Complete"),
                vec!["SalesPREM-ServicePREM-Marketing", "Marketing"],
                "SalesPREM-ServicePREM-Marketing",
            ),
            (("superlicense-service-pro", "Service"), vec!["Sales Premium", "Service Premium"], "Service Premium"),
            (("superlicense-contact-manager", ""), vec!["Standard CRM", "SalesPREM"], "Standard CRM"),
            (("ten-sales", "Sales Premium"), vec!["Core", "Growth", "Plus"], "Growth"),
            (("ten-marketing", "Marketing Premium"), vec!["Core", "Growth", "Plus"], "Plus"),
            (("superlicense-sales-pro", "Sales"), vec!["Growth"], "Growth"),
            (("user", "User"), vec!["SalesPREM"], "SalesPREM"),
        ] {
            let suggestion = suggested(&[held], &plans);
            assert_eq!(suggestion.plan.as_deref(), Some(expected), "{suggestion:?}");
            assert!(suggestion.reason.contains(expected) || held.0 == "user", "{suggestion:?}");
            assert!(suggestion.candidates.is_empty());
        }
        let both = suggested(&[("ten-sales", ""), ("ten-service", "")], &["SalesPREM", "SalesPREM-ServicePREM"]);
        assert_eq!(both.plan.as_deref(), Some("SalesPREM-ServicePREM"));
    }

    #[test]
    fn several_plans_that_fit_are_named_and_none_is_chosen() {
        let suggestion =
            suggested(&[("superlicense-sales-pro", "Sales Pro")], &["Sales Premium", "Service", "Sales Essentials"]);
        assert_eq!(
            (suggestion.plan, suggestion.candidates.as_slice()),
            (None, ["Sales Premium".to_owned(), "Sales Essentials".to_owned()].as_slice())
        );
        let suite = suggested(&[("ten-sales", "")], &["Core", "Growth"]);
        assert_eq!((suite.plan, suite.candidates.len()), (None, 2));
        let user = suggested(&[("user", "")], &["A", "B"]);
        assert_eq!((user.plan, user.candidates.len()), (None, 2));
    }

    #[test]
    fn nothing_fits_nothing() {
        for (held, plans) in [
            (vec![], vec!["SalesPREM"]),
            (vec![("ten-sales", "SalesPREM")], vec![]),
            (vec![("ten-sales", "SalesPREM")], vec!["ServicePREM"]),
            (vec![("acme-plan", "ACME")], vec!["SalesPREM", "Core"]),
        ] {
            let suggestion = suggested(&held, &plans);
            assert!(suggestion.plan.is_none() && suggestion.candidates.is_empty(), "{suggestion:?}");
            assert!(!suggestion.reason.is_empty());
        }
    }

    #[test]
    fn only_employees_who_wait_for_a_decision_get_one() {
        let user = |id, kind| User::new(id, format!("U{id}"), kind);
        let people = People::of(vec![
            user(1, UserKind::Employee),
            user(2, UserKind::External),
            User { retired: true, ..user(3, UserKind::Employee) },
            user(4, UserKind::Employee),
        ]);
        let mut decisions = Decisions::default();
        decisions.set_plan(4, Some("A".into()));
        let found = suggestions(&people, &decisions, &Plans::unknown());
        assert_eq!(found.iter().map(|one| one.user).collect::<Vec<_>>(), [1]);
    }
}
