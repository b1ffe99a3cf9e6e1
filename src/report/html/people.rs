//! The section of users: plans, who holds which, and the addresses that were removed from other cards.

use super::lists::{MOST, more};
use super::scroll;
use crate::Result;
use crate::people::Sent;
use crate::report::paper::Paper;
use crate::report::safe::Html;
use crate::report::text::card;
use crate::report::units::Grouped;

/// Writes it.
pub(super) fn section(people: &Sent, paper: &mut Paper<'_>) -> Result<()> {
    let notifications = &people.notifications;
    let welcome = if notifications.welcome { "Users get a welcome e-mail" } else { "No welcome e-mail is sent" };
    write!(
        paper,
        "<section id=\"people\"><h2>Users <span class=\"count\">{}</span></h2><p class=\"note\">As the tenant was told. {welcome}",
        Grouped(people.users.len() as u64)
    )?;
    if let Some(summary) = &notifications.summary {
        write!(paper, "; the summary goes to {}", Html(summary))?;
    }
    writeln!(paper, ".</p>")?;
    writeln!(
        paper,
        "<table class=\"plain\"><thead><tr><th scope=\"col\">Plan</th><th scope=\"col\" class=\"number\">Users</th></tr></thead><tbody>"
    )?;
    for (plan, users) in &people.plans {
        writeln!(paper, "<tr><th scope=\"row\">{}</th><td class=\"number\">{}</td></tr>", Html(plan), Grouped(*users))?;
    }
    writeln!(
        paper,
        "<tr><th scope=\"row\">No plan<small>they cannot log in</small></th><td class=\"number\">{}</td></tr></tbody></table>",
        Grouped(people.without_plan)
    )?;
    writeln!(paper, "<details><summary>all of them</summary>")?;
    scroll(paper, "Users")?;
    writeln!(
        paper,
        "<table><thead><tr><th scope=\"col\">Log-in</th><th scope=\"col\">Name</th><th scope=\"col\">Plan</th>\
         <th scope=\"col\">User name</th></tr></thead><tbody>"
    )?;
    for user in people.users.iter().take(MOST as usize) {
        writeln!(
            paper,
            "<tr><th scope=\"row\">{}</th><td>{}</td><td>{}</td><td>{}</td></tr>",
            Html(&user.login),
            Html(&user.name),
            Html(user.plan.as_deref().unwrap_or("none")),
            Html(user.user_name.as_deref().unwrap_or_default())
        )?;
    }
    writeln!(paper, "</tbody></table></div>")?;
    more(paper, people.users.len() as u64)?;
    writeln!(paper, "</details>")?;
    removed(people, paper)?;
    writeln!(paper, "</section>")
}

fn removed(people: &Sent, paper: &mut Paper<'_>) -> Result<()> {
    if people.removed.is_empty() {
        return Ok(());
    }
    writeln!(
        paper,
        "<h3>Removed addresses <span class=\"count\">{}</span></h3><p class=\"note\">They became user names, and are not \
         on these cards online. On-site nothing was changed.</p>\
         <table class=\"list\"><thead><tr><th scope=\"col\">Address</th><th scope=\"col\">Card</th></tr></thead><tbody>",
        Grouped(people.removed.len() as u64)
    )?;
    for removed in people.removed.iter().take(MOST as usize) {
        writeln!(
            paper,
            "<tr><th scope=\"row\"><bdi>{}</bdi></th><td>{}<p>now the user name of {}</p></td></tr>",
            Html(removed.address.trim()),
            Html(card(removed)),
            Html(&removed.login)
        )?;
    }
    writeln!(paper, "</tbody></table>")?;
    more(paper, people.removed.len() as u64)
}
