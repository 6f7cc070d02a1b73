//! `penstock fleet`: the backends of a running proxy, as its picker sees them.

mod counted;
mod page;

use crate::admin::Admin;
use crate::args::FleetArgs;
use crate::{Console, OK, REFUSED};
use counted::Counted;
use std::thread;
use std::time::Instant;

/// Statistics of the picker, and no others.
const QUERY: &str = "/stats?format=json&filter=penstock_picker_";

/// Why there is nothing to show.
enum Nothing {
    /// No proxy answers as one.
    NoProxy(String),
    /// It has no picker, or none that was asked.
    NoPicker(String),
}

/// What a proxy has counted, and since when.
struct Seen {
    counted: Counted,
    at: Instant,
}

/// What has come since the look before.
struct Since<'s> {
    before: &'s Counted,
    seconds: f64,
}

/// Runs `penstock fleet`: once, or until whoever reads has gone.
pub(crate) fn run(args: &FleetArgs, console: &mut Console<'_>) -> u8 {
    let mut before: Option<Seen> = None;
    loop {
        let seen = match look(&args.admin) {
            Ok(counted) => Seen {
                counted,
                at: Instant::now(),
            },
            Err(Nothing::NoProxy(error)) => return console.fail(&error),
            Err(Nothing::NoPicker(error)) => {
                console.fail(&error);
                return REFUSED;
            }
        };
        let since = before.as_ref().map(|before| Since {
            before: &before.counted,
            seconds: (seen.at - before.at).as_secs_f64(),
        });
        let text = if args.json {
            page::document(&args.admin, &seen.counted, since.as_ref())
        } else {
            page::table(&args.admin, &seen.counted, since.as_ref(), console.out_paint)
        };
        let Some(period) = args.watch else {
            return console.say(&text);
        };
        let cleared = match (args.json, since.is_some()) {
            (true, _) => "",
            (false, again) => console.out_paint.clear().unwrap_or(if again { "\n" } else { "" }),
        };
        if console.show(&format!("{cleared}{text}")).is_err() {
            return OK;
        }
        before = Some(seen);
        thread::sleep(period);
    }
}

fn look(admin: &Admin) -> Result<Counted, Nothing> {
    let body = admin.get(QUERY).map_err(Nothing::NoProxy)?;
    let no_envoy = || {
        Nothing::NoProxy(format!(
            "{admin}: what answers there is no admin interface of Envoy"
        ))
    };
    let counted = Counted::parse(&body).ok_or_else(no_envoy)?;
    if counted.is_empty() {
        return Err(Nothing::NoPicker(format!(
            "{admin}: this Envoy counts nothing of a picker: is `cluster_picker` configured, and has a request come?"
        )));
    }
    Ok(counted)
}
