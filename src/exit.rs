//! How the process ends. These numbers are part of the interface: scripts act on them.

use crate::{Code, Error};

/// The exit status of every command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Exit {
    /// Everything is verified.
    Verified = 0,
    /// Complete, with items missing or left behind.
    Left = 1,
    /// The command line or the configuration cannot be used.
    Usage = 2,
    /// A check before the start forbids it.
    Blocked = 3,
    /// Not complete: the same command resumes.
    Incomplete = 4,
    /// Two things that must be equal are not.
    Different = 5,
    /// Somebody stopped it; the same command resumes.
    Interrupted = 130,
}

impl Exit {
    /// The exit status with this number; what is no number of ours is [`Incomplete`](Self::Incomplete).
    #[must_use]
    pub fn of(number: u8) -> Self {
        let all = [Self::Verified, Self::Left, Self::Usage, Self::Blocked, Self::Different, Self::Interrupted];
        all.into_iter().find(|exit| u8::from(*exit) == number).unwrap_or(Self::Incomplete)
    }
}

impl From<Exit> for u8 {
    fn from(exit: Exit) -> Self {
        exit as Self
    }
}

impl From<&Error> for Exit {
    fn from(error: &Error) -> Self {
        match error.code() {
            Code::ConfigInvalid
            | Code::ConfigMissing
            | Code::InstallationNotFound
            | Code::DatabaseUnreadable
            | Code::DatabaseDenied
            | Code::DatabaseAbsent
            | Code::DatabaseUntrusted
            | Code::ArchiveUnreachable
            | Code::LedgerNewer
            | Code::LedgerDamaged
            | Code::LedgerBusy
            | Code::LedgerForeign
            | Code::PeopleInvalid
            | Code::FreezeRefused
            | Code::TerminalAbsent
            | Code::TenantDenied => Self::Usage,
            Code::TenantRefused | Code::CheckBlocked | Code::CommandRefused | Code::InstallationWritten => {
                Self::Blocked
            }
            Code::LedgerUnusable
            | Code::DatabaseUnreachable
            | Code::TenantUnreachable
            | Code::TenantFaulty
            | Code::StoreUnusable
            | Code::DatabaseChanged
            | Code::FreezeStuck
            | Code::Io
            | Code::Internal => Self::Incomplete,
            Code::PackInvalid | Code::PartInvalid | Code::VerificationFailed => Self::Different,
            Code::Interrupted => Self::Interrupted,
        }
    }
}
