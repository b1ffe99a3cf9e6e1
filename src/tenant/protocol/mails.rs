//! `GET …/mails`: what the tenant writes to people, and how that goes.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Who migrates: the tenant writes to this person when an upload was accepted.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Contact {
    /// The person's name.
    pub name: String,
    /// Where the person is written to.
    pub email: String,
    /// Where the person is called.
    #[serde(default)]
    pub phone: String,
    /// The language of all mails, as `en` or `nb`.
    #[serde(default)]
    pub language: String,
}

/// How the mails of a tenant stand.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct Mails {
    /// Whether the tenant has a mail server. Without one everything waits until it is started with one.
    pub server: bool,
    /// Mails that wait to be sent.
    pub waiting: u64,
    /// Mails that the mail server has taken.
    pub sent: u64,
    /// Mails that will not be sent: the mail server does not take them, or they came too late.
    pub refused: u64,
    /// Mails of which nobody knows any more whether they were sent: the catalogue was lost.
    pub unknown: u64,
    /// Of those that were sent, how many may have arrived twice: the mail server fell silent before it confirmed the first try.
    pub doubtful: u64,
    /// Why nothing can be sent at the moment.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trouble: Option<String>,
    /// The mails that were refused or are unknown, and those that wait after a try; the first of them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub troubles: Vec<MailTrouble>,
}

impl Mails {
    /// Whether there is nothing to tell.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.waiting + self.sent + self.refused + self.unknown == 0
    }

    /// All of it in one line, as reports say it.
    #[must_use]
    pub fn line(&self) -> String {
        if self.is_empty() {
            return "none".into();
        }
        if !self.server && self.sent == 0 {
            return format!("not sent, the tenant has no mail server; {} wait", self.waiting + self.unknown);
        }
        let mut parts = vec![format!("{} sent", self.sent)];
        for (count, word) in [(self.waiting, "waiting"), (self.refused, "refused"), (self.unknown, "unknown")] {
            if count > 0 {
                parts.push(format!("{count} {word}"));
            }
        }
        if self.doubtful > 0 {
            parts.push(format!("{} may have arrived twice", self.doubtful));
        }
        if let Some(trouble) = &self.trouble {
            parts.push(format!("at the moment: {trouble}"));
        }
        parts.join(", ")
    }
}

/// A mail with which something is wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct MailTrouble {
    /// `welcome`, `summary` or `completed`.
    pub mail: String,
    /// The user that it is for, if it is for one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<i64>,
    /// Where it was to go.
    pub address: String,
    /// `waiting`, `refused` or `unknown`.
    pub state: String,
    /// Why, as the mail server said it.
    pub reason: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_line_tells_how_mails_stand() {
        let mut mails = Mails::default();
        assert_eq!(mails.line(), "none");
        mails.waiting = 3;
        assert_eq!(mails.line(), "not sent, the tenant has no mail server; 3 wait");
        (mails.server, mails.sent, mails.refused) = (true, 7, 1);
        assert_eq!(mails.line(), "7 sent, 3 waiting, 1 refused");
        assert_eq!(serde_json::from_str::<Mails>("{}").unwrap(), Mails::default());
    }
}
