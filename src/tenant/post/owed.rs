//! Which mails an accepted migration owes.
//!
//! It is worked out from the card and the list of people, whenever somebody asks: after a commit, and when the tenant is opened,
//! in case the process died between the two. Names keep the outbox from owing anything twice: a welcome belongs to the
//! migration and the user, for ever; a summary to the list of users that it tells; the word of completion to the run.

use super::letter::Facts;
use super::now;
use super::texts::Language;
use crate::Result;
use crate::digest::Digest;
use crate::tenant::catalogue::{Letter, MailState};
use crate::tenant::held::Tenant;
use crate::tenant::protocol::{Mode, People};

/// The kinds of which only the newest is wanted.
const SUPERSEDED: [&str; 2] = ["summary", "completed"];

impl Tenant {
    /// Enters what the last accepted run owes. A commit never fails by this: what could not be entered is entered when the
    /// tenant is opened again.
    pub(crate) fn owe_mails(&self) {
        if let Err(error) = self.enter_mails(MailState::Waiting) {
            tracing::error!(customer = self.objects.customer, error = error.chain(), "mails cannot be entered");
        }
    }

    /// Enters what the last accepted run owes, as `state`; gives how many mails are new.
    pub(crate) fn enter_mails(&self, state: MailState) -> Result<usize> {
        let card = self.card();
        let (Some(accepted), Some(run)) = (card.accepted, card.run.as_ref()) else { return Ok(0) };
        // A list that was put since then is not the one that was accepted.
        let counts = card.people.map(|people| people.name) == accepted.people;
        let Some(people) = self.people()?.filter(|_| counts) else { return Ok(0) };
        let totals = self.totals()?;
        let about = About {
            migration: run.migration,
            company: &run.company,
            mode: accepted.mode,
            run: accepted.run,
            items: totals.verified as u64,
            bytes: totals.verified_bytes as u64,
            absent: totals.absent as u64,
        };
        let letters = about.letters(&people);
        self.catalogue.write(|writing| writing.owe(&letters, state, &SUPERSEDED, now()))
    }
}

/// The migration that mails are about.
struct About<'a> {
    migration: uuid::Uuid,
    company: &'a str,
    mode: Mode,
    run: u32,
    items: u64,
    bytes: u64,
    absent: u64,
}

impl About<'_> {
    fn letters(&self, people: &People) -> Vec<Letter> {
        let contact = people.contact.clone().unwrap_or_default();
        let language = Language::of(&contact.language);
        let (migration, company, test) = (self.migration, self.company.to_owned(), self.mode == Mode::Test);
        let mut letters = Vec::new();
        let mut add = |name: String, kind: &'static str, user: Option<i64>, address: &str, facts: &Facts| {
            // A structure of strings and numbers with text keys always becomes JSON.
            let facts = serde_json::to_string(facts).unwrap_or_default();
            letters.push(Letter { name, kind, user, address: address.trim().to_owned(), facts });
        };
        if people.notifications.welcome && !test {
            for user in &people.users {
                let facts = Facts::Welcome {
                    language,
                    company: company.clone(),
                    name: user.name.clone(),
                    user_name: user.user_name.clone(),
                    plan: user.plan.clone(),
                    contact: contact.clone(),
                };
                add(format!("welcome/{migration}/{}", user.user), "welcome", Some(user.user), &user.user_name, &facts);
            }
        }
        if let Some(address) = &people.notifications.summary {
            // Users and plans make a new summary, whatever else is said with them.
            let list = Digest::of(&serde_json::to_vec(&people.users).unwrap_or_default());
            let facts = Facts::summary(language, company.clone(), test, people);
            let mode = if test { "test" } else { "live" };
            add(format!("summary/{migration}/{mode}/{list}/{address}"), "summary", None, address, &facts);
        }
        if !contact.email.trim().is_empty() {
            let facts = Facts::Completed {
                language,
                company,
                test,
                name: contact.name.clone(),
                items: self.items,
                bytes: self.bytes,
                absent: self.absent,
                users: people.users.len() as u64,
            };
            add(format!("completed/{migration}/{}", self.run), "completed", None, &contact.email, &facts);
        }
        letters
    }
}
