//! The whole way, with a mouse and with keys alone: a migration with documents that do not come, then their recovery.

use super::hands::Hand;
use super::looks::Looks;
use super::{Browser, in_browser, serve, world};
use crate::dns::DnsServer;
use crate::world::World;

/// Goes from the first step to an upload that is complete.
async fn initial(browser: &Browser, hand: Hand, world: &World, looks: &Looks) {
    browser.at("Move to").await;
    looks.at(browser, "welcome").await;
    hand.press(browser, "[data-keep=main]").await;
    browser.at("Installation").await;
    looks.at(browser, "installation").await;
    hand.press(browser, "[data-keep=main]").await;
    log_on(browser, hand, world, looks).await;
    browser.at("Confirm").await;
    hand.fill(browser, "#contact-name", "Åse Bjørnson-Größler").await;
    hand.fill(browser, "#contact-email", "ase@example.no").await;
    looks.at(browser, "confirm").await;
    hand.press(browser, "[data-keep=main]").await;
    browser.at("Checklist").await;
    browser.until("!document.querySelector('.mark.busy')").await;
    looks.at(browser, "checklist").await;
    hand.press(browser, "[data-keep=task-checks]").await;
    browser.at("Checks").await;
    browser.until("document.querySelector('.tiles')").await;
    looks.at(browser, "checks").await;
    hand.press(browser, "[data-keep=back]").await;
    hand.press(browser, "[data-keep=task-plans]").await;
    browser.at("User plans").await;
    hand.press(browser, "=Suggestions").await;
    hand.press(browser, "=Give ").await;
    browser
        .until("!document.querySelector('dialog') && find('[data-keep=main]').textContent.includes('are checked')")
        .await;
    looks.at(browser, "plans").await;
    hand.press(browser, "[data-keep=main]").await;
    browser.at("Checklist").await;
    hand.press(browser, "[data-keep=task-names]").await;
    browser.at("User names").await;
    browser.until("document.querySelector('omt-user-names input, .people-page input[role=combobox]')").await;
    looks.at(browser, "names").await;
    hand.press(browser, "[data-keep=main]").await;
    browser.at("Checklist").await;
    hand.press(browser, "[data-keep=task-notifications]").await;
    browser.at("E-mail").await;
    hand.choose(browser, "#welcome-0").await;
    hand.fill(browser, "#notify-summary", "sjef@example.no").await;
    looks.at(browser, "notifications").await;
    hand.press(browser, "[data-keep=main]").await;
    browser.at("Checklist").await;
    browser.until("!find('[data-keep=main]').disabled").await;
    looks.at(browser, "checklist-done").await;
    hand.press(browser, "[data-keep=main]").await;
    browser.at("Complete").await;
}

async fn log_on(browser: &Browser, hand: Hand, world: &World, looks: &Looks) {
    browser.at("Log on").await;
    hand.fill(browser, "#user", &administrator(world)).await;
    hand.fill(browser, "#password", "any").await;
    hand.press(browser, "[data-keep=main]").await;
    browser
        .until("document.querySelector('#proofs') && find('[data-keep=main]').textContent.startsWith('Continue')")
        .await;
    looks.at(browser, "log-on").await;
    hand.press(browser, "[data-keep=main]").await;
}

fn administrator(world: &World) -> String {
    let output = world.run(&["users", "list", "--filter", "admin:yes retired:no", "--json"]);
    output.last()["users"][0]["login"].as_str().expect("a sample has an administrator").to_owned()
}

/// How many the ledger counts as missing.
fn missing_in(world: &World) -> u64 {
    world.report()["totals"]["missing"]["items"].as_u64().unwrap_or(0)
}

/// What came of it, page by page.
async fn afterwards(browser: &Browser, hand: Hand, looks: &Looks) {
    looks.at(browser, "complete").await;
    for (page, title, shown) in [
        ("report", "Report", "find('iframe')?.contentDocument?.querySelector('h1')"),
        ("missing", "Documents", "document.querySelectorAll('.body tbody tr').length > 0"),
        ("mail", "Mail", "document.querySelector('.body textarea, .body pre, .body table')"),
        ("receipt", "Receipt", "document.querySelector('.receipt dl')"),
        ("journal", "Journal", "document.querySelector('.body table, .body ol')"),
    ] {
        hand.press(browser, &format!("[data-keep=door-{page}]")).await;
        browser.at(title).await;
        browser.until(shown).await;
        looks.at(browser, page).await;
        if page == "missing" {
            let text = browser.js("return document.querySelector('.body').innerText").await;
            assert!(text.as_str().is_some_and(|text| text.to_lowercase().contains("missing")), "{text}");
        }
        hand.press(browser, "[data-keep=back]").await;
        browser.at("Complete").await;
    }
}

async fn whole(browser: Browser, hand: Hand, looks: Looks, world: &World) -> Browser {
    let served = serve(world);
    browser.open(&served.url).await;
    initial(&browser, hand, world, &looks).await;
    let missing = world.planted().iter().filter(|fault| fault.expect == "missing").count();
    assert_eq!(missing_in(world), missing as u64);
    afterwards(&browser, hand, &looks).await;

    // Lost files are found again: only they are brought, from the same page.
    let found = omt::sample::repair(&world.site(), 2).expect("lost files").len();
    hand.press(&browser, "[data-keep=main]").await;
    let left = format!(
        "document.querySelector('.sum-list')?.innerText.replace(/\\s+/g, ' ').includes('Missing {} ')",
        missing - found
    );
    browser.until(&left).await;
    assert_eq!(missing_in(world), (missing - found) as u64);

    // Another day: the tenant holds a migration already, and the page asks what is to be done.
    hand.press(&browser, "[data-keep=start-over]").await;
    hand.press(&browser, "dialog button[type=submit]").await;
    browser.at("Move to").await;
    hand.press(&browser, "[data-keep=main]").await;
    browser.at("Recovery").await;
    hand.choose(&browser, "#recovery-0").await;
    looks.at(&browser, "recovery").await;
    hand.press(&browser, "[data-keep=main]").await;
    log_on(&browser, hand, world, &Looks::none()).await;
    browser.at("Ready to begin").await;
    looks.at(&browser, "upload").await;
    let again = omt::sample::repair(&world.site(), missing - found).expect("lost files").len();
    hand.press(&browser, "[data-keep=main]").await;
    browser.at("Complete").await;
    let left = (missing - found - again) as u64;
    assert_eq!(missing_in(world), left);
    browser
}

fn journey(hand: Hand, looks: Looks) {
    // A zone without names: every look-up has an answer at once.
    let dns = DnsServer::start(&[]);
    let mut world = world("archive", None);
    world.set("OMT_MAIL_DNS", dns.address.to_string());
    in_browser(|browser| whole(browser, hand, looks, &world));
}

#[test]
fn a_migration_and_its_recovery_with_the_mouse() {
    journey(Hand::Mouse, Looks::all());
}

#[test]
fn the_same_with_keys_alone() {
    journey(Hand::Keys, Looks::none());
}
