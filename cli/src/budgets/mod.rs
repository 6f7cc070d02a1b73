//! `penstock budgets`: who has used what of which budget of a proxy.

mod counted;
mod page;
mod sample;

use crate::admin::Admin;
use crate::args::{BudgetsArgs, Source};
use crate::{Console, OK, REFUSED, USAGE, input};
use counted::Counted;
use std::ffi::OsStr;
use std::fmt;
use std::thread;
use std::time::{SystemTime, UNIX_EPOCH};

/// Statistics of budgets, and no others. As text, whose names hold their labels whether or not `stats_tags` takes them out.
const QUERY: &str = "/stats?filter=penstock_budget_";

/// Why there is nothing to show.
enum Nothing {
    /// No proxy answers as one, or there is no such file.
    NoSource(String),
    /// It has no budgets, or none that were asked.
    NoBudgets(String),
}

/// How budgets stood at a moment, in seconds since the Unix epoch.
struct Seen {
    counted: Counted,
    now_s: u64,
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Proxy(admin) => admin.fmt(f),
            Self::File(path) => f.write_str(&input::name(path)),
        }
    }
}

/// Runs `penstock budgets`: once, or until whoever reads has gone or no proxy answers.
pub(crate) fn run(args: &BudgetsArgs, console: &mut Console<'_>) -> u8 {
    let mut again = false;
    loop {
        let (text, code) = look_at_all(args, console);
        let Some(period) = args.watch else {
            console.say(&text);
            return code;
        };
        let cleared = match (args.json, again) {
            (true, _) => "",
            (false, again) => console.out_paint.clear().unwrap_or(if again { "\n" } else { "" }),
        };
        if console.show(&format!("{cleared}{text}")).is_err() {
            return OK;
        }
        if text.is_empty() {
            return code;
        }
        again = true;
        thread::sleep(period);
    }
}

/// A table or document of each source. Budgets of several proxies are budgets of their own: nothing is summed up.
fn look_at_all(args: &BudgetsArgs, console: &mut Console<'_>) -> (String, u8) {
    let (mut texts, mut code) = (Vec::new(), OK);
    for source in &args.sources {
        match look(source) {
            Ok(seen) if args.json => texts.push(page::document(source, &seen)),
            Ok(seen) => texts.push(page::table(source, &seen, args.top, console.out_paint)),
            Err(Nothing::NoSource(error)) => {
                code = console.fail(&error);
            }
            Err(Nothing::NoBudgets(error)) => {
                console.fail(&error);
                code = if code == USAGE { USAGE } else { REFUSED };
            }
        }
    }
    (texts.join(if args.json { "" } else { "\n" }), code)
}

fn look(source: &Source) -> Result<Seen, Nothing> {
    let (text, now_s) = match source {
        Source::Proxy(admin) => ask(admin)?,
        Source::File(path) => read(path).map_err(|error| Nothing::NoSource(format!("{source}: {error}")))?,
    };
    let counted = Counted::parse(&text).map_err(|why| Nothing::NoBudgets(format!("{source}: {why}")))?;
    Ok(Seen { counted, now_s })
}

fn ask(admin: &Admin) -> Result<(String, u64), Nothing> {
    let body = admin.get(QUERY).map_err(Nothing::NoSource)?;
    let text = String::from_utf8_lossy(&body).into_owned();
    if text.trim().is_empty() || sample::is_statistics(&text) {
        return Ok((text, seconds(SystemTime::now())));
    }
    Err(Nothing::NoSource(format!(
        "{admin}: what answers there is no admin interface of Envoy"
    )))
}

/// Statistics that were saved, as of when they were.
fn read(path: &OsStr) -> std::io::Result<(String, u64)> {
    let bytes = input::read(path)?;
    let saved = if path == "-" {
        SystemTime::now()
    } else {
        std::fs::metadata(path)?.modified()?
    };
    Ok((String::from_utf8_lossy(&bytes).into_owned(), seconds(saved)))
}

fn seconds(time: SystemTime) -> u64 {
    time.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}
