//! Documents, templates, and the folders where their files lie.
//!
//! The documents that would be left behind are found by the same rules as the scanner's (`domain.md` 1.6), but in the
//! database alone: no folder is walked.

use super::sweep::{evidence, find_rows};
use super::{Check, Findings, Ground, Looked, Severity, Subject};
use crate::Result;
use crate::archive::is_safe_name;
use std::path::Path;

/// The checks of this file.
pub(super) static CHECKS: &[Check] = &[
    Check {
        id: "archive.unreachable",
        subject: Subject::Archive,
        severity: Severity::Blocker,
        title: "an archive folder cannot be listed",
        why: "every document in it would be counted as missing",
        todo: "connect the disk or share, give this account the right to read it, or correct `archive.roots`",
        look: unreachable,
    },
    Check {
        id: "archive.no-template-folder",
        subject: Subject::Archive,
        severity: Severity::Error,
        title: "the template folder cannot be listed",
        why: "the templates would be missing online, and no run begins without their folder",
        todo: "connect the share, or correct `archive.templates`",
        look: no_template_folder,
    },
    Check {
        id: "archive.same-folder",
        subject: Subject::Archive,
        severity: Severity::Warning,
        title: "two archive folders are the same, or one lies in the other",
        why: "files are found twice, and it is not clear which of them a row means",
        todo: "name each folder once in the installation's configuration or in `archive.roots`",
        look: same_folder,
    },
    Check {
        id: "archive.blank-name",
        subject: Subject::Archive,
        severity: Severity::Warning,
        title: "documents without a file name",
        why: "nobody can say which file they mean: they are left behind",
        todo: "give the row the name of its file, or delete the document",
        look: blank_name,
    },
    Check {
        id: "archive.lost-appointment",
        subject: Subject::Archive,
        severity: Severity::Warning,
        title: "documents whose appointment does not exist",
        why: "without it nobody knows to whom they belong, or in which folder the file lies: they are left behind",
        todo: "restore the row of `appointment`, or delete the document",
        look: lost_appointment,
    },
    Check {
        id: "archive.unknown-associate",
        subject: Subject::Archive,
        severity: Severity::Warning,
        title: "documents that belong to an associate who does not exist",
        why: "the folder of a document has the log-in name of its owner: they are left behind",
        todo: "give the appointment to somebody who exists",
        look: unknown_associate,
    },
    Check {
        id: "archive.other-provider",
        subject: Subject::Archive,
        severity: Severity::Warning,
        title: "documents that another archive keeps",
        why: "their bytes are not in the archive folder: they are left behind",
        todo: "move them into the archive with the tool of that provider, or agree with the customer to leave them",
        look: other_provider,
    },
    Check {
        id: "archive.unsafe-name",
        subject: Subject::Archive,
        severity: Severity::Warning,
        title: "documents whose name leads out of the archive",
        why: "such a name could fetch any file of the server: they are left behind",
        todo: "give the row the bare name of its file",
        look: unsafe_name,
    },
    Check {
        id: "archive.replaced-letters",
        subject: Subject::Archive,
        severity: Severity::Note,
        title: "document names with a question mark",
        why: "no file name can have one: letters were lost in a database that is not Unicode, and the file has another name",
        todo: "look whether they are reported as missing, and correct the names then",
        look: replaced_letters,
    },
    Check {
        id: "archive.template-without-file",
        subject: Subject::Archive,
        severity: Severity::Warning,
        title: "document templates that name no file",
        why: "a document type without a template makes an empty document, or none",
        todo: "give the type a template, or delete it in the administration",
        look: template_without_file,
    },
    Check {
        id: "archive.plug-in-template",
        subject: Subject::Archive,
        severity: Severity::Warning,
        title: "document templates that belong to a plug-in",
        why: "document plug-ins do not exist online: the template cannot be loaded, and its documents are stored nowhere",
        todo: "change the type to the ordinary archive, or see whether the provider has an app for the online system",
        look: plug_in_template,
    },
];

/// Why a folder cannot be listed.
fn trouble(folder: &Path) -> Option<String> {
    let first = std::fs::read_dir(folder).and_then(|mut entries| entries.next().transpose());
    first.err().map(|cause| format!("`{}` cannot be listed: {cause}", folder.display()))
}

/// How a folder or file is named in evidence.
pub(super) fn file(path: &Path) -> String {
    format!("file/{}", path.display().to_string().replace('\\', "/"))
}

fn unreachable(ground: &mut Ground<'_>, findings: &mut Findings<'_>) -> Result<Looked> {
    for root in &ground.installation.archives {
        if let Some(trouble) = trouble(root) {
            findings.add(file(root), trouble)?;
        }
    }
    Ok(Looked::Yes)
}

fn no_template_folder(ground: &mut Ground<'_>, findings: &mut Findings<'_>) -> Result<Looked> {
    if let Some(trouble) = trouble(&ground.installation.templates) {
        findings.add(file(&ground.installation.templates), trouble)?;
    }
    Ok(Looked::Yes)
}

fn same_folder(ground: &mut Ground<'_>, findings: &mut Findings<'_>) -> Result<Looked> {
    // A folder that is not there is another check's matter.
    let real: Vec<_> = ground
        .installation
        .archives
        .iter()
        .filter_map(|root| Some((root, std::fs::canonicalize(root).ok()?)))
        .collect();
    for (index, (root, path)) in real.iter().enumerate() {
        for (other, other_path) in &real[..index] {
            if path.starts_with(other_path) || other_path.starts_with(path) {
                let text = format!("`{}` and `{}` are not apart", root.display(), other.display());
                findings.add(file(root), text)?;
            }
        }
    }
    Ok(Looked::Yes)
}

/// Finds the documents for which a condition holds. `join` are tables beside `document`.
fn documents(
    ground: &mut Ground<'_>,
    findings: &mut Findings<'_>,
    needs: &[&str],
    join: &str,
    condition: &str,
    say: impl Fn(&str, i64) -> String,
) -> Result<Looked> {
    let mut names = vec!["document.document_id", "document.name", "document.appointment_id"];
    names.extend(needs);
    if let Some(absent) = ground.lacks(&names)? {
        return Ok(absent);
    }
    let text = format!(
        "SELECT {{top}} {{document.document_id}}, {{document.name}}, {{document.archiveProvider|0}} FROM {{document}} {join}
         WHERE {{=document.document_id}} > ?1 AND ({condition}) ORDER BY {{=document.document_id}} {{limit}}"
    );
    find_rows(ground, findings, &text, &[], |row| {
        evidence(format!("document/{}", row.integer(0)), say(&row.text(1), row.integer(2)))
    })
}

fn blank_name(ground: &mut Ground<'_>, findings: &mut Findings<'_>) -> Result<Looked> {
    let blank = "{=document.name} IS NULL OR LTRIM(RTRIM({=document.name})) = ''";
    documents(ground, findings, &[], "", blank, |_, _| "the name is blank".into())
}

fn lost_appointment(ground: &mut Ground<'_>, findings: &mut Findings<'_>) -> Result<Looked> {
    let join = "LEFT JOIN {appointment} ON {=appointment.appointment_id} = {=document.appointment_id}";
    let lost = "{=appointment.appointment_id} IS NULL";
    documents(ground, findings, &["appointment.appointment_id"], join, lost, |name, _| {
        format!("the appointment of `{name}` does not exist")
    })
}

fn unknown_associate(ground: &mut Ground<'_>, findings: &mut Findings<'_>) -> Result<Looked> {
    let needs = ["appointment.appointment_id", "appointment.associate_id", "associate.associate_id"];
    let join = "JOIN {appointment} ON {=appointment.appointment_id} = {=document.appointment_id}
                LEFT JOIN {associate} ON {=associate.associate_id} = {=appointment.associate_id}";
    documents(ground, findings, &needs, join, "{=associate.associate_id} IS NULL", |name, _| {
        format!("the owner of `{name}` does not exist")
    })
}

fn other_provider(ground: &mut Ground<'_>, findings: &mut Findings<'_>) -> Result<Looked> {
    let needs = ["document.archiveProvider"];
    documents(ground, findings, &needs, "", "{=document.archiveProvider} <> 0", |name, provider| {
        format!("`{name}` is kept by the provider {provider}")
    })
}

fn unsafe_name(ground: &mut Ground<'_>, findings: &mut Findings<'_>) -> Result<Looked> {
    if let Some(absent) = ground.lacks(&["document.document_id", "document.name"])? {
        return Ok(absent);
    }
    // What may be unsafe has one of these; what is, the archive's own rule says.
    let text = r"SELECT {top} {document.document_id}, {document.name} FROM {document}
                 WHERE {=document.document_id} > ?1 AND ({=document.name} LIKE '%/%' OR {=document.name} LIKE '%\%'
                    OR {=document.name} LIKE '.%') ORDER BY {=document.document_id} {limit}";
    super::sweep::sweep(ground.database, text, &[], |row| {
        let name = row.text(1);
        if is_safe_name(&name) {
            return Ok(());
        }
        findings.add(format!("document/{}", row.integer(0)), format!("the name `{name}` leads out of the archive"))
    })?;
    Ok(Looked::Yes)
}

fn replaced_letters(ground: &mut Ground<'_>, findings: &mut Findings<'_>) -> Result<Looked> {
    if let Some(absent) = ground.lacks(&["document.document_id", "document.name"])? {
        return Ok(absent);
    }
    let text = "SELECT {top} {document.document_id}, {document.name} FROM {document}
                WHERE {=document.document_id} > ?1 AND {=document.name} LIKE ?2 ORDER BY {=document.document_id} {limit}";
    find_rows(ground, findings, text, &["%?%"], |row| {
        evidence(format!("document/{}", row.integer(0)), format!("the name `{}` has one", row.text(1)))
    })
}

fn template_without_file(ground: &mut Ground<'_>, findings: &mut Findings<'_>) -> Result<Looked> {
    if let Some(absent) = ground.lacks(&["DocTmpl.DocTmpl_id", "DocTmpl.filename", "DocTmpl.record_type"])? {
        return Ok(absent);
    }
    // Documents, mail, fax, merge drafts and results, reports; appointments, calls and tasks have no file.
    let text = "SELECT {top} {DocTmpl.DocTmpl_id}, {DocTmpl.name|''} FROM {DocTmpl}
                WHERE {=DocTmpl.DocTmpl_id} > ?1 AND {=DocTmpl.record_type} IN (2, 3, 4, 7, 8, 9)
                  AND {=DocTmpl.deleted|0} = 0 AND {=DocTmpl.loadTemplateFromPlugin|0} = 0
                  AND ({=DocTmpl.filename} IS NULL OR LTRIM(RTRIM({=DocTmpl.filename})) = '')
                ORDER BY {=DocTmpl.DocTmpl_id} {limit}";
    find_rows(ground, findings, text, &[], |row| {
        evidence(format!("template/{}", row.integer(0)), format!("`{}` names no file", row.text(1)))
    })
}

fn plug_in_template(ground: &mut Ground<'_>, findings: &mut Findings<'_>) -> Result<Looked> {
    if let Some(absent) = ground.lacks(&["DocTmpl.DocTmpl_id", "DocTmpl.autoevent_id"])? {
        return Ok(absent);
    }
    let text = "SELECT {top} {DocTmpl.DocTmpl_id}, {DocTmpl.name|''}, {DocTmpl.autoevent_id} FROM {DocTmpl}
                WHERE {=DocTmpl.DocTmpl_id} > ?1 AND {=DocTmpl.deleted|0} = 0
                  AND ({=DocTmpl.autoevent_id} <> 0 OR {=DocTmpl.loadTemplateFromPlugin|0} <> 0)
                ORDER BY {=DocTmpl.DocTmpl_id} {limit}";
    find_rows(ground, findings, text, &[], |row| {
        let text = format!("`{}` belongs to the plug-in {}", row.text(1), row.integer(2));
        evidence(format!("template/{}", row.integer(0)), text)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checks::testing::Site;

    const TABLES: [&str; 5] = ["document", "appointment", "associate", "DocTmpl", "attachment"];
    const CLEAN: &str = "INSERT INTO associate (associate_id) VALUES (1);
        INSERT INTO appointment (appointment_id, associate_id) VALUES (1, 1), (2, 99);
        INSERT INTO document (document_id, name, appointment_id) VALUES (1, 'A: offer 1/2.doc', 1);
        INSERT INTO DocTmpl (DocTmpl_id, filename, record_type) VALUES (1, 'a.dot', 2), (2, '', 1);
        INSERT INTO attachment (id, att_size) VALUES (1, 90000000)";

    #[test]
    fn documents_that_move_are_clean() {
        let site = Site::new(&TABLES, CLEAN);
        for check in CHECKS {
            site.is_clean(check.id);
        }
    }

    #[test]
    fn each_kind_of_document_that_stays_behind_is_found() {
        let site = Site::new(
            &TABLES,
            &format!(
                r"{CLEAN}; INSERT INTO document (document_id, name, appointment_id, archiveProvider) VALUES
                  (2, ' ', 1, 0), (3, 'x', 77, 0), (4, 'x', 2, 0), (5, 'x', 1, 1001), (6, '..\x', 1, 0), (7, 'C:\x', 1, 0), (8, 'a?b', 1, 0);
                  INSERT INTO DocTmpl (DocTmpl_id, filename, record_type, autoevent_id) VALUES (3, ' ', 2, 0), (4, 'x', 2, 2000)"
            ),
        );
        site.finds("archive.blank-name", &["document/2"]);
        site.finds("archive.lost-appointment", &["document/3"]);
        site.finds("archive.unknown-associate", &["document/4"]);
        site.finds("archive.other-provider", &["document/5"]);
        site.finds("archive.unsafe-name", &["document/6", "document/7"]);
        site.finds("archive.replaced-letters", &["document/8"]);
        site.finds("archive.template-without-file", &["template/3"]);
        site.finds("archive.plug-in-template", &["template/4"]);
    }

    #[test]
    fn folders_that_are_gone_or_named_twice_are_found() {
        let mut site = Site::new(&TABLES, CLEAN);
        let (root, gone) = (site.path("SO_ARC"), site.path("gone"));
        site.installation.archives = vec![root.clone(), gone.clone(), root.join("TEMPLATE/..")];
        site.installation.templates = gone.clone();
        site.finds("archive.unreachable", &[&file(&gone)]);
        site.finds("archive.no-template-folder", &[&file(&gone)]);
        assert_eq!(site.look("archive.same-folder").count, 1);
    }

    #[test]
    fn a_version_without_these_columns_has_nothing_to_look_at() {
        let site = Site::new(&["contact"], "CREATE TABLE document (document_id int, name text, appointment_id int)");
        for (id, reason) in [
            ("archive.lost-appointment", "`appointment`"),
            ("archive.unknown-associate", "`appointment`"),
            ("archive.other-provider", "`archiveProvider`"),
            ("archive.template-without-file", "`DocTmpl`"),
            ("archive.plug-in-template", "`DocTmpl`"),
        ] {
            site.is_not_here(id, reason);
        }
        site.is_clean("archive.blank-name");
    }
}
