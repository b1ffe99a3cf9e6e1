//! Word and Excel files: zips with the parts that the programs insist on, some text, and a large picture-like part.
//!
//! Everything is stored, not deflated: the large part would not shrink, and the small ones are not worth the time.

use std::io::{Cursor, Write};

use rand::RngCore;
use rand_chacha::ChaCha8Rng;
use zip::result::ZipResult;
use zip::write::{SimpleFileOptions, ZipWriter};

use super::text::Phrases;
use crate::error::{Code, Error, Result};

/// What the small parts and the zip's own directory take together.
const FRAME: usize = 2_300;
/// The large part is made in pieces of this size.
const BLOCK: usize = 32 << 10;
/// The first line of each part.
const XML: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\r\n";
/// Where the format's names come from.
const OPEN: &str = "http://schemas.openxmlformats.org";

/// The names that tell a document from a sheet.
struct Shape {
    /// Folder of the main part.
    folder: &'static str,
    /// File name of the main part.
    main: &'static str,
    /// Media type of the main part.
    main_type: &'static str,
}

/// Adds a Word document of about `size` bytes.
pub(super) fn document(phrases: &Phrases, out: &mut Vec<u8>, chance: &mut ChaCha8Rng, size: usize) -> Result<()> {
    let shape = Shape { folder: "word", main: "document.xml", main_type: "wordprocessingml.document" };
    let text = phrases.sentences(chance, 300);
    let main = format!(
        "{XML}<w:document xmlns:w=\"{OPEN}/wordprocessingml/2006/main\"><w:body><w:p><w:r><w:t>{text}</w:t></w:r></w:p></w:body></w:document>"
    );
    let parts = [("word/document.xml", main)];
    pack(out, &shape, &parts, chance, size).map_err(failed)
}

/// Adds an Excel sheet of about `size` bytes.
pub(super) fn sheet(phrases: &Phrases, out: &mut Vec<u8>, chance: &mut ChaCha8Rng, size: usize) -> Result<()> {
    let shape = Shape { folder: "xl", main: "workbook.xml", main_type: "spreadsheetml.sheet" };
    let space = format!("{OPEN}/spreadsheetml/2006/main");
    let text = phrases.sentences(chance, 200);
    let book = format!(
        "{XML}<workbook xmlns=\"{space}\" xmlns:r=\"{OPEN}/officeDocument/2006/relationships\"><sheets><sheet name=\"1\" sheetId=\"1\" r:id=\"rId1\"/></sheets></workbook>"
    );
    let sheet = format!(
        "{XML}<worksheet xmlns=\"{space}\"><sheetData><row r=\"1\"><c r=\"A1\" t=\"inlineStr\"><is><t>{text}</t></is></c></row></sheetData></worksheet>"
    );
    let parts = [("xl/workbook.xml", book), ("xl/worksheets/sheet1.xml", sheet)];
    pack(out, &shape, &parts, chance, size).map_err(failed)
}

fn pack(
    out: &mut Vec<u8>,
    shape: &Shape,
    parts: &[(&str, String)],
    chance: &mut ChaCha8Rng,
    size: usize,
) -> ZipResult<()> {
    let Shape { folder, main, main_type } = shape;
    let office = "application/vnd.openxmlformats-officedocument";
    let sheet = match parts {
        [_, (name, _)] => {
            format!("<Override PartName=\"/{name}\" ContentType=\"{office}.spreadsheetml.worksheet+xml\"/>")
        }
        _ => String::new(),
    };
    let types = format!(
        "{XML}<Types xmlns=\"{OPEN}/package/2006/content-types\"><Default Extension=\"rels\" ContentType=\"application/vnd.openxmlformats-package.relationships+xml\"/><Default Extension=\"bin\" ContentType=\"application/octet-stream\"/><Override PartName=\"/{folder}/{main}\" ContentType=\"{office}.{main_type}.main+xml\"/>{sheet}</Types>"
    );
    let link = |id: u8, kind: &str, target: &str| {
        format!(
            "<Relationship Id=\"rId{id}\" Type=\"{OPEN}/officeDocument/2006/relationships/{kind}\" Target=\"{target}\"/>"
        )
    };
    let links = |links: &str| {
        format!("{XML}<Relationships xmlns=\"{OPEN}/package/2006/relationships\">{links}</Relationships>")
    };
    let mut inner = link(9, "image", "media/media1.bin");
    if parts.len() > 1 {
        inner.push_str(&link(1, "worksheet", "worksheets/sheet1.xml"));
    }

    // The date would otherwise be that of the day.
    let stored = SimpleFileOptions::default()
        .compression_method(zip::CompressionMethod::Stored)
        .last_modified_time(zip::DateTime::default());
    let mut archive = ZipWriter::new(Cursor::new(&mut *out));
    let mut add = |name: &str, bytes: &[u8]| -> ZipResult<()> {
        archive.start_file(name, stored)?;
        Ok(archive.write_all(bytes)?)
    };
    add("[Content_Types].xml", types.as_bytes())?;
    add("_rels/.rels", links(&link(1, "officeDocument", &format!("{folder}/{main}"))).as_bytes())?;
    for (name, text) in parts {
        add(name, text.as_bytes())?;
    }
    add(&format!("{folder}/_rels/{main}.rels"), links(&inner).as_bytes())?;
    add(&format!("{folder}/media/media1.bin"), &[])?;
    let (mut left, mut block) = (size.saturating_sub(FRAME).max(64), vec![0; BLOCK]);
    while left > 0 {
        let count = left.min(BLOCK);
        left -= count;
        chance.fill_bytes(&mut block[..count]);
        archive.write_all(&block[..count])?;
    }
    archive.finish()?;
    Ok(())
}

fn failed(source: zip::result::ZipError) -> Error {
    Error::new(Code::Internal, "cannot make an Office file").because(source)
}
