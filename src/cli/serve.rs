//! `omt serve`: the wizard for browsers and for programs.

use super::args::{Output, ServeFaces};
use super::{Ended, print_json};
use omt::config::Config;
use omt::onsite::Installation;
use omt::people::People;
use omt::sample::{SampleOptions, write};
use omt::tenant::protocol::Plan;
use omt::tenant::{Loopback, Place};
use omt::wizard::Front;
use omt::{Error, Result, stdio, web};
use serde_json::json;
use std::io::Write;

/// The plans of a sample's tenant, as parts of its users.
const PLANS: [(&str, u64, u64); 4] =
    [("SalesPREM", 2, 5), ("SalesPREM-ServicePREM", 2, 5), ("ServicePREM", 1, 5), ("Marketing", 1, 10)];

pub(super) async fn serve(args: ServeFaces, output: &Output) -> Ended {
    let (config, tenant) = match &args.config {
        Some(file) => (Config::load(file)?, None),
        None => sample(&args).await.map(|(config, tenant)| (config, Some(tenant)))?,
    };
    let front = Front::start(config)?;
    let served = if args.stdio {
        stdio::serve(&front, std::io::stdin(), std::io::stdout(), super::migrate::signal()).await
    } else {
        over_http(&front, &args, output).await
    };
    let exit = front.close().await;
    if let Some(tenant) = tenant {
        tenant.stop().await?;
    }
    served.map(|()| exit)
}

async fn over_http(front: &Front, args: &ServeFaces, output: &Output) -> Result<()> {
    let (ready, opened) = tokio::sync::oneshot::channel();
    let json = output.json;
    let announce = tokio::spawn(async move {
        let Ok(door) = opened.await else { return };
        let door: web::Door = door;
        if json {
            print_json(
                &json!({ "event": "listening", "url": door.url(), "address": door.address, "token": door.token }),
            );
        } else {
            println!("listening on {}", door.url());
            let _ = std::io::stdout().flush();
            eprintln!("open this address in a browser on this machine; Ctrl-C ends it, and a run resumes");
        }
    });
    web::serve(front.clone(), args.listen, ready, super::migrate::signal()).await?;
    let _ = announce.await;
    Ok(())
}

/// A sample with a tenant, both in a folder that is left for whoever wants to look into it.
async fn sample(args: &ServeFaces) -> Result<(Config, Loopback)> {
    let stamp = omt::clock::now().format("%Y%m%d-%H%M%S");
    let out = std::env::temp_dir().join(format!("omt-sample-{stamp}-{}", std::process::id()));
    std::fs::create_dir_all(out.join("tenant")).map_err(|cause| Error::io("make", &out, cause))?;
    let mut options = SampleOptions::new(out.join("installation"));
    (options.documents, options.faults) = (args.documents, "archive".parse()?);
    if let Some(users) = args.users {
        options.users = Some(users);
    }
    let sample = write(&options, &mut |_| {})?;
    let config = Config::load_with(&sample.config, [])?;
    let people = People::read(&mut *Installation::find(&config)?.connect()?)?;
    let staff = people.users().iter().filter(|user| user.is_active_employee()).count() as u64;
    let plans = PLANS.map(|(name, part, of)| Plan { name: name.into(), quantity: (staff * part / of + 1) as u32 });
    let tenant = Loopback::start(Place::open(&out.join("tenant").to_string_lossy(), None)?).await?;
    let invited = tenant.invite(&sample, plans.into())?;
    let config = tenant.configuration(&sample.config, &invited)?;
    eprintln!(
        "a sample of {} documents and {staff} employees, and its tenant, are in `{}`",
        sample.documents,
        out.display()
    );
    if let Some(user) = people.users().iter().find(|user| user.administrator && user.is_active_employee()) {
        eprintln!("log on as `{}`; any password will do, because nothing here can prove one", user.login);
    }
    Ok((config, tenant))
}
