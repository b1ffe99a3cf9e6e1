//! A small ledger with one of everything, for the tests of all forms.

use super::{Form, write};
use crate::digest::Digest;
use crate::exit::Exit;
use crate::item::{Key, Kind, Outcome};
use crate::ledger::{Found, Ledger, Proof, Reader, Record, Stamp};
use crate::migration::{Bytes, Items, Point, Summary};
use crate::pipeline::EdgeFigures;
use crate::resources::Resources;
use crate::tenant::protocol::{Mode, RunKind};
use chrono::{DateTime, Utc};
use serde_json::{Value, json};
use std::ops::Range;
use std::path::PathBuf;

/// Whose name is markup.
pub(super) const COMPANY: &str = "Nordlys & Sønner <AS>";

/// A closed ledger.
pub(super) struct World {
    _folder: tempfile::TempDir,
    path: PathBuf,
}

impl World {
    fn new(fill: impl FnOnce(&Ledger)) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let world = Self { path: folder.path().join("ledger.db"), _folder: folder };
        world.change(fill);
        world
    }

    fn change(&self, fill: impl FnOnce(&Ledger)) {
        let ledger = Ledger::open(&self.path).unwrap();
        fill(&ledger);
        ledger.close().unwrap();
    }

    /// The report as text.
    pub(super) fn report(&self, form: Form) -> String {
        let now: DateTime<Utc> = "2026-11-23T06:00:00Z".parse().unwrap();
        let mut out = Vec::new();
        write(&Reader::open(&self.path).unwrap(), form, now, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    /// Enters documents without a file.
    pub(super) fn missing(&self, ids: Range<u32>) {
        self.change(|ledger| {
            for id in ids {
                let detail = json!({
                    "path": format!("LM/2020.1/{id}.doc"), "reason": "no file of this name anywhere",
                    "looked_in": ["LM/2020.1", "LM/2019.2"],
                });
                end(ledger, id, Outcome::Missing, &detail);
            }
        });
    }

    /// Enters one document without a file, that should be at `path`.
    pub(super) fn left(&self, id: u32, path: &str) {
        self.change(|ledger| end(ledger, id, Outcome::Missing, &json!({ "path": path, "reason": path })));
    }

    /// Waives a check.
    pub(super) fn waive(&self, check: &str, who: &str, why: &str) {
        crate::checks::waiver::decide(&self.path, check, true, who, why).unwrap();
    }

    /// Changes the journal as nobody may.
    pub(super) fn tamper(&self) {
        self.damage(
            "DROP TRIGGER journal_is_append_only_u;
             UPDATE journal SET body = '{\"check\":\"<i>other</i>\"}' WHERE seq = 2;",
        );
    }

    /// Works on the file with other tools.
    pub(super) fn damage(&self, sql: &str) {
        rusqlite::Connection::open(&self.path).unwrap().execute_batch(sql).unwrap();
    }
}

/// A ledger in which nothing has happened.
pub(super) fn empty() -> World {
    World::new(|_| {})
}

/// Nine rows, two files without a row, two runs, three journal entries.
pub(super) fn world() -> World {
    World::new(|ledger| {
        let roots = roots(ledger, ["SO_ARC", "Template"]);
        for (key, place) in verified() {
            verify(ledger, &roots, key, place);
        }
        leave(ledger);
        orphans(ledger, roots[0].1);
        history(ledger);
    })
}

/// The same archive, found, sent and numbered in another order.
pub(super) fn world_in_another_order() -> World {
    World::new(|ledger| {
        let roots = roots(ledger, ["Template", "SO_ARC"]);
        leave(ledger);
        for (key, place) in verified().into_iter().rev() {
            verify(ledger, &roots, key, place);
        }
    })
}

type Place = (&'static str, &'static str, &'static str, u64);

fn verified() -> Vec<(Key, Place)> {
    vec![
        (Key::new(Kind::Document, 1), ("SO_ARC", "LM/2020.1", "offer 1.doc", 1000)),
        (Key::new(Kind::Document, 2), ("SO_ARC", "LM/2020.2", "<script>alert(1)</script>.doc", 2000)),
        (Key::new(Kind::Document, 3), ("SO_ARC", "ÅSE/2021.1", "large.pdf", 5_000_000)),
        (Key::new(Kind::Template, 1), ("Template", "", "letter.dot", 2000)),
    ]
}

fn roots(ledger: &Ledger, labels: [&str; 2]) -> Vec<(String, i64)> {
    let named = labels.map(|label| (label.to_owned(), format!("/srv/{label}")));
    let ids = ledger.set_roots(&named).unwrap();
    named.into_iter().map(|(label, _)| label).zip(ids).collect()
}

fn verify(ledger: &Ledger, roots: &[(String, i64)], key: Key, (label, dir, name, size): Place) {
    let root = roots.iter().find(|(known, _)| known == label).unwrap().1;
    let stamp = Stamp { size, modified: 5 + root, file_id: Some(root) };
    let content = |part: u64| Digest::of(format!("{key} {part}").as_bytes());
    // One of them was entered with its only chunk, as other versions do it.
    let chunks = match size {
        5_000_000 => vec![content(1), content(2)],
        1000 => vec![content(0)],
        _ => Vec::new(),
    };
    let found = Found { root, dir: dir.into(), name: name.into(), stamp };
    ledger.writer().put(Record::Found(key, found, 1)).unwrap();
    let proof = Proof { blake3: content(0), chunks, stamp };
    ledger.writer().put(Record::Ended(key, Outcome::Verified, Some(proof), None)).unwrap();
}

fn end(ledger: &Ledger, id: u32, outcome: Outcome, detail: &Value) {
    let key = Key::new(Kind::Document, id);
    ledger.writer().put(Record::Ended(key, outcome, None, Some(detail.to_string()))).unwrap();
}

fn leave(ledger: &Ledger) {
    let several = json!({
        "path": "LM/2020.1/lost.doc", "reason": "several files of this name, none where it should be",
        "looked_in": ["LM/2020.1", "LM/2019.2", ""], "candidates": ["SO_ARC/XX/lost.doc", "SO_ARC/YY/lost.doc"],
    });
    let nowhere = json!({
        "path": "LM/2020.1/<img src=x onerror=alert(1)>.doc", "reason": "no file of this name anywhere",
        "looked_in": ["LM/2020.1"],
    });
    end(ledger, 10, Outcome::Missing, &several);
    end(ledger, 11, Outcome::Missing, &nowhere);
    end(
        ledger,
        12,
        Outcome::Unreadable,
        &json!({ "path": "/srv/SO_ARC/LM/locked.doc", "reason": "permission denied" }),
    );
    end(ledger, 13, Outcome::Unmigratable, &json!({ "reason": "its name is blank" }));
    ledger.writer().put(Record::Row(Key::new(Kind::Document, 14), 1)).unwrap();
}

fn orphans(ledger: &Ledger, root: i64) {
    let moment = "2020-01-02T03:04:05Z".parse::<DateTime<Utc>>().unwrap().timestamp_nanos_opt().unwrap();
    for (path, size, modified) in [("YY/<b>lost</b>.doc", 71, 0), ("XX/lost.doc", 70, moment)] {
        ledger.writer().put(Record::Orphan(root, path.into(), path.into(), size, modified)).unwrap();
    }
}

fn history(ledger: &Ledger) {
    let writer = ledger.writer();
    writer.put(Record::Meta("migration", "019ab000-0000-7000-8000-000000000001".into())).unwrap();
    writer.put(Record::Meta("identity", json!({ "company": COMPANY, "serial": "1234567" }).to_string())).unwrap();
    for (kind, body) in [
        ("migration.opened", json!({ "mode": "test" })),
        ("waiver", json!({ "check": "travel", "why": "<script>alert(2)</script>" })),
        ("ledger.reconciled", json!({ "ledger": 4, "tenant": 4 })),
    ] {
        writer.put(Record::Journal(kind, body)).unwrap();
    }
    let summary = summary();
    let text = serde_json::to_string(&summary).unwrap();
    writer.put(Record::Run(summary.started, true, text)).unwrap();
    // The summary of this one was torn.
    writer.put(Record::Run("2026-11-23T05:00:00.000Z".into(), true, "{".into())).unwrap();
}

/// A run of two minutes that the link held up.
pub(super) fn summary() -> Summary {
    let counts = [4, 2, 1, 0, 1, 0, 0];
    let outcomes = Outcome::ALL.into_iter().map(Outcome::as_str).zip(counts).collect();
    let edge = |edge, capacity, items, waited| EdgeFigures { edge, capacity, items, queued: 0, waited };
    let curve = (0..=120u32)
        .map(|second| {
            let (at, second) = (f64::from(second), u64::from(second));
            // Slow in the middle, and proven ten seconds later.
            let sent = |second: u64| (second * 4 - second.clamp(50, 80).saturating_sub(50) * 8 / 3) << 20;
            Point { at, sent: sent(second), verified: sent(second.saturating_sub(10)) * 3 / 2, items: second }
        })
        .collect();
    Summary {
        event: "finished",
        exit: Exit::Left.into(),
        kind: Some(RunKind::Initial),
        pass: None,
        mode: Mode::Test,
        started: "2026-11-22T20:00:00.000Z".into(),
        rows: 8,
        outcomes,
        kinds: std::collections::BTreeMap::new(),
        pending: 0,
        orphans: 2,
        complete: true,
        database: None,
        freeze: None,
        committed: true,
        receipt: None,
        mails: None,
        bytes: Bytes { read: 600 << 20, sent: 400 << 20, skipped: 0, verified: 600 << 20 },
        items: Items::default(),
        seconds: 120.0,
        requests: 44,
        retries: 1,
        edges: vec![
            edge("scanner→hasher", 1024, 7, 10.0),
            edge("hasher→chunker", 64, 7, 30.5),
            edge("chunker→uploader", 8, 27, 91.0),
            edge("uploader→verifier", 256, 27, 0.0),
        ],
        resources: Resources::default(),
        curve,
        error: None,
    }
}
