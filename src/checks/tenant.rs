//! The receiving side, and the way to it.
//!
//! Without an address and a ticket there is nothing to look at: checks before the invitation are ordinary.

use super::address::{host_of, is_this_machine};
use super::{Check, Findings, Ground, Looked, Severity, Subject};
use crate::Result;
use crate::config::Config;
use crate::ledger::Reader;
use crate::onsite::database::Query;
use crate::tenant::client::HttpTenant;
use crate::tenant::destination::Destination;
use crate::tenant::protocol::{TenantInfo, TenantState};
use crate::{Code, Error};
use std::future::Future;
use std::time::Duration;

/// A clock that is off by more than this many seconds is worth a word: tickets and logs of both sides are compared by time.
const SKEW: i64 = 120;
/// A tenant that has not said who it is after ten times this does not answer.
const PATIENCE: Duration = Duration::from_secs(3);

/// The checks of this file.
pub(super) static CHECKS: &[Check] = &[
    Check {
        id: "tenant.unreachable",
        subject: Subject::Tenant,
        severity: Severity::Blocker,
        title: "the tenant does not answer",
        why: "nothing can be sent",
        todo: "check `tenant.url`, the ticket, the network and the proxy; is the tenant being served?",
        look: unreachable,
    },
    Check {
        id: "tenant.running",
        subject: Subject::Tenant,
        severity: Severity::Blocker,
        title: "the tenant is running already",
        why: "a live migration into it was accepted before, and this ledger knows nothing of it: users may be working there",
        todo: "use the ledger of that migration to recover, or ask for another tenant",
        look: running,
    },
    Check {
        id: "tenant.other-licence",
        subject: Subject::Tenant,
        severity: Severity::Error,
        title: "the tenant was made for another company or serial number",
        why: "with a wrong ticket, the data of one customer would go to another",
        todo: "compare both with the invitation; if only a name was changed, waive this",
        look: other_licence,
    },
    Check {
        id: "tenant.plain-connection",
        subject: Subject::Tenant,
        severity: Severity::Error,
        title: "the connection to the tenant is not encrypted",
        why: "documents and the ticket can be read on the way",
        todo: "set `tenant.url` to an address with https://",
        look: plain_connection,
    },
    Check {
        id: "tenant.clock-skew",
        subject: Subject::Tenant,
        severity: Severity::Warning,
        title: "the clocks of this machine and of the tenant differ",
        why: "times in logs, journal and receipts of both sides do not fit together, and certificates may seem invalid",
        todo: "set the clock of this machine by a time server",
        look: clock_skew,
    },
];

/// The tenant of a configuration, if it has an address and a ticket.
fn client(config: &Config) -> Result<Option<HttpTenant>> {
    let (Some(url), Some(ticket)) = (&config.tenant.url, &config.tenant.ticket) else { return Ok(None) };
    HttpTenant::new(url, ticket.clone(), config.tenant.ca.as_deref(), PATIENCE).map(Some)
}

/// Asks the tenant who it is; `None` if it is not configured or does not answer, which a check looks into.
pub(super) async fn ask(config: &Config) -> Option<TenantInfo> {
    client(config).ok()??.tenant().await.ok()
}

fn not_configured() -> Looked {
    Looked::NotHere("no tenant is configured: an address and a ticket are needed".into())
}

fn not_answering() -> Looked {
    Looked::NotHere("no tenant answers".into())
}

/// Waits for an answer, whatever thread this is on.
fn wait<T: Send>(answer: impl Future<Output = T> + Send) -> Result<T> {
    let failed = |cause: std::io::Error| Error::new(Code::Internal, "cannot wait for the tenant").because(cause);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(failed)?;
    std::thread::scope(|scope| scope.spawn(|| runtime.block_on(answer)).join())
        .map_err(|_| Error::new(Code::Internal, "waiting for the tenant panicked"))
}

fn unreachable(ground: &mut Ground<'_>, findings: &mut Findings<'_>) -> Result<Looked> {
    if ground.tenant.is_some() {
        return Ok(Looked::Yes);
    }
    let found = match client(ground.config) {
        Ok(None) => return Ok(not_configured()),
        Ok(Some(tenant)) => wait(tenant.tenant())?.map(drop),
        Err(error) => Err(error),
    };
    if let Err(error) = found {
        let url = ground.config.tenant.url.as_deref().unwrap_or_default();
        findings.add(format!("tenant/{url}"), format!("{} [{}]", error.chain(), error.code().as_str()))?;
    }
    Ok(Looked::Yes)
}

fn running(ground: &mut Ground<'_>, findings: &mut Findings<'_>) -> Result<Looked> {
    let Some(tenant) = ground.tenant else { return Ok(not_answering()) };
    let ledger = &ground.config.migration.ledger;
    if tenant.state != TenantState::Running {
        return Ok(Looked::Yes);
    }
    let known = ledger.is_file() && Reader::open(ledger)?.meta("migration")?.is_some();
    if !known {
        findings.add(format!("tenant/{}", tenant.customer), format!("the tenant {} is running", tenant.customer))?;
    }
    Ok(Looked::Yes)
}

fn other_licence(ground: &mut Ground<'_>, findings: &mut Findings<'_>) -> Result<Looked> {
    let Some(tenant) = ground.tenant else { return Ok(not_answering()) };
    if let Some(absent) = ground.lacks(&["company.ownerContactName", "company.serialNo", "company.company_id"])? {
        return Ok(absent);
    }
    let text = "SELECT {top} {company.ownerContactName}, {company.serialNo} FROM {company}
                ORDER BY {=company.company_id} {limit}";
    let rows = ground.database.rows(&Query::new(text).limit(1))?;
    let Some(row) = rows.first() else { return Ok(Looked::NotHere("the table `company` is empty".into())) };
    for (what, theirs, ours) in
        [("company", &tenant.company, row.text(0)), ("serial number", &tenant.serial, row.text(1))]
    {
        if *theirs != ours {
            let text = format!("the {what} is `{ours}` here and `{theirs}` at the tenant");
            findings.add(format!("tenant/{}", tenant.customer), text)?;
        }
    }
    Ok(Looked::Yes)
}

fn plain_connection(ground: &mut Ground<'_>, findings: &mut Findings<'_>) -> Result<Looked> {
    let (Some(url), Some(_)) = (&ground.config.tenant.url, &ground.config.tenant.ticket) else {
        return Ok(not_configured());
    };
    let here = host_of(url).is_some_and(|host| is_this_machine(&host));
    if !url.to_ascii_lowercase().starts_with("https://") && !here {
        findings.add(format!("tenant/{url}"), format!("`{url}` is not encrypted"))?;
    }
    Ok(Looked::Yes)
}

fn clock_skew(ground: &mut Ground<'_>, findings: &mut Findings<'_>) -> Result<Looked> {
    let (Some(info), Some(tenant)) = (ground.tenant, client(ground.config)?) else { return Ok(not_answering()) };
    let before = crate::clock::now();
    let Some(theirs) = wait(tenant.clock())?? else {
        return Ok(Looked::NotHere("the tenant does not say what time it is".into()));
    };
    // The answer was written at some moment between the question and now.
    let after = crate::clock::now();
    let skew = match theirs {
        theirs if theirs < before => (theirs - before).num_seconds(),
        theirs if theirs > after => (theirs - after).num_seconds(),
        _ => 0,
    };
    if skew.abs() > SKEW {
        let side = if skew > 0 { "behind" } else { "ahead of" };
        findings.add(
            format!("tenant/{}", info.customer),
            format!("this machine is {} seconds {side} the tenant", skew.abs()),
        )?;
    }
    Ok(Looked::Yes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checks::testing::{Site, tenant};
    use crate::ledger::{Ledger, Record};
    use std::io::{Read, Write};

    const OWNER: &str = "INSERT INTO company (company_id, ownerContactName, serialNo) VALUES (1, 'Nordlys', '123')";

    fn site(url: &str) -> Site {
        let mut site = Site::new(&["company"], OWNER);
        site.config.tenant.url = Some(url.into());
        site.config.tenant.ticket = Some("sesame".into());
        site
    }

    /// Answers one request with this `Date` line; gives its address.
    fn answer(date: &str) -> String {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let text = format!("HTTP/1.1 200 OK\r\n{date}Content-Length: 2\r\nConnection: close\r\n\r\n{{}}");
        std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let _ = stream.read(&mut [0; 4096]).unwrap();
            stream.write_all(text.as_bytes()).unwrap();
        });
        format!("http://{address}")
    }

    #[test]
    fn without_a_tenant_there_is_nothing_to_look_at() {
        let site = Site::new(&["company"], OWNER);
        for check in CHECKS {
            assert!(matches!(site.look(check.id).looked, Looked::NotHere(_)), "{}", check.id);
        }
    }

    #[test]
    fn a_tenant_that_does_not_answer_is_found_without_its_ticket() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        drop(listener);
        let said = site(&url).look("tenant.unreachable");
        assert_eq!(said.items(), [format!("tenant/{url}")]);
        assert!(said.all[0].text.contains("[tenant.unreachable]") && !said.all[0].text.contains("sesame"));
    }

    #[test]
    fn a_tenant_of_somebody_else_or_in_use_is_found() {
        let site = site("http://127.0.0.1:1");
        let mut info = tenant("Nordlys", "123");
        for id in ["tenant.unreachable", "tenant.running", "tenant.other-licence"] {
            assert_eq!(site.look_with(id, Some(&info)).count, 0, "{id}");
        }
        info.state = TenantState::Running;
        "124".clone_into(&mut info.serial);
        assert_eq!(site.look_with("tenant.running", Some(&info)).items(), ["tenant/Cust10001"]);
        let said = site.look_with("tenant.other-licence", Some(&info));
        assert!(said.count == 1 && said.all[0].text.contains("`124`"), "{:?}", said.all);
        // The migration that made it run is this one.
        let ledger = Ledger::open(&site.config.migration.ledger).unwrap();
        ledger.writer().put(Record::Meta("migration", "x".into())).unwrap();
        ledger.close().unwrap();
        assert_eq!(site.look_with("tenant.running", Some(&info)).count, 0);
    }

    #[test]
    fn only_a_way_through_the_network_needs_encryption() {
        for (url, count) in [
            ("http://127.0.0.1:8740", 0),
            ("http://localhost:8740", 0),
            ("https://tenant.example", 0),
            ("http://tenant.example", 1),
            ("http://10.0.0.1", 1),
        ] {
            assert_eq!(site(url).look("tenant.plain-connection").count, count, "{url}");
        }
    }

    #[test]
    fn a_clock_that_is_far_off_is_found() {
        let date =
            |hours| (crate::clock::now() + chrono::Duration::hours(hours)).format("Date: %a, %d %b %Y %T GMT\r\n");
        let info = tenant("Nordlys", "123");
        let look = |date: &str| site(&answer(date)).look_with("tenant.clock-skew", Some(&info));
        assert_eq!(look(&date(0).to_string()).count, 0);
        assert!(look(&date(2).to_string()).all[0].text.contains("behind the tenant"));
        assert!(look(&date(-2).to_string()).all[0].text.contains("ahead of the tenant"));
        assert!(matches!(look("").looked, Looked::NotHere(_)));
    }
}
