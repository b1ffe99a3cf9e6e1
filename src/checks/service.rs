//! Customer Service: its folders, its attachments, its scripts and tasks (`domain.md` 2.8 and 3.3).

use super::archive::file;
use super::sweep::{evidence, find_rows};
use super::{Check, Findings, Ground, Looked, Severity, Subject};
use crate::Result;
use crate::onsite::attachment_folders;
use crate::onsite::changes::Change;
use crate::onsite::database::Query;
use crate::onsite::discovery::Text;
use crate::onsite::take_back::outstanding_at;
use std::collections::BTreeMap;
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
        todo: "delete the line from the file, unless the freeze is meant; what omt has written, `omt unfreeze` takes out",
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
        id: "service.scheduled-task",
        subject: Subject::Service,
        severity: Severity::Warning,
        title: "tasks run by a timetable",
        why: "after a migration they must not begin before somebody has looked at what they do; those that call into the house fail",
        todo: "write down which must run, and switch them on again one by one",
        look: scheduled_task,
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
    // A folder of another machine that nobody has mapped cannot be listed either, and is told so under its own name.
    let here = |named: &String| ground.installation.reach(named).unwrap_or_else(|_| PathBuf::from(named));
    let folders = attachment_folders(ground.database)?;
    Ok(Some(folders.into_values().map(|named| (named.clone(), here(&named))).collect()))
}

fn frozen(ground: &mut Ground<'_>, findings: &mut Findings<'_>) -> Result<Looked> {
    let mut looked = Looked::NotHere("the `config` file of Customer Service was not found".into());
    let outstanding = outstanding_at(&ground.config.migration.ledger);
    for path in &ground.installation.service {
        looked = Looked::Yes;
        // The word counts, whatever the rest of the file is written in.
        let text = Text::read(path)?.content;
        if let Some(line) = text.lines().position(|line| line.trim().eq_ignore_ascii_case("frozen")) {
            let here = path.canonicalize().unwrap_or_else(|_| path.clone());
            let ours =
                outstanding.iter().any(|one| matches!(&one.change, Change::ServiceWord(word) if word.file == here));
            let whose = if ours { "; omt has written it: `omt unfreeze` takes it out" } else { "" };
            findings.add(file(path), format!("line {} says `frozen`{whose}", line + 1))?;
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

    const TABLES: [&str; 7] =
        ["config", "attachment", "attachment_location", "ticket_attachment", "ejscript", "ejuser", "scheduled_task"];
    const CLEAN: &str = "INSERT INTO config (id, attachment_path) VALUES (1, 'attachments');
        INSERT INTO attachment (id, name) VALUES (1, 'a.pdf'); INSERT INTO ticket_attachment (id, attachment_id) VALUES (1, 1)";

    /// Looked for anew: a file has come.
    fn found(mut site: Site) -> Site {
        site.installation = crate::onsite::Installation::find(&site.config).unwrap();
        site
    }

    fn site(more: &str) -> Site {
        let site = Site::new(&TABLES, &format!("{CLEAN}; {more}"));
        std::fs::create_dir_all(site.path("attachments/folder0")).unwrap();
        std::fs::create_dir(site.path("Service")).unwrap();
        std::fs::write(site.path("Service/config"), "dbHost = x\n# frozen\n").unwrap();
        found(site)
    }

    #[test]
    fn a_service_as_it_should_be_is_clean() {
        let site = site("SELECT 1");
        for check in CHECKS {
            site.is_clean(check.id);
        }
    }

    #[test]
    fn scripts_and_tasks_are_found() {
        let site = site(
            "INSERT INTO ejscript (id, description) VALUES (7, 'Call');
             INSERT INTO scheduled_task (id, description) VALUES (5, 'Nightly')",
        );
        site.finds("service.scheduled-task", &["table/scheduled_task/5"]);
        site.finds("service.script", &["table/ejscript/7"]);
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
    fn a_freeze_of_this_program_is_told_with_what_ends_it_wherever_discovery_found_the_file() {
        let site = Site::new(&["SystemEvent"], "SELECT 1");
        std::fs::create_dir(site.path("WebTools")).unwrap();
        let path = site.path("WebTools/config");
        std::fs::write(&path, "dbHost = x\n").unwrap();
        let site = found(site);
        let ledger = crate::ledger::Ledger::open(&site.path("ledger.db")).unwrap();
        crate::onsite::freeze::freeze(&ledger, &site.installation, &site.config.freeze).unwrap();
        ledger.close().unwrap();
        site.finds("service.frozen", &[&file(&path)]);
        for check in ["service.frozen", "database.no-login"] {
            assert!(site.look(check).all[0].text.contains("`omt unfreeze`"), "{check}");
        }
    }

    #[test]
    fn an_installation_without_service_has_nothing_to_look_at() {
        let site = Site::new(&["contact"], "SELECT 1");
        for check in CHECKS {
            assert!(matches!(site.look(check.id).looked, Looked::NotHere(_)), "{}", check.id);
        }
    }
}
