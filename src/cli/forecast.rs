//! `omt forecast`.

use super::args::{Forecast as Args, Output};
use super::{Ended, print_json};
use omt::config::{Config, Size};
use omt::exit::Exit;
use omt::forecast::{Ask, Forecast, Passage, make};
use omt::report::Duration as Seconds;
use omt::{Code, Error};
use std::time::Duration;

pub(super) async fn forecast(args: Args, output: &Output) -> Ended {
    if !(args.days.is_finite() && args.days >= 0.0) {
        return Err(Error::new(Code::ConfigInvalid, "`--days` must be a number of days").hint("as in `--days 2`"));
    }
    let config = Config::load(&args.at.config)?;
    let forecast = make(&config, Ask { time: Duration::from_secs(args.time), days: args.days }).await?;
    if output.json {
        print_json(&forecast);
    } else {
        tell(&forecast, args.days);
    }
    Ok(Exit::Verified)
}

fn tell(forecast: &Forecast, days: f64) {
    let (missed, looked) = forecast.not_found;
    println!(
        "{} rows, about {} (9 of 10: below {}); {missed} of {looked} files looked for are not where they should be",
        forecast.rows,
        Size(forecast.bytes.p50 as u64),
        Size(forecast.bytes.p90 as u64)
    );
    match (&forecast.link, &forecast.link_missing) {
        (Some(link), _) => {
            println!("link: {}/s, a call takes {:.0} ms", Size(link.rate.p50 as u64), link.call.p50 * 1000.0);
        }
        (None, Some(why)) => println!("link: not measured, so sending is not in the figures: {why}"),
        (None, None) => {}
    }
    passage("seed", &forecast.seed);
    passage(
        &format!("final window, {days} days after the last seed, {:.0} new documents a day", forecast.new_each_day),
        &forecast.window,
    );
    if let Some(hindsight) = &forecast.hindsight {
        println!("last time: {hindsight}");
    }
}

fn passage(name: &str, passage: &Passage) {
    println!(
        "{name}: {} (9 of 10: below {}), mostly for `{}`",
        Seconds(passage.seconds.p50),
        Seconds(passage.seconds.p90),
        passage.dominates
    );
    for stage in &passage.stages {
        println!(
            "  {:<5} {:>12}  {:>12}",
            stage.stage,
            Seconds(stage.seconds.p50).to_string(),
            Seconds(stage.seconds.p90).to_string()
        );
    }
}
