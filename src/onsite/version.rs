//! Which version an installation has, and how that is known.
//!
//! No single place says it for all versions: `ProductVersion` names the components since it exists, Customer Service keeps
//! its own in `config.version`, older databases have a number in `company`, and every version has left tables and columns
//! behind. [`Version::detect`] collects all of it as [`Evidence`]. The best guess comes from the most certain of them; where
//! they cannot all be true, that is a contradiction, and a person decides.

use super::database::{Database, Query};
use crate::Result;
use serde::{Serialize, Serializer};
use std::fmt;

/// A version, as `8.5.7458`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Number {
    /// `8`
    pub major: u32,
    /// `5`
    pub minor: u32,
    /// `7458`; 0 where it is not known.
    pub build: u32,
}

impl Number {
    /// The oldest version that can be migrated; older ones have to be upgraded first.
    pub const FLOOR: Self = Self::new(7, 1);
    /// The first version whose web services answer on-site.
    pub const REST: Self = Self::new(8, 1);

    /// A version without a build.
    #[must_use]
    pub const fn new(major: u32, minor: u32) -> Self {
        Self { major, minor, build: 0 }
    }

    /// Reads the beginning of a text; nothing unless it begins with two numbers.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let mut parts = text.trim().split('.').map(|part| {
            let digits = part.find(|c: char| !c.is_ascii_digit()).unwrap_or(part.len());
            (part[..digits].parse::<u32>().ok(), digits == part.len())
        });
        let (Some(major), true) = parts.next()? else { return None };
        let (Some(minor), whole) = parts.next()? else { return None };
        let build = if whole { parts.next().and_then(|(build, _)| build).unwrap_or(0) } else { 0 };
        Some(Self { major, minor, build })
    }
}

impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.major, self.minor)?;
        if self.build > 0 { write!(f, ".{}", self.build) } else { Ok(()) }
    }
}

impl Serialize for Number {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// What a piece of evidence says about the version.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case", tag = "says", content = "version")]
pub enum Says {
    /// It is this one.
    Is(Number),
    /// It is this one or a later one.
    AtLeast(Number),
    /// About this one or a later one: the documentation does not name the exact version.
    About(Number),
    /// It is an earlier one.
    Below(Number),
    /// Nothing that can be compared, but a person may want to see it.
    Nothing,
}

/// A piece of evidence.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Evidence {
    /// Where it was found, with what stands there.
    pub source: String,
    /// What that means.
    #[serde(flatten)]
    pub says: Says,
}

/// The version of an installation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Version {
    /// The most likely version.
    pub best: Option<Number>,
    /// Whether something names it. Otherwise `best` is only the oldest that the tables allow.
    pub named: bool,
    /// Everything that was found, the most certain first.
    pub evidence: Vec<Evidence>,
    /// What cannot all be true.
    pub contradictions: Vec<String>,
}

/// What a table or column tells by being there, and by not being there.
struct Fingerprint {
    table: &'static str,
    column: Option<&'static str>,
    present: Says,
    absent: Says,
}

const fn print(table: &'static str, column: Option<&'static str>, present: Says, absent: Says) -> Fingerprint {
    Fingerprint { table, column, present, absent }
}

/// By the vendor's documentation of tables and dictionary steps. A step whose version is not documented says nothing.
const FINGERPRINTS: &[Fingerprint] = &[
    print("ModuleLicense", None, Says::AtLeast(Number::new(7, 0)), Says::Nothing),
    print("ModuleLicence", None, Says::Below(Number::new(7, 0)), Says::Nothing),
    print("associate", Some("userName"), Says::AtLeast(Number::new(8, 0)), Says::Nothing),
    print("DatabaseModel", None, Says::AtLeast(Number::new(8, 1)), Says::Below(Number::new(8, 1))),
    print("attachment_location", None, Says::AtLeast(Number::new(8, 5)), Says::Nothing),
    print("contact", Some("DeletedDate"), Says::About(Number::new(9, 0)), Says::Nothing),
    print("AssociateHistory", None, Says::About(Number::new(10, 0)), Says::Nothing),
    print("document", Some("snum"), Says::Nothing, Says::Nothing),
    print("document", Some("ExtUrl"), Says::Nothing, Says::Nothing),
];
/// The most rows of `ProductVersion` that are read; there is one for each component.
const COMPONENTS: usize = 1000;

impl Version {
    /// Looks at everything that may tell.
    pub fn detect(database: &mut dyn Database) -> Result<Self> {
        let mut evidence = components(database)?;
        evidence.extend(service(database)?);
        evidence.extend(company(database)?);
        evidence.extend(tables(database)?);
        Ok(Self::conclude(evidence))
    }

    fn conclude(evidence: Vec<Evidence>) -> Self {
        let exact =
            evidence.iter().find_map(|piece| if let Says::Is(number) = piece.says { Some(number) } else { None });
        let oldest = evidence.iter().filter_map(|piece| match piece.says {
            Says::AtLeast(number) | Says::About(number) => Some(number),
            _ => None,
        });
        let best = exact.or_else(|| oldest.max());
        let mut contradictions = Vec::new();
        for piece in &evidence {
            let impossible = best.is_some_and(|best| match piece.says {
                // Components of one release differ in their builds.
                Says::Is(number) => (number.major, number.minor) != (best.major, best.minor),
                Says::AtLeast(number) => best < number,
                Says::Below(number) => best >= number,
                Says::About(number) => best.major + 1 < number.major,
                Says::Nothing => false,
            });
            if let (true, Some(best)) = (impossible, best) {
                contradictions.push(format!("{} does not go with version {best}", piece.source));
            }
        }
        Self { best, named: exact.is_some(), evidence, contradictions }
    }

    /// Whether it is `least` or later, if that can be told.
    #[must_use]
    pub fn meets(&self, least: Number) -> Option<bool> {
        let best = self.best.filter(|best| self.named || *best >= least);
        best.map(|best| best >= least).or_else(|| {
            let below = |piece: &Evidence| matches!(piece.says, Says::Below(number) if number <= least);
            self.evidence.iter().any(below).then_some(false)
        })
    }
}

/// `ProductVersion`: the name of the row that carries the product's own version is not public, so all rows of the vendor
/// that hold one are taken, those that name the CRM first, then the highest.
fn components(database: &mut dyn Database) -> Result<Vec<Evidence>> {
    if !database.has_table("ProductVersion")? {
        return Ok(Vec::new());
    }
    let text = "SELECT {top} {ProductVersion.ownerName|''}, {ProductVersion.codeName|''}, {ProductVersion.version|''}
                FROM {ProductVersion} ORDER BY {=ProductVersion.ProductVersion_id} {limit}";
    let mut found = Vec::new();
    for row in database.rows(&Query::new(text).limit(COMPONENTS))? {
        let [owner, code, version] = [0, 1, 2].map(|column| row.text(column).trim().to_owned());
        let Some(number) = Number::parse(&version) else { continue };
        let vendor = owner.eq_ignore_ascii_case("SuperOffice");
        let says = if vendor { Says::Is(number) } else { Says::Nothing };
        let product = vendor && code.to_ascii_lowercase().contains("crm");
        let source = format!("`ProductVersion` {owner}/{code} = {version}");
        found.push((!vendor, !product, std::cmp::Reverse(number), Evidence { source, says }));
    }
    found.sort_by_key(|(foreign, other, number, _)| (*foreign, *other, *number));
    Ok(found.into_iter().map(|(.., evidence)| evidence).collect())
}

fn service(database: &mut dyn Database) -> Result<Option<Evidence>> {
    if !database.has_table("config")? {
        return Ok(None);
    }
    let text = "SELECT {top} {config.version|''} FROM {config} ORDER BY {=config.id} {limit}";
    let rows = database.rows(&Query::new(text).limit(1))?;
    let version = rows.first().map(|row| row.text(0).trim().to_owned()).filter(|version| !version.is_empty());
    Ok(version.map(|version| Evidence {
        says: Number::parse(&version).map_or(Says::Nothing, Says::Is),
        source: format!("`config.version` of Customer Service = {version}"),
    }))
}

/// The number there is one of the database from before it could describe itself; how it counts is not public.
fn company(database: &mut dyn Database) -> Result<Option<Evidence>> {
    if !database.has_table("company")? {
        return Ok(None);
    }
    let text =
        "SELECT {top} {company.version|0}, {company.revision|0} FROM {company} ORDER BY {=company.company_id} {limit}";
    let rows = database.rows(&Query::new(text).limit(1))?;
    Ok(rows.first().filter(|row| row.integer(0) != 0).map(|row| Evidence {
        source: format!("`company.version` = {}, `company.revision` = {}", row.integer(0), row.integer(1)),
        says: Says::Nothing,
    }))
}

fn tables(database: &mut dyn Database) -> Result<Vec<Evidence>> {
    let catalogue = database.catalogue()?;
    let mut found = Vec::new();
    for Fingerprint { table, column, present, absent } in FINGERPRINTS {
        let (there, name) = match column {
            Some(column) => (catalogue.column(table, column).is_some(), format!("column `{table}.{column}`")),
            None => (catalogue.table(table).is_some(), format!("table `{table}`")),
        };
        let (word, says) = if there { ("there is", *present) } else { ("there is no", *absent) };
        if there || says != Says::Nothing {
            found.push(Evidence { source: format!("{word} {name}"), says });
        }
    }
    // Long texts were made Unicode and unlimited with 7.5.
    if let Some(text) = catalogue.column("text", "text") {
        let old = matches!(text.declared.split('(').next(), Some("ntext" | "text"));
        let says = if old { Says::Below(Number::new(7, 5)) } else { Says::Nothing };
        found.push(Evidence { source: format!("column `text.text` is `{}`", text.declared), says });
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::onsite::database::SqliteDatabase;

    fn detect(tables: &str) -> Version {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("crm.db");
        let made = rusqlite::Connection::open(&path).unwrap();
        made.execute_batch("CREATE TABLE company (company_id int, version int, revision int)").unwrap();
        made.execute_batch(tables).unwrap();
        drop(made);
        Version::detect(&mut SqliteDatabase::open(&path, "crm7").unwrap()).unwrap()
    }

    #[test]
    fn numbers_are_read_and_compared() {
        let parse = |text| Number::parse(text).map(|number| number.to_string());
        for (text, number) in [
            ("8.5.7458.", "8.5.7458"),
            (" 10.3.8936 ", "10.3.8936"),
            ("7.1", "7.1"),
            ("9.2 R05", "9.2"),
            ("8.5.7458.12", "8.5.7458"),
        ] {
            assert_eq!(parse(text).as_deref(), Some(number), "{text}");
        }
        for text in ["US", "", "10", "v8.5", "8.", ".5", "8a.5", "99999999999.1"] {
            assert_eq!(parse(text), None, "{text}");
        }
        assert!(Number::parse("10.0") > Number::parse("9.2.9999") && Number::FLOOR > Number::new(7, 0));
    }

    #[test]
    fn the_row_of_the_crm_is_believed_and_others_are_compared() {
        let version = detect(
            "CREATE TABLE DatabaseModel (x int); CREATE TABLE ProductVersion (ProductVersion_id int, ownerName, codeName, version);
             INSERT INTO ProductVersion VALUES (1, 'SuperOffice', 'databaselanguage', 'US'), (2, 'Partner', 'CRM add-on', '99.1'),
                (3, 'SuperOffice', 'Service', '8.4.7000'), (4, 'SUPEROFFICE', 'SuperOffice CRM', '8.5.7458');
             CREATE TABLE config (id int, version); INSERT INTO config VALUES (1, '8.5.7400');",
        );
        assert_eq!(version.best, Number::parse("8.5.7458"));
        assert!(version.named && version.contradictions.len() == 1, "{version:?}");
        assert!(version.contradictions[0].contains("Service = 8.4.7000"), "{version:?}");
        assert_eq!((version.meets(Number::FLOOR), version.meets(Number::new(9, 0))), (Some(true), Some(false)));
    }

    #[test]
    fn without_a_name_tables_tell_what_they_can() {
        let version = detect("CREATE TABLE ModuleLicense (x int); INSERT INTO company VALUES (1, 720, 3)");
        assert_eq!((version.best, version.named), (Some(Number::new(7, 0)), false));
        assert_eq!(version.meets(Number::new(7, 0)), Some(true));
        assert_eq!(version.meets(Number::FLOOR), None, "7.0 or later: perhaps 7.1");
        assert_eq!(version.meets(Number::REST), Some(false), "there is no DatabaseModel");
        assert_eq!(detect("CREATE TABLE ModuleLicence (x int)").meets(Number::FLOOR), Some(false));
    }

    #[test]
    fn tables_that_do_not_go_with_the_version_are_named() {
        let version = detect(
            "CREATE TABLE DatabaseModel (x int); CREATE TABLE AssociateHistory (x int); CREATE TABLE text (text ntext);
             CREATE TABLE ProductVersion (ProductVersion_id int, ownerName, codeName, version);
             INSERT INTO ProductVersion VALUES (1, 'SuperOffice', 'CRM', '7.1.4507');",
        );
        let named = ["DatabaseModel", "AssociateHistory"];
        assert_eq!(version.contradictions.len(), named.len(), "{version:?}");
        assert!(named.iter().zip(&version.contradictions).all(|(name, text)| text.contains(name)), "{version:?}");
        assert_eq!(version.meets(Number::FLOOR), Some(true));
    }
}
