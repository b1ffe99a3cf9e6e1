//! How long it will take, and how wrong that was.

use crate::world::{Wish, World};

#[test]
fn a_forecast_measures_everything_and_the_report_says_how_wrong_it_was() {
    let world = World::with(Wish { documents: 400, faults: "missing-file", ..Wish::default() });
    let before = std::fs::read(world.site().join("crm.db")).unwrap();
    let output = world.run(&["forecast", "--time", "2", "--json"]);
    assert_eq!(output.exit, 0, "{}", output.stderr);
    let forecast = output.last();
    let (p50, p90) = (&forecast["seed"]["seconds"]["p50"], &forecast["seed"]["seconds"]["p90"]);
    assert!(0.0 < p50.as_f64().unwrap() && p50.as_f64() <= p90.as_f64(), "{forecast:#}");
    assert!(forecast["window"]["seconds"]["p50"].as_f64() <= p50.as_f64(), "{forecast:#}");
    assert!(forecast["link"]["rate"]["p50"].as_f64().unwrap() > 0.0, "{forecast:#}");
    assert!(forecast["bytes"]["p50"].as_f64().unwrap() > 0.0, "{forecast:#}");
    assert_eq!((&forecast["event"], &forecast["hindsight"]), (&"forecast".into(), &().into()));
    assert_eq!(std::fs::read(world.site().join("crm.db")).unwrap(), before);

    let run = world.migrate().finished(1);
    assert_eq!(
        forecast["rows"].as_u64(),
        run["kinds"]["document"]["verified"].as_u64().map(|_| {
            // Translations of templates have files, but no rows of their own: they are not in the forecast's rows.
            world.sample.documents + world.sample.templates + world.sample.attachments
        })
    );
    let report = world.report();
    assert_eq!(&report["forecast"]["seconds"]["p50"], p50, "{:#}", report["forecast"]);
    assert_eq!(report["forecast"]["took"], run["seconds"]);
    let text = world.run(&["report"]).stdout;
    assert!(text.contains("were forecast"), "{text}");
    let again = world.run(&["forecast", "--time", "1", "--json"]).last();
    assert_eq!(again["hindsight"]["took"], run["seconds"]);
}

#[test]
fn without_a_tenant_the_forecast_says_what_it_could_not_measure() {
    let mut world = World::new();
    world.stop_tenant();
    world.set("OMT_PIPELINE_TRIES", "1");
    let output = world.run(&["forecast", "--time", "1", "--json"]);
    assert_eq!(output.exit, 0, "{}", output.stderr);
    let forecast = output.last();
    assert!(forecast["link"].is_null());
    assert!(forecast["link_missing"].as_str().unwrap().contains("cannot be reached"), "{forecast:#}");
    world.run(&["forecast", "--days", "-1", "--json"]).failed(2, "config.invalid");
}
