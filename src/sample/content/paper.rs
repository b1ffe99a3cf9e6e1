//! PDF files of one page, with a large file attached to it.

use std::fmt::Write as _;

use rand_chacha::ChaCha8Rng;

use super::noise;
use super::text::Phrases;

/// What a file needs beside the attached bytes.
const FRAME: usize = 1_050;

/// Adds a PDF of about `size` bytes.
pub(super) fn pdf(phrases: &Phrases, out: &mut Vec<u8>, chance: &mut ChaCha8Rng, size: usize) {
    let start = out.len();
    let mut line = Vec::new();
    phrases.phrase(&mut line, chance);
    // Text in a page is not UTF-8: keep to what is the same in every encoding.
    let line: String = String::from_utf8_lossy(&line).chars().filter(char::is_ascii).collect();
    let page = format!("BT /F1 12 Tf 72 720 Td ({line}) Tj ET");
    let attached = size.saturating_sub(FRAME).max(64);

    out.extend_from_slice(b"%PDF-1.7\n%\xE2\xE3\xCF\xD3\n");
    let mut places = Vec::new();
    let heads = [
        "<< /Type /Catalog /Pages 2 0 R /Names << /EmbeddedFiles << /Names [(data) 6 0 R] >> >> >>".to_owned(),
        "<< /Type /Pages /Kids [3 0 R] /Count 1 >>".to_owned(),
        "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R /Resources << /Font << /F1 5 0 R >> >> >>"
            .to_owned(),
        format!("<< /Length {} >>\nstream\n{page}\nendstream", page.len()),
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>".to_owned(),
        "<< /Type /Filespec /F (data) /EF << /F 7 0 R >> >>".to_owned(),
        format!("<< /Type /EmbeddedFile /Length {attached} >>\nstream\n"),
    ];
    for (index, head) in heads.iter().enumerate() {
        places.push(out.len() - start);
        out.extend_from_slice(format!("{} 0 obj\n{head}", index + 1).as_bytes());
        if index + 1 == heads.len() {
            noise(out, chance, attached);
            out.extend_from_slice(b"\nendstream");
        }
        out.extend_from_slice(b"\nendobj\n");
    }
    let table = out.len() - start;
    let mut tail = format!("xref\n0 {}\n0000000000 65535 f \n", places.len() + 1);
    for place in &places {
        let _ = writeln!(tail, "{place:010} 00000 n ");
    }
    // The table's lines are 20 bytes each, the blank before the line's end included.
    let _ = write!(tail, "trailer\n<< /Size {} /Root 1 0 R >>\nstartxref\n{table}\n%%EOF\n", places.len() + 1);
    out.extend_from_slice(tail.as_bytes());
}
