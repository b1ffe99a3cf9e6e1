//! `omt tenant …`: the receiving side.

use super::args::{Customer, Gc, Invite, Output, Restore, Serve, Store, Tenant};
use super::{Ended, print_json};
use omt::config;
use omt::exit::Exit;
use omt::tenant::protocol::Limits;
use omt::tenant::{Invitation, Place, PostOptions, ServeOptions, TlsFiles, customers, invite, serve};
use omt::{Code, Error, Result};
use secrecy::ExposeSecret;
use serde_json::json;
use std::io::Write;

pub(super) async fn tenant(command: Tenant, output: &Output) -> Ended {
    match command {
        Tenant::Serve(args) => serve_tenant(args, output).await,
        Tenant::Invite(args) => invite_tenant(args, output),
        Tenant::Restore(args) => restore_tenant(&args, output),
        Tenant::Rebuild(args) => rebuild_tenant(&args, output),
        Tenant::Gc(args) => collect(&args, output),
    }
}

fn place(store: &Store) -> Result<Place> {
    Place::open(&store.store, store.catalogue.as_deref())
}

/// The customer that was named, or the only one.
fn customer(args: &Customer, place: &Place) -> Result<String> {
    let known = customers(place)?;
    let list = || known.join(", ");
    match &args.customer {
        Some(name) if known.contains(name) => Ok(name.clone()),
        Some(name) => Err(Error::new(Code::ConfigInvalid, format!("there is no tenant `{name}` in the store")).hint(
            if known.is_empty() { "`omt tenant invite` makes one".into() } else { format!("there are: {}", list()) },
        )),
        None => match known.as_slice() {
            [only] => Ok(only.clone()),
            [] => Err(Error::new(Code::ConfigInvalid, "there is no tenant in the store")
                .hint("`omt tenant invite` makes one")),
            _ => Err(Error::new(Code::ConfigInvalid, "there are several tenants in the store")
                .hint(format!("name one with `--customer`: {}", list()))),
        },
    }
}

async fn serve_tenant(args: Serve, output: &Output) -> Ended {
    let mut place = place(&args.store)?;
    if let Some(url) = &args.database {
        let access = config::Database {
            password: std::env::var("OMT_TENANT_DATABASE_PASSWORD").ok().map(Into::into),
            ca: args.database_ca,
            windows_login: args.database_windows_login,
            ..config::Database::default()
        };
        place = place.with_databases(url, &access)?;
    }
    let mut options = ServeOptions::new(args.listen);
    options.memory = args.memory.0;
    options.tls = args.tls_cert.zip(args.tls_key).map(|(certificate, key)| TlsFiles { certificate, key });
    options.post = args.smtp.zip(args.mail_from).map(|(smtp, from)| PostOptions {
        smtp,
        from,
        password: std::env::var("OMT_TENANT_SMTP_PASSWORD").ok().map(Into::into),
        ca: args.smtp_ca,
        login: args.login_url,
    });
    let scheme = if options.tls.is_some() { "https" } else { "http" };
    let (ready, address) = tokio::sync::oneshot::channel();
    let json = output.json;
    let announce = tokio::spawn(async move {
        if let Ok(address) = address.await {
            let url = format!("{scheme}://{address}");
            if json {
                print_json(&json!({ "event": "listening", "url": url }));
            } else {
                println!("listening on {url}");
                let _ = std::io::stdout().flush();
            }
        }
    });
    serve(place, options, ready, super::migrate::signal()).await?;
    let _ = announce.await;
    Ok(Exit::Verified)
}

fn invite_tenant(args: Invite, output: &Output) -> Ended {
    let mut limits = Limits::default();
    if let Some(size) = args.max_item {
        limits.item_bytes = size.0;
    }
    let place = place(&args.store)?;
    let invitation = Invitation {
        company: args.company,
        serial: args.serial,
        plans: args.plan,
        limits,
        taken_names: args.taken_name,
    };
    let invited = invite(&place, invitation)?;
    let ticket = invited.ticket.expose_secret();
    if output.json {
        print_json(&json!({ "customer": invited.customer, "ticket": ticket }));
    } else {
        println!("{ticket}");
        eprintln!("tenant {}; the ticket is shown only now, keep it as OMT_TENANT_TICKET", invited.customer);
    }
    Ok(Exit::Verified)
}

fn restore_tenant(args: &Restore, output: &Output) -> Ended {
    let place = place(&args.customer.store)?;
    let customer = customer(&args.customer, &place)?;
    let restored = omt::tenant::restore(&place, &customer, &args.out, |_| {})?;
    if output.json {
        print_json(&restored);
    } else {
        println!(
            "{} items ({}) written to `{}`",
            restored.items,
            omt::config::Size(restored.bytes),
            args.out.display()
        );
        for (item, what) in &restored.different {
            println!("{item}: {what}");
        }
        if let Some(database) = &restored.database {
            match &database.trouble {
                Some(trouble) => println!("crm.db: {trouble}"),
                None => println!("crm.db: {} tables, {} rows, proven", database.tables, database.rows),
            }
        }
    }
    let well = restored.database.as_ref().is_none_or(|database| database.trouble.is_none());
    Ok(if well && restored.different.is_empty() { Exit::Verified } else { Exit::Different })
}

fn rebuild_tenant(args: &Customer, output: &Output) -> Ended {
    let place = place(&args.store)?;
    let rebuilt = omt::tenant::rebuild(&place, &customer(args, &place)?, |_| {})?;
    if output.json {
        print_json(&rebuilt);
    } else {
        println!(
            "catalogue made from {} packs with {} chunks: {} items, {} of them proven",
            rebuilt.packs, rebuilt.chunks, rebuilt.items, rebuilt.verified
        );
        for (item, what) in &rebuilt.different {
            println!("{item}: {what}");
        }
    }
    Ok(Exit::Verified)
}

fn collect(args: &Gc, output: &Output) -> Ended {
    let place = place(&args.customer.store)?;
    let collected = omt::tenant::collect_garbage(&place, &customer(&args.customer, &place)?, args.unused)?;
    if output.json {
        print_json(&collected);
    } else {
        println!(
            "removed: {} temporary files, {} objects that are no packs, {} unused packs ({}); merged {} manifests",
            collected.temporary,
            collected.removed,
            collected.unused_packs,
            omt::config::Size(collected.freed_bytes),
            collected.merged
        );
        println!(
            "taken up: {}; chunks that no item needs: {} ({})",
            collected.adopted,
            collected.unused_chunks,
            omt::config::Size(collected.unused_bytes)
        );
    }
    Ok(Exit::Verified)
}
