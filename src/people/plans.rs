//! The plans of the tenant, and how many of each are left.

use super::{Decisions, address};
use crate::tenant::protocol::{Plan, TenantInfo};
use crate::{Code, Error, Result};
use serde::Serialize;
use std::collections::BTreeMap;

/// What the tenant sells and knows. Without a tenant nothing is known, and nothing about plans is a problem.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Plans {
    /// Each plan once, in the tenant's order; `None` while the tenant was not asked.
    list: Option<Vec<Plan>>,
    /// User names that the tenant has already, as they are compared.
    taken: BTreeMap<String, String>,
}

/// How a plan is used.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Use {
    /// The plan.
    pub plan: String,
    /// How many users hold it by what was decided.
    pub used: u32,
    /// How many the customer owns.
    pub quantity: u32,
    /// How many are left; negative if too many were given away.
    pub available: i64,
}

impl Plans {
    /// The tenant was not asked.
    #[must_use]
    pub fn unknown() -> Self {
        Self::default()
    }

    /// What a tenant says of itself.
    #[must_use]
    pub fn of(tenant: &TenantInfo) -> Self {
        Self::new(&tenant.plans, &tenant.taken_names)
    }

    /// These plans and these names. A plan that is listed twice counts with the sum.
    #[must_use]
    pub fn new(plans: &[Plan], taken: &[String]) -> Self {
        let mut list: Vec<Plan> = Vec::with_capacity(plans.len());
        for plan in plans {
            match list.iter_mut().find(|known| known.name == plan.name) {
                Some(known) => known.quantity = known.quantity.saturating_add(plan.quantity),
                None => list.push(plan.clone()),
            }
        }
        let taken = taken.iter().map(|name| (address::normal(name), name.clone())).collect();
        Self { list: Some(list), taken }
    }

    /// Whether the tenant was asked.
    #[must_use]
    pub fn is_known(&self) -> bool {
        self.list.is_some()
    }

    /// The plans.
    #[must_use]
    pub fn list(&self) -> &[Plan] {
        self.list.as_deref().unwrap_or_default()
    }

    /// The plan of exactly this name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Plan> {
        self.list().iter().find(|plan| plan.name == name)
    }

    /// The plan that somebody means who typed this: the very name, or the only one that differs in case, blanks and
    /// punctuation.
    pub fn find(&self, typed: &str) -> Result<&Plan> {
        if let Some(plan) = self.get(typed.trim()) {
            return Ok(plan);
        }
        let alike: Vec<&Plan> = self.list().iter().filter(|plan| letters(&plan.name) == letters(typed)).collect();
        if let [only] = alike.as_slice() {
            return Ok(only);
        }
        let names: Vec<&str> = self.list().iter().map(|plan| plan.name.as_str()).collect();
        let hint = if names.is_empty() {
            "the tenant has no user plans; whoever made it gives them with `omt tenant invite --plan`".to_owned()
        } else {
            format!("the tenant has: {}", names.join(", "))
        };
        Err(Error::new(Code::PeopleInvalid, format!("the tenant has no plan `{}`", typed.trim())).hint(hint))
    }

    /// The user name as the tenant has it, if somebody there has it already.
    #[must_use]
    pub fn taken(&self, normal: &str) -> Option<&str> {
        self.taken.get(normal).map(String::as_str)
    }

    /// How each plan is used.
    #[must_use]
    pub fn usage(&self, decisions: &Decisions) -> Vec<Use> {
        let mut counts: BTreeMap<&str, u32> = BTreeMap::new();
        for (_, plan) in decisions.plans() {
            *counts.entry(plan).or_default() += 1;
        }
        let usage = |plan: &Plan| {
            let used = counts.get(plan.name.as_str()).copied().unwrap_or_default();
            let available = i64::from(plan.quantity) - i64::from(used);
            Use { plan: plan.name.clone(), used, quantity: plan.quantity, available }
        };
        self.list().iter().map(usage).collect()
    }
}

/// The letters and digits of a name, without regard to case.
pub(super) fn letters(name: &str) -> String {
    name.chars().filter(|letter| letter.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plans(list: &[(&str, u32)]) -> Plans {
        let list: Vec<Plan> =
            list.iter().map(|(name, quantity)| Plan { name: (*name).into(), quantity: *quantity }).collect();
        Plans::new(&list, &["Boss@Fjord.no".into()])
    }

    #[test]
    fn a_plan_may_be_typed_carelessly_where_only_one_can_be_meant() {
        let plans = plans(&[("SalesPREM", 3), ("Sales Prem", 2), ("Marketing", 1), ("SalesPREM", 1)]);
        assert_eq!(plans.find("SalesPREM").unwrap().quantity, 4);
        assert_eq!(plans.find(" marketing ").unwrap().name, "Marketing");
        for wrong in ["sales-prem", "Service", ""] {
            let error = plans.find(wrong).unwrap_err();
            assert_eq!(error.code(), Code::PeopleInvalid);
            assert!(error.hint_text().unwrap().contains("Marketing"));
        }
    }

    #[test]
    fn what_is_used_is_counted() {
        let mut decisions = Decisions::default();
        decisions.set_plan(1, Some("Marketing".into()));
        decisions.set_plan(2, Some("Marketing".into()));
        let usage = plans(&[("SalesPREM", 3), ("Marketing", 1)]).usage(&decisions);
        assert_eq!(usage.iter().map(|one| (one.used, one.available)).collect::<Vec<_>>(), [(0, 3), (2, -1)]);
        assert_eq!(plans(&[]).taken("boss@fjord.no"), Some("Boss@Fjord.no"));
    }
}
