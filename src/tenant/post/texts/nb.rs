//! Norwegian, Bokmål.

use super::Texts;

pub(super) static TEXTS: Texts = Texts {
    html_language: "nb",
    greeting: "Hei {name},",
    welcome_subject: "{company} har flyttet: brukernavnet ditt på nett",
    welcome: "CRM-systemet til {company} er flyttet til nettet. Brukernavnet ditt er {user_name}, og du arbeider med planen {plan}.",
    password: "Passord er ikke flyttet. Når du logger inn første gang, ber du om et nytt passord og velger ditt eget. Ingen vil spørre deg om det på e-post.",
    login: "Du logger inn på {login}",
    questions: "Har du spørsmål, så skriv til {contact} på {contact_email}.",
    summary_subject: "Brukerne i {company} på nett",
    summary: "Disse {count} brukerne i {company} har en plan på nett:",
    columns: ["Navn", "Brukernavn", "Plan", "Administrator"],
    yes: "ja",
    more: "og {more} til; alle står i rapporten fra flyttingen.",
    completed_subject: "Opplastingen er fullført: {company}",
    completed: "opplastingen for {company} er fullført og godtatt: {items} elementer ({size}), alle lest på nytt og bevist, og {users} brukere med en plan.",
    absent: "{absent} elementer ble ikke med. Rapporten fra flyttingen sier hvorfor for hvert av dem.",
    after_test: "Dette var en testflytting: ingen kan logge inn, ingen brukere har fått e-post, og det lokale systemet er fortsatt i bruk.",
    after_live: "Dette var den virkelige flyttingen: systemet på nett er i bruk fra nå av.",
    automatic: "Denne meldingen ble sendt av systemet på nett da det godtok flyttingen.",
};
