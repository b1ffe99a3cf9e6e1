//! The mail server: where it is, how it is talked to, and what its answers mean.
//!
//! The library's own transport says that a mail failed, but not at which word. That decides everything here: a refused
//! recipient ends one mail, a refused sender or log-in is about all of them, and silence after the content means that nobody
//! knows. So a mail is handed over word by word. The password comes from the environment, and it is never sent in the clear,
//! but for a mail server on this machine.

use crate::{Code, Error, Result};
use lettre::Message;
use lettre::message::Mailbox;
use lettre::transport::smtp::Error as Smtp;
use lettre::transport::smtp::authentication::{Credentials, Mechanism};
use lettre::transport::smtp::client::{AsyncSmtpConnection, Certificate, TlsParameters};
use lettre::transport::smtp::commands::{Data, Mail, Rcpt, Rset};
use lettre::transport::smtp::extension::{ClientId, Extension, MailBodyParameter, MailParameter};
use reqwest::Url;
use secrecy::{ExposeSecret, SecretString};
use std::future::Future;
use std::path::PathBuf;
use std::time::Duration;

/// How long one word may take: some servers look a sender up before they answer.
const WORD: Duration = Duration::from_mins(1);
/// How long the content may take to be confirmed (RFC 5321, 4.5.3.2.6).
const CONTENT: Duration = Duration::from_mins(10);
/// How long a connection may take to be made.
const CONNECT: Duration = Duration::from_secs(20);

/// How the tenant sends mails.
#[derive(Debug, Clone)]
pub struct PostOptions {
    /// `smtp://USER@HOST:PORT` (encrypted where the server offers it), `starttls://…` (always, or nothing is sent), or
    /// `smtps://…` (from the first byte).
    pub smtp: String,
    /// The password, if the address names a user.
    pub password: Option<SecretString>,
    /// Whose name the mails carry, `Name <address>`.
    pub from: String,
    /// Certificates to trust beside those of the system, PEM.
    pub ca: Option<PathBuf>,
    /// Where users log in, for the welcome mail.
    pub login: Option<String>,
}

/// How much is encrypted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Cover {
    /// From the first byte.
    Tls,
    /// After a first word in the clear, or nothing is sent.
    StartTls,
    /// The same where the server offers it.
    Offered,
}

/// A mail server with everything that is needed to talk to it.
pub(super) struct Relay {
    host: String,
    port: u16,
    cover: Cover,
    tls: TlsParameters,
    credentials: Option<Credentials>,
    pub(super) from: Mailbox,
    pub(super) login: Option<String>,
}

/// An open conversation.
pub(super) struct Session(AsyncSmtpConnection);

/// What the mail server made of a mail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Answer {
    /// It has it.
    Taken,
    /// It will never take it.
    Refused(String),
    /// It may take it later; the conversation goes on.
    Later(String),
    /// The conversation is over. `doubtful`: it may have the mail.
    Over {
        /// What happened.
        why: String,
        /// Whether it may have the mail.
        doubtful: bool,
    },
}

impl Relay {
    pub(super) fn new(options: &PostOptions) -> Result<Self> {
        let invalid = |message: &str| {
            Error::new(Code::ConfigInvalid, message)
                .hint("write it like `--smtp smtp://USER@HOST:PORT --mail-from crm@example.com`")
        };
        // The address may hold a password: it is not repeated.
        let url =
            Url::parse(&options.smtp).map_err(|_| invalid("the address of the mail server cannot be understood"))?;
        let (cover, port) = match url.scheme() {
            "smtp" => (Cover::Offered, 25),
            "starttls" => (Cover::StartTls, 587),
            "smtps" => (Cover::Tls, 465),
            _ => {
                return Err(invalid("the address of the mail server must begin with smtp://, starttls:// or smtps://"));
            }
        };
        if url.password().is_some() {
            return Err(Error::new(Code::ConfigInvalid, "the address of the mail server holds a password").hint(
                "everybody on the machine can see arguments: give it as OMT_TENANT_SMTP_PASSWORD in the environment",
            ));
        }
        let host =
            url.host_str().filter(|host| !host.is_empty()).ok_or_else(|| invalid("the mail server has no name"))?;
        let host = host.trim_matches(['[', ']']).to_owned();
        let user = crate::config::unescaped(url.username());
        let credentials = match (user.is_empty(), &options.password) {
            (true, _) => None,
            (false, Some(password)) => Some(Credentials::new(user, password.expose_secret().to_owned())),
            (false, None) => {
                return Err(Error::new(Code::ConfigMissing, "the password of the mail server's user is not given")
                    .hint("set OMT_TENANT_SMTP_PASSWORD in the environment"));
            }
        };
        let from = options.from.parse().map_err(|_| invalid("the sender of mails is no e-mail address"))?;
        if options.login.as_deref().is_some_and(|url| !url.starts_with("https://") && !url.starts_with("http://")) {
            return Err(invalid("the address where users log in must begin with https://"));
        }
        let mut tls = TlsParameters::builder(host.clone());
        if let Some(path) = &options.ca {
            let wrong = || {
                Error::new(Code::ConfigInvalid, format!("`{}` holds no certificates", path.display()))
                    .hint("it must be a PEM file")
            };
            let pem = std::fs::read(path).map_err(|cause| Error::io("read the certificates", path, cause))?;
            tls = tls.add_root_certificate(Certificate::from_pem(&pem).map_err(|cause| wrong().because(cause))?);
        }
        let tls = tls.build().map_err(|cause| {
            Error::new(Code::ConfigInvalid, "cannot set up the encryption towards the mail server").because(cause)
        })?;
        let port = url.port().unwrap_or(port);
        Ok(Self { host, port, cover, tls, credentials, from, login: options.login.clone() })
    }

    /// Begins a conversation; the error is what keeps everything from being sent.
    pub(super) async fn connect(&self) -> Result<Session, String> {
        let place = format!("the mail server {}:{}", self.host, self.port);
        let (hello, outer) = (ClientId::default(), (self.cover == Cover::Tls).then(|| self.tls.clone()));
        let call =
            AsyncSmtpConnection::connect_tokio1((self.host.as_str(), self.port), Some(CONNECT), &hello, outer, None);
        let mut connection = match word(CONNECT + WORD, call).await {
            Ok(connection) => connection,
            Err(why) => return Err(format!("{place} cannot be reached: {}", why.text)),
        };
        let upgrades = match self.cover {
            Cover::Tls => false,
            Cover::StartTls => true,
            Cover::Offered => connection.can_starttls(),
        };
        if upgrades {
            word(WORD, connection.starttls(self.tls.clone(), &hello))
                .await
                .map_err(|why| format!("{place} does not encrypt: {}", why.text))?;
        }
        if let Some(credentials) = &self.credentials {
            if !connection.is_encrypted() && !self.is_here() {
                connection.abort().await;
                return Err(format!("{place} does not encrypt: the password is not sent to it"));
            }
            word(WORD, connection.auth(&[Mechanism::Plain, Mechanism::Login], credentials))
                .await
                .map_err(|why| format!("{place} does not let us in: {}", why.text))?;
        }
        Ok(Session(connection))
    }

    /// Whether the mail server is this machine: nobody listens in between.
    fn is_here(&self) -> bool {
        self.host == "localhost" || self.host.parse().is_ok_and(|address: std::net::IpAddr| address.is_loopback())
    }
}

impl Session {
    /// Hands a mail over.
    pub(super) async fn hand_over(&mut self, message: &Message) -> Answer {
        let envelope = message.envelope();
        let content = message.formatted();
        let info = self.0.server_info();
        let mut parameters = Vec::new();
        if envelope.to().iter().chain(envelope.from()).any(|address| !address.user().is_ascii()) {
            if !info.supports_feature(Extension::SmtpUtfEight) {
                return Answer::Refused("the mail server takes only addresses of ASCII letters".into());
            }
            parameters.push(MailParameter::SmtpUtfEight);
        }
        if !content.is_ascii() {
            if !info.supports_feature(Extension::EightBitMime) {
                return Answer::Refused("the mail server takes only ASCII".into());
            }
            parameters.push(MailParameter::Body(MailBodyParameter::EightBitMime));
        }
        if let Err(why) = word(WORD, self.0.command(Mail::new(envelope.from().cloned(), parameters))).await {
            // The sender is the same in every mail: this is about all of them.
            return Answer::Over {
                why: format!("the mail server does not take the sender: {}", why.text),
                doubtful: false,
            };
        }
        for to in envelope.to() {
            if let Err(why) = word(WORD, self.0.command(Rcpt::new(to.clone(), Vec::new()))).await {
                return self.next(why).await;
            }
        }
        if let Err(why) = word(WORD, self.0.command(Data)).await {
            return self.next(why).await;
        }
        match word(CONTENT, self.0.message(&content)).await {
            Ok(_) => Answer::Taken,
            Err(why) if why.kind == Kind::Silence => Answer::Over { why: why.text, doubtful: true },
            Err(why) => self.next(why).await,
        }
    }

    /// What a negative answer means, with the conversation made ready for the next mail.
    async fn next(&mut self, why: Why) -> Answer {
        match why.kind {
            Kind::Silence | Kind::Closing => return Answer::Over { why: why.text, doubtful: false },
            Kind::No | Kind::NotNow => {}
        }
        if let Err(broken) = word(WORD, self.0.command(Rset)).await {
            tracing::debug!(why = broken.text, "the mail server ended the conversation after a refusal");
        }
        if why.kind == Kind::No { Answer::Refused(why.text) } else { Answer::Later(why.text) }
    }

    /// Says good-bye.
    pub(super) async fn end(mut self) {
        // Everything is done: whether it is heard is of no importance.
        let _ = word(CONNECT, self.0.quit()).await;
    }
}

/// What kind of a negative answer it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// For ever (5xx).
    No,
    /// For the moment (4xx).
    NotNow,
    /// The server says that it closes the connection (421).
    Closing,
    /// None came.
    Silence,
}

/// A negative answer.
struct Why {
    kind: Kind,
    text: String,
}

/// Waits for the answer to a word.
async fn word<T>(patience: Duration, call: impl Future<Output = Result<T, Smtp>>) -> Result<T, Why> {
    match tokio::time::timeout(patience, call).await {
        Ok(Ok(answer)) => Ok(answer),
        Ok(Err(error)) => {
            let status = error.status().map(u16::from);
            let kind = match status {
                Some(421) => Kind::Closing,
                _ if error.is_permanent() => Kind::No,
                _ if error.is_transient() => Kind::NotNow,
                _ => Kind::Silence,
            };
            Err(Why { kind, text: said(&error) })
        }
        Err(_) => Err(Why { kind: Kind::Silence, text: "it does not answer".into() }),
    }
}

/// What the library says with its cause, on one line and not too long: it holds what the server said.
fn said(error: &Smtp) -> String {
    const LONGEST: usize = 300;
    let text = Error::new(Code::Io, error.to_string()).because(std::io::Error::other(cause_of(error))).chain();
    let line: String =
        text.chars().map(|letter| if letter.is_control() { ' ' } else { letter }).take(LONGEST).collect();
    line.trim_end_matches([' ', ':']).to_owned()
}

fn cause_of(error: &Smtp) -> String {
    std::error::Error::source(error).map(ToString::to_string).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options(smtp: &str) -> PostOptions {
        PostOptions { smtp: smtp.into(), password: None, from: "Post <post@x.no>".into(), ca: None, login: None }
    }

    #[test]
    fn an_address_says_where_and_how() {
        for (url, host, port, cover) in [
            ("smtp://mail.x.no", "mail.x.no", 25, Cover::Offered),
            ("smtp://127.0.0.1:2525", "127.0.0.1", 2525, Cover::Offered),
            ("starttls://mail.x.no", "mail.x.no", 587, Cover::StartTls),
            ("smtps://[::1]:4465", "::1", 4465, Cover::Tls),
        ] {
            let relay = Relay::new(&options(url)).unwrap();
            assert_eq!((relay.host.as_str(), relay.port, relay.cover), (host, port, cover), "{url}");
        }
    }

    #[test]
    fn what_cannot_be_meant_is_refused_without_a_password_in_the_words() {
        for url in ["mail.x.no", "http://mail.x.no", "smtp://", "smtp://u:sesame@mail.x.no", "smtp://u@mail.x.no"] {
            let error = Relay::new(&options(url)).err().unwrap();
            assert!(error.hint_text().is_some() && !format!("{error:?}").contains("sesame"), "{error:?}");
        }
        assert!(Relay::new(&PostOptions { from: "nobody".into(), ..options("smtp://x.no") }).is_err());
        let given = PostOptions { password: Some("sesame".into()), ..options("smtp://u%40x.no@mail.x.no") };
        assert!(Relay::new(&given).is_ok() && !format!("{given:?}").contains("sesame"));
    }
}
