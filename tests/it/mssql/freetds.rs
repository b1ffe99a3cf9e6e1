//! The server of these tests as FreeTDS sees it, a client that nobody here wrote.
//!
//! What omt and the server misunderstand in the same way, a third one would not. In CI the client must be there.

use super::Site;
use crate::tds::{DATABASE, Encryption, Options, PASSWORD, Tds, USER};
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

/// Whether FreeTDS is installed. `false` is said loudly, and in CI it is a failure.
fn is_there() -> bool {
    let there = Command::new("tsql").arg("-C").stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok();
    assert!(
        there || std::env::var_os("CI").is_none_or(|value| value != "true"),
        "`tsql` is missing: apt-get install freetds-bin"
    );
    if !there {
        eprintln!("LEFT OUT: the TDS server was not checked with FreeTDS; apt-get install freetds-bin");
    }
    there
}

/// Writes what FreeTDS is to know about the server.
fn configuration(server: &Tds, folder: &Path, encryption: &str) -> std::path::PathBuf {
    let file = folder.join("freetds.conf");
    let text = format!(
        "[omt]\nhost = 127.0.0.1\nport = {}\ntds version = 7.4\nclient charset = UTF-8\nencryption = {encryption}\n",
        server.port
    );
    std::fs::write(&file, text).unwrap();
    file
}

/// What a client says to these statements.
fn ask(program: &str, configuration: &Path, password: &str, more: &[&str], statements: &str) -> (String, String) {
    let mut child = Command::new(program)
        .args(["-S", "omt", "-U", USER, "-P", password, "-D", DATABASE])
        .args(more)
        .env("FREETDSCONF", configuration)
        .env("LC_ALL", "C.UTF-8")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // A client that is not let in does not read.
    let _ = child.stdin.take().unwrap().write_all(statements.as_bytes());
    let output = child.wait_with_output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (text(&output.stdout), text(&output.stderr))
}

#[test]
fn freetds_reads_what_the_tables_hold() {
    if !is_there() {
        return;
    }
    let site = Site::new("");
    site.change(
        "CREATE TABLE everything (id INTEGER PRIMARY KEY, a_bit \"bit\", a_tiny \"tinyint\", a_small \"smallint\",
             a_big \"bigint\", a_float \"float\", a_money \"money\", a_decimal \"decimal(18,4)\", a_datetime \"datetime\",
             a_datetime2 \"datetime2\", a_date \"date\", a_guid \"uniqueidentifier\", a_varchar \"varchar(50)\", a_nvarchar \"nvarchar(50)\", a_long \"nvarchar(max)\",
             a_blob \"varbinary(max)\", a_text \"text\", an_ntext \"ntext\");
         INSERT INTO everything VALUES (1, 1, 255, -32768, -9007199254740993, -1.5, 12.3456, -1234.5,
             '1760-01-01 00:00:00', '9999-12-31 23:59:59', '2024-02-29', '6f9619ff-8b86-d011-b42d-00c04fc964ff', 'Blåbær', 'æøå', 'lang', x'00ff', 'Zürich',
             'Ærø');
         INSERT INTO everything (id) VALUES (2);",
    );
    for encryption in ["require", "request", "off"] {
        let server = site.serve();
        let configuration = configuration(&server, site.folder.path(), encryption);
        let statements = "SELECT * FROM crm7.everything ORDER BY id\nGO\n\
            SELECT TOP (1) [a].[name] AS [who], COUNT_BIG(*) FROM [crm7].[associate] AS [a] GROUP BY [a].[name] ORDER BY 1\nGO\n\
            SELECT name FROM sys.schemas WHERE name = 'crm7'\nGO\nSELECT @@VERSION\nGO\n";
        let (said, errors) = ask("tsql", &configuration, PASSWORD, &["-o", "q"], statements);
        for part in [
            "id\ta_bit\ta_tiny",
            "1\t1\t255\t-32768\t-9007199254740993\t-1.5\t12.3456\t-1234.5000\t",
            "6F9619FF-8B86-D011-B42D-00C04FC964FF\tBlåbær\tæøå\tlang\t00ff\tZürich\tÆrø",
            "2\tNULL\tNULL\tNULL\tNULL\tNULL\tNULL\tNULL\tNULL\tNULL\tNULL\tNULL\tNULL\tNULL\tNULL\tNULL\tNULL\tNULL",
            "\tJan  1 1760 12:00AM\tDec 31 9999 11:59PM\tFeb 29 2024",
            "who\t",
            "crm7",
            "omt test server",
        ] {
            assert!(said.contains(part), "{encryption}: `{part}` is not in: {said}\n{errors}");
        }
        // What FreeTDS calls a request is the log-in only, unless the server wants more.
        assert_eq!(server.logins()[0].encrypted, encryption == "require");
    }
}

#[test]
fn freetds_understands_the_errors() {
    if !is_there() {
        return;
    }
    let site = Site::new("");
    let server = site.serve();
    let file = configuration(&server, site.folder.path(), "require");
    let (said, errors) = ask("tsql", &file, "wrong", &["-o", "q"], "SELECT 1\nGO\n");
    assert!(format!("{said}{errors}").contains("18456"), "{said}{errors}");
    let (said, errors) = ask(
        "tsql",
        &file,
        PASSWORD,
        &["-o", "q"],
        "SELECT a FROM crm7.no_such_table\nGO\nDELETE FROM crm7.person\nGO\n",
    );
    let all = format!("{said}{errors}");
    assert!(
        all.contains("Msg 208")
            && all.contains("Msg 229")
            && all.contains("DELETE permission was denied on the object 'crm7.person'"),
        "{all}"
    );
    // Where the server has no certificate, who insists on one goes away.
    let plain = Tds::start(Options { encryption: Encryption::Refused, ..Options::over(site.database()) });
    let file = configuration(&plain, site.folder.path(), "require");
    ask("tsql", &file, PASSWORD, &["-o", "q"], "SELECT 1\nGO\n");
    assert!(plain.logins().is_empty());
}

#[test]
fn another_program_of_freetds_agrees() {
    if !is_there() {
        return;
    }
    let site = Site::new("");
    let server = site.serve();
    let file = configuration(&server, site.folder.path(), "require");
    let rows = rusqlite::Connection::open(site.database())
        .unwrap()
        .query_row("SELECT count(*) FROM document", [], |row| row.get::<_, i64>(0))
        .unwrap();
    let (said, errors) =
        ask("bsqldb", &file, PASSWORD, &["-t", ","], "SELECT document_id, name, registered FROM crm7.document\n");
    assert_eq!(said.lines().filter(|line| line.contains(',')).count() as i64, rows, "{said}{errors}");
    assert!(errors.contains(&format!("{rows} rows affected")), "{errors}");
}
