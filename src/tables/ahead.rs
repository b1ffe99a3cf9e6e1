//! Rows that are read on one thread while another does something with those before them.

use super::Cells;
use crate::{Code, Error, Result};
use std::sync::mpsc::sync_channel;

/// Reads the next page, and says whether more come.
pub(super) type Read<'a> = dyn FnMut() -> Result<(Vec<Cells>, bool)> + Send + 'a;
/// Takes a page, and is told whether more come.
pub(super) type Take<'a> = dyn FnMut(&mut [Cells], bool) -> Result<()> + 'a;

/// Reads pages, one ahead of who takes them. What is one page only needs no thread.
pub(super) fn ahead(read: &mut Read<'_>, take: &mut Take<'_>) -> Result<()> {
    let (mut rows, more) = read()?;
    if !more {
        return take(&mut rows, false);
    }
    std::thread::scope(|scope| {
        let (give, pages) = sync_channel(1);
        // Rows go back to where they were made: freed on another thread, each of them would keep both threads waiting.
        let (back, spent) = sync_channel::<Vec<Cells>>(2);
        let reading = scope.spawn(move || -> Result<()> {
            loop {
                spent.try_iter().for_each(drop);
                let (rows, more) = read()?;
                // Whoever takes them has given up, and says why himself.
                if give.send((rows, more)).is_err() || !more {
                    return Ok(());
                }
            }
        });
        let mut taken = take(&mut rows, true);
        while taken.is_ok()
            && let Ok((mut rows, more)) = pages.recv()
        {
            taken = take(&mut rows, more);
            let _ = back.try_send(rows);
        }
        drop(pages);
        let read = reading.join();
        taken.and_then(|()| read.unwrap_or_else(|_| Err(Error::new(Code::Internal, "reading a table has failed"))))
    })
}
