//! English.

use super::Texts;

pub(super) static TEXTS: Texts = Texts {
    html_language: "en",
    greeting: "Hello {name},",
    welcome_subject: "{company} has moved: your user name online",
    welcome: "the CRM system of {company} has moved online. Your user name is {user_name}, and you work with the plan {plan}.",
    password: "Passwords have not moved. When you log in for the first time, ask for a new password and choose one of your own. Nobody will ask you for it by e-mail.",
    login: "You log in at {login}",
    questions: "If you have questions, write to {contact} at {contact_email}.",
    summary_subject: "Users of {company} online",
    summary: "These {count} users of {company} have a plan online:",
    columns: ["Name", "User name", "Plan", "Administrator"],
    yes: "yes",
    more: "and {more} more, which the report of the migration lists.",
    completed_subject: "Upload completed: {company}",
    completed: "the upload for {company} is complete and was accepted: {items} items ({size}), each of them read again and proven, and {users} users with a plan.",
    absent: "{absent} items were left behind. The report of the migration says of each why.",
    after_test: "This was a test migration: nobody can log in, no user was written to, and the on-site system stays in use.",
    after_live: "This was the real migration: the online system is in use from now on.",
    automatic: "This message was sent by the online system when it accepted the migration.",
};
