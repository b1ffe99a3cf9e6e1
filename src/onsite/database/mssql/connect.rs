//! The way to a SQL Server: address, certificates, login.

use super::super::address::{Server, Trust};
use super::{Code, Error, Result};
use crate::config::Encrypt;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use secrecy::ExposeSecret;
use std::io;
use std::path::Path;
use std::time::Duration;
use tiberius::{AuthMethod, Config, EncryptionLevel, SqlBrowser};
use tokio::net::TcpStream;
use tokio_util::compat::{Compat, TokioAsyncWriteCompatExt};

/// A connection.
pub(super) type Client = tiberius::Client<Compat<TcpStream>>;

/// How long a server may take to accept a connection, and once more for certificates and log-in.
const PATIENCE: Duration = Duration::from_secs(15);
/// A listener of an availability group sends readers to another machine; two in a row are already strange.
const DETOURS: usize = 3;

/// What the library is to be told. Whatever is wrong with it is wrong before any server is asked.
pub(super) fn config(server: &Server) -> Result<Config> {
    let mut config = Config::new();
    config.host(&server.host);
    config.database(&server.database);
    config.application_name(concat!("omt ", env!("CARGO_PKG_VERSION")));
    config.readonly(!server.writes);
    match (server.port, &server.instance) {
        (Some(port), _) => config.port(port),
        (None, Some(instance)) => config.instance_name(instance),
        (None, None) => {}
    }
    config.encryption(match server.encrypt {
        Encrypt::Required => EncryptionLevel::Required,
        Encrypt::Login => EncryptionLevel::Off,
        Encrypt::Off => EncryptionLevel::NotSupported,
    });
    match &server.trust {
        Trust::System => {}
        Trust::Also(file) => config.trust_cert_ca_bundle(certificates(file)?),
        Trust::Anything => config.trust_cert(),
    }
    config.handshake_timeout(Some(PATIENCE));
    config.command_timeout(Some(server.timeout));
    config.authentication(login(server)?);
    Ok(config)
}

/// A PEM file that holds at least one certificate.
fn certificates(file: &Path) -> Result<Vec<u8>> {
    let pem = std::fs::read(file)
        .map_err(|cause| Error::io("read the certificates", file, cause).hint("check `database.ca`"))?;
    let invalid = |what: &str| {
        Error::new(Code::ConfigInvalid, format!("`{}` {what}", file.display()))
            .hint("`database.ca` must be a PEM file with the certificate of the authority")
    };
    let mut found = 0;
    for certificate in CertificateDer::pem_slice_iter(&pem) {
        certificate.map_err(|cause| invalid("holds a certificate that cannot be read").because(cause))?;
        found += 1;
    }
    if found == 0 { Err(invalid("holds no certificate")) } else { Ok(pem) }
}

fn login(server: &Server) -> Result<AuthMethod> {
    if server.windows_login {
        return windows_login();
    }
    let missing = |what: &str, key: &str, twin: &str| {
        Error::new(Code::ConfigMissing, format!("`{key}` is not set: the {what} for `{server}` is not known"))
            .hint(format!("set `{key}`, or {twin} in the environment"))
    };
    let user = server.user.as_deref().ok_or_else(|| missing("login", "database.user", "OMT_DATABASE_USER"))?;
    let password = server
        .password
        .as_ref()
        .ok_or_else(|| missing("password", "database.password", "better OMT_DATABASE_PASSWORD"))?;
    Ok(AuthMethod::sql_server(user, password.expose_secret()))
}

#[cfg(windows)]
#[allow(clippy::unnecessary_wraps, reason = "its twin fails")]
fn windows_login() -> Result<AuthMethod> {
    Ok(AuthMethod::Integrated)
}

#[cfg(not(windows))]
fn windows_login() -> Result<AuthMethod> {
    Err(Error::new(Code::ConfigInvalid, "`database.windows_login` works on Windows only")
        .hint("set `database.user` and OMT_DATABASE_PASSWORD to a SQL Server login, or run omt on a Windows machine"))
}

/// Connects and logs in, also where the server answers that readers have to go elsewhere.
pub(super) async fn connect(config: &Config, server: &Server) -> tiberius::Result<Client> {
    let mut config = config.clone();
    let mut named = server.port.is_none() && server.instance.is_some();
    for _ in 0..DETOURS {
        let reached = tokio::time::timeout(PATIENCE, reach(&config, named)).await;
        let stream = reached.unwrap_or_else(|_| Err(io::Error::from(io::ErrorKind::TimedOut).into()))?;
        stream.set_nodelay(true)?;
        match Box::pin(Client::connect(config.clone(), stream.compat_write())).await {
            Err(tiberius::error::Error::Routing { host, port }) => {
                tracing::debug!("`{server}` sends readers to `{host}:{port}`");
                config.host(host);
                config.port(port);
                named = false;
            }
            outcome => return outcome,
        }
    }
    Err(tiberius::error::Error::Protocol("the server sends readers in circles".into()))
}

async fn reach(config: &Config, named: bool) -> tiberius::Result<TcpStream> {
    // A named instance has a port that the machine's SQL Browser knows.
    if named { TcpStream::connect_named(config).await } else { Ok(TcpStream::connect(config.get_addr()).await?) }
}
