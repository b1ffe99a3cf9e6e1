//! What a migration sends about people, and what it keeps of that for the report.

use super::{Decisions, Owners, People, removals};
use crate::Result;
use crate::onsite::database::Database;
use crate::tenant::protocol::{Notifications, People as Call, PlanHolder, RemovedAddress};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The name under which the ledger keeps what was sent.
pub const SENT: &str = "people.sent";

/// The call, and what is said about it afterwards.
#[derive(Debug, Clone)]
pub struct Outgoing {
    /// What the tenant gets.
    pub call: Call,
    /// What the ledger keeps.
    pub sent: Sent,
}

/// What was sent to the tenant, as the ledger keeps it for reports.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Sent {
    /// How many users hold each plan.
    pub plans: BTreeMap<String, u64>,
    /// Employees who still work here and hold none: they cannot log in.
    pub without_plan: u64,
    /// Both, those with a plan first.
    pub users: Vec<SentUser>,
    /// Who is told.
    pub notifications: Notifications,
    /// What leaves the cards of other persons.
    pub removed: Vec<RemovedAddress>,
}

/// A user in a report.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SentUser {
    /// The log-in on-site.
    pub login: String,
    /// The full name.
    pub name: String,
    /// The plan, if there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plan: Option<String>,
    /// The user name at the tenant, for those with a plan.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_name: Option<String>,
}

impl Outgoing {
    /// Brings together what was decided. Users that are gone from the installation are left out; whether everything
    /// keeps the rules is for [`super::problems()`] and the tenant to say.
    pub fn gather(database: &mut dyn Database, decisions: &Decisions) -> Result<Self> {
        let people = People::read(database)?;
        let mut call = Call {
            notifications: Notifications {
                welcome: decisions.welcome.unwrap_or(false),
                summary: decisions.summary.clone(),
            },
            ..Call::default()
        };
        let (mut users, mut without) = (Vec::new(), Vec::new());
        let mut plans: BTreeMap<String, u64> = BTreeMap::new();
        for user in people.users() {
            let (login, name) = (user.login.clone(), user.name.clone());
            let Some(plan) = decisions.plan(user.id) else {
                if user.is_active_employee() {
                    without.push(SentUser { login, name, plan: None, user_name: None });
                }
                continue;
            };
            let user_name = decisions.name_of(user).unwrap_or_default().trim().to_owned();
            *plans.entry(plan.to_owned()).or_default() += 1;
            users.push(SentUser {
                login: login.clone(),
                name: name.clone(),
                plan: Some(plan.to_owned()),
                user_name: Some(user_name.clone()),
            });
            let (kind, administrator) = (user.kind, user.administrator);
            call.users.push(PlanHolder {
                user: user.id,
                login,
                name,
                kind,
                administrator,
                plan: plan.to_owned(),
                user_name,
            });
        }
        removals(database, &Owners::of_plan_holders(&people, decisions), &mut |removed| {
            call.removed.push(removed);
            Ok(())
        })?;
        let without_plan = without.len() as u64;
        users.append(&mut without);
        let (notifications, removed) = (call.notifications.clone(), call.removed.clone());
        let sent = Sent { plans, without_plan, users, notifications, removed };
        Ok(Self { call, sent })
    }
}
