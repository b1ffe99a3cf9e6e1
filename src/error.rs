//! One error type for everything that a person may have to read.
//!
//! An [`Error`] says what happened, to what, and what to do next. Its [`Code`] is stable: front ends and
//! scripts may match on it, and each code decides the exit status of the process. Errors about a single
//! item are not this type: they are outcomes and travel through the pipeline (see [`crate::item::Outcome`]).

use std::error::Error as StdError;
use std::fmt;

/// What a fallible call in this crate returns.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What kind of trouble it is. The text form (`config.invalid`) is part of the interface.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Code {
    /// A file, key or argument that cannot be understood.
    ConfigInvalid,
    /// Something that was asked for is not configured.
    ConfigMissing,
    /// No installation where one was expected.
    InstallationNotFound,
    /// The CRM database cannot be opened or read.
    DatabaseUnreadable,
    /// A table is not what it was when the tables were listed.
    DatabaseChanged,
    /// The server of the CRM database does not answer, or the connection to it was lost.
    DatabaseUnreachable,
    /// The server does not accept the login, or the login may not read what must be read.
    DatabaseDenied,
    /// The server has no such database, or none that the login may open.
    DatabaseAbsent,
    /// The server shows a certificate that is not trusted, or cannot encrypt.
    DatabaseUntrusted,
    /// An archive root is not there or cannot be listed.
    ArchiveUnreachable,
    /// The ledger cannot be opened, read or written.
    LedgerUnusable,
    /// The ledger was written by a newer version of this program.
    LedgerNewer,
    /// The ledger does not hold what it must hold.
    LedgerDamaged,
    /// Another process works with this ledger.
    LedgerBusy,
    /// The ledger belongs to another migration.
    LedgerForeign,
    /// The tenant does not answer.
    TenantUnreachable,
    /// The tenant does not accept the ticket.
    TenantDenied,
    /// The tenant understood and said no.
    TenantRefused,
    /// The tenant answered something that the protocol does not allow, or failed inside.
    TenantFaulty,
    /// The object store under a tenant failed.
    StoreUnusable,
    /// Users, plans or user names break a rule.
    PeopleInvalid,
    /// A pack that is not what its format or its name says.
    PackInvalid,
    /// A check before the start found what nobody has waived.
    CheckBlocked,
    /// The wizard does not take this command now.
    CommandRefused,
    /// There is nobody to answer questions.
    TerminalAbsent,
    /// A part of a table that is not what its format, its head or its name says.
    PartInvalid,
    /// Two things that must be equal are not.
    VerificationFailed,
    /// The installation cannot be held still: a file or the database does not take what would freeze it.
    FreezeRefused,
    /// The installation cannot be put back as it was before the freeze.
    FreezeStuck,
    /// Somebody has written while the installation was frozen.
    InstallationWritten,
    /// Reading or writing a file failed.
    Io,
    /// A part of the program ended when it should not have.
    Internal,
    /// Somebody asked to stop.
    Interrupted,
}

impl Code {
    /// The stable text of the code.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::ConfigInvalid => "config.invalid",
            Self::ConfigMissing => "config.missing",
            Self::InstallationNotFound => "installation.not-found",
            Self::DatabaseUnreadable => "database.unreadable",
            Self::DatabaseChanged => "database.changed",
            Self::DatabaseUnreachable => "database.unreachable",
            Self::DatabaseDenied => "database.denied",
            Self::DatabaseAbsent => "database.absent",
            Self::DatabaseUntrusted => "database.untrusted",
            Self::ArchiveUnreachable => "archive.unreachable",
            Self::LedgerUnusable => "ledger.unusable",
            Self::LedgerNewer => "ledger.newer",
            Self::LedgerDamaged => "ledger.damaged",
            Self::LedgerBusy => "ledger.busy",
            Self::LedgerForeign => "ledger.foreign",
            Self::TenantUnreachable => "tenant.unreachable",
            Self::TenantDenied => "tenant.denied",
            Self::TenantRefused => "tenant.refused",
            Self::TenantFaulty => "tenant.faulty",
            Self::StoreUnusable => "store.unusable",
            Self::PeopleInvalid => "people.invalid",
            Self::PackInvalid => "pack.invalid",
            Self::CheckBlocked => "check.blocked",
            Self::CommandRefused => "command.refused",
            Self::TerminalAbsent => "terminal.absent",
            Self::PartInvalid => "part.invalid",
            Self::VerificationFailed => "verification.failed",
            Self::FreezeRefused => "freeze.refused",
            Self::FreezeStuck => "freeze.stuck",
            Self::InstallationWritten => "installation.written",
            Self::Io => "io",
            Self::Internal => "internal",
            Self::Interrupted => "interrupted",
        }
    }

    /// Whether the same call may succeed later without anybody changing anything.
    #[must_use]
    pub fn is_retryable(self) -> bool {
        matches!(self, Self::DatabaseUnreachable | Self::TenantUnreachable | Self::TenantFaulty | Self::StoreUnusable)
    }
}

/// An error with its code, its hint and its cause.
pub struct Error(Box<Inner>);

/// Boxed so that a `Result` stays one word wide.
struct Inner {
    code: Code,
    message: String,
    hint: Option<String>,
    source: Option<Box<dyn StdError + Send + Sync>>,
    retry_after: Option<std::time::Duration>,
}

impl Error {
    /// An error with a one-line message: lower case, no full stop.
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Self(Box::new(Inner { code, message: message.into(), hint: None, source: None, retry_after: None }))
    }

    /// A failed file operation on `path`.
    pub fn io(doing: &str, path: impl AsRef<std::path::Path>, source: std::io::Error) -> Self {
        Self::new(Code::Io, format!("cannot {doing} `{}`", path.as_ref().display())).because(source)
    }

    /// Adds what the reader should do next.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.0.hint = Some(hint.into());
        self
    }

    /// Adds the cause.
    #[must_use]
    pub fn because(mut self, source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        self.0.source = Some(source.into());
        self
    }

    /// Adds how long the other side wants to be left alone.
    #[must_use]
    pub fn after(mut self, pause: std::time::Duration) -> Self {
        self.0.retry_after = Some(pause);
        self
    }

    /// How long the other side wants to be left alone before the next try.
    #[must_use]
    pub fn retry_after(&self) -> Option<std::time::Duration> {
        self.0.retry_after
    }

    /// An error that says the same: the causes become part of the message.
    #[must_use]
    pub fn copy(&self) -> Self {
        Self(Box::new(Inner {
            code: self.0.code,
            message: self.chain(),
            hint: self.0.hint.clone(),
            source: None,
            retry_after: self.0.retry_after,
        }))
    }

    /// The stable code.
    #[must_use]
    pub fn code(&self) -> Code {
        self.0.code
    }

    /// The message without its causes.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// What to do next, where that is known.
    #[must_use]
    pub fn hint_text(&self) -> Option<&str> {
        self.0.hint.as_deref()
    }

    /// Whether trying again may help.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        self.0.code.is_retryable()
    }

    /// The message followed by all causes, on one line.
    #[must_use]
    pub fn chain(&self) -> String {
        let mut text = self.0.message.clone();
        let mut cause: Option<&dyn StdError> = self.source();
        while let Some(error) = cause {
            let next = error.to_string();
            // Many libraries repeat the text of their cause: say it once.
            if !text.ends_with(&next) {
                text.push_str(": ");
                text.push_str(&next);
            }
            cause = error.source();
        }
        text
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.message)
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} [{}]", self.chain(), self.0.code.as_str())?;
        self.0.hint.as_ref().map_or(Ok(()), |hint| write!(f, " (hint: {hint})"))
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.0.source.as_deref().map(|source| source as _)
    }
}
