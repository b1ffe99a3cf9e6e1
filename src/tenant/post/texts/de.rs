//! German.

use super::Texts;

pub(super) static TEXTS: Texts = Texts {
    html_language: "de",
    greeting: "Guten Tag {name},",
    welcome_subject: "{company} ist umgezogen: Ihr Benutzername online",
    welcome: "das CRM-System von {company} ist online gegangen. Ihr Benutzername ist {user_name}, Sie arbeiten mit dem Plan {plan}.",
    password: "Kennwörter sind nicht mit umgezogen. Fordern Sie bei der ersten Anmeldung ein neues Kennwort an und wählen Sie ein eigenes. Niemand wird Sie per E-Mail danach fragen.",
    login: "Sie melden sich hier an: {login}",
    questions: "Für Fragen schreiben Sie bitte an {contact}, {contact_email}.",
    summary_subject: "Benutzer von {company} online",
    summary: "Diese {count} Benutzer von {company} haben online einen Plan:",
    columns: ["Name", "Benutzername", "Plan", "Verwalter"],
    yes: "ja",
    more: "und {more} weitere, die im Bericht des Umzugs stehen.",
    completed_subject: "Übertragung abgeschlossen: {company}",
    completed: "die Übertragung für {company} ist abgeschlossen und angenommen: {items} Stücke ({size}), jedes erneut gelesen und geprüft, und {users} Benutzer mit einem Plan.",
    absent: "{absent} Stücke sind zurückgeblieben. Der Bericht des Umzugs sagt zu jedem, warum.",
    after_test: "Das war ein Probelauf: Niemand kann sich anmelden, kein Benutzer wurde angeschrieben, und das System vor Ort bleibt in Gebrauch.",
    after_live: "Das war der echte Umzug: Ab jetzt gilt das System online.",
    automatic: "Diese Nachricht hat das System online gesendet, als es den Umzug angenommen hat.",
};
