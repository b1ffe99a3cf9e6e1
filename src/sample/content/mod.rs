//! What the sample's files hold.
//!
//! A file is described by a [`Recipe`] of a few bytes and made from it at any time, always the same: a duplicate is the
//! recipe of an earlier document, and nothing of what was written has to be kept. Half of the bytes are text, the other
//! half cannot be squeezed, as in a real archive, and each file is a valid one of its kind. With a folder of real files
//! the bytes come from there instead.

mod checksum;
mod office;
mod paper;
mod picture;
mod text;
mod tree;

use rand::{Rng, RngCore, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, LogNormal};

use self::text::Phrases;
pub(super) use self::tree::Tree;
use super::random::{pick, stream};
use crate::error::{Code, Error, Result};

/// Spread of the sizes: with 1.28 the mean is about 2.3 times the median, as archives show it.
const SIGMA: f64 = 1.28;
/// No generated file is larger, no real one that is larger is used.
pub(super) const LARGEST: u64 = 64 << 20;
/// No generated file is smaller: each kind needs some frame.
const SMALLEST: u64 = 200;
/// Share of the documents that are exact copies of an earlier one.
const DUPLICATES: f64 = 0.1;
/// How far back the original of a copy lies at most.
const RECENT: u64 = 64;
/// An Office file below this would be all frame and no content.
const SMALLEST_OFFICE: u64 = 4096;
/// A buffer that grew beyond this is given back after use.
const ROOM: usize = 4 << 20;

/// The kinds of file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Kind {
    /// Plain text.
    Txt,
    /// A page.
    Html,
    /// A mail.
    Eml,
    /// A list.
    Csv,
    /// A letter of the older sort.
    Rtf,
    /// Word.
    Docx,
    /// Excel.
    Xlsx,
    /// Acrobat.
    Pdf,
    /// A picture.
    Png,
}

impl Kind {
    /// The kind's usual extension.
    pub(super) fn extension(self) -> &'static str {
        match self {
            Self::Txt => "txt",
            Self::Html => "html",
            Self::Eml => "eml",
            Self::Csv => "csv",
            Self::Rtf => "rtf",
            Self::Docx => "docx",
            Self::Xlsx => "xlsx",
            Self::Pdf => "pdf",
            Self::Png => "png",
        }
    }

    /// The kind's media type.
    pub(super) fn media_type(self) -> &'static str {
        match self {
            Self::Txt => "text/plain",
            Self::Html => "text/html",
            Self::Eml => "message/rfc822",
            Self::Csv => "text/csv",
            Self::Rtf => "application/rtf",
            Self::Docx => "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
            Self::Xlsx => "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
            Self::Pdf => "application/pdf",
            Self::Png => "image/png",
        }
    }
}

/// All that is needed to make a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Recipe {
    /// Names the stream of chance that fills it.
    pub key: u64,
    /// What it is.
    pub kind: Kind,
    /// About how long it is, in bytes; the frame of the kind may make it a little longer.
    pub size: u64,
}

/// Where a file's bytes come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Content {
    /// No bytes at all.
    Empty,
    /// Made from a recipe.
    Made(Recipe),
    /// The file of this number in the folder of real files.
    Real(usize),
}

/// Makes files.
pub(super) struct Source {
    seed: u64,
    sizes: LogNormal<f64>,
    phrases: Phrases,
    /// Real files, where the caller gave a folder of them.
    tree: Option<Tree>,
}

impl Source {
    /// A source of files of this median size, or of the real files of `tree`.
    pub(super) fn new(seed: u64, median: u64, tree: Option<Tree>) -> Result<Self> {
        let sizes = LogNormal::new((median.max(1) as f64).ln(), SIGMA)
            .map_err(|source| Error::new(Code::Internal, "cannot spread the sizes").because(source))?;
        Ok(Self { seed, sizes, phrases: Phrases::new(), tree })
    }

    /// The content of a document.
    pub(super) fn of_document(&self, id: u64) -> Content {
        match &self.tree {
            Some(tree) => Content::Real(((id - 1) % tree.len() as u64) as usize),
            None => Content::Made(self.recipe(id)),
        }
    }

    /// The content of the `number`th file of another sort, which never is a copy.
    pub(super) fn of_other(&self, label: &str, number: u64) -> Recipe {
        self.invent(&mut stream(self.seed, label, number))
    }

    /// Sentences of about this many bytes, for a column of text.
    pub(super) fn sentences(&self, chance: &mut ChaCha8Rng, size: usize) -> String {
        self.phrases.sentences(chance, size)
    }

    /// The extension that goes with a content.
    pub(super) fn extension(&self, content: Content) -> &str {
        match content {
            Content::Empty => "txt",
            Content::Made(recipe) => recipe.kind.extension(),
            Content::Real(index) => self.tree.as_ref().map_or("bin", |tree| tree.extension(index)),
        }
    }

    /// Makes the content, replacing what is in `out`.
    pub(super) fn fill(&self, content: Content, out: &mut Vec<u8>) -> Result<()> {
        out.clear();
        out.shrink_to(ROOM);
        match content {
            Content::Empty => Ok(()),
            Content::Made(recipe) => self.make(recipe, out),
            Content::Real(index) => self.tree.as_ref().map_or(Ok(()), |tree| tree.read(index, out)),
        }
    }

    fn make(&self, recipe: Recipe, out: &mut Vec<u8>) -> Result<()> {
        let size = recipe.size as usize;
        out.reserve(size + 4096);
        let chance = &mut ChaCha8Rng::seed_from_u64(recipe.key);
        match recipe.kind {
            Kind::Txt => self.phrases.plain(out, chance, size),
            Kind::Html => self.phrases.page(out, chance, size),
            Kind::Eml => self.phrases.mail(out, chance, size),
            Kind::Csv => self.phrases.list(out, chance, size),
            Kind::Rtf => self.phrases.letter(out, chance, size),
            Kind::Docx => office::document(&self.phrases, out, chance, size)?,
            Kind::Xlsx => office::sheet(&self.phrases, out, chance, size)?,
            Kind::Pdf => paper::pdf(&self.phrases, out, chance, size),
            Kind::Png => picture::png(out, chance, size),
        }
        Ok(())
    }

    /// The recipe of a document: its own, or that of an earlier one.
    fn recipe(&self, mut id: u64) -> Recipe {
        loop {
            let mut chance = stream(self.seed, "content", id);
            if id > 1 && chance.random_bool(DUPLICATES) {
                id -= chance.random_range(1..=RECENT.min(id - 1));
            } else {
                return self.invent(&mut chance);
            }
        }
    }

    fn invent(&self, chance: &mut ChaCha8Rng) -> Recipe {
        let size = (self.sizes.sample(chance) as u64).clamp(SMALLEST, LARGEST);
        let kind = if chance.random_bool(0.5) {
            *pick(chance, &[Kind::Eml, Kind::Eml, Kind::Txt, Kind::Html, Kind::Html, Kind::Csv, Kind::Rtf])
        } else if size < SMALLEST_OFFICE {
            *pick(chance, &[Kind::Pdf, Kind::Png])
        } else {
            *pick(chance, &[Kind::Docx, Kind::Docx, Kind::Docx, Kind::Xlsx, Kind::Pdf, Kind::Pdf, Kind::Png])
        };
        Recipe { key: chance.next_u64(), kind, size }
    }
}

/// Adds `count` bytes that cannot be squeezed.
fn noise(out: &mut Vec<u8>, chance: &mut ChaCha8Rng, count: usize) {
    let start = out.len();
    out.resize(start + count, 0);
    chance.fill_bytes(&mut out[start..]);
}

#[cfg(test)]
mod tests;
