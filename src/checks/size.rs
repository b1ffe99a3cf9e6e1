//! Files that are larger than the other side takes, without asking a single file.

use super::sweep::{evidence, find_rows};
use super::{Check, Findings, Ground, Looked, Severity, Subject};
use crate::Result;
use crate::config::Size;
use crate::item::Kind;
use crate::ledger::Reader;

/// The largest document that the vendor's online system takes, in bytes (`domain.md` 1.7).
const VENDORS_LIMIT: u64 = 94_400_000;
/// Items of the ledger in one page.
const PAGE: usize = 1000;

/// The checks of this file.
pub(super) static CHECKS: &[Check] = &[
    Check {
        id: "archive.too-large",
        subject: Subject::Archive,
        severity: Severity::Error,
        title: "files that are larger than the tenant takes",
        why: "the tenant refuses them",
        todo: "make them smaller, or have the tenant's limit raised",
        look: too_large,
    },
    Check {
        id: "archive.over-vendors-limit",
        subject: Subject::Archive,
        severity: Severity::Warning,
        title: "files of more than 94.4 MB",
        why: "the vendor's online system takes no larger documents from its users; what a migration may bring is not public",
        todo: "ask the vendor, or make them smaller",
        look: over_vendors_limit,
    },
];

fn too_large(ground: &mut Ground<'_>, findings: &mut Findings<'_>) -> Result<Looked> {
    match ground.tenant {
        Some(tenant) => larger_than(tenant.limits.item_bytes, ground, findings),
        None => Ok(Looked::NotHere("the tenant's limit is not known".into())),
    }
}

fn over_vendors_limit(ground: &mut Ground<'_>, findings: &mut Findings<'_>) -> Result<Looked> {
    larger_than(VENDORS_LIMIT, ground, findings)
}

/// Sizes of attachments are in their rows, those of other files in the ledger once a run has seen them. No file is asked.
fn larger_than(limit: u64, ground: &mut Ground<'_>, findings: &mut Findings<'_>) -> Result<Looked> {
    let rows = ground.lacks(&["attachment.id", "attachment.att_size"])?.is_none();
    if rows {
        let text = format!(
            "SELECT {{top}} {{attachment.id}}, {{attachment.att_size}}, {{attachment.name|''}} FROM {{attachment}}
             WHERE {{=attachment.id}} > ?1 AND {{=attachment.att_size}} > {limit} ORDER BY {{=attachment.id}} {{limit}}"
        );
        find_rows(ground, findings, &text, &[], |row| {
            let size = Size(row.integer(1).unsigned_abs());
            evidence(format!("attachment/{}", row.integer(0)), format!("`{}` has {size}", row.text(2)))
        })?;
    }
    let ledger = &ground.config.migration.ledger;
    if !ledger.is_file() {
        let reason = "the sizes of documents are not known before the first run";
        return Ok(if rows { Looked::Yes } else { Looked::NotHere(reason.into()) });
    }
    let reader = Reader::open(ledger)?;
    let mut after = 0;
    loop {
        let page = reader.larger_than(limit, after, PAGE)?;
        let Some(last) = page.last() else { return Ok(Looked::Yes) };
        after = last.key.number();
        for known in page.iter().filter(|known| !(rows && known.key.kind() == Kind::Attachment)) {
            let size = Size(known.stamp.map_or(0, |stamp| stamp.size));
            let name = known.place.as_ref().map_or("", |(_, _, name)| name.as_str());
            findings.add(format!("{}/{}", known.key.kind(), known.key.id()), format!("`{name}` has {size}"))?;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checks::testing::{Site, tenant};
    use crate::item::Key;
    use crate::ledger::{Found, Ledger, Record, Stamp};

    #[test]
    fn sizes_come_from_rows_and_from_the_ledger() {
        let site =
            Site::new(&["attachment"], "INSERT INTO attachment (id, att_size) VALUES (1, 90000000), (2, 100000000)");
        let ledger = Ledger::open(&site.config.migration.ledger).unwrap();
        let root = ledger.set_roots(&[("SO_ARC".into(), "x".into())]).unwrap()[0];
        for (kind, size) in [(Kind::Document, 94_400_001), (Kind::Template, 5), (Kind::Attachment, 100_000_000)] {
            let stamp = Stamp { size, modified: 1, file_id: None };
            let found = Found { root, dir: "LM".into(), name: "x.doc".into(), stamp };
            ledger.writer().put(Record::Found(Key::new(kind, 2), found, 1)).unwrap();
        }
        ledger.close().unwrap();
        site.finds("archive.over-vendors-limit", &["attachment/2", "document/2"]);
        let mut info = tenant("x", "1");
        info.limits.item_bytes = 95_000_000;
        assert_eq!(site.look_with("archive.too-large", Some(&info)).items(), ["attachment/2"]);
    }

    #[test]
    fn before_the_first_run_only_attachments_have_a_size() {
        let site = Site::new(&["attachment"], "INSERT INTO attachment (id, att_size) VALUES (1, 90000000)");
        site.is_clean("archive.over-vendors-limit");
        site.is_not_here("archive.too-large", "limit is not known");
        Site::new(&["contact"], "SELECT 1").is_not_here("archive.over-vendors-limit", "before the first run");
    }
}
