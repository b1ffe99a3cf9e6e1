//! Tests of the database: all tables, rows that fit together, and the faults among them.

use super::*;

#[test]
fn the_database_is_one_file_with_all_tables_and_coherent_rows() {
    let (folder, _) = sample(|_| {});
    assert!(fs::read_dir(folder.path()).unwrap().all(|entry| {
        let name = entry.unwrap().file_name().into_string().unwrap();
        !name.ends_with("-wal") && !name.ends_with("-shm") && !name.ends_with("-journal")
    }));
    let database = open(folder.path());
    assert_eq!(number(&database, "SELECT COUNT(*) FROM crm7.sqlite_schema WHERE type = 'table'"), 555);
    assert_eq!(number(&database, "PRAGMA crm7.page_size"), 4096);
    let model: Vec<u8> = database.query_row("SELECT ModelData FROM crm7.DatabaseModel", [], |row| row.get(0)).unwrap();
    let model: Vec<String> = serde_json::from_slice(&model).unwrap();
    assert_eq!(model.len(), 555);
    for table in schema::tables() {
        let next = format!("SELECT next_id FROM crm7.sequence WHERE TableName = '{}'", table.name);
        let last = format!("SELECT COALESCE(MAX(\"{}\"), 0) FROM crm7.\"{}\"", table.key, table.name);
        assert!(number(&database, &next) > number(&database, &last), "{}", table.name);
        assert!(model.iter().any(|name| name == table.name));
    }
    // Each of these counts rows that point at nothing, or that are one too many.
    for (what, sql) in [
        (
            "an appointment without a document",
            "appointment WHERE type = 4 AND document_id NOT IN (SELECT document_id FROM crm7.document)",
        ),
        (
            "an appointment without a template",
            "appointment WHERE type = 4 AND task_idx NOT IN (SELECT DocTmpl_id FROM crm7.DocTmpl)",
        ),
        (
            "a document without an appointment",
            "document WHERE appointment_id NOT IN (SELECT appointment_id FROM crm7.appointment)",
        ),
        ("a text that is not there", "document WHERE text_id > 0 AND text_id NOT IN (SELECT text_id FROM crm7.text)"),
        ("a person at no company", "person WHERE contact_id NOT IN (SELECT contact_id FROM crm7.contact)"),
        (
            "an employee without a person",
            "associate WHERE type = 0 AND person_id NOT IN (SELECT person_id FROM crm7.person)",
        ),
        (
            "an employee without a role",
            "associate WHERE associate_id NOT IN (SELECT associate_id FROM crm7.UserRoleLink)",
        ),
        (
            "an active employee without an address",
            "associate WHERE type = 0 AND person_id NOT IN (SELECT person_id FROM crm7.Email)",
        ),
        (
            "an active employee without a plan",
            "associate WHERE type = 0 AND deleted = 0 AND associate_id NOT IN (SELECT assocId FROM crm7.LicenseAssocLink)",
        ),
        (
            "a retired employee with a plan",
            "associate WHERE deleted = 1 AND associate_id IN (SELECT assocId FROM crm7.LicenseAssocLink)",
        ),
        (
            "a Service user that is not there",
            "associate WHERE ejuserId > 0 AND ejuserId NOT IN (SELECT id FROM crm7.ejuser)",
        ),
        (
            "an address that is used twice",
            "Email a JOIN crm7.Email b ON lower(a.email_address) = lower(b.email_address) AND a.email_id < b.email_id",
        ),
        ("an alias without a mailbox", "mail_alias WHERE filter_id NOT IN (SELECT id FROM crm7.mail_in_filter)"),
        (
            "a plan with more users than seats",
            "ModuleLicense m WHERE licenseNumber < (SELECT COUNT(*) FROM crm7.LicenseAssocLink WHERE moduleLicenseId = m.ModuleLicense_id)",
        ),
        ("a traveller", "traveller"),
    ] {
        assert_eq!(number(&database, &format!("SELECT COUNT(*) FROM crm7.{sql}")), 0, "{what}");
    }
    for (what, sql, count) in [
        ("company", "company WHERE length(serialNo) = 10 AND ownerContactName <> ''", 1),
        ("central database", "travelcurrent WHERE systemlevel = 10 AND current_id = 0", 1),
        ("own company", "OwnerContactLink", 1),
        ("mailboxes", "mail_in_filter", 3),
        ("resource", "associate WHERE type = 1", 1),
        ("system user", "associate WHERE type = 13", 1),
        ("anonymous user", "associate WHERE type = 7", 1),
        ("people who left", "associate WHERE deleted = 1", 2),
        (
            "general administrator",
            "UserRoleLink u JOIN crm7.FunctionRightRoleLink l ON l.roleId = u.role_id
            JOIN crm7.FunctionRight f ON f.FunctionRight_id = l.functionRightId WHERE f.name = 'admin-all' AND u.associate_id = 1",
            1,
        ),
    ] {
        assert_eq!(number(&database, &format!("SELECT COUNT(*) FROM crm7.{sql}")), count, "{what}");
    }
    let leaver = "SELECT COUNT(*) FROM crm7.appointment a JOIN crm7.associate s USING (associate_id) WHERE s.deleted = 1 AND a.type = 4";
    assert!(number(&database, leaver) > 0, "those who left own documents");
    let file = Connection::open_with_flags(folder.path().join("crm.db"), OpenFlags::SQLITE_OPEN_READ_ONLY).unwrap();
    assert_eq!(file.query_row("PRAGMA integrity_check", [], |row| row.get::<_, String>(0)).unwrap(), "ok");
}

#[test]
fn faults_of_rows_are_planted_one_by_one_and_leave_the_sequence_right() {
    let (folder, _) = sample(with_faults("people,database,mail"));
    let (planted, database) = (planted(folder.path()), open(folder.path()));
    for fault in catalogue().filter(|fault| fault.group != Group::Archive) {
        let entries: Vec<&Planted> = planted.iter().filter(|planted| planted.fault == fault.name).collect();
        assert_eq!(entries.len() as u64, fault.least, "{}", fault.name);
        assert!(entries.iter().all(|planted| planted.expect == fault.expect && planted.path.is_none()));
        assert!(fault.expect.starts_with(fault.group.name()));
    }
    let users: Vec<i64> =
        planted.iter().filter(|planted| planted.item == Item::User).filter_map(|planted| planted.id).collect();
    assert_eq!(users.len(), users.iter().collect::<BTreeSet<_>>().len(), "one fault per user");
    let behind: Vec<&str> = schema::tables()
        .iter()
        .filter(|table| {
            let next = format!("SELECT next_id FROM crm7.sequence WHERE TableName = '{}'", table.name);
            let last = format!("SELECT COALESCE(MAX(\"{}\"), 0) FROM crm7.\"{}\"", table.key, table.name);
            number(&database, &next) <= number(&database, &last)
        })
        .map(|table| table.name)
        .collect();
    assert_eq!(behind, ["Email"]);
    let twice = "SELECT COUNT(*) FROM crm7.Email a JOIN crm7.Email b ON lower(a.email_address) = lower(b.email_address) AND a.email_id < b.email_id";
    assert_eq!(number(&database, twice), 1);
    let sentry = "SELECT COUNT(*) FROM crm7.UserPreference WHERE lower(prefkey || prefvalue) LIKE '%sentryaddonnames%'";
    assert_eq!(number(&database, sentry), 2);
}
