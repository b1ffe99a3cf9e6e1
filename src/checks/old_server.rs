//! What still names the old server: its folders, its address, machines in the house (`domain.md` 2.8).

use super::address::{host_of, is_on_site, is_path};
use super::sweep::sweep;
use super::{Check, Findings, Ground, Looked, Severity, Subject};
use crate::Result;
use crate::onsite::database::Query;
use std::collections::BTreeSet;

/// Texts that people have written and that may name the old server: table, key, column.
const TEXTS: [(&str, &str, &str); 5] = [
    ("ejscript", "id", "body"),
    ("screen_definition_action", "id", "ejscript_body"),
    ("reply_template_body", "id", "body_html"),
    ("s_message", "id", "html_message"),
    ("ejuser", "id", "signature"),
];
/// Columns of `config` that hold addresses.
const ADDRESSES: [&str; 3] = ["cgi_url", "cgi_url_internal", "gfx_url"];
/// Columns of `config` that hold folders or programs.
const PATHS: [&str; 5] = ["text_path", "attachment_path", "template_path", "cgi_bin", "warning"];

/// The checks of this file.
pub(super) static CHECKS: &[Check] = &[
    Check {
        id: "service.old-path",
        subject: Subject::Service,
        severity: Severity::Note,
        title: "settings name folders of the old server",
        why: "these folders do not exist online, where the system sets its own",
        todo: "look for scripts that use them",
        look: old_path,
    },
    Check {
        id: "service.old-host",
        subject: Subject::Service,
        severity: Severity::Warning,
        title: "scripts, templates or signatures name the old server",
        why: "links in mail to customers and calls from scripts would go to a server that is going away",
        todo: "replace the address, or keep the old name and have it forward to the new one",
        look: old_host,
    },
    Check {
        id: "service.webhook-on-site",
        subject: Subject::Service,
        severity: Severity::Warning,
        title: "webhooks call addresses inside the house",
        why: "the online server does not reach them",
        todo: "give the receiver a public https address, or delete the webhook",
        look: webhook_on_site,
    },
];

/// Texts in the columns of the one row of `config` that exist.
fn settings(ground: &mut Ground<'_>, columns: &[&str]) -> Result<Vec<(String, String)>> {
    let catalogue = ground.database.catalogue()?;
    let there: Vec<&str> =
        columns.iter().copied().filter(|column| catalogue.column("config", column).is_some()).collect();
    if there.is_empty() {
        return Ok(Vec::new());
    }
    let items: Vec<String> = there.iter().map(|column| format!("{{config.{column}}}")).collect();
    let text = format!("SELECT {{top}} {} FROM {{config}} {{limit}}", items.join(", "));
    let rows = ground.database.rows(&Query::new(text).limit(1))?;
    let Some(row) = rows.first() else { return Ok(Vec::new()) };
    Ok(there.iter().enumerate().map(|(index, column)| (format!("config.{column}"), row.text(index))).collect())
}

fn old_path(ground: &mut Ground<'_>, findings: &mut Findings<'_>) -> Result<Looked> {
    if let Some(absent) = ground.lacks(&["config"])? {
        return Ok(absent);
    }
    for (name, value) in settings(ground, &PATHS)?.into_iter().filter(|(_, value)| is_path(value)) {
        findings.add(format!("table/{}", name.replace('.', "/")), format!("`{name}` is `{value}`"))?;
    }
    if ground.lacks(&["registry.reg_id", "registry.value"])?.is_none() {
        let text = "SELECT {top} {registry.id}, {registry.reg_id}, {registry.value} FROM {registry}
                    WHERE {=registry.id} > ?1 ORDER BY {=registry.id} {limit}";
        sweep(ground.database, text, &[], |row| {
            let value = row.text(2);
            if !is_path(&value) {
                return Ok(());
            }
            findings.add(format!("table/registry/{}", row.integer(0)), format!("entry {} is `{value}`", row.integer(1)))
        })?;
    }
    Ok(Looked::Yes)
}

fn old_host(ground: &mut Ground<'_>, findings: &mut Findings<'_>) -> Result<Looked> {
    let hosts: BTreeSet<String> =
        settings(ground, &ADDRESSES)?.iter().filter_map(|(_, address)| host_of(address)).collect();
    if hosts.is_empty() {
        return Ok(Looked::NotHere("`config` names no address of the old server".into()));
    }
    for (table, key, column) in TEXTS {
        if ground.lacks(&[&format!("{table}.{key}"), &format!("{table}.{column}")])?.is_some() {
            continue;
        }
        let text = format!(
            "SELECT {{top}} {{{table}.{key}}} FROM {{{table}}}
             WHERE {{={table}.{key}}} > ?1 AND {{={table}.{column}}} LIKE ?2 ORDER BY {{={table}.{key}}} {{limit}}"
        );
        for host in &hosts {
            sweep(ground.database, &text, &[&format!("%://{host}%")], |row| {
                let id = row.integer(0);
                findings.add(format!("table/{table}/{id}"), format!("`{table}.{column}` names `{host}`"))
            })?;
        }
    }
    Ok(Looked::Yes)
}

fn webhook_on_site(ground: &mut Ground<'_>, findings: &mut Findings<'_>) -> Result<Looked> {
    if let Some(absent) = ground.lacks(&["Webhook.webhook_id", "Webhook.target_url"])? {
        return Ok(absent);
    }
    let text = "SELECT {top} {Webhook.webhook_id}, {Webhook.target_url}, {Webhook.name|''} FROM {Webhook}
                WHERE {=Webhook.webhook_id} > ?1 ORDER BY {=Webhook.webhook_id} {limit}";
    sweep(ground.database, text, &[], |row| {
        let address = row.text(1);
        if !is_on_site(&address) {
            return Ok(());
        }
        // Only the host: what follows it may hold a key.
        let host = host_of(&address).unwrap_or_else(|| "a file".into());
        findings.add(format!("table/Webhook/{}", row.integer(0)), format!("`{}` calls {host}", row.text(2)))
    })?;
    Ok(Looked::Yes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checks::testing::Site;

    const TABLES: [&str; 5] = ["config", "registry", "ejscript", "ejuser", "Webhook"];
    const CLEAN: &str =
        "INSERT INTO config (id, attachment_path, cgi_url) VALUES (1, 'attachments', 'https://crm.example.com/cgi');
        INSERT INTO registry (id, reg_id, value) VALUES (1, 253, '1');
        INSERT INTO Webhook (webhook_id, target_url) VALUES (1, 'https://hooks.example.com/x')";

    #[test]
    fn what_works_everywhere_is_clean() {
        let site = Site::new(&TABLES, CLEAN);
        for check in CHECKS {
            site.is_clean(check.id);
        }
    }

    #[test]
    fn what_names_the_old_server_is_found_without_its_keys() {
        let site = Site::new(
            &TABLES,
            &format!(
                r"{CLEAN}; UPDATE config SET template_path = 'C:\Service\templates';
                  INSERT INTO registry (id, reg_id, value) VALUES (2, 40, '\\server\log');
                  INSERT INTO ejscript (id, body) VALUES (7, 'http(''HTTPS://CRM.example.com/x'')');
                  INSERT INTO ejuser (id, signature) VALUES (3, '<a href=https://crm.example.com/faq>'), (4, 'https://other.example');
                  INSERT INTO Webhook (webhook_id, name, target_url) VALUES (2, 'Order', 'http://10.0.0.4:81/x?key=sesame')"
            ),
        );
        site.finds("service.old-path", &["table/config/template_path", "table/registry/2"]);
        site.finds("service.old-host", &["table/ejscript/7", "table/ejuser/3"]);
        site.finds("service.webhook-on-site", &["table/Webhook/2"]);
        assert_eq!(site.look("service.webhook-on-site").all[0].text, "`Order` calls 10.0.0.4");
    }

    #[test]
    fn an_installation_without_service_has_nothing_to_look_at() {
        let site = Site::new(&["contact"], "SELECT 1");
        for check in CHECKS {
            assert!(matches!(site.look(check.id).looked, Looked::NotHere(_)), "{}", check.id);
        }
        Site::new(&["config"], "INSERT INTO config (id) VALUES (1)").is_not_here("service.old-host", "no address");
    }
}
