//! One run of the pipeline, put together and taken apart.

use super::budget::{ContentBudget, PackBuffers};
use super::chunker::Chunker;
use super::claims::Claims;
use super::crew::{Crew, Work};
use super::edge::{Edge, channel};
use super::exporter::{self, Export, Exported, Surroundings};
use super::hasher::Hasher;
use super::outcomes::{Observer, Outcomes};
use super::port::{Port, open};
use super::scanner::{Scan, crew as scanner_crew};
use super::stats::Stats;
use super::stop::Stop;
use super::supervisor::{Stage, Supervisor};
use super::uploader::{Uploader, Uploads};
use super::verifier::{Verifications, Verifier};
use super::width::Width;
use crate::archive::Roots;
use crate::config::Pipeline;
use crate::item::Outcome;
use crate::ledger::{Ledger, Record, Totals};
use crate::onsite::Source;
use crate::tenant::destination::Destination;
use crate::tenant::protocol::Limits;
use crate::{Code, Error, Result};
use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};
use tokio::runtime::Handle;
use tokio::sync::{Semaphore, oneshot};

/// What a run reads.
pub struct Input {
    /// The rows.
    pub source: Source,
    /// Where files lie, numbered as in the ledger.
    pub roots: Arc<Roots>,
    /// Which root (by its position) holds which attachment location.
    pub locations: BTreeMap<i64, usize>,
    /// The pattern of attachment file names.
    pub attachment_name: String,
    /// The number that the ledger has for the root of parts of tables.
    pub database_root: i64,
    /// The tables; nothing if they do not move.
    pub tables: Option<Export>,
    /// The tenant is running: what it holds is its own. Only items come in that it does not have, and the tables must be as
    /// they were.
    pub late: bool,
}

/// What a run works with. Figures and ways to stop are shared with whoever started it.
pub struct Engine {
    /// Sizes and degrees of concurrency.
    pub settings: Pipeline,
    /// The tenant.
    pub to: Arc<dyn Destination>,
    /// What it takes.
    pub limits: Limits,
    /// How many packs at once; told about congestion by the destination.
    pub width: Arc<Width>,
    /// The figures.
    pub stats: Arc<Stats>,
    /// How to stop it.
    pub stop: Stop,
    /// Who wants to know.
    pub observer: Observer,
}

/// How a run ended, if it did not fail.
#[derive(Debug)]
pub struct Finished {
    /// What the ledger holds now.
    pub totals: Totals,
    /// Rows that were read.
    pub rows: u64,
    /// Every row was read, every one has an outcome, and the sums agree.
    pub complete: bool,
    /// What is known of the tables, if they moved.
    pub exported: Option<Exported>,
}

/// The edges of the pipeline. The capacities are those of the diagram.
#[must_use]
pub fn edges() -> [Arc<Edge>; 4] {
    [
        Edge::new("scanner→hasher", 1024),
        Edge::new("hasher→chunker", 64),
        Edge::new("chunker→uploader", 8),
        Edge::new("uploader→verifier", 256),
    ]
    .map(Arc::new)
}

impl Engine {
    /// Figures over these edges.
    #[must_use]
    pub fn stats(edges: &[Arc<Edge>; 4]) -> Arc<Stats> {
        Arc::new(Stats::new(edges.to_vec()))
    }
}

/// Runs the pipeline to its end. Must be called inside an actix system on a multi-thread runtime.
///
/// # Errors
/// The first error of any stage. Whatever was done before it is in the ledger; the next run resumes.
pub async fn run(engine: Engine, edges: [Arc<Edge>; 4], input: Input, ledger: &Ledger) -> Result<Finished> {
    let Engine { settings, to, limits, width, stats, stop, observer } = engine;
    if settings.pack.0 > limits.pack_bytes
        || settings.cut.largest(settings.chunk.0 as usize) as u64 > u64::from(limits.chunk_bytes)
        || settings.whole.0 > u64::from(limits.chunk_bytes)
    {
        return Err(Error::new(Code::ConfigInvalid, "the tenant takes only smaller packs or chunks than configured")
            .hint(format!(
                "set `pipeline.pack` to at most {} and `pipeline.chunk` and `pipeline.whole` to at most {} bytes",
                limits.pack_bytes, limits.chunk_bytes
            )));
    }
    let runtime = Handle::current();
    let [to_hasher, to_chunker, to_uploader, to_verifier] = edges;
    let outcomes = Outcomes::new(ledger.writer(), Arc::clone(&stats), observer);
    let claims = Arc::new(Claims::default());
    // A quarter of the memory for content, of that a quarter for large values of tables; the rest for packs.
    let sixteenth = settings.memory.0 / 16;
    let room = |sixteenths| ContentBudget::new(sixteenth * sixteenths, runtime.clone(), Arc::clone(&to_chunker));
    let (content, values) = (room(3), room(1));
    let buffers = PackBuffers::new(settings.memory.0 / 4 * 3, settings.pack.0 as usize, Arc::clone(&to_uploader));
    let (done, finished) = oneshot::channel();
    let supervisor = open(Supervisor::new(stop.clone(), done));
    // Held to the end: an actor whose last address is dropped just after a message was posted may never see it.
    let _held = supervisor.clone();

    // From the end to the beginning: each stage needs the way into the next.
    let verifier = open(Verifier::new(
        Verifications {
            to: Arc::clone(&to),
            batch_items: limits.batch_items as usize,
            lanes: Semaphore::new(settings.verifications),
            outcomes: outcomes.clone(),
            writer: ledger.writer(),
            roots: Arc::clone(&input.roots),
            stop: stop.clone(),
        },
        ledger.reader()?,
        runtime.clone(),
        supervisor.clone(),
    ));
    let verifier = Port::new(verifier, to_verifier);
    let uploader = open(Uploader::new(
        Uploads {
            to,
            width,
            writer: ledger.writer(),
            claims: Arc::clone(&claims),
            stats: Arc::clone(&stats),
            stop: stop.clone(),
            verifier: verifier.clone(),
        },
        runtime.clone(),
        supervisor.clone(),
    ));
    let uploader = Port::new(uploader, to_uploader);

    let (pieces, from_hasher) = channel(&to_chunker);
    let mut chunkers: Vec<Work> = Vec::new();
    for _ in 0..settings.chunkers {
        let chunker = Chunker {
            pack: settings.pack.0 as usize,
            squeeze: settings.squeeze,
            level: settings.level,
            claims: Arc::clone(&claims),
            buffers: buffers.clone(),
            writer: ledger.writer(),
            reader: ledger.reader()?,
            uploader: uploader.clone(),
            verifier: verifier.clone(),
            runtime: runtime.clone(),
            stats: Arc::clone(&stats),
            stop: stop.clone(),
        };
        let pieces = from_hasher.clone();
        chunkers.push(Box::new(move || chunker.work(&pieces)));
    }
    drop((verifier, uploader, from_hasher));

    // Before anybody may park an item.
    ledger.writer().put(Record::ScanBegins)?;
    let (candidates, from_scanner) = channel(&to_hasher);
    let hasher = Hasher {
        budget: content,
        values,
        whole: settings.whole.0,
        cut: settings.cut,
        chunk: settings.chunk.0 as usize,
        outcomes: outcomes.clone(),
        stats: Arc::clone(&stats),
        stop: stop.clone(),
    };
    let hashers = (0..settings.hashers)
        .map(|_| {
            let (hasher, candidates, pieces) = (hasher.clone(), from_scanner.clone(), pieces.clone());
            Box::new(move || hasher.work(candidates, &pieces)) as Work
        })
        .collect();
    let (root, late) = (input.database_root, input.late);
    let around = Surroundings { ledger, root, outcomes: outcomes.clone(), hasher, to: pieces, late };
    let (exporters, exported) = exporter::crew(input.tables, around)?;
    drop(from_scanner);

    let scan = Scan {
        source: input.source,
        roots: input.roots,
        locations: input.locations,
        attachment_name: input.attachment_name,
        item_limit: limits.item_bytes,
        finders: settings.finders,
        late,
    };
    let scanners = scanner_crew(scan, ledger, outcomes, Arc::clone(&stats), stop.clone(), candidates)?;
    open(Crew::new(Stage::Chunker, chunkers, supervisor.clone()));
    open(Crew::new(Stage::Hasher, hashers, supervisor.clone()));
    open(Crew::new(Stage::Exporter, exporters, supervisor.clone()));
    open(Crew::new(Stage::Scanner, scanners, supervisor));

    let result = finished.await.unwrap_or_else(|_| Err(Error::new(Code::Internal, "the supervisor is gone")));
    // Also after a failure: what is queued for the ledger happened.
    // Blocking is fine here: the actors of this thread are gone.
    let flushed = ledger.writer().flush();
    result?;
    flushed?;
    let totals = ledger.reader()?.totals()?;
    let rows = stats.rows.get();
    let pending = totals.of(None, None).0;
    // The identity of the report: rows = Σ outcomes + pending.
    let looked = stats.scanned.get() == 1 && stats.exported.get() == 1;
    let complete = looked && pending == 0 && totals.all(None).0 == rows;
    if looked && totals.all(None).0 != rows {
        return Err(Error::new(
            Code::Internal,
            format!("{rows} rows were read, but {} are accounted for", totals.all(None).0),
        )
        .hint("this is a defect of omt, please report it with the ledger"));
    }
    tracing::info!(rows, pending, verified = totals.of(None, Some(Outcome::Verified)).0, "run over");
    let exported = Arc::into_inner(exported).and_then(OnceLock::into_inner);
    Ok(Finished { totals, rows, complete, exported })
}
