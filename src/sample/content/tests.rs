//! Tests of the generated files, from the outside: a reader of each kind must be content.

use std::collections::HashSet;
use std::io::{Cursor, Read};

use super::*;

const KINDS: [Kind; 9] =
    [Kind::Txt, Kind::Html, Kind::Eml, Kind::Csv, Kind::Rtf, Kind::Docx, Kind::Xlsx, Kind::Pdf, Kind::Png];

fn source() -> Source {
    Source::new(7, 30 << 10, None).unwrap()
}

fn made(kind: Kind, size: u64) -> Vec<u8> {
    let mut out = Vec::new();
    source().fill(Content::Made(Recipe { key: 11, kind, size }), &mut out).unwrap();
    out
}

#[test]
fn each_kind_is_about_as_long_as_asked() {
    for kind in KINDS {
        for size in [200, 1_000, 20_000, 400_000] {
            let length = made(kind, size).len() as u64;
            assert!(length <= size + 3_000 && length + 1_600 >= size, "{kind:?} {size}: {length}");
        }
    }
}

#[test]
fn text_is_utf8_without_one_repeated_block_and_squeezes_like_text() {
    for kind in [Kind::Txt, Kind::Html, Kind::Eml, Kind::Csv, Kind::Rtf] {
        let text = made(kind, 100_000);
        assert!(std::str::from_utf8(&text).is_ok(), "{kind:?}");
        let blocks: HashSet<&[u8]> = text.chunks(64).collect();
        assert!(blocks.len() > text.len() / 64 * 9 / 10, "{kind:?}: only {} different blocks", blocks.len());
        let squeezed = zstd::bulk::compress(&text, 3).unwrap().len();
        assert!((text.len() / 12..text.len() / 2).contains(&squeezed), "{kind:?}: {squeezed}");
    }
    assert!(made(Kind::Rtf, 50_000).is_ascii(), "rich text would need escapes for more");
}

#[test]
fn the_other_half_cannot_be_squeezed() {
    for kind in [Kind::Docx, Kind::Xlsx, Kind::Pdf, Kind::Png] {
        let bytes = made(kind, 100_000);
        assert!(zstd::bulk::compress(&bytes, 3).unwrap().len() > bytes.len() * 9 / 10, "{kind:?}");
    }
}

#[test]
fn office_files_are_zips_whose_parts_can_be_read() {
    for (kind, main) in [(Kind::Docx, "word/document.xml"), (Kind::Xlsx, "xl/worksheets/sheet1.xml")] {
        let mut archive = zip::ZipArchive::new(Cursor::new(made(kind, 50_000))).unwrap();
        let names: Vec<String> = archive.file_names().map(str::to_owned).collect();
        assert!(names.iter().any(|name| name == "[Content_Types].xml") && names.iter().any(|name| name == main));
        for name in names {
            let mut part = Vec::new();
            archive.by_name(&name).unwrap().read_to_end(&mut part).unwrap();
            if !name.contains("media") {
                let mut reader = quick_xml::Reader::from_reader(&part[..]);
                while reader.read_event().unwrap() != quick_xml::events::Event::Eof {}
            }
        }
    }
}

#[test]
fn a_pdf_points_at_each_of_its_objects() {
    let pdf = made(Kind::Pdf, 50_000);
    assert!(pdf.starts_with(b"%PDF-1.7\n") && pdf.ends_with(b"%%EOF\n"));
    let find = |needle: &[u8]| pdf.windows(needle.len()).rposition(|window| window == needle).unwrap();
    let tail = String::from_utf8(pdf[find(b"startxref")..].to_vec()).unwrap();
    let table: usize = tail.lines().nth(1).unwrap().parse().unwrap();
    let table = String::from_utf8(pdf[table..find(b"trailer")].to_vec()).unwrap();
    let mut entries = table.lines();
    assert_eq!(entries.next(), Some("xref"));
    for (number, entry) in entries.skip(2).enumerate() {
        let offset: usize = entry[..10].parse().unwrap();
        assert!(pdf[offset..].starts_with(format!("{} 0 obj", number + 1).as_bytes()), "{entry}");
    }
}

#[test]
fn a_picture_has_right_sums_and_as_many_bytes_as_its_frame_says() {
    for size in [200, 60_000, 200_000] {
        let png = made(Kind::Png, size);
        assert_eq!(&png[..8], b"\x89PNG\r\n\x1a\n");
        let (mut at, mut pixels, mut frame) = (8, Vec::new(), Vec::new());
        while at < png.len() {
            let length = u32::from_be_bytes(png[at..at + 4].try_into().unwrap()) as usize;
            let (name, body) = (&png[at + 4..at + 8], &png[at + 8..at + 8 + length]);
            let sum = u32::from_be_bytes(png[at + 8 + length..at + 12 + length].try_into().unwrap());
            assert_eq!(sum, checksum::crc32(&png[at + 4..at + 8 + length]));
            match name {
                b"IHDR" => frame = body.to_vec(),
                b"IDAT" => pixels.extend_from_slice(body),
                _ => assert_eq!(name, b"IEND"),
            }
            at += 12 + length;
        }
        // The pixels are stored blocks: unwrap them by hand.
        let (mut at, mut raw, mut last) = (2, Vec::new(), false);
        while !last {
            last = pixels[at] == 1;
            let length = usize::from(u16::from_le_bytes([pixels[at + 1], pixels[at + 2]]));
            assert_eq!(u16::from_le_bytes([pixels[at + 3], pixels[at + 4]]), !(length as u16));
            raw.extend_from_slice(&pixels[at + 5..at + 5 + length]);
            at += 5 + length;
        }
        assert_eq!(pixels[at..], checksum::adler32(1, &raw).to_be_bytes());
        let number = |at: usize| u32::from_be_bytes(frame[at..at + 4].try_into().unwrap()) as usize;
        assert_eq!(raw.len(), (number(0) * 3 + 1) * number(4));
    }
}

#[test]
fn about_one_document_in_ten_is_a_copy_of_one_of_the_last_ones() {
    let source = source();
    let mut seen = HashSet::new();
    let copies = (1..=5_000).filter(|id| !seen.insert(source.recipe(*id).key)).count();
    assert!((400..600).contains(&copies), "{copies}");
}

#[test]
fn half_of_the_documents_are_text_and_the_mean_is_above_twice_the_median() {
    let source = source();
    let recipes: Vec<Recipe> = (0..20_000).map(|number| source.of_other("test", number)).collect();
    let text = recipes.iter().filter(|recipe| {
        recipe.kind.media_type().starts_with("text/") || recipe.kind == Kind::Eml || recipe.kind == Kind::Rtf
    });
    assert!((9_500..10_500).contains(&text.count()));
    let mut sizes: Vec<u64> = recipes.iter().map(|recipe| recipe.size).collect();
    sizes.sort_unstable();
    assert!((28 << 10..32 << 10).contains(&sizes[10_000]));
    let mean = sizes.iter().sum::<u64>() / 20_000;
    assert!((60 << 10..75 << 10).contains(&mean), "{mean}");
}

#[test]
fn a_large_file_does_not_keep_its_room() {
    let (source, mut out) = (source(), Vec::new());
    source.fill(Content::Made(Recipe { key: 1, kind: Kind::Pdf, size: 20 << 20 }), &mut out).unwrap();
    source.fill(Content::Made(Recipe { key: 1, kind: Kind::Txt, size: 1_000 }), &mut out).unwrap();
    assert!(out.capacity() <= ROOM, "{}", out.capacity());
}
