//! How budgets stand, as a table or a document.

use super::counted::{Account, Budget, Who};
use super::{Seen, Source};
use crate::term::{Paint, printable};
use penstock_fleet::table::aligned;
use serde_json::{Value, json};

const TITLES: [&str; 11] = [
    "budget",
    "unit",
    "limit",
    "used",
    "",
    "held",
    "left",
    "resets in",
    "denied",
    "cut",
    "",
];

/// From this share of the limit on, in percent, an account is one to look at.
const NEAR: f64 = 80.0;

/// A row, and how it is painted.
struct Row {
    fields: Vec<String>,
    mark: Mark,
}

#[derive(Clone, Copy)]
enum Mark {
    None,
    Near,
    Empty,
}

/// The table: a row for each budget, and below it the largest accounts, at most so many of each.
pub(super) fn table(source: &Source, seen: &Seen, top: usize, paint: Paint) -> String {
    let mut rows = Vec::new();
    for ((name, unit), budget) in &seen.counted.budgets {
        rows.push(of_budget(name, unit, budget, seen.now_s));
        if !is_alone(budget) {
            rows.extend(of_accounts(unit, budget, top, seen.now_s));
        }
    }
    format!("{source}\n\n{}", painted(rows, paint))
}

/// A budget without key: its one account is all of it.
fn is_alone(budget: &Budget) -> bool {
    budget
        .accounts
        .keys()
        .all(|who| matches!(who, Who::Own(values) if values.is_empty()))
}

fn of_budget(name: &str, unit: &str, budget: &Budget, now_s: u64) -> Row {
    let sum = budget.sum();
    let left = is_alone(budget).then_some(sum);
    let mut row = standing(unit, sum, left.and(budget.limit), now_s);
    let mut fields = vec![
        printable(name),
        printable(unit),
        budget
            .limit
            .map_or_else(|| "-".to_owned(), |limit| amount(unit, limit)),
    ];
    fields.append(&mut row.fields);
    fields.extend([
        budget.denied.to_string(),
        budget.cut.to_string(),
        notes(budget, sum, now_s),
    ]);
    Row {
        fields,
        mark: row.mark,
    }
}

/// What else there is to be said of a budget.
fn notes(budget: &Budget, sum: Account, now_s: u64) -> String {
    let counts = [
        ("would deny", budget.would_deny),
        ("would cut", budget.would_cut),
        ("expired", budget.expired),
        ("overflowed", budget.overflowed),
        ("state errors", budget.state_errors),
    ];
    let flags = [("volatile", budget.is_volatile), ("stale", sum.is_stale(now_s))];
    let flags = flags
        .iter()
        .filter(|(_, is)| *is)
        .map(|(name, _)| (*name).to_owned());
    let counts = counts.iter().filter(|(_, count)| *count > 0);
    flags
        .chain(counts.map(|(name, count)| format!("{name} {count}")))
        .collect::<Vec<_>>()
        .join(", ")
}

fn of_accounts(unit: &str, budget: &Budget, top: usize, now_s: u64) -> Vec<Row> {
    let (mut rows, mut rest, mut others) = (Vec::new(), Account::default(), budget.rest);
    for (who, account) in budget.sorted() {
        let (name, limit) = match who {
            Who::Own(values) if rows.len() < top => (named(values), budget.limit),
            Who::Overflow => ("overflow".to_owned(), budget.limit),
            Who::Own(_) | Who::Rest => {
                others += u64::from(matches!(who, Who::Own(_)));
                rest = Account {
                    used: rest.used.saturating_add(account.used),
                    held: rest.held.saturating_add(account.held),
                    reset_s: rest.reset_s.max(account.reset_s),
                };
                continue;
            }
        };
        rows.push(of_account(&name, standing(unit, account, limit, now_s)));
    }
    if others > 0 {
        let name = format!("{others} other{}, in all", if others == 1 { "" } else { "s" });
        rows.push(of_account(&name, standing(unit, rest, None, now_s)));
    }
    rows
}

fn of_account(name: &str, mut row: Row) -> Row {
    let mut fields = vec![format!("  {name}"), String::new(), String::new()];
    fields.append(&mut row.fields);
    fields.resize(TITLES.len(), String::new());
    Row {
        fields,
        mark: row.mark,
    }
}

fn named(values: &[(String, String)]) -> String {
    let values = values
        .iter()
        .map(|(name, value)| printable(&format!("{name}={value}")));
    values.collect::<Vec<_>>().join(" ")
}

/// Used, its share, held, left, resets in. Without a limit nothing is left that could be told.
fn standing(unit: &str, account: Account, limit: Option<u64>, now_s: u64) -> Row {
    let left = limit.map(|limit| left(account, limit));
    // What is open counts by being held.
    let counts = if unit == "streams" {
        account.held
    } else {
        account.used
    };
    let share = limit.map(|limit| counts as f64 / limit.max(1) as f64 * 100.0);
    let mark = match (left, share) {
        (Some(0), _) => Mark::Empty,
        (_, Some(share)) if share >= NEAR => Mark::Near,
        _ => Mark::None,
    };
    let fields = vec![
        if unit == "streams" {
            String::new()
        } else {
            amount(unit, account.used)
        },
        share.map_or_else(String::new, |share| format!("{share:.1} %")),
        amount(unit, account.held),
        left.map_or_else(String::new, |left| amount(unit, left)),
        match resets_in(unit, account, now_s) {
            Some(seconds) => duration(seconds),
            None => "-".to_owned(),
        },
    ];
    Row { fields, mark }
}

fn left(account: Account, limit: u64) -> u64 {
    limit.saturating_sub(account.used).saturating_sub(account.held)
}

/// Seconds, where there is anything to be reset.
fn resets_in(unit: &str, account: Account, now_s: u64) -> Option<u64> {
    let seconds = account.reset_s.checked_sub(now_s)?;
    (seconds > 0 && unit != "streams").then_some(seconds)
}

fn duration(seconds: u64) -> String {
    let (minute, hour, day) = (60, 3600, 86_400);
    match seconds {
        s if s < minute => format!("{s} s"),
        s if s < hour => format!("{} min {} s", s / minute, s % minute),
        s if s < day => format!("{} h {} min", s / hour, s % hour / minute),
        s => format!("{} d {} h", s / day, s % day / hour),
    }
}

/// Money in the currency, to four places; else whole.
fn amount(unit: &str, amount: u64) -> String {
    if unit == "money" {
        format!("{:.4}", currency(amount))
    } else {
        amount.to_string()
    }
}

fn currency(nanos: u64) -> f64 {
    nanos as f64 / 1e9
}

/// Titles in bold, accounts near their end in yellow, those at it in red; without spaces at the ends of lines.
fn painted(rows: Vec<Row>, paint: Paint) -> String {
    let marks: Vec<Mark> = rows.iter().map(|row| row.mark).collect();
    let titles = TITLES.map(str::to_owned).to_vec();
    let fields: Vec<_> = std::iter::once(titles)
        .chain(rows.into_iter().map(|row| row.fields))
        .collect();
    let mut text = String::new();
    for (index, line) in aligned(&fields).lines().enumerate() {
        let line = line.trim_end();
        text.push_str(&match index.checked_sub(1).and_then(|row| marks.get(row)) {
            None => paint.name(line),
            Some(Mark::None) => line.to_owned(),
            Some(Mark::Near) => paint.warning(line),
            Some(Mark::Empty) => paint.error(line),
        });
        text.push('\n');
    }
    text
}

/// The document, on one line.
pub(super) fn document(source: &Source, seen: &Seen) -> String {
    let budgets = seen.counted.budgets.iter().map(|((name, unit), budget)| {
        let told = |amount: u64| {
            if unit == "money" {
                json!(currency(amount))
            } else {
                json!(amount)
            }
        };
        let accounts = budget.sorted().into_iter().map(|(who, account)| {
            let (kind, key) = match who {
                Who::Own(values) => ("own", values.as_slice()),
                Who::Overflow => ("overflow", [].as_slice()),
                Who::Rest => ("rest", [].as_slice()),
            };
            let limit = budget.limit.filter(|_| *who != Who::Rest);
            json!({
                "account": kind,
                "key": key.iter().map(|(name, value)| (name.clone(), json!(value))).collect::<serde_json::Map<_, _>>(),
                "used": told(account.used),
                "held": told(account.held),
                "left": limit.map(|limit| told(left(account, limit))),
                "resets_in_s": resets_in(unit, account, seen.now_s),
                "stale": account.is_stale(seen.now_s),
            })
        });
        json!({
            "name": name,
            "unit": unit,
            "volatile": budget.is_volatile,
            "limit": budget.limit.map(told),
            "denied": budget.denied,
            "cut": budget.cut,
            "would_deny": budget.would_deny,
            "would_cut": budget.would_cut,
            "expired": told(budget.expired),
            "overflowed": budget.overflowed,
            "state_errors": budget.state_errors,
            "rest_accounts": budget.rest,
            "accounts": accounts.collect::<Value>(),
        })
    });
    let document = json!({ "source": source.to_string(), "budgets": budgets.collect::<Value>() });
    format!("{document}\n")
}
