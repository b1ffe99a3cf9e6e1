//! The journal in a report: every entry as it stands, and loudly whether somebody has changed it.

use crate::Result;
use crate::checks::waiver::Waivers;
use crate::ledger::{JournalEntry, Reader};

/// Entries in one page.
const PAGE: usize = 500;

/// What is known of the journal as a whole.
pub(super) struct Journal {
    /// How many entries it has.
    pub(super) entries: u64,
    /// Why it cannot be believed, if so.
    pub(super) trouble: Option<String>,
    /// The checks that people have waived; none where the journal cannot be believed.
    pub(super) waivers: Waivers,
}

impl Journal {
    /// Checks the chain. That it is broken is an answer and no error: the report is needed most then.
    pub(super) fn check(reader: &Reader) -> Result<Self> {
        match reader.journal() {
            Ok(entries) => {
                let mut waivers = Waivers::default();
                for entry in &entries {
                    waivers.hear(entry);
                }
                Ok(Self { entries: entries.len() as u64, trouble: None, waivers })
            }
            Err(error) => {
                let mut entries = 0;
                each(reader, u64::MAX, &mut |_| {
                    entries += 1;
                    Ok(())
                })?;
                let hint = error.hint_text().map_or_else(String::new, |hint| format!("; {hint}"));
                Ok(Self { entries, trouble: Some(format!("{}{hint}", error.chain())), waivers: Waivers::default() })
            }
        }
    }
}

/// Hands over the entries in order, at most `most`, believable or not.
pub(super) fn each(reader: &Reader, most: u64, tell: &mut dyn FnMut(&JournalEntry) -> Result<()>) -> Result<()> {
    let (mut after, mut told) = (i64::MIN, 0);
    loop {
        let page = reader.journal_after(after, PAGE)?;
        let Some(last) = page.last() else { return Ok(()) };
        after = last.seq;
        for entry in &page {
            if told == most {
                return Ok(());
            }
            told += 1;
            tell(entry)?;
        }
    }
}
