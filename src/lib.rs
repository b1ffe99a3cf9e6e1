//! `omt` moves an on-site SuperOffice installation into an online tenant, and proves what arrived.
//!
//! Every row of the installation ends as exactly one [`item::Outcome`] in the [`ledger`]. An item is *verified* only
//! when the tenant has read it back from its store and hashed it again. A run may be stopped or killed at any moment:
//! the same command goes on.
//!
//! [`migration::migrate`] is a whole run. It opens installation, ledger and tenant, lets ledger and tenant agree, and
//! runs the [`pipeline`]:
//!
//! ```text
//! scanner ──1024──▶ hasher ×cores ──64 + bytes──▶ chunker ×cores ──8 packs──▶ uploader ×N ──256──▶ verifier ──256──▶ ledger
//!   │ rows ─256▶ finders    one read               cut, squeeze, bundle      PUT, N adapts      proof          one writer
//!   └── missing, unreadable, changing, unmigratable … end at once, in the ledger ──────────────────────────────────┘
//! exporter ×N: parts of tables, in front of the chunkers
//! ```
//!
//! All bytes in flight are paid for from one budget, a quarter for content and three quarters for packs, so that
//! memory does not depend on the archive.
//!
//! A whole migration from Rust, with a made-up installation and a tenant in the same process:
//!
//! ```
//! use omt::migration::{Consent, Control, migrate};
//! use omt::sample::{SampleOptions, write};
//! use omt::tenant::{Loopback, Place};
//! use std::sync::Arc;
//!
//! # fn main() -> omt::Result<()> {
//! # let folder = tempfile::tempdir().expect("a temporary folder");
//! let store = folder.path().join("tenant").display().to_string();
//! omt::system::start()?.block_on(async {
//!     let mut options = SampleOptions::new(folder.path().join("site"));
//!     options.documents = 50;
//!     let sample = write(&options, &mut |_progress| {})?;
//!     let tenant = Loopback::start(Place::open(&store, None)?).await?;
//!     let invited = tenant.invite(&sample, Vec::new())?;
//!     let config = tenant.configuration(&sample.config, &invited)?;
//!     let summary = migrate(config, Consent::default(), Control::default(), Arc::new(|_event| {})).await?;
//!     assert!(summary.committed);
//!     assert_eq!(summary.outcomes["verified"], summary.rows);
//!     tenant.stop().await
//! })
//! # }
//! ```
//!
//! What a reader may look for:
//!
//! * [`migration`]: a run from beginning to end, and the comparison of ledger and tenant;
//! * [`pipeline`]: the six stages, their bounds, their supervisor;
//! * [`onsite`]: finding an installation and reading its database; [`archive`]: which file a row means;
//! * [`tenant`]: the receiving side, the protocol, and the client that speaks it;
//! * [`pack`]: many chunks in one object; [`digest`]: what names them; [`item`]: what moves, and how it ended;
//! * [`ledger`]: the durable truth about a migration; [`report`]: what it says to people and programs;
//! * [`checks`]: what could go wrong, found beforehand; [`mail`]: mailboxes, their new addresses, and DNS;
//! * [`wizard`]: the front actor: steps, commands, view; [`web`] and [`stdio`]: how other front ends reach it;
//! * [`bundle`]: what somebody needs who is to help, without names and secrets;
//! * [`forecast`]: how long it will take, measured beforehand;
//! * [`receipt`]: the tenant's signed statement of what it holds, checked offline;
//! * [`tables`]: rows of the database as they move, their parts and their proof;
//! * [`people`]: users, plans and user names, and what was decided about them;
//! * [`sample`]: installations to try, test and measure with;
//! * [`config`]: the one configuration file; [`error`] and [`exit`]: how things go wrong, and how the process ends;
//! * [`metrics`], [`resources`], [`clock`], [`system`]: figures for monitoring, what the process has cost, what time it is,
//!   the runtime.
//!
//! `ARCHITECTURE.md` follows one document through all of it; `docs/formats.md` has every format byte by byte.

pub mod archive;
pub mod bench;
pub mod bundle;
pub mod checks;
pub mod clock;
pub mod config;
pub mod digest;
pub mod error;
pub mod exit;
pub mod forecast;
pub mod item;
pub mod ledger;
pub mod mail;
pub mod metrics;
pub mod migration;
pub mod onsite;
pub mod pack;
pub mod people;
pub mod pipeline;
pub mod receipt;
pub mod report;
pub mod resources;
pub mod sample;
pub mod stdio;
pub mod system;
pub mod tables;
pub mod tenant;
pub mod web;
pub mod wizard;

pub use error::{Code, Error, Result};
