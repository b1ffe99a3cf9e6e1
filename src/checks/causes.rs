//! Which checks are one trouble, seen from several sides.
//!
//! Who reads that there is a traveller, a satellite and a temporary key has to do one thing, not three. The table below says
//! so, and the output puts what has one cause together.

/// A trouble that several checks may find.
pub struct Cause {
    /// Stable, for programs.
    pub id: &'static str,
    /// What it is, in one line.
    pub title: &'static str,
    /// The ids of the checks.
    pub checks: &'static [&'static str],
}

/// All of them.
pub static CAUSES: &[Cause] = &[
    Cause {
        id: "travel",
        title: "parts of the database are, or were, somewhere else",
        checks: &[
            "database.not-central",
            "database.traveller",
            "database.active-satellite",
            "database.defined-satellite",
            "database.unfinished-homecoming",
            "database.travel-leftover",
        ],
    },
    Cause {
        id: "plain-sql",
        title: "somebody has changed the database with other tools than the vendor's",
        checks: &[
            "database.model-table-absent",
            "database.sequence-behind",
            "database.duplicate-key",
            "database.unsigned-row",
            "database.date-out-of-range",
        ],
    },
    Cause {
        id: "broken-documents",
        title: "rows of documents are incomplete or wrong",
        checks: &["archive.blank-name", "archive.lost-appointment", "archive.unknown-associate", "archive.unsafe-name"],
    },
    Cause {
        id: "plug-ins",
        title: "programs of the old client or of partners are part of the installation",
        checks: &[
            "database.sentry-addon-names",
            "archive.other-provider",
            "archive.plug-in-template",
            "installation.client-program",
            "installation.sdk-table",
        ],
    },
    Cause {
        id: "old-server",
        title: "addresses and folders of the old server",
        checks: &["installation.intranet-panel", "service.old-path", "service.old-host", "service.webhook-on-site"],
    },
    Cause {
        id: "freeze",
        title: "an earlier live migration has left its freeze behind",
        checks: &["database.no-login", "service.frozen"],
    },
    Cause {
        id: "folders",
        title: "folders are not where this machine looks for them",
        checks: &["archive.unreachable", "archive.no-template-folder", "service.attachments-unreachable"],
    },
    Cause {
        id: "wrong-ledger",
        title: "ledger, database and tenant are not of one migration",
        checks: &["machine.ledger-foreign", "machine.ledger-ahead", "tenant.other-licence", "tenant.running"],
    },
];

/// The cause that a check belongs to, if it has one.
#[must_use]
pub fn of(check: &str) -> Option<&'static Cause> {
    CAUSES.iter().find(|cause| cause.checks.contains(&check))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_check_of_a_cause_exists_and_has_no_other_cause() {
        let mut seen = BTreeSet::new();
        for cause in CAUSES {
            assert!(cause.checks.len() > 1, "{}", cause.id);
            for check in cause.checks {
                assert!(crate::checks::find(check).is_some(), "{check}");
                assert!(seen.insert(check), "{check}");
                assert_eq!(of(check).map(|cause| cause.id), Some(cause.id));
            }
        }
        assert!(of("database.secrets").is_none());
    }
}
