//! The tenant's mails in a text: one line, and those with which something is wrong.

use super::lists::wrapped;
use super::more;
use crate::Result;
use crate::report::paper::Paper;
use crate::report::safe::Plain;
use crate::tenant::protocol::Mails;

/// The mails that are named.
const FIRST: usize = 10;

/// Writes them.
pub(super) fn write(mails: &Mails, paper: &mut Paper<'_>) -> Result<()> {
    wrapped(paper, "mails: ", &[Plain(&mails.line()).to_string()], " ")?;
    for one in mails.troubles.iter().take(FIRST) {
        let line = format!("{} to {}, {}: {}", one.mail, one.address, one.state, one.reason);
        wrapped(paper, "  ", &[Plain(&line).to_string()], " ")?;
    }
    more(paper, mails.troubles.len() as u64, FIRST as u64, "mail")
}

/// How mails stand, for a terminal.
#[must_use]
pub fn of_mails(mails: &Mails) -> String {
    let mut text = Vec::new();
    // Writing into memory does not fail.
    let _ = write(mails, &mut Paper::new(&mut text));
    String::from_utf8_lossy(&text).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tenant::protocol::MailTrouble;

    #[test]
    fn a_refused_mail_is_named_with_the_reason() {
        let trouble = MailTrouble {
            mail: "welcome".into(),
            user: Some(4),
            address: "a@x.no".into(),
            state: "refused".into(),
            reason: "550 no such\u{1b}[31m user".into(),
        };
        let mails = Mails { server: true, sent: 3, refused: 1, troubles: vec![trouble], ..Mails::default() };
        let text = of_mails(&mails);
        assert!(text.starts_with("mails: 3 sent, 1 refused\n"), "{text}");
        assert!(text.contains("welcome to a@x.no, refused: 550 no such") && !text.contains('\u{1b}'), "{text}");
    }
}
