//! Where a tenant keeps things: an object store and, beside it, the catalogue on a local disk.
//!
//! A [`Place`] is the one thing that all commands of the receiving side share. The object store is the
//! truth: the catalogue can be rebuilt from it. A directory, an S3 bucket and an Azure container are the same
//! to everything above; the only difference that shows is [`Place::local`], because files can be read and
//! flushed directly. The place owns a small runtime for its network connections, since a pooled connection
//! lives on the runtime that opened it and the workers of a web server each have their own.

use super::database::Home;
use crate::config;
use crate::{Code, Error, Result};
use object_store::aws::{AmazonS3Builder, AmazonS3ConfigKey};
use object_store::azure::{AzureConfigKey, MicrosoftAzureBuilder};
use object_store::client::SpawnedReqwestConnector;
use object_store::local::LocalFileSystem;
use object_store::path::Path as ObjectPath;
use object_store::{ClientConfigKey, ObjectStore, RetryConfig};
use std::fs::{File, TryLockError};
use std::future::Future;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, sync_channel};
use tokio::runtime::{Handle, Runtime};

/// A pack of 64 MiB needs nine minutes at 1 Mbit/s; the library's own 30 s would end it.
const REQUEST_TIMEOUT: &str = "10 minutes";
/// The caller of the tenant tries again as well: two layers of patience multiply.
const STORE_RETRIES: usize = 3;

/// An object store with its catalogue.
#[derive(Clone)]
pub struct Place {
    pub(crate) store: Arc<dyn ObjectStore>,
    /// What stands before every name in the store.
    pub(crate) prefix: ObjectPath,
    /// The directory of a store on disk.
    pub(crate) local: Option<PathBuf>,
    /// The directory of the catalogues.
    pub(crate) catalogue: PathBuf,
    /// Where the databases are.
    pub(crate) home: Home,
    hands: Arc<Hands>,
}

/// The runtime that drives the connections, ended in the background because a runtime must not be dropped
/// where blocking is forbidden.
struct Hands(Option<Runtime>, Handle);

impl Drop for Hands {
    fn drop(&mut self) {
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background();
        }
    }
}

impl Place {
    /// Opens `file:///directory` (or a plain path), `s3://bucket/prefix` or `az://container/prefix`. Keys and
    /// endpoints come from the environment (`AWS_…`, `AZURE_…`). `catalogue` is where the catalogues lie; by
    /// default inside a store on disk, `./omt-catalogue` for others.
    pub fn open(store_url: &str, catalogue: Option<&Path>) -> Result<Self> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .thread_name("omt-store")
            .enable_all()
            .build()
            .map_err(|cause| Error::new(Code::Internal, "cannot start the threads of the store").because(cause))?;
        let handle = runtime.handle().clone();
        let hands = Arc::new(Hands(Some(runtime), handle.clone()));
        let wrong = |cause: object_store::Error| {
            Error::new(Code::ConfigInvalid, format!("the store `{store_url}` cannot be used"))
                .hint("a store is a directory, `s3://bucket/prefix` or `az://container/prefix`; keys come from AWS_… or AZURE_… variables")
                .because(cause)
        };
        let retry = RetryConfig { max_retries: STORE_RETRIES, ..RetryConfig::default() };
        let (store, prefix, local): (Arc<dyn ObjectStore>, _, _) = match scheme(store_url) {
            Scheme::Directory(directory) => {
                std::fs::create_dir_all(&directory).map_err(|cause| Error::io("make", &directory, cause))?;
                let directory = directory.canonicalize().map_err(|cause| Error::io("find", &directory, cause))?;
                let store = LocalFileSystem::new_with_prefix(&directory).map_err(wrong)?;
                (Arc::new(store), ObjectPath::default(), Some(directory))
            }
            Scheme::S3(prefix) => {
                let store = AmazonS3Builder::from_env()
                    .with_url(store_url)
                    .with_config(AmazonS3ConfigKey::Client(ClientConfigKey::Timeout), REQUEST_TIMEOUT)
                    .with_retry(retry)
                    .with_http_connector(SpawnedReqwestConnector::new(handle))
                    .build()
                    .map_err(wrong)?;
                (Arc::new(store), ObjectPath::parse(prefix).map_err(|cause| wrong(cause.into()))?, None)
            }
            Scheme::Azure(prefix) => {
                let store = MicrosoftAzureBuilder::from_env()
                    .with_url(store_url)
                    .with_config(AzureConfigKey::Client(ClientConfigKey::Timeout), REQUEST_TIMEOUT)
                    .with_retry(retry)
                    .with_http_connector(SpawnedReqwestConnector::new(handle))
                    .build()
                    .map_err(wrong)?;
                (Arc::new(store), ObjectPath::parse(prefix).map_err(|cause| wrong(cause.into()))?, None)
            }
            Scheme::Unknown => {
                return Err(Error::new(Code::ConfigInvalid, format!("`{store_url}` is not a store"))
                    .hint("a store is a directory, `s3://bucket/prefix` or `az://container/prefix`"));
            }
        };
        let catalogue = match (catalogue, &local) {
            (Some(given), _) => given.to_path_buf(),
            (None, Some(directory)) => directory.join("catalogue"),
            (None, None) => PathBuf::from("omt-catalogue"),
        };
        std::fs::create_dir_all(&catalogue).map_err(|cause| Error::io("make", &catalogue, cause))?;
        Ok(Self { store, prefix, local, catalogue, home: Home::default(), hands })
    }

    /// The same, with databases on the SQL Server of `mssql://[USER@]HOST[:PORT][\\INSTANCE]/NAME`: `NAME_Cust10001` is that of
    /// a customer. `access` has everything else that the way to it needs.
    ///
    /// # Errors
    /// When that is no address of a SQL Server.
    pub fn with_databases(self, url: &str, access: &config::Database) -> Result<Self> {
        Ok(Self { home: Home::of_url(url, access)?, ..self })
    }

    /// The name of an object.
    pub(crate) fn path(&self, parts: &[&str]) -> ObjectPath {
        parts.iter().fold(self.prefix.clone(), |path, part| path.join(*part))
    }

    /// The catalogue of a customer.
    pub(crate) fn catalogue_of(&self, customer: &str) -> PathBuf {
        self.catalogue.join(format!("{customer}.db"))
    }

    /// Keeps a second server, and work that needs to be alone, away from the same catalogues. The system releases
    /// the lock when the process ends, however it ends. `None` if somebody else has it.
    pub(crate) fn alone(&self) -> Result<Option<File>> {
        let path = self.catalogue.join("serve.lock");
        let file = File::options()
            .create(true)
            .truncate(false)
            .write(true)
            .open(&path)
            .map_err(|cause| Error::io("open", &path, cause))?;
        match file.try_lock() {
            Ok(()) => Ok(Some(file)),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(cause)) => Err(Error::io("lock", &path, cause)),
        }
    }

    /// Starts `future` on the runtime of the store; the answer comes through the channel.
    pub(crate) fn start<T: Send + 'static>(
        &self,
        future: impl Future<Output = Result<T>> + Send + 'static,
    ) -> Receiver<Result<T>> {
        let (send, receive) = sync_channel(1);
        self.hands.1.spawn(async move {
            // Nobody waits any more: then nobody needs the answer.
            let _ = send.send(future.await);
        });
        receive
    }

    /// Runs `future` on the runtime of the store and waits for it, from wherever the caller is.
    pub(crate) fn wait<T: Send + 'static>(
        &self,
        future: impl Future<Output = Result<T>> + Send + 'static,
    ) -> Result<T> {
        answer(&self.start(future))
    }
}

/// Waits for what [`Place::start`] has begun.
pub(crate) fn answer<T>(receive: &Receiver<Result<T>>) -> Result<T> {
    receive.recv().unwrap_or_else(|_| Err(Error::new(Code::Internal, "a task of the store ended without an answer")))
}

/// An error of the object store; `doing` completes "cannot …".
pub(crate) fn store_error(doing: &str, cause: object_store::Error) -> Error {
    Error::new(Code::StoreUnusable, format!("the store cannot {doing}")).because(cause)
}

/// Whether the reason of an error is that a disk has no more room.
pub(crate) fn is_full(error: &Error) -> bool {
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        let full_file = error.downcast_ref::<std::io::Error>().is_some_and(|error| {
            matches!(error.kind(), std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded)
        });
        let full_database = error
            .downcast_ref::<rusqlite::Error>()
            .is_some_and(|error| error.sqlite_error_code() == Some(rusqlite::ErrorCode::DiskFull));
        if full_file || full_database {
            return true;
        }
        cause = error.source();
    }
    false
}

enum Scheme {
    Directory(PathBuf),
    S3(String),
    Azure(String),
    Unknown,
}

fn scheme(text: &str) -> Scheme {
    if !text.contains("://") {
        return if text.is_empty() { Scheme::Unknown } else { Scheme::Directory(PathBuf::from(text)) };
    }
    let Ok(url) = reqwest::Url::parse(text) else { return Scheme::Unknown };
    let prefix = url.path().trim_matches('/').to_owned();
    match url.scheme() {
        "file" => url.to_file_path().map_or(Scheme::Unknown, Scheme::Directory),
        "s3" | "s3a" => Scheme::S3(prefix),
        "az" | "azure" | "abfs" | "abfss" => Scheme::Azure(prefix),
        _ => Scheme::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_directory_can_be_named_in_two_ways() {
        let folder = tempfile::tempdir().unwrap();
        let plain = folder.path().join("with space");
        let url = reqwest::Url::from_file_path(&plain).unwrap();
        let first = Place::open(plain.to_str().unwrap(), None).unwrap();
        let second = Place::open(url.as_str(), None).unwrap();
        assert_eq!(first.local, second.local);
        assert_eq!(first.catalogue, plain.canonicalize().unwrap().join("catalogue"));
    }

    #[test]
    fn what_is_no_store_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        for url in ["", "ftp://host/x", "memory:///", "s3://"] {
            let error = Place::open(url, Some(folder.path())).err().map(|error| error.code());
            assert_eq!(error, Some(Code::ConfigInvalid), "{url}");
        }
    }

    #[test]
    fn a_full_disk_is_seen_through_its_wrappings() {
        let full = std::io::Error::from(std::io::ErrorKind::StorageFull);
        let cause = object_store::Error::Generic { store: "test", source: full.into() };
        assert!(is_full(&store_error("write", cause)));
        let other = object_store::Error::Generic { store: "test", source: "no".into() };
        assert!(!is_full(&store_error("write", other)));
    }

    #[tokio::test]
    async fn waiting_works_inside_a_runtime_and_dropping_too() {
        let folder = tempfile::tempdir().unwrap();
        let place = Place::open(folder.path().to_str().unwrap(), None).unwrap();
        assert_eq!(place.wait(async { Ok(7) }).unwrap(), 7);
    }
}
