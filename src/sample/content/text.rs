//! Text files: sentences that nobody will read, but that squeeze like sentences.
//!
//! Words are joined to a few thousand short phrases once; a text is phrases copied one after the other. That is as fast
//! as the disk and still differs from line to line.

use rand::{RngCore, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::sample::random::{below, pick};

/// Words of the trade; the later ones are not ASCII.
#[rustfmt::skip]
const WORDS: &[&str] = &[
    "offer", "contract", "customer", "delivery", "price", "meeting", "minutes", "invoice", "project", "budget",
    "quarter", "sales", "service", "agreement", "renewal", "discount", "support", "ticket", "answer", "question",
    "order", "terms", "payment", "warehouse", "product", "quality", "deadline", "manager", "region", "forecast",
    "campaign", "training", "visit", "report", "decision", "proposal", "signature", "attachment", "regards",
    "tomorrow", "yesterday", "today", "week", "month", "year", "number", "amount", "transport", "partner",
    "supplier", "market", "season", "catalogue", "is", "was", "will", "has", "and", "or", "the", "a", "of", "to",
    "with", "without", "before", "after", "about", "for", "from", "between", "under", "over", "we", "you", "they",
    "our", "your", "their", "please", "thanks", "new", "old", "open", "closed", "signed", "late", "early", "agreed",
    "sent", "received", "confirmed", "changed", "cancelled", "large", "small", "first", "last", "next", "same",
    "other", "several", "tilbud", "kontrakt", "kunde", "levering", "pris", "referat", "faktura", "prosjekt",
    "avtale", "rabatt", "sak", "svar", "bestilling", "betingelser", "lager", "kvalitet", "frist", "leder",
    "kampanje", "beslutning", "forslag", "vedlegg", "hilsen", "uke", "og", "eller", "av", "til", "med", "uten",
    "etter", "om", "fra", "mellom", "vi", "dere", "ny", "gammel", "stor", "liten", "neste", "flere", "Angebot",
    "Vertrag", "Kunde", "Lieferung", "Preis", "Besprechung", "Rechnung", "Projekt", "Vereinbarung", "Verlängerung",
    "Frage", "Bestellung", "Zahlung", "Lager", "Frist", "Leiter", "Anlage", "Woche", "und", "oder", "von", "nach",
    "mit", "ohne", "vor", "wir", "Sie", "neu", "alt", "offen", "geschlossen", "spät", "früh", "größer", "nächste",
    "mehrere", "møte", "kjøp", "spørsmål", "måned", "år", "beløp", "sesong", "første", "før", "på", "åpen",
    "bekreftet", "mottatt", "Grüße", "Menge", "Qualität", "Vorschlag", "Unterschrift", "Jahr", "Übersicht", "für",
    "über",
];
/// Phrases made of them: a power of two, so that a few bits of chance are a phrase.
const PHRASES: usize = 1 << 13;
/// About how long a paragraph is, in bytes.
const PARAGRAPH: usize = 700;

/// Texts that were joined end to end.
#[derive(Default)]
struct Pool {
    bytes: Vec<u8>,
    /// Where each of them begins and ends.
    spans: Vec<(u32, u32)>,
}

impl Pool {
    fn add(&mut self, text: &str) {
        let start = self.bytes.len() as u32;
        self.bytes.extend_from_slice(text.as_bytes());
        self.spans.push((start, self.bytes.len() as u32));
    }

    /// The text of this number; too large a number starts again at the first.
    fn get(&self, number: usize) -> &[u8] {
        let (start, end) = self.spans[number % self.spans.len()];
        &self.bytes[start as usize..end as usize]
    }
}

/// The phrases and numbers that texts are made of.
pub(super) struct Phrases {
    /// In any language.
    any: Pool,
    /// Those that are ASCII, for formats in which anything else needs an escape.
    ascii: Pool,
    /// Amounts of money.
    amounts: Pool,
}

impl Phrases {
    /// The phrases. They are the same for each sample: what differs is their order.
    pub(super) fn new() -> Self {
        let mut chance = ChaCha8Rng::seed_from_u64(0x5EED);
        let (mut any, mut ascii, mut amounts) = (Pool::default(), Pool::default(), Pool::default());
        let plain: Vec<&str> = WORDS.iter().copied().filter(|word| word.is_ascii()).collect();
        for _ in 0..PHRASES {
            let count = 2 + below(&mut chance, 4);
            let mut join = |words: &[&str]| {
                let words: Vec<&str> = (0..count).map(|_| *pick(&mut chance, words)).collect();
                words.join(" ")
            };
            any.add(&join(WORDS));
            ascii.add(&join(&plain));
            amounts.add(&format!("{}.{:02}", below(&mut chance, 250_000), below(&mut chance, 100)));
        }
        Self { any, ascii, amounts }
    }

    /// Plain text.
    pub(super) fn plain(&self, out: &mut Vec<u8>, chance: &mut ChaCha8Rng, size: usize) {
        Self::paragraphs(out, chance, size, &self.any, "", "\r\n\r\n");
    }

    /// A page.
    pub(super) fn page(&self, out: &mut Vec<u8>, chance: &mut ChaCha8Rng, size: usize) {
        out.extend_from_slice(b"<!DOCTYPE html>\r\n<html><head><meta charset=\"utf-8\"><title>");
        self.phrase(out, chance);
        out.extend_from_slice(b"</title></head><body>\r\n");
        let end = "</body></html>\r\n";
        Self::paragraphs(out, chance, size.saturating_sub(end.len()), &self.any, "<p>", "</p>\r\n");
        out.extend_from_slice(end.as_bytes());
    }

    /// A mail of one part.
    pub(super) fn mail(&self, out: &mut Vec<u8>, chance: &mut ChaCha8Rng, size: usize) {
        let (from, number) = (below(chance, 900), chance.next_u64());
        let head = format!(
            "From: Customer {from} <customer{from}@partner.example>\r\nTo: <post@mail.example>\r\nMessage-ID: <{number:016x}@partner.example>\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n"
        );
        out.extend_from_slice(head.as_bytes());
        Self::paragraphs(out, chance, size, &self.any, "", "\r\n\r\n");
    }

    /// A list of four columns.
    pub(super) fn list(&self, out: &mut Vec<u8>, chance: &mut ChaCha8Rng, size: usize) {
        out.extend_from_slice(b"item;text;price;sum\r\n");
        while out.len() + 32 < size {
            let bits = chance.next_u64() as usize;
            let cells: [&[u8]; 4] = [
                self.ascii.get(bits),
                self.any.get(bits >> 13),
                self.amounts.get(bits >> 26),
                self.amounts.get(bits >> 39),
            ];
            for (index, cell) in cells.into_iter().enumerate() {
                out.extend_from_slice(cell);
                out.extend_from_slice(if index == 3 { b"\r\n" } else { b";" });
            }
        }
    }

    /// Rich text.
    pub(super) fn letter(&self, out: &mut Vec<u8>, chance: &mut ChaCha8Rng, size: usize) {
        out.extend_from_slice(b"{\\rtf1\\ansi\\deff0{\\fonttbl{\\f0 Arial;}}\\f0\\fs20\r\n");
        Self::paragraphs(out, chance, size.saturating_sub(3), &self.ascii, "", "\\par\r\n");
        out.extend_from_slice(b"}\r\n");
    }

    /// One phrase.
    pub(super) fn phrase(&self, out: &mut Vec<u8>, chance: &mut ChaCha8Rng) {
        out.extend_from_slice(self.any.get(below(chance, PHRASES)));
    }

    /// Sentences of about `size` bytes, as a value for the database.
    pub(super) fn sentences(&self, chance: &mut ChaCha8Rng, size: usize) -> String {
        let mut out = Vec::with_capacity(size + 64);
        Self::sentence_bytes(&mut out, chance, size, &self.any);
        // Phrases are made of whole words, so this is UTF-8 and nothing is replaced.
        String::from_utf8_lossy(&out).into_owned()
    }

    /// Paragraphs, until `out` holds `size` bytes or a little more.
    fn paragraphs(out: &mut Vec<u8>, chance: &mut ChaCha8Rng, size: usize, pool: &Pool, open: &str, close: &str) {
        while out.len() + close.len() < size {
            out.extend_from_slice(open.as_bytes());
            let end = (out.len() + PARAGRAPH).min(size - close.len());
            Self::sentence_bytes(out, chance, end, pool);
            out.extend_from_slice(close.as_bytes());
        }
    }

    /// Sentences, until `out` holds `end` bytes or a little more.
    fn sentence_bytes(out: &mut Vec<u8>, chance: &mut ChaCha8Rng, end: usize, pool: &Pool) {
        while out.len() < end {
            let mut bits = chance.next_u64();
            for _ in 0..4 {
                out.extend_from_slice(pool.get(bits as usize & (PHRASES - 1)));
                let mark = match bits >> 13 & 7 {
                    0 => ". ",
                    1 => ".\r\n",
                    2 => ", ",
                    _ => " ",
                };
                out.extend_from_slice(mark.as_bytes());
                bits >>= 16;
                if out.len() >= end {
                    break;
                }
            }
        }
    }
}
