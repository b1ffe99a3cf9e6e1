//! Users in the report for a terminal: how many hold which plan, who holds none, and which addresses were removed.

use super::more;
use crate::Result;
use crate::people::{Sent, SentUser};
use crate::report::paper::Paper;
use crate::report::safe::Plain;
use crate::tenant::protocol::RemovedAddress;

/// The entries of each list that are shown.
const FIRST: usize = 20;

/// Writes them.
pub(super) fn write(people: &Sent, paper: &mut Paper<'_>) -> Result<()> {
    writeln!(paper, "\nusers, as the tenant was told")?;
    for (plan, users) in &people.plans {
        writeln!(paper, "  {users:>9}  {}", Plain(plan))?;
    }
    writeln!(paper, "  {:>9}  without a plan: they cannot log in", people.without_plan)?;
    let without: Vec<&SentUser> = people.users.iter().filter(|user| user.plan.is_none()).collect();
    for user in without.iter().take(FIRST) {
        writeln!(paper, "             {:<12} {}", Plain(&user.login).to_string(), Plain(&user.name))?;
    }
    more(paper, without.len() as u64, FIRST as u64, "user")?;
    let welcome = if people.notifications.welcome { "is sent to users" } else { "is not sent" };
    writeln!(paper, "  a welcome e-mail {welcome}")?;
    if let Some(summary) = &people.notifications.summary {
        writeln!(paper, "  the summary of users goes to {}", Plain(summary))?;
    }
    if people.removed.is_empty() {
        return Ok(());
    }
    writeln!(paper, "\naddresses that became user names, removed from other cards ({})", people.removed.len())?;
    for removed in people.removed.iter().take(FIRST) {
        writeln!(paper, "  {}", Plain(&removed.address))?;
        writeln!(paper, "      {}; now the user name of {}", Plain(card(removed)), Plain(&removed.login))?;
    }
    more(paper, people.removed.len() as u64, FIRST as u64, "address")
}

/// Which card, and where on it.
pub(in crate::report) fn card(removed: &RemovedAddress) -> String {
    format!(
        "card of {}, person {}, e-mail row {}, rank {}",
        removed.person_name, removed.person, removed.email, removed.rank
    )
}
