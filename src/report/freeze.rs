//! What a report says about a freeze: how long, what became of it, and what proves that.

use super::run::Run;
use super::units::Duration;
use crate::migration::{Ended, FreezeSummary, How, Write};

/// Digits of a fingerprint that people compare; programs get all of it.
const DIGITS: usize = 16;
/// Writes that are shown.
const SHOWN: usize = 10;

/// The last run with a freeze.
pub(super) fn last(runs: &[Run]) -> Option<(&Run, &FreezeSummary)> {
    runs.iter().find_map(|run| Some((run, run.freeze.as_ref()?)))
}

/// In sentences without a full stop, each for a line.
pub(super) fn lines(freeze: &FreezeSummary) -> Vec<String> {
    let what = match (freeze.files.len(), freeze.event) {
        (0, false) => "nothing that was not frozen before".to_owned(),
        (0, true) => "the log-in of the Windows client".to_owned(),
        (files, event) => {
            let files =
                if files == 1 { "Customer Service".to_owned() } else { format!("Customer Service ({files} files)") };
            if event { format!("{files} and the log-in of the Windows client") } else { files }
        }
    };
    let ended = match freeze.ended {
        Ended::Restored => "put back",
        Ended::Kept => "it stays frozen, `omt unfreeze` ends that",
        Ended::Stuck => "NOT PUT BACK completely: `omt unfreeze`",
    };
    let mut lines = vec![format!("frozen for {}: {what}; {ended}", Duration(freeze.seconds))];
    let short = |print: &str| print.get(..DIGITS).unwrap_or(print).to_owned();
    lines.push(match (&freeze.after, freeze.same) {
        (Some(after), Some(true)) => format!("fingerprint {} before and after: exactly as it was", short(after)),
        (Some(after), _) => {
            format!("fingerprint {} before, {} after: something else was changed", short(&freeze.before), short(after))
        }
        (None, _) => format!("fingerprint {} before", short(&freeze.before)),
    });
    if freeze.writes > 0 {
        lines.push(format!("written meanwhile: {}", freeze.writes));
        lines.extend(freeze.written.iter().take(SHOWN).map(written));
    }
    lines
}

fn written(write: &Write) -> String {
    let how = match write.how {
        How::New => "new",
        How::Changed => "changed",
        How::Gone => "gone",
    };
    let who = write.who.as_ref().map_or_else(String::new, |who| format!(" by {who}"));
    format!("{} {how}{who}", write.what)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_freeze_says_how_long_what_became_of_it_and_who_has_written() {
        let write = Write { what: "contact(contact_id=17)".into(), how: How::Changed, who: Some("LM".into()) };
        let mut freeze = FreezeSummary {
            seconds: 61.0,
            ended: Ended::Restored,
            files: vec!["Service/config".into()],
            event: true,
            already: Vec::new(),
            before: "a".repeat(64),
            after: Some("a".repeat(64)),
            same: Some(true),
            writes: 1,
            written: vec![write],
        };
        assert_eq!(
            lines(&freeze),
            [
                "frozen for 1 min 01 s: Customer Service and the log-in of the Windows client; put back",
                "fingerprint aaaaaaaaaaaaaaaa before and after: exactly as it was",
                "written meanwhile: 1",
                "contact(contact_id=17) changed by LM",
            ]
        );
        (freeze.ended, freeze.after, freeze.same, freeze.writes) = (Ended::Kept, None, None, 0);
        assert_eq!(lines(&freeze).len(), 2);
        assert!(lines(&freeze)[0].ends_with("`omt unfreeze` ends that"));
    }
}
