//! A tiny installation for the test of one check: a database with a few of the vendor's tables, and nothing else.

use super::{Evidence, Findings, Ground, Looked, find};
use crate::Result;
use crate::config::Config;
use crate::onsite::Installation;
use crate::sample::schema;
use crate::tenant::protocol::{DatabaseKind, Limits, TenantInfo, TenantState};
use std::path::PathBuf;

/// Its folder goes with it.
pub(crate) struct Site {
    /// As it was found.
    pub(crate) installation: Installation,
    /// With the ledger beside it.
    pub(crate) config: Config,
    folder: tempfile::TempDir,
}

/// What a check said.
pub(crate) struct Said {
    pub(crate) looked: Looked,
    pub(crate) count: u64,
    /// All of it.
    pub(crate) all: Vec<Evidence>,
}

impl Said {
    /// The items, in order.
    pub(crate) fn items(&self) -> Vec<&str> {
        self.all.iter().map(|evidence| evidence.item.as_str()).collect()
    }
}

impl Site {
    /// A database with these of the vendor's tables, after these statements.
    pub(crate) fn new(tables: &[&str], sql: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        for root in ["SO_ARC", "SO_ARC/TEMPLATE"] {
            std::fs::create_dir(path(root)).unwrap();
        }
        let text = "<S><Data><Database><add key='Database' value='crm.db'/></Database></Data>
             <Documents><add key='ArchivePath' value='SO_ARC'/></Documents></S>";
        std::fs::write(path("SuperOffice.config"), text).unwrap();
        std::fs::write(path("omt.toml"), "").unwrap();
        let database = rusqlite::Connection::open(path("crm.db")).unwrap();
        for table in schema::tables().iter().filter(|table| tables.contains(&table.name)) {
            database.execute_batch(&table.create).unwrap();
        }
        database.execute_batch(&format!("BEGIN; {sql}; COMMIT")).unwrap();
        drop(database);
        let config = Config::load_with(&path("omt.toml"), []).unwrap();
        Self { installation: Installation::find(&config).unwrap(), config, folder }
    }

    /// A place in its folder.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Has a check look.
    pub(crate) fn look(&self, id: &str) -> Said {
        self.look_with(id, None)
    }

    /// Has a check look, while this tenant answers.
    pub(crate) fn look_with(&self, id: &str, tenant: Option<&TenantInfo>) -> Said {
        self.try_look(id, tenant).unwrap()
    }

    /// Has a check look that may fail.
    pub(crate) fn try_look(&self, id: &str, tenant: Option<&TenantInfo>) -> Result<Said> {
        let check = find(id).unwrap_or_else(|| panic!("there is no check `{id}`"));
        let mut database = self.installation.connect()?;
        let (config, installation) = (&self.config, &self.installation);
        let mut ground = Ground { config, installation, database: &mut *database, tenant, people: None };
        let mut all = Vec::new();
        let mut export = |evidence: &Evidence| {
            all.push(evidence.clone());
            Ok(())
        };
        let mut findings = Findings::new(&mut export);
        let looked = (check.look)(&mut ground, &mut findings)?;
        let count = findings.count;
        Ok(Said { looked, count, all })
    }

    /// The check finds nothing here.
    pub(crate) fn is_clean(&self, id: &str) {
        let said = self.look(id);
        assert_eq!((said.looked, said.all), (Looked::Yes, Vec::new()), "{id}");
    }

    /// The check finds exactly these.
    pub(crate) fn finds(&self, id: &str, items: &[&str]) {
        let said = self.look(id);
        assert_eq!((said.looked.clone(), said.items()), (Looked::Yes, items.to_vec()), "{id}: {:?}", said.all);
        assert_eq!(said.count, items.len() as u64);
    }

    /// The check has nothing to look at, and names what is missing.
    pub(crate) fn is_not_here(&self, id: &str, reason: &str) {
        match self.look(id).looked {
            Looked::NotHere(said) => assert!(said.contains(reason), "{id}: {said}"),
            Looked::Yes => panic!("{id} looked"),
        }
    }
}

/// A tenant made for this company and serial number.
pub(crate) fn tenant(company: &str, serial: &str) -> TenantInfo {
    TenantInfo {
        customer: "Cust10001".into(),
        company: company.into(),
        serial: serial.into(),
        state: TenantState::MigrationPending,
        plans: Vec::new(),
        taken_names: Vec::new(),
        mail_domain: "customer.suocrm.com".into(),
        limits: Limits::default(),
        database: DatabaseKind::default(),
        receipt_key: None,
    }
}
