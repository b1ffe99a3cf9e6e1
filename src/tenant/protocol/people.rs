//! `PUT …/people`: who may log in at the tenant.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The kinds of accounts that the vendor knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum UserKind {
    /// Somebody who works for the owner of the installation.
    Employee,
    /// A room, a car, a projector.
    Resource,
    /// Somebody from outside; not supported online.
    External,
    /// Whoever fills in a form on a web page; not supported online.
    Anonymous,
    /// A program.
    System,
}

impl UserKind {
    /// The kind by `associate.type`, whose bits say no person, anonymous, no calendar and no sentry.
    #[must_use]
    pub fn of(number: i64) -> Self {
        match number {
            0 => Self::Employee,
            number if number & 8 != 0 => Self::System,
            number if number & 2 != 0 => Self::Anonymous,
            number if number & 4 != 0 => Self::External,
            _ => Self::Resource,
        }
    }

    /// The word for it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Employee => "employee",
            Self::Resource => "resource",
            Self::External => "external",
            Self::Anonymous => "anonymous",
            Self::System => "system",
        }
    }
}

/// Everybody who holds a plan, and what follows from it. It replaces what was put before.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct People {
    /// The users with a plan. Others come with the database and cannot log in.
    pub users: Vec<PlanHolder>,
    /// Who is told.
    #[serde(default)]
    pub notifications: Notifications,
    /// Addresses that became user names and are therefore removed from the cards of other persons.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub removed: Vec<RemovedAddress>,
    /// Who migrates, where that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contact: Option<super::Contact>,
}

/// A user with a plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PlanHolder {
    /// `associate_id` of the installation.
    pub user: i64,
    /// The log-in on-site.
    pub login: String,
    /// The full name.
    pub name: String,
    /// The kind of account.
    pub kind: UserKind,
    /// Whether the user may administer users.
    pub administrator: bool,
    /// The plan.
    pub plan: String,
    /// The user name, an e-mail address.
    pub user_name: String,
}

/// Which messages are sent when the migration is accepted.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Notifications {
    /// Whether users get a welcome e-mail.
    #[serde(default)]
    pub welcome: bool,
    /// Who gets the summary of users.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub summary: Option<String>,
}

/// An address on the card of a person who is not the user that it became the name of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RemovedAddress {
    /// `email_id` of the row.
    pub email: i64,
    /// `person_id` of the card.
    pub person: i64,
    /// The name on the card.
    pub person_name: String,
    /// The rank of the row on the card.
    pub rank: i64,
    /// The address as it is written there.
    pub address: String,
    /// The user whose name it became.
    pub user: i64,
    /// The log-in of that user.
    pub login: String,
}

/// The answer to [`People`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PeopleTaken {
    /// How many users hold a plan now.
    pub users: u32,
    /// Whether others held one before.
    pub replaced: bool,
}

/// Something that does not fit: an entry of a problem document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Conflict {
    /// Which rule it breaks, such as `duplicate-name`.
    pub kind: String,
    /// Whose it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<i64>,
    /// In one line.
    pub text: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_vendors_numbers_are_bits() {
        let kinds = [0, 1, 4, 5, 7, 13].map(|number| UserKind::of(number).as_str());
        assert_eq!(kinds, ["employee", "resource", "external", "external", "anonymous", "system"]);
        assert_eq!(serde_json::to_value(UserKind::External).unwrap(), "external");
    }
}
