//! Databases older than Unicode, and bytes that are no text at all.

use super::Site;
use crate::tds::{Fault, Options, Tds};
use omt::onsite::database::{Irregular, Kind, Query};

fn names() -> Query {
    Query::new("SELECT {top} {contact.contact_id}, {contact.name}, {contact.registered} FROM {contact} ORDER BY {=contact.contact_id} {limit}")
        .limit(5)
}

fn serve(site: &Site, collation: &'static str) -> Tds {
    Tds::start(Options { collation, ansi: true, ..Options::over(site.database()) })
}

#[test]
fn bytes_that_are_no_text_are_decoded_and_recorded() {
    let site = Site::new("");
    site.change(
        "UPDATE contact SET name = x'e1e2ff' WHERE contact_id = (SELECT min(contact_id) FROM contact);
         UPDATE contact SET name = 'αβγ' WHERE contact_id = (SELECT min(contact_id) + 1 FROM contact)",
    );
    let server = serve(&site, "Greek_CI_AS");
    let mut database = site.connect_to(&server).unwrap();
    let kind = database.catalogue().unwrap().column("contact", "name").unwrap().kind;
    assert_eq!(kind, Kind::Text { unicode: false, code_page: 1253 });
    let rows = database.rows(&names()).unwrap();
    assert_eq!((rows[0].text(1).as_str(), rows[1].text(1).as_str()), ("αβ\u{fffd}", "αβγ"));
    assert_eq!(rows.len(), 5);
    assert!(rows[0].moment(2) > "1900-01-01T00:00:00".parse().unwrap());
    let what = "is no text of code page 1253".to_owned();
    assert_eq!(database.irregular(), [Irregular { column: "contact.name".into(), values: 1, what }]);
    // The next page is read as ever, over another connection.
    let asked = server.statements().len();
    let others = Query::new("SELECT count(*) FROM {contact} WHERE {=contact.contact_id} > ?1").number(1);
    assert!(database.number(&others).unwrap() > 0);
    assert_eq!(server.statements().len(), asked + 1);
    assert_eq!(server.logins().len(), 2);
}

#[test]
fn half_a_character_of_utf16_is_no_end_either() {
    let site = Site::new("");
    site.change("UPDATE contact SET name = x'410000d8' WHERE contact_id = (SELECT min(contact_id) FROM contact)");
    let server = site.serve();
    let mut database = site.connect_to(&server).unwrap();
    // It may also break while it is read for the second time.
    server.plant(Fault::DropInRow("contact", 4));
    let rows = database.rows(&names()).unwrap();
    assert_eq!(rows[0].text(1), "A\u{fffd}");
    let [irregular] = &database.irregular()[..] else { panic!("{:?}", database.irregular()) };
    assert_eq!((irregular.column.as_str(), irregular.what.as_str()), ("contact.name", "is no UTF-16"));
}

#[test]
fn the_code_pages_of_dos_are_read() {
    let site = Site::new("");
    site.change("UPDATE contact SET name = x'426c86629172' WHERE contact_id = (SELECT min(contact_id) FROM contact)");
    let server = serve(&site, "SQL_Latin1_General_CP850_CI_AS");
    let mut database = site.connect_to(&server).unwrap();
    assert_eq!(database.rows(&names()).unwrap()[0].text(1), "Blåbær");
    assert!(database.irregular().is_empty());
}

#[test]
fn text_that_only_an_expression_makes_is_an_error_that_says_so() {
    let site = Site::new("");
    site.change("UPDATE contact SET name = x'410000d8'");
    let server = site.serve();
    let mut database = site.connect_to(&server).unwrap();
    let query = Query::new("SELECT {=contact.name} FROM {contact}");
    let error = database.rows(&query).unwrap_err();
    assert!(error.hint_text().unwrap().contains("expression"), "{error:?}");
}
