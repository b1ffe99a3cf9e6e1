//! The log-on of a local administrator: may this person migrate the installation, and how far is that proven?
//!
//! Existence, activity and right are read from the database. The password is not: how the vendor hashes it is not public.
//! It is proven where the vendor documents how, by asking the on-site web services who it belongs to (`rest.rs`). A [`Logon`] says
//! for each of the four what was proven and how, or why not; nothing here turns *not proven* into *proven*. Passwords live in
//! memory only.

mod attempts;
mod rest;
mod user;

pub use attempts::Attempts;
pub use rest::{Endpoint, PATIENCE};
pub use user::Account;

use super::database::Database;
use super::{Number, Version};
use crate::Result;
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use std::time::Duration;
use user::Matched;

/// What is to be proven.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Claim {
    /// There is exactly one such user.
    Exists,
    /// The user is an employee and not retired.
    Active,
    /// A role of the user carries the right to migrate.
    Right,
    /// The password is the user's.
    Password,
}

/// How a claim ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Standing {
    /// It holds.
    Proven,
    /// It does not.
    Refuted,
    /// Nobody knows.
    Open,
}

/// A claim, how it ended, and how that is known.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Proof {
    /// What was to be proven.
    pub claim: Claim,
    /// How it ended.
    pub standing: Standing,
    /// How that is known, or why it is not.
    pub how: String,
}

/// What follows from it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// Everything is proven.
    Proven,
    /// Nothing speaks against it, but the password is not proven.
    Allowed,
    /// This user may not migrate.
    Denied,
    /// The password is wrong.
    WrongPassword,
}

/// A log-on.
#[derive(Debug, Clone, Serialize)]
pub struct Logon {
    /// What was typed as user.
    pub user: String,
    /// Whose row it is.
    pub account: Option<Account>,
    /// What was proven, in the order in which it was tried. What would rest on something refuted was not tried.
    pub proofs: Vec<Proof>,
}

impl Logon {
    /// What the database says about the user.
    pub fn look_up(database: &mut dyn Database, user: &str) -> Result<Self> {
        let mut logon = Self { user: user.trim().to_owned(), account: None, proofs: Vec::new() };
        let account = match user::find(database, &logon.user)? {
            Matched::One(account, how) => {
                logon.note(Claim::Exists, Standing::Proven, how);
                account
            }
            Matched::None => {
                let how = format!("no user has `{}` as initials, user name or e-mail address", logon.user);
                logon.note(Claim::Exists, Standing::Refuted, how);
                return Ok(logon);
            }
            Matched::Several(how) => {
                logon.note(Claim::Exists, Standing::Refuted, how);
                return Ok(logon);
            }
        };
        match account.inactive() {
            None => {
                logon.note(Claim::Active, Standing::Proven, "the user is an employee and not retired".into());
                let rights = user::rights(database, account.associate)?;
                let held: Vec<_> = rights.iter().filter(|held| held.admits()).map(ToString::to_string).collect();
                if held.is_empty() {
                    let how = "no role of the user carries `admin-all` or `admin-users`".to_owned();
                    logon.note(Claim::Right, Standing::Refuted, how);
                } else {
                    logon.note(Claim::Right, Standing::Proven, held.join(", "));
                }
            }
            Some(why) => logon.note(Claim::Active, Standing::Refuted, why),
        }
        logon.account = Some(account);
        Ok(logon)
    }

    /// Asks the on-site web services whether the password is the user's. `absent` says why there is no endpoint.
    pub async fn check_password(
        &mut self,
        password: Option<&SecretString>,
        endpoint: Result<&Endpoint, &str>,
        version: &Version,
        patience: Duration,
    ) {
        let Some(account) = self.account.clone() else { return };
        if self.denied() {
            // Who may not migrate anyway need not show a password to anybody.
            return;
        }
        let old = version.meets(Number::REST) == Some(false);
        let (standing, how) = match (password, endpoint) {
            (None, _) => (Standing::Open, "no password was given".to_owned()),
            (Some(_), _) if old => {
                (Standing::Open, format!("web services that could be asked came with version {}", Number::REST))
            }
            (Some(_), Err(absent)) => (Standing::Open, absent.to_owned()),
            (Some(password), Ok(endpoint)) => endpoint.ask(&account, password, patience).await,
        };
        self.note(Claim::Password, standing, how);
    }

    fn note(&mut self, claim: Claim, standing: Standing, how: String) {
        self.proofs.push(Proof { claim, standing, how });
    }

    fn denied(&self) -> bool {
        let stands = |proof: &Proof| proof.standing == Standing::Refuted && proof.claim != Claim::Password;
        self.proofs.iter().any(stands)
    }

    /// What follows from the proofs.
    #[must_use]
    pub fn verdict(&self) -> Verdict {
        let password = self.proofs.iter().find(|proof| proof.claim == Claim::Password).map(|proof| proof.standing);
        match password {
            _ if self.denied() || self.account.is_none() => Verdict::Denied,
            Some(Standing::Proven) => Verdict::Proven,
            Some(Standing::Refuted) => Verdict::WrongPassword,
            Some(Standing::Open) | None => Verdict::Allowed,
        }
    }
}

#[cfg(test)]
mod tests;
