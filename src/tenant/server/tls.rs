//! The certificate of a server.

use crate::{Code, Error, Result};
use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use std::path::PathBuf;
use std::sync::Arc;

/// The files of a certificate, in PEM.
#[derive(Debug, Clone)]
pub struct TlsFiles {
    /// The certificate, with those that lead to its root.
    pub certificate: PathBuf,
    /// Its private key.
    pub key: PathBuf,
}

impl TlsFiles {
    /// Reads both.
    pub(super) fn config(&self) -> Result<ServerConfig> {
        let wrong = |what: &str, path: &PathBuf, cause: Box<dyn std::error::Error + Send + Sync>| {
            Error::new(Code::ConfigInvalid, format!("the {what} `{}` cannot be used", path.display()))
                .hint("both files must be PEM and belong together")
                .because(cause)
        };
        let chain = CertificateDer::pem_file_iter(&self.certificate)
            .and_then(Iterator::collect::<std::result::Result<Vec<_>, _>>)
            .map_err(|cause| wrong("certificate", &self.certificate, cause.into()))?;
        let key =
            PrivateKeyDer::from_pem_file(&self.key).map_err(|cause| wrong("private key", &self.key, cause.into()))?;
        // The provider is named, so that nothing depends on which one a process has installed.
        ServerConfig::builder_with_provider(Arc::new(rustls::crypto::aws_lc_rs::default_provider()))
            .with_safe_default_protocol_versions()
            .and_then(|builder| builder.with_no_client_auth().with_single_cert(chain, key))
            .map_err(|cause| wrong("certificate", &self.certificate, cause.into()))
    }
}
