//! The guide's texts, in our own words.

use super::command::{Recovery, Task};
use super::view::Choice;
use crate::tenant::protocol::{Mode, TenantState};

/// What a person accepts.
pub(super) const TERMS: [&str; 5] = [
    "This copies the whole CRM and Service database, the document templates, the document archive and the attachments of Customer Service to the online tenant, where the database is converted to the newest version.",
    "Every user who gets a plan is created online with an e-mail address as user name. Passwords do not come along: each user sets a new one, by a link that is valid for 48 hours.",
    "A test migration changes nothing here and can be repeated. A live migration freezes this installation and is done once; afterwards only documents that were missing can be brought.",
    "Every document is accounted for: it arrives and is proven by the tenant, or the report says why it did not.",
    "Stopping costs nothing. The same migration goes on where it was, also after a crash.",
];

/// What may stop working.
pub(super) const CAUTIONS: [&str; 4] = [
    "Customizations and integrations may stop working online: compiled plug-ins, scripts on the server, changed web pages, programs that read the database directly.",
    "Users of the web client are not kept out by the freeze of a live migration: tell everybody to stop working before it begins.",
    "Travel and satellite databases must be brought home before.",
    "Do not change the company name or the serial number of the licence between the first run and the last.",
];

/// Languages that mails can be written in.
pub(super) const LANGUAGES: [&str; 3] = ["en", "nb", "de"];

/// Test or live.
pub(super) fn modes(tenant: Option<TenantState>) -> Vec<Choice<Mode>> {
    let accepted = (tenant == Some(TenantState::Running)).then(|| "a live migration was accepted already".to_owned());
    vec![
        Choice {
            value: Mode::Test,
            title: "Test migration",
            means: "Nothing is changed here, and nobody can log in there. It can be repeated as often as you like; each time replaces what the time before brought.",
            not: accepted,
        },
        Choice {
            value: Mode::Live,
            title: "Live migration",
            means: "This installation is frozen while it runs, and users work online afterwards. It is accepted once and cannot be repeated.",
            not: None,
        },
    ]
}

/// The two kinds of recovery.
pub(super) fn recoveries(tenant: Option<TenantState>) -> Vec<Choice<Recovery>> {
    let running = (tenant == Some(TenantState::Running))
        .then(|| "users work online already: what they did must not be replaced".to_owned());
    vec![
        Choice {
            value: Recovery::Missing,
            title: "Upload missing files",
            means: "Documents that were missing or have changed are brought. The online database stays as it is.",
            not: None,
        },
        Choice {
            value: Recovery::Overwrite,
            title: "Overwrite existing test migration",
            means: "A fresh copy of the database replaces the one of the test. Of the documents only new and changed ones are sent.",
            not: running,
        },
    ]
}

impl Task {
    /// All of them, in the order of the guide.
    pub const ALL: [Self; 3] = [Self::Plans, Self::Names, Self::Notifications];

    /// What it is about, as part of a sentence.
    #[must_use]
    pub fn title(self) -> &'static str {
        match self {
            Self::Plans => "user plans",
            Self::Names => "user names",
            Self::Notifications => "e-mail notifications",
        }
    }

    /// Its name in the guide.
    #[must_use]
    pub fn heading(self) -> &'static str {
        match self {
            Self::Plans => "Check user plans",
            Self::Names => "Check user names",
            Self::Notifications => "Check e-mail notifications",
        }
    }
}

/// What is to be done after an upload.
pub(super) fn next(left: u64, mode: Mode, committed: bool) -> Vec<String> {
    let mut next = Vec::new();
    if !committed {
        next.push("The tenant has not accepted this migration yet: do what the trouble says, and upload again.".into());
    }
    if left > 0 {
        next.push(format!(
            "{left} documents did not come. The list says why for each: put files back or mend the rows, and look again."
        ));
    }
    if mode == Mode::Test {
        next.push("This was a test: nobody can log in online. Look at the tenant, decide, and start over for the live migration.".into());
    } else {
        next.push("Users get an e-mail with a link to set their password; it is valid for 48 hours.".into());
        next.push(
            "Forward the old mailboxes to the new addresses, and change the SPF records, as the page about mail says."
                .into(),
        );
        next.push("Try the customizations and integrations that the checks named: some do not work online.".into());
    }
    next
}
