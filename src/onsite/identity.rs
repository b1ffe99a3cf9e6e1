//! Whose installation it is, as the vendor's own tool shows it before it asks for a log-on.

use super::database::{Database, Query};
use crate::Result;
use serde::Serialize;

/// The row of `company`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Identity {
    /// `ownerContactName`
    pub owner: String,
    /// `ownerDepartmentName`; often empty.
    pub department: String,
    /// `serialNo`: a migration is bound to owner and serial number.
    pub serial: String,
}

impl Identity {
    /// Reads it; nothing if the table is empty.
    pub fn read(database: &mut dyn Database) -> Result<Option<Self>> {
        let text = "SELECT {top} {company.ownerContactName}, {company.ownerDepartmentName|''}, {company.serialNo}
                    FROM {company} ORDER BY {=company.company_id} {limit}";
        let rows = database.rows(&Query::new(text).limit(1))?;
        Ok(rows.first().map(|row| Self {
            owner: row.text(0).trim().to_owned(),
            department: row.text(1).trim().to_owned(),
            serial: row.text(2).trim().to_owned(),
        }))
    }
}
