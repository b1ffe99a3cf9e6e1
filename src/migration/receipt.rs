//! The receipt at the end of a migration: fetched, checked against the ledger, and laid beside it.
//!
//! A receipt that does not say what the ledger says is not kept; the migration was accepted all the same, and what differs is
//! told. The key of the first receipt is kept in the ledger: from then on the tenant must sign with it. Another tenant, with a
//! ticket that a person has given, has a key of its own.

use crate::Result;
use crate::config::Config;
use crate::ledger::{Ledger, Record};
use crate::receipt::Receipt;
use crate::receipt::against;
use crate::tenant::destination::Destination;
use crate::tenant::protocol::TenantInfo;
use crate::{Code, Error};
use serde_json::json;
use std::io::Write;
use std::path::{Path, PathBuf};
use uuid::Uuid;

/// The name of the file beside the ledger.
pub const FILE: &str = "receipt.json";
/// The name under which the ledger keeps the digest of the last receipt.
const LAST: &str = "receipt.last";

/// Fetches the receipt of what has just been accepted and keeps it; gives its path.
pub(super) async fn keep(
    to: &dyn Destination,
    tenant: &TenantInfo,
    migration: Uuid,
    config: &Config,
    ledger: &Ledger,
) -> Result<PathBuf> {
    let bytes = to.receipt(migration).await?.ok_or_else(|| {
        Error::new(Code::TenantFaulty, "the tenant has accepted the migration and gives no receipt")
            .hint("`omt receipt` fetches it later; whoever runs the tenant finds the reason in its log")
    })?;
    let receipt = Receipt::open(&bytes)?;
    let writer = ledger.writer();
    writer.flush()?;
    let reader = ledger.reader()?;
    if tenant.receipt_key.as_ref().is_some_and(|key| *key != receipt.key.to_string()) {
        return Err(wrong("it is not signed with the key that the tenant has published"));
    }
    if let Some(before) = against::kept_key(&reader)?.map(|(of, _)| of).filter(|of| *of != tenant.customer) {
        writer.put(against::keep_key(&tenant.customer, &receipt.key.to_string()))?;
        let entry = json!({ "before": before, "tenant": tenant.customer, "key": receipt.key.to_string() });
        writer.put(Record::Journal("receipt.other-tenant", entry))?;
        writer.flush()?;
    }
    let mut first = None;
    let compared = against::ledger(&receipt, &reader, &mut |difference| {
        first.get_or_insert(difference);
    })?;
    if let Some(first) = first {
        let more = compared.differences - 1;
        let more = if more > 0 { format!(", and {more} more") } else { String::new() };
        return Err(wrong(&format!("{}: {}{more}", first.about, first.what)));
    }
    let path = config.migration.ledger.with_file_name(FILE);
    write(&path, &bytes)?;
    if reader.meta(LAST)?.as_deref() != Some(&receipt.digest.to_string()) {
        let statement = &receipt.statement;
        writer.put(against::keep_key(&statement.tenant, &receipt.key.to_string()))?;
        writer.put(Record::Meta(LAST, receipt.digest.to_string()))?;
        let entry = json!({
            "number": statement.number, "receipt": receipt.digest, "key": receipt.key.to_string(),
            "root": statement.merkle.root, "items": statement.items.count, "tables": statement.tables.len(),
        });
        writer.put(Record::Journal("receipt.kept", entry))?;
    }
    Ok(path)
}

/// Writes a receipt: the whole of it or nothing.
pub fn write(path: &Path, bytes: &[u8]) -> Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or_else(|| Path::new("."));
    let written = || -> std::io::Result<()> {
        let mut file = tempfile::Builder::new().prefix(".receipt-").tempfile_in(folder)?;
        file.write_all(bytes)?;
        file.as_file().sync_all()?;
        file.persist(path).map(drop).map_err(|error| error.error)
    };
    written().map_err(|cause| Error::io("write", path, cause))
}

fn wrong(what: &str) -> Error {
    Error::new(
        Code::VerificationFailed,
        format!("the migration was accepted, but its receipt is not what it must be: {what}"),
    )
    .hint("`omt receipt --out FILE` fetches it, `omt receipt verify FILE --ledger LEDGER` says everything that differs")
}
