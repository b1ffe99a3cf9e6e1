//! Who may log in: what a migration says about users, judged again and kept.
//!
//! A client may have judged by an older list of plans, or not at all, so the tenant applies the same rules to what it
//! was sent. The list goes into the store first, under the name of its digest, and the card says which one counts; so it
//! survives the catalogue, and whoever repeats a call changes nothing. The next migration replaces it. Once the tenant
//! is running its users are real people who log in: from then on only the very same list is accepted.

use super::card::{Card, PeopleCard};
use super::held::Tenant;
use super::protocol::{Conflict, People as Call, PeopleTaken, TenantState};
use crate::digest::Digest;
use crate::people::{Decisions, People, Plans, ProblemKind, User, problems};
use crate::{Code, Error, Result};
use std::collections::HashSet;

/// The longest text of a user: no column of the vendor's holds more.
const LONGEST: usize = 1000;

impl Tenant {
    /// Takes the people of a migration; the inner error is what does not fit.
    pub(crate) fn put_people(&self, call: &Call) -> Result<Result<PeopleTaken, Vec<Conflict>>> {
        let bytes = serde_json::to_vec(call)
            .map_err(|cause| Error::new(Code::Internal, "people cannot be written").because(cause))?;
        let users = u32::try_from(call.users.len()).unwrap_or(u32::MAX);
        let people = PeopleCard { name: Digest::of(&bytes), users };
        // Who migrates may become known late: that changes nothing for users.
        let without_contact = |people: &Call| Call { contact: None, ..people.clone() };
        let known = self.people()?.is_some_and(|known| without_contact(&known) == without_contact(call));
        let taken = self.change(|card, _| {
            let before = card.people;
            if card.state == TenantState::Running {
                if before == Some(people) {
                    return Ok(Ok(PeopleTaken { users, replaced: false }));
                }
                if !known {
                    return Err(Error::new(Code::TenantRefused, "the tenant is running: its users are managed there")
                        .hint("change users online"));
                }
            }
            let conflicts = conflicts(call, card);
            if !conflicts.is_empty() {
                return Ok(Err(conflicts));
            }
            if before != Some(people) {
                let (objects, path) = (self.objects.clone(), self.objects.people_path(&people.name));
                self.objects.place.wait(async move { objects.put(&path, bytes.into()).await })?;
                card.people = Some(people);
            }
            Ok(Ok(PeopleTaken { users, replaced: before.is_some_and(|before| before != people) }))
        })?;
        if taken.is_ok() {
            self.remove_other_people()?;
        }
        Ok(taken)
    }

    /// The people that were put last.
    pub(crate) fn people(&self) -> Result<Option<Call>> {
        self.card().people.map(|people| self.people_named(&people.name)).transpose()
    }

    /// A list of people, by its name.
    pub(super) fn people_named(&self, name: &Digest) -> Result<Call> {
        let (objects, path) = (self.objects.clone(), self.objects.people_path(name));
        let damaged =
            |what: &str| Error::new(Code::StoreUnusable, format!("the list of people in the store is {what}"));
        let bytes = self.objects.place.wait(async move { objects.get(&path).await })?.ok_or_else(|| damaged("gone"))?;
        if Digest::of(&bytes) != *name {
            return Err(damaged("damaged"));
        }
        serde_json::from_slice(&bytes).map_err(|cause| damaged("not to be understood").because(cause))
    }

    /// Removes the lists that do not count: they are about people.
    fn remove_other_people(&self) -> Result<()> {
        let (objects, current) = (self.objects.clone(), self.refresh()?.people);
        self.objects.place.wait(async move {
            for other in objects.people().await? {
                if current.is_none_or(|current| current.name != other.name) {
                    objects.remove(&objects.people_path(&other.name)).await?;
                }
            }
            Ok(())
        })
    }
}

/// Everything that does not fit.
fn conflicts(call: &Call, card: &Card) -> Vec<Conflict> {
    let mut found = Vec::new();
    let (mut users, mut decisions, mut seen) = (Vec::new(), Decisions::default(), HashSet::new());
    for holder in &call.users {
        let mut add =
            |kind: &str, text: String| found.push(Conflict { kind: kind.to_owned(), user: Some(holder.user), text });
        if !seen.insert(holder.user) {
            add("duplicate-user", format!("{}: user {} is in the list twice", holder.login, holder.user));
            continue;
        }
        if [&holder.login, &holder.name, &holder.user_name].iter().any(|text| text.len() > LONGEST) {
            add("too-long", format!("user {}: a name is longer than {LONGEST} bytes", holder.user));
            continue;
        }
        let administrator = holder.administrator;
        users.push(User { administrator, ..User::new(holder.user, holder.login.clone(), holder.kind) });
        decisions.set_plan(holder.user, Some(holder.plan.clone()));
        decisions.set_name(holder.user, Some(&holder.user_name));
    }
    if let Some(contact) = &call.contact
        && [&contact.name, &contact.email, &contact.phone, &contact.language].iter().any(|text| text.len() > LONGEST)
    {
        let text = format!("what is said about the contact is longer than {LONGEST} bytes");
        found.push(Conflict { kind: "too-long".to_owned(), user: None, text });
    }
    decisions.summary.clone_from(&call.notifications.summary);
    let plans = Plans::new(&card.plans, &card.taken_names);
    let mut broken = problems(&People::of(users), &decisions, &plans);
    // Everything was taken back: that leaves nobody, which is what there was before the first list.
    broken.retain(|problem| !call.users.is_empty() || problem.kind != ProblemKind::NoAdministrator);
    found.extend(broken.into_iter().map(|problem| Conflict {
        kind: problem.kind.as_str().to_owned(),
        user: problem.user,
        text: problem.text,
    }));
    found
}
