//! Customer Service: its folders, its attachments, and what still names the old server (`domain.md` 2.8 and 3.3).

use super::address::{host_of, is_on_site, is_path};
use super::archive::file;
use super::sweep::{evidence, find_rows, sweep};
use super::{Check, Findings, Ground, Looked, Severity, Subject};
use crate::Result;
use crate::onsite::database::Query;
use crate::onsite::{Installation, attachment_folders};
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

/// Where references to attachments are: table and column.
const REFERENCES: [(&str, &str); 11] = [
    ("ticket_attachment", "attachment_id"),
    ("kb_attachment", "attachment_id"),
    ("reply_template_attachment", "attachment_id"),
    ("s_attachment", "attachment_id"),
    ("s_picture_entry", "attachment_id"),
    ("doc_document", "attachment_id"),
    ("external_document", "attachment_id"),
    ("ejpackage", "attachment_id"),
    ("ejuser", "picture_id"),
    ("ej_message", "body_attachment"),
    ("ej_message", "html_body_attachment"),
];
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
        id: "service.attachments-unreachable",
        subject: Subject::Service,
        severity: Severity::Blocker,
        title: "a folder of attachments cannot be listed",
        why: "the database names folders as its own server sees them; attachments in a folder that is not found would be missing",
        todo: "say in `archive.paths` where the folder is from here, or connect the share",
        look: attachments_unreachable,
    },
    Check {
        id: "service.frozen",
        subject: Subject::Service,
        severity: Severity::Warning,
        title: "Customer Service is frozen already",
        why: "a live migration writes the word `frozen`: this one may be left over from an earlier one, and nothing comes in meanwhile",
        todo: "delete the line from the file, unless the freeze is meant",
        look: frozen,
    },
    Check {
        id: "service.unused-attachment",
        subject: Subject::Service,
        severity: Severity::Note,
        title: "attachments that nothing refers to",
        why: "they are moved like any other, although nobody will ever see them",
        todo: "nothing; the Service server can delete them to save space",
        look: unused_attachment,
    },
    Check {
        id: "service.mixed-folders",
        subject: Subject::Service,
        severity: Severity::Note,
        title: "attachments lie in numbered folders and beside them",
        why: "an upgrade has not moved all of them; both places are looked at",
        todo: "nothing",
        look: mixed_folders,
    },
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
        id: "service.scheduled-task",
        subject: Subject::Service,
        severity: Severity::Warning,
        title: "tasks run by a timetable",
        why: "after a migration they must not begin before somebody has looked at what they do; those that call into the house fail",
        todo: "write down which must run, and switch them on again one by one",
        look: scheduled_task,
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
    Check {
        id: "service.script",
        subject: Subject::Service,
        severity: Severity::Note,
        title: "scripts of the customer's own",
        why: "they come over; those that use files, the server's programs or direct access to the database do not work online",
        todo: "test each after a rehearsal",
        look: script,
    },
];

fn attachments_unreachable(ground: &mut Ground<'_>, findings: &mut Findings<'_>) -> Result<Looked> {
    let Some(folders) = folders(ground)? else {
        return Ok(Looked::NotHere("there are no attachments in this database".into()));
    };
    for (named, folder) in folders {
        if let Err(cause) = std::fs::read_dir(&folder) {
            let text = format!("`{named}`, looked for at `{}`, cannot be listed: {cause}", folder.display());
            findings.add(file(&folder), text)?;
        }
    }
    Ok(Looked::Yes)
}

/// The folders of attachments: as the database names them, and where they are from here. `None` without attachments.
fn folders(ground: &mut Ground<'_>) -> Result<Option<BTreeMap<String, PathBuf>>> {
    if ground.lacks(&["attachment"])?.is_some()
        || ground.database.number(&Query::new("SELECT count(*) FROM {attachment}"))? == 0
    {
        return Ok(None);
    }
    let named = attachment_folders(ground.database)?.into_values();
    Ok(Some(named.map(|named| (named.clone(), ground.installation.reach(&named))).collect()))
}

/// The configuration files of Customer Service, where its usual folders have one.
fn configurations(installation: &Installation) -> impl Iterator<Item = PathBuf> {
    ["Service", "Customer Service", ""]
        .map(|folder| installation.folder.join(folder).join("config"))
        .into_iter()
        .filter(|path| path.is_file())
}

fn frozen(ground: &mut Ground<'_>, findings: &mut Findings<'_>) -> Result<Looked> {
    let mut looked = Looked::NotHere("the `config` file of Customer Service was not found".into());
    for path in configurations(ground.installation) {
        looked = Looked::Yes;
        let bytes = std::fs::read(&path).map_err(|cause| crate::Error::io("read", &path, cause))?;
        // The word counts, whatever the rest of the file is written in.
        let text = String::from_utf8_lossy(&bytes);
        if let Some(line) = text.lines().position(|line| line.trim().eq_ignore_ascii_case("frozen")) {
            findings.add(file(&path), format!("line {} says `frozen`", line + 1))?;
        }
    }
    Ok(looked)
}

fn unused_attachment(ground: &mut Ground<'_>, findings: &mut Findings<'_>) -> Result<Looked> {
    if let Some(absent) = ground.lacks(&["attachment.id"])? {
        return Ok(absent);
    }
    let catalogue = ground.database.catalogue()?;
    let used: Vec<String> = REFERENCES
        .into_iter()
        .filter(|(table, column)| catalogue.column(table, column).is_some())
        .map(|(table, column)| {
            format!("SELECT {{={table}.{column}}} FROM {{{table}}} WHERE {{={table}.{column}}} IS NOT NULL")
        })
        .collect();
    if used.is_empty() {
        return Ok(Looked::NotHere("no table of this database refers to attachments".into()));
    }
    let text = format!(
        "SELECT {{top}} {{attachment.id}}, {{attachment.name|''}} FROM {{attachment}} WHERE {{=attachment.id}} > ?1
           AND {{=attachment.id}} NOT IN ({}) ORDER BY {{=attachment.id}} {{limit}}",
        used.join(" UNION ALL ")
    );
    find_rows(ground, findings, &text, &[], |row| {
        evidence(format!("attachment/{}", row.integer(0)), format!("nothing refers to `{}`", row.text(1)))
    })
}

fn mixed_folders(ground: &mut Ground<'_>, findings: &mut Findings<'_>) -> Result<Looked> {
    let Some(folders) = folders(ground)? else {
        return Ok(Looked::NotHere("there are no attachments in this database".into()));
    };
    for folder in folders.into_values() {
        // One that cannot be listed is another check's matter.
        let Ok(entries) = std::fs::read_dir(&folder) else { continue };
        let (mut numbered, mut flat) = (false, false);
        for entry in entries.flatten() {
            let name = entry.file_name().to_string_lossy().to_ascii_lowercase();
            match entry.file_type() {
                Ok(kind) if kind.is_dir() => {
                    let number = name.strip_prefix("folder").unwrap_or_default();
                    numbered |= !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
                }
                Ok(kind) => flat |= kind.is_file() && name.bytes().any(|byte| byte.is_ascii_digit()),
                Err(_) => {}
            }
            if numbered && flat {
                findings.add(file(&folder), "there are both")?;
                break;
            }
        }
    }
    Ok(Looked::Yes)
}

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

fn scheduled_task(ground: &mut Ground<'_>, findings: &mut Findings<'_>) -> Result<Looked> {
    if let Some(absent) = ground.lacks(&["scheduled_task.id"])? {
        return Ok(absent);
    }
    let text = "SELECT {top} {scheduled_task.id}, {scheduled_task.description|''} FROM {scheduled_task}
                WHERE {=scheduled_task.id} > ?1 ORDER BY {=scheduled_task.id} {limit}";
    find_rows(ground, findings, text, &[], |row| {
        evidence(format!("table/scheduled_task/{}", row.integer(0)), format!("the task `{}`", row.text(1)))
    })
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

fn script(ground: &mut Ground<'_>, findings: &mut Findings<'_>) -> Result<Looked> {
    if let Some(absent) = ground.lacks(&["ejscript.id"])? {
        return Ok(absent);
    }
    let text = "SELECT {top} {ejscript.id}, {ejscript.description|''} FROM {ejscript}
                WHERE {=ejscript.id} > ?1 ORDER BY {=ejscript.id} {limit}";
    find_rows(ground, findings, text, &[], |row| {
        evidence(format!("table/ejscript/{}", row.integer(0)), format!("the script `{}`", row.text(1)))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checks::testing::Site;

    const TABLES: [&str; 9] = [
        "config",
        "attachment",
        "attachment_location",
        "ticket_attachment",
        "registry",
        "ejscript",
        "ejuser",
        "scheduled_task",
        "Webhook",
    ];
    const CLEAN: &str = "INSERT INTO config (id, attachment_path, cgi_url) VALUES (1, 'attachments', 'https://crm.example.com/cgi');
        INSERT INTO attachment (id, name) VALUES (1, 'a.pdf'); INSERT INTO ticket_attachment (id, attachment_id) VALUES (1, 1);
        INSERT INTO registry (id, reg_id, value) VALUES (1, 253, '1');
        INSERT INTO Webhook (webhook_id, target_url) VALUES (1, 'https://hooks.example.com/x')";

    fn site(more: &str) -> Site {
        let site = Site::new(&TABLES, &format!("{CLEAN}; {more}"));
        std::fs::create_dir_all(site.path("attachments/folder0")).unwrap();
        std::fs::create_dir(site.path("Service")).unwrap();
        std::fs::write(site.path("Service/config"), "dbHost = x\n# frozen\n").unwrap();
        site
    }

    #[test]
    fn a_service_as_it_should_be_is_clean() {
        let site = site("SELECT 1");
        for check in CHECKS {
            site.is_clean(check.id);
        }
    }

    #[test]
    fn what_names_the_old_server_is_found_without_its_keys() {
        let site = site(
            r"UPDATE config SET template_path = 'C:\Service\templates';
              INSERT INTO registry (id, reg_id, value) VALUES (2, 40, '\\server\log');
              INSERT INTO ejscript (id, description, body) VALUES (7, 'Call', 'http(''HTTPS://CRM.example.com/x'')');
              INSERT INTO ejuser (id, signature) VALUES (3, '<a href=https://crm.example.com/faq>'), (4, 'https://other.example');
              INSERT INTO scheduled_task (id, description) VALUES (5, 'Nightly');
              INSERT INTO Webhook (webhook_id, name, target_url) VALUES (2, 'Order', 'http://10.0.0.4:81/x?key=sesame')",
        );
        site.finds("service.old-path", &["table/config/template_path", "table/registry/2"]);
        site.finds("service.old-host", &["table/ejscript/7", "table/ejuser/3"]);
        site.finds("service.scheduled-task", &["table/scheduled_task/5"]);
        site.finds("service.script", &["table/ejscript/7"]);
        site.finds("service.webhook-on-site", &["table/Webhook/2"]);
        assert_eq!(site.look("service.webhook-on-site").all[0].text, "`Order` calls 10.0.0.4");
    }

    #[test]
    fn attachments_without_folder_or_reference_are_found() {
        let site = site(
            r"INSERT INTO attachment (id) VALUES (2), (3);
              INSERT INTO attachment_location (attachment_location_id, path) VALUES (1, 'gone')",
        );
        site.finds("service.unused-attachment", &["attachment/2", "attachment/3"]);
        site.finds("service.attachments-unreachable", &[&file(&site.path("gone"))]);
        std::fs::write(site.path("attachments/17"), "x").unwrap();
        site.finds("service.mixed-folders", &[&file(&site.path("attachments"))]);
    }

    #[test]
    fn the_word_alone_on_a_line_means_frozen() {
        let site = site("SELECT 1");
        let path = site.path("Service/config");
        std::fs::write(&path, b"dbHost = \xe5\r\n Frozen \r\n").unwrap();
        site.finds("service.frozen", &[&file(&path)]);
        assert_eq!(site.look("service.frozen").all[0].text, "line 2 says `frozen`");
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
