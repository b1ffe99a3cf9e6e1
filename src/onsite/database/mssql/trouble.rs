//! What went wrong at a SQL Server, in words for a person, and whether anything helps.
//!
//! Numbers are those of SQL Server's own messages. What the server says is repeated, since administrators search for it;
//! it never contains a password.

use super::super::address::Server;
use super::{Code, Error};
use std::io::ErrorKind;
use tiberius::error::Error as Cause;

/// An error, and what may help against it.
#[derive(Debug)]
pub(super) struct Trouble {
    pub(super) error: Error,
    pub(super) cure: Cure,
}

/// What may help.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Cure {
    /// Nothing but somebody who changes something.
    Nothing,
    /// Another connection, a little later; at most so many times.
    Again {
        /// How many times.
        tries: usize,
    },
    /// To ask for text as bytes.
    Bytes,
    /// To look again which tables and columns there are.
    Look,
}

/// A server that was away, or was busy with itself, may come back.
const AGAIN: Cure = Cure::Again { tries: 8 };
/// Who has waited as long as `database.timeout_seconds` says will not gain by waiting many times as long.
const ONCE: Cure = Cure::Again { tries: 1 };

/// Passing conditions: a deadlock, a session that was killed, a server that shuts down, is paused or starts, a database
/// that recovers or fails over, no memory, a database that is still in use, and the hosted service's ways to say *later*.
const PASSING: [u32; 23] = [
    1205, 596, 6005, 17142, 18401, 701, 8645, 8651, 921, 922, 976, 983, 40197, 40501, 40613, 10928, 10929, 49918,
    49919, 49920, 4221, 3702, 5061,
];

impl Trouble {
    /// What an error of the library means. `proven` is whether this connection has worked before with the same
    /// login and database: then a server that refuses them is most likely still starting.
    pub(super) fn of(cause: &Cause, server: &Server, proven: bool) -> Self {
        match cause {
            Cause::Server(token) => of_server(token.code(), token.message(), server, proven),
            Cause::Encoding(_) | Cause::Utf8 | Cause::Utf16 => bytes(cause, server),
            Cause::Protocol(what) if what.contains("invalid UTF-16") || what.contains("odd byte length") => {
                bytes(cause, server)
            }
            Cause::Protocol(what) if what.contains("encryption level") => untrusted(
                server,
                "does not encrypt",
                "let the administrator install a certificate; `database.encrypt` says what omt insists on",
            ),
            Cause::Tls(what) if what.contains("certificate was rejected") => {
                let reason = what.split(" To connect anyway").next().unwrap_or(what);
                let reason = reason.rsplit_once("handshake: ").map_or(reason, |(_, reason)| reason);
                untrusted(
                    server,
                    &format!("shows a certificate that is not trusted ({})", reason.trim_end_matches('.')),
                    "give the certificate of its authority as `database.ca`, connect by the name in the certificate, or \
                     consent with `database.trust_server_certificate = true`",
                )
            }
            Cause::Io { kind: ErrorKind::NotFound, message } if message.contains("certificates") => untrusted(
                server,
                "cannot be trusted: this system has no list of authorities",
                "give the certificate of its authority as `database.ca`",
            ),
            Cause::Io { kind: ErrorKind::TimedOut, message } => Self {
                error: lost(server, "does not answer in time", message)
                    .hint("is it the right server and port? for long reads raise `database.timeout_seconds`"),
                cure: ONCE,
            },
            Cause::Io { kind: ErrorKind::InvalidData, message } | Cause::Tls(message) => Self {
                error: lost(server, "cannot agree on TLS", message)
                    .hint("does it know TLS 1.2? `database.encrypt` says how much must be encrypted"),
                cure: AGAIN,
            },
            Cause::Io { message, .. } => Self {
                error: lost(server, "cannot be reached", message).hint(
                    "is it the right server and port, does it run, and does the firewall let this machine through?",
                ),
                cure: AGAIN,
            },
            Cause::Conversion(message) if message.contains("SQL browser") => Self {
                error: lost(server, "cannot be found by the name of its instance", message)
                    .hint("does the SQL Server Browser run there? if not, give the port: mssql://HOST:PORT/DATABASE"),
                cure: AGAIN,
            },
            other => Self {
                error: lost(server, "answered something that cannot be understood", &other.to_string())
                    .hint("is it a SQL Server that listens there?"),
                cure: AGAIN,
            },
        }
    }
}

fn lost(server: &Server, what: &str, cause: &str) -> Error {
    Error::new(Code::DatabaseUnreachable, format!("the SQL Server of `{server}` {what}: {cause}"))
}

fn untrusted(server: &Server, what: &str, hint: &str) -> Trouble {
    let error = Error::new(Code::DatabaseUntrusted, format!("the SQL Server of `{server}` {what}")).hint(hint);
    Trouble { error, cure: Cure::Nothing }
}

fn bytes(cause: &Cause, server: &Server) -> Trouble {
    let message = format!("`{server}` holds text that cannot be read as it is: {cause}");
    Trouble { error: Error::new(Code::DatabaseUnreadable, message), cure: Cure::Bytes }
}

/// What the server itself says.
fn of_server(number: u32, said: &str, server: &Server, proven: bool) -> Trouble {
    let said = said.trim().trim_end_matches('.');
    let trouble = |code, what: &str, hint: &str, cure| Trouble {
        error: Error::new(code, format!("{what}: {said} (error {number})")).hint(hint),
        cure,
    };
    let login = server.user.as_deref().unwrap_or("the Windows account");
    match number {
        18456 | 18452 | 18470 | 18486 | 18487 | 18488 => trouble(
            Code::DatabaseDenied,
            &format!("the SQL Server of `{server}` does not accept the login `{login}`"),
            "check `database.user` and OMT_DATABASE_PASSWORD; the server must allow SQL Server logins",
            Cure::Nothing,
        ),
        4060 | 4064 => trouble(
            Code::DatabaseAbsent,
            &format!("the server has no database `{}` that `{login}` may open", server.database),
            "check the database in `database.url`, and that the login is a user of it",
            if proven { AGAIN } else { Cure::Nothing },
        ),
        229 | 230 | 297 | 300 | 371 | 916 => trouble(
            Code::DatabaseDenied,
            &format!("`{login}` may not read all of `{server}`"),
            "give the login the right to SELECT from every table of the schema, as the role db_datareader does",
            Cure::Nothing,
        ),
        207 | 208 => trouble(
            Code::DatabaseUnreadable,
            &format!("`{server}` lacks something that must be there"),
            "is it a CRM database of version 7.1 or later, and is `database.prefix` right?",
            Cure::Look,
        ),
        number if PASSING.contains(&number) => trouble(
            Code::DatabaseUnreachable,
            &format!("the SQL Server of `{server}` cannot answer now"),
            "run the same command again when it can",
            AGAIN,
        ),
        _ => trouble(
            Code::DatabaseUnreadable,
            &format!("the SQL Server of `{server}` refuses a query"),
            "look for the number of the error in the server's documentation",
            Cure::Nothing,
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Database;
    use crate::onsite::database::Address;

    fn server() -> Server {
        let Ok(Address::Mssql(server)) = Address::of_url("mssql://crm@sql/CRM", &Database::default()) else {
            panic!("no server")
        };
        *server
    }

    #[test]
    fn what_cannot_help_is_not_tried_again() {
        for (number, code, cure) in [
            (18456, Code::DatabaseDenied, Cure::Nothing),
            (229, Code::DatabaseDenied, Cure::Nothing),
            (4060, Code::DatabaseAbsent, Cure::Nothing),
            (208, Code::DatabaseUnreadable, Cure::Look),
            (1205, Code::DatabaseUnreachable, AGAIN),
            (8134, Code::DatabaseUnreadable, Cure::Nothing),
        ] {
            let trouble = of_server(number, "It went wrong.", &server(), false);
            assert_eq!((trouble.error.code(), trouble.cure), (code, cure), "{number}");
            assert!(trouble.error.message().ends_with(&format!("It went wrong (error {number})")));
            assert!(trouble.error.hint_text().is_some());
        }
        // A server that starts again opens its databases one after another.
        assert_eq!(of_server(4060, "", &server(), true).cure, AGAIN);
    }

    #[test]
    fn causes_of_the_library_are_told_apart() {
        let io = |kind| Cause::Io { kind, message: "x".into() };
        for (cause, code, cure) in [
            (io(ErrorKind::ConnectionRefused), Code::DatabaseUnreachable, AGAIN),
            (io(ErrorKind::TimedOut), Code::DatabaseUnreachable, ONCE),
            (Cause::Encoding("invalid sequence".into()), Code::DatabaseUnreadable, Cure::Bytes),
            (Cause::Protocol("nvarchar: invalid UTF-16 sequence".into()), Code::DatabaseUnreadable, Cure::Bytes),
            (Cause::Protocol("strange".into()), Code::DatabaseUnreachable, AGAIN),
        ] {
            let trouble = Trouble::of(&cause, &server(), true);
            assert_eq!((trouble.error.code(), trouble.cure), (code, cure), "{cause}");
        }
        let rejected =
            "the server's certificate was rejected during the TLS handshake: unknown issuer. To connect anyway …";
        let error = Trouble::of(&Cause::Tls(rejected.into()), &server(), false).error;
        assert_eq!(error.code(), Code::DatabaseUntrusted);
        assert!(error.message().ends_with("is not trusted (unknown issuer)"), "{error:?}");
    }
}
