//! Other places than a folder, other ways than plain HTTP: an object store, and TLS.

use crate::outcomes::restored_as_it_was;
use crate::world::{Wish, World};
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto::Builder;
use s3s::auth::SimpleAuth;
use s3s::service::S3ServiceBuilder;
use std::collections::BTreeMap;
use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use tempfile::TempDir;

const KEY: &str = "AKIAINTEGRATION";
const SECRET: &str = "not-a-secret-of-anybody";

/// An S3 service over a folder, on a runtime of its own.
struct S3 {
    address: SocketAddr,
    _runtime: tokio::runtime::Runtime,
}

impl S3 {
    fn new(folder: &Path) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        let mut builder = S3ServiceBuilder::new(s3s_fs::FileSystem::new(folder).unwrap());
        builder.set_auth(SimpleAuth::from_single(KEY, SECRET));
        let service = builder.build();
        let listener = runtime.block_on(tokio::net::TcpListener::bind("127.0.0.1:0")).unwrap();
        let address = listener.local_addr().unwrap();
        runtime.spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                let service = service.clone();
                tokio::spawn(async move {
                    // A client that goes away is no concern of the store.
                    let _ = Builder::new(TokioExecutor::new()).serve_connection(TokioIo::new(socket), service).await;
                });
            }
        });
        Self { address, _runtime: runtime }
    }

    fn environment(&self) -> BTreeMap<String, String> {
        [
            ("AWS_ENDPOINT", format!("http://{}", self.address)),
            ("AWS_ACCESS_KEY_ID", KEY.to_owned()),
            ("AWS_SECRET_ACCESS_KEY", SECRET.to_owned()),
            ("AWS_ALLOW_HTTP", "true".to_owned()),
            ("AWS_REGION", "eu-north-1".to_owned()),
        ]
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value))
        .collect()
    }
}

fn bucket() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("bucket")).unwrap();
    folder
}

#[test]
fn an_object_store_holds_what_a_folder_holds() {
    let folder = bucket();
    let s3 = S3::new(folder.path());
    let store = Some("s3://bucket/some/prefix".to_owned());
    let mut world = World::with(Wish { faults: "archive", store, server_env: s3.environment(), ..Wish::default() });
    let first = world.migrate().finished(1);
    assert_eq!(first["committed"], true);
    let stored = crate::world::files_below(&folder.path().join("bucket/some/prefix"));
    assert!(stored.iter().any(|path| path.components().any(|part| part.as_os_str() == "packs")), "{stored:?}");
    assert_eq!(world.run(&["verify", "--deep", "--json"]).exit, 0);
    let second = world.migrate().finished(1);
    assert_eq!((&second["bytes"]["sent"], &second["outcomes"]), (&0.into(), &first["outcomes"]));
    restored_as_it_was(&world);

    // The catalogue is on a disk and can get lost; the store alone brings it back.
    world.stop_tenant();
    fs::remove_dir_all(world.folder().join("C")).unwrap();
    let rebuilt = world.tenant(&["rebuild", "--json", "--customer", "Cust10001"], &[]);
    assert_eq!(rebuilt.exit, 0, "{}{}", rebuilt.stdout, rebuilt.stderr);
    world.start_tenant();
    assert_eq!(world.migrate().finished(1)["bytes"]["sent"], 0);
}

#[test]
fn a_store_whose_keys_are_wrong_says_so() {
    let folder = bucket();
    let s3 = S3::new(folder.path());
    let mut world = World::new();
    let mut environment = s3.environment();
    environment.insert("AWS_SECRET_ACCESS_KEY".to_owned(), "wrong".to_owned());
    world.stop_tenant();
    world.use_store("s3://bucket/prefix", environment);
    let output = world.tenant(&["invite", "--json", "--company", "A", "--serial", "1"], &[]);
    assert_eq!(output.last()["error"]["code"], "store.unusable", "{}{}", output.stdout, output.stderr);
    assert!(!output.stderr.contains("wrong") && !output.stdout.contains("wrong"), "{}", output.stderr);
}

#[test]
fn over_tls_only_a_trusted_certificate_is_talked_to() {
    let folder = tempfile::tempdir().unwrap();
    let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned(), "127.0.0.1".to_owned()]).unwrap();
    let [certificate, key] = ["cert.pem", "key.pem"].map(|name| folder.path().join(name));
    fs::write(&certificate, made.cert.pem()).unwrap();
    fs::write(&key, made.signing_key.serialize_pem()).unwrap();
    let text = |path: &Path| path.to_str().unwrap().to_owned();
    let serve = vec!["--tls-cert".into(), text(&certificate), "--tls-key".into(), text(&key)];
    let mut world = World::with(Wish { serve, ..Wish::default() });
    assert!(world.env["OMT_TENANT_URL"].starts_with("https://"));
    world.set("OMT_PIPELINE_TRIES", "1");
    world.migrate().failed(4, "tenant.unreachable");
    world.set("OMT_TENANT_CA", text(&certificate));
    world.migrate().finished(0);
    restored_as_it_was(&world);
    // A file that holds no certificate is a mistake in the configuration, not of the network.
    world.set("OMT_TENANT_CA", text(&key));
    let output = world.migrate();
    assert_eq!(output.exit, 2, "{}{}", output.stdout, output.stderr);
}
