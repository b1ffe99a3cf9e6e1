//! Names of people, companies, places and papers, from the countries the product is sold in.

/// Companies that run the sample installation; the seed chooses one.
pub(super) const OWNERS: &[(&str, &str)] = &[
    ("Nordlys Handel AS", "nordlys-handel.example"),
    ("Fjordkraft Maskin AS", "fjordkraft-maskin.example"),
    ("Weserufer Technik GmbH", "weserufer-technik.example"),
    ("Skagen Logistik ApS", "skagen-logistik.example"),
    ("Mälardalens Verkstad AB", "malardalens-verkstad.example"),
];

/// First names.
#[rustfmt::skip]
pub(super) const FIRST: &[&str] = &[
    "Kari", "Ola", "Ingrid", "Lars", "Sigrid", "Bjørn", "Åse", "Håkon", "Jürgen", "Käthe", "Anna", "Erik", "Søren",
    "Maja", "Tom", "Sarah", "Øyvind", "Marit", "Günter", "Heike", "Nils", "Astrid", "Per", "Solveig", "Jörg",
    "Bärbel", "Emma", "Oliver", "Rune", "Tove", "Gisela", "Kjell", "Liv", "Arne", "Ulf", "Wenche", "Zoë", "René",
    "Björk", "Åke", "Dag", "Eva", "Finn", "Grete", "Ida", "Jan", "Knut", "Lise", "Mette", "Oda",
];
/// Last names.
#[rustfmt::skip]
pub(super) const LAST: &[&str] = &[
    "Hansen", "Johansen", "Bråten", "Müller", "Schröder", "Sørensen", "Ødegård", "Lindqvist", "Berg", "Haugen",
    "Åsheim", "Weiß", "Köhler", "Nilsen", "Dahl", "Lund", "Strand", "Fischer", "Jäger", "Nygård", "Bakke",
    "Solberg", "Moen", "Vogel", "Krüger", "Andersson", "Öberg", "Holm", "Kjær", "Iversen", "Tangen", "Smith",
    "Baker", "Wright", "Peters", "Zimmermann", "Brandt", "Eriksen", "Fossum", "Grønli", "Hovland", "Jensen", "Kvam",
    "Løken", "Myhre", "Næss", "Opdal", "Ravn", "Sæther", "Thorsen", "Ulvestad", "Vik", "Wolff", "Aune", "Børresen",
    "Carlsen", "Døving", "Engen", "Falk", "Gundersen",
];
/// First halves of a customer's name.
#[rustfmt::skip]
pub(super) const FIRM: &[&str] = &[
    "Fjord", "Nord", "Sund", "Elbe", "Alpen", "Hafen", "Vestland", "Aker", "Baltic", "Rhein", "Tromsø", "Kalmar",
    "Isar", "Odense", "Harbour", "Mälaren", "Lübeck", "Stavanger", "Polar", "Skane",
];
/// Second halves of a customer's name.
#[rustfmt::skip]
pub(super) const TRADE: &[&str] = &[
    "Data", "Bygg", "Logistik", "Energi", "Maschinenbau", "Foods", "Consulting", "Transport", "Møbler", "Elektro",
    "Papier", "Shipping", "Medizin", "Verlag", "Fisk", "Textil",
];
/// Legal forms.
pub(super) const FORM: &[&str] = &["AS", "GmbH", "AB", "ApS", "Ltd", "BV", "KG"];
/// Places that turn up in the titles of documents.
#[rustfmt::skip]
pub(super) const PLACE: &[&str] = &[
    "Oslo", "Bergen", "Tromsø", "Hamburg", "München", "Köln", "Göteborg", "Malmö", "København", "Aarhus", "Leeds",
    "Utrecht", "Bodø", "Lübeck", "Åre", "Zürich",
];
/// What documents are called; `eml` files get a reply's prefix instead.
#[rustfmt::skip]
pub(super) const TITLE: &[&str] = &[
    "Tilbud", "Kontrakt", "Møtereferat", "Faktura", "Prisliste", "Avtale", "Årsrapport", "Bestilling", "Angebot",
    "Vertrag", "Übersicht", "Besuchsbericht", "Rechnung", "Offer", "Contract", "Minutes", "Letter", "Report",
    "Specification", "Forecast", "Følgebrev", "Kravspesifikasjon",
];
/// What the people who do not think about names call a document.
pub(super) const CARELESS: &[&str] = &["Referat", "Document1", "scan", "Tilbud", "mail", "Super001"];
/// Reply prefixes of mails.
pub(super) const REPLY: &[&str] = &["RE", "SV", "VS", "AW", "WG", "FW"];

/// A name in plain ASCII letters, as log-ins and addresses need it.
pub(super) fn plain(name: &str) -> String {
    let mut out = String::with_capacity(name.len());
    for letter in name.chars() {
        match letter {
            'å' | 'ä' | 'á' => out.push('a'),
            'Å' | 'Ä' => out.push('A'),
            'ø' | 'ö' | 'ó' => out.push('o'),
            'Ø' | 'Ö' => out.push('O'),
            'æ' => out.push_str("ae"),
            'Æ' => out.push_str("AE"),
            'ü' => out.push('u'),
            'Ü' => out.push('U'),
            'ß' => out.push_str("ss"),
            'é' | 'ë' => out.push('e'),
            letter if letter.is_ascii_alphanumeric() => out.push(letter),
            _ => {}
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_name_loses_a_letter() {
        for name in FIRST.iter().chain(LAST).chain(FIRM).chain(TRADE) {
            assert!(plain(name).len() >= name.chars().count(), "{name}");
        }
    }
}
