//! A sample installation: everything `omt` needs to be tried, tested and measured without a customer.
//!
//! [`write()`] fills a folder with what an on-site installation consists of: its configuration files, a CRM database with
//! all of the vendor's tables, two archive roots laid out by the vendor's path rule with a file for each document,
//! templates, Customer Service attachments, and the clutter that lies in every real archive. The same options always
//! give the same bytes. Memory does not depend on the number of documents.
//!
//! Faults can be planted on request: every known trouble of a real installation, each with what a run must say about it
//! in `faults.json`. [`repair()`] then plays the administrator who brings lost files back.

mod calendar;
mod company;
mod content;
mod database;
mod disk;
mod document;
mod documents;
mod faults;
mod installation;
mod noise;
mod random;
mod repair;
mod roster;
pub(crate) mod schema;
mod service;
mod staff;
mod templates;
mod words;

#[cfg(test)]
mod tests;

use std::path::PathBuf;

use rand::Rng;

use self::calendar::Calendar;
use self::content::{LARGEST, Source, Tree};
use self::database::Database;
use self::disk::Disk;
use self::faults::Harvest;
use self::faults::plan::Plan;
pub use self::faults::{Fault, FaultSelection, Group, Item, Planted, catalogue};
use self::noise::Noise;
use self::random::{pick, stream};
pub use self::repair::repair;
use self::roster::Roster;
use crate::error::{Code, Error, Result};

/// The usual median size of a generated document, in bytes.
pub const MEDIAN_SIZE: u64 = 30 << 10;
/// How many employees a sample may have.
const USERS: std::ops::RangeInclusive<u32> = 20..=10_000;

/// What to write.
#[derive(Debug, Clone)]
pub struct SampleOptions {
    /// The folder to fill; it must not exist or be empty.
    pub out: PathBuf,
    /// A folder of real files that become the documents' contents, again and again in the order of their paths.
    /// Without it, contents are generated.
    pub from: Option<PathBuf>,
    /// How many document rows to write; at least 1.
    pub documents: u64,
    /// How many employees there are, those who left included: 20 to 10,000. By default it grows with the documents.
    pub users: Option<u32>,
    /// Another seed gives another company with other documents.
    pub seed: u64,
    /// Median size of a generated file in bytes; the mean is about 2.3 times that.
    pub median_size: u64,
    /// Which troubles to plant.
    pub faults: FaultSelection,
}

impl SampleOptions {
    /// A sample without faults: 1,000 generated documents of the usual size.
    pub fn new(out: impl Into<PathBuf>) -> Self {
        Self {
            out: out.into(),
            from: None,
            documents: 1_000,
            users: None,
            seed: 1,
            median_size: MEDIAN_SIZE,
            faults: FaultSelection::none(),
        }
    }
}

/// What was written.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct SampleSummary {
    /// Rows of `document`.
    pub documents: u64,
    /// Rows of `DocTmpl`.
    pub templates: u64,
    /// Rows of `attachment`.
    pub attachments: u64,
    /// Employees, those who left included.
    pub users: u64,
    /// Employees who left.
    pub retired: u64,
    /// Bytes of those files.
    pub bytes: u64,
    /// Files of documents, templates (each language counts) and attachments, and planted orphans; clutter does not count.
    pub files: u64,
    /// Entries of `faults.json`.
    pub faults: u64,
    /// Company name, as the licence has it.
    pub company: String,
    /// Serial number, as the licence has it.
    pub serial: String,
    /// The configuration file for a migration of this installation.
    pub config: PathBuf,
    /// The list of what was planted.
    pub fault_list: PathBuf,
}

/// All that is decided before anything is written.
struct Site {
    seed: u64,
    documents: u64,
    templates: u64,
    company: String,
    domain: String,
    serial: String,
    roster: Roster,
    calendar: Calendar,
    source: Source,
    faults: FaultSelection,
}

impl Site {
    fn new(options: &SampleOptions) -> Result<Self> {
        let SampleOptions { documents, seed, median_size, .. } = *options;
        let invalid = |what: &str| Error::new(Code::ConfigInvalid, what);
        if documents == 0 {
            return Err(invalid("a sample needs at least one document").hint("ask for 1 document or more"));
        }
        // Keys are 32 bits wide in the vendor's tables.
        if documents > 100_000_000 {
            return Err(invalid("too many documents for one sample").hint("ask for at most 100,000,000 documents"));
        }
        if !(1..=LARGEST).contains(&median_size) {
            return Err(invalid("the median size is out of range").hint("choose 1 byte to 64 MiB"));
        }
        let users = options.users.unwrap_or_else(|| (20 + documents / 1_000).min(1_000) as u32);
        if !USERS.contains(&users) {
            return Err(invalid("the number of users is out of range").hint("choose 20 to 10,000 users"));
        }
        let tree = options.from.as_deref().map(Tree::walk).transpose()?;
        let mut chance = stream(seed, "company", 0);
        let (company, domain) = *pick(&mut chance, words::OWNERS);
        Ok(Self {
            seed,
            documents,
            templates: templates::COUNT,
            company: company.to_owned(),
            domain: domain.to_owned(),
            serial: chance.random_range(1_000_000_000_u64..10_000_000_000).to_string(),
            roster: Roster::new(seed, users, domain),
            calendar: Calendar::new(seed, documents),
            source: Source::new(seed, median_size, tree)?,
            faults: options.faults.clone(),
        })
    }
}

/// Writes a sample. `progress` is called with the number of documents done so far, from time to time and at the end.
pub fn write(options: &SampleOptions, progress: &mut dyn FnMut(u64)) -> Result<SampleSummary> {
    let site = Site::new(options)?;
    let plan = Plan::new(&site)?;
    let mut disk = Disk::create(&options.out)?;
    let (mut harvest, mut noise) = (Harvest::default(), Noise::default());
    for root in [document::MAIN_ROOT, document::OLD_ROOT] {
        disk.folder(root)?;
    }
    installation::write(&site, &mut disk)?;
    let database = Database::create(&disk.path(installation::DATABASE))?;
    company::write(&site, &database)?;
    staff::write(&site, &database)?;
    templates::write(&site, &database, &mut disk, &mut harvest)?;
    documents::write(&site, &plan, &database, &mut disk, &mut harvest, &mut noise, progress)?;
    service::write(&site, &database, &mut disk, &mut harvest)?;
    noise.write(&site, &mut disk)?;

    faults::people::plant(&site.faults, &site, &database, &mut harvest)?;
    faults::mail::plant(&site.faults, &site, &database, &mut harvest)?;
    // These two look at the finished tables; what is planted after them keeps them right, or wrong on purpose.
    database.write_model(faults::database::absent_tables(&site.faults))?;
    database.write_sequence()?;
    faults::database::plant(&site.faults, &site, &database, &mut harvest)?;
    let attachments = database.number("SELECT COUNT(*) FROM attachment", &[])?;
    database.finish()?;
    installation::write_faults(&harvest, &mut disk)?;

    Ok(SampleSummary {
        documents: site.documents,
        templates: site.templates,
        attachments: attachments as u64,
        users: site.roster.users.len() as u64,
        retired: site.roster.users.iter().filter(|user| user.retired).count() as u64,
        bytes: disk.bytes,
        files: disk.files,
        faults: harvest.0.len() as u64,
        company: site.company.clone(),
        serial: site.serial.clone(),
        config: disk.path(installation::CONFIG),
        fault_list: disk.path(installation::FAULTS),
    })
}
