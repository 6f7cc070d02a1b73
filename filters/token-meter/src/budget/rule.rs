//! Budgets, compiled: a [`Budget`] in hand can be used.

use super::calendar::{Calendar, length_s, offset};
use super::fair::Fair;
use super::layout::Layout;
use super::place::PLACES;
use super::raw::{Field, Kind, Per, RawBudget, RawWindow, Reserve, Unit};
use super::shared::KEYS;
use super::standing::UNAVAILABLE;
use super::window::{PARTS, Window};
use crate::scope::Scope;
use penstock_filter_api::{ConfigError, Mode, OnFailure};
use std::cell::RefCell;
use std::hash::{DefaultHasher, Hasher};

/// Most budgets of a configuration.
const MAX_BUDGETS: usize = 32;

/// Longest name, in bytes: it fits into a label.
const MAX_NAME_BYTES: usize = 48;

/// One budget.
#[derive(Debug)]
pub(crate) struct Budget {
    pub(crate) name: String,
    /// The code of its refusals.
    pub(crate) code: &'static str,
    pub(crate) key: Vec<Field>,
    pub(crate) unit: Unit,
    /// In the unit; money in 10^-9 of the currency.
    pub(crate) limit: u64,
    pub(crate) window: Window,
    pub(crate) scope: Scope,
    pub(crate) enforces: bool,
    pub(crate) on_state_error: OnFailure,
    pub(crate) soft: bool,
    pub(crate) reserve: Reserve,
    /// Ends with the proxy, and is longer than an hour.
    pub(crate) volatile: bool,
    pub(crate) fair: Option<Fair>,
    /// Keys in shared data begin with it.
    pub(crate) prefix: String,
    pub(crate) slots: u32,
}

/// What budgets may lean on.
pub(crate) struct Grounds {
    pub(crate) has_tenant: bool,
    pub(crate) hashes_tenants: bool,
    pub(crate) has_prices: bool,
}

/// Compiles the list.
pub(crate) fn budgets(raw: Vec<RawBudget>, grounds: &Grounds) -> Result<Vec<Budget>, ConfigError> {
    if raw.len() > MAX_BUDGETS {
        return Err(ConfigError::new("budgets", format!("more than {MAX_BUDGETS}")));
    }
    let mut names: Vec<String> = Vec::new();
    let mut budgets = Vec::new();
    for (index, raw) in raw.into_iter().enumerate() {
        let at = format!("budgets[{index}]");
        if names.contains(&raw.name) {
            return Err(ConfigError::new("name", "another budget has the same").under(&at));
        }
        names.push(raw.name.clone());
        if raw.mode != Mode::Off {
            budgets.push(Budget::new(raw, grounds).map_err(|error| error.under(&at))?);
        }
    }
    Ok(budgets)
}

impl Budget {
    fn new(raw: RawBudget, grounds: &Grounds) -> Result<Self, ConfigError> {
        check_name(&raw.name)?;
        check_key(&raw.key, grounds)?;
        if raw.unit == Unit::Money && !grounds.has_prices {
            return Err(ConfigError::new("unit", "money needs prices"));
        }
        if !(8..=65536).contains(&raw.max_keys) {
            return Err(ConfigError::new("max_keys", "not between 8 and 65536"));
        }
        if raw.soft && !raw.unit.has_output() {
            return Err(ConfigError::new("soft", "only of units that have output"));
        }
        let (window, limit) = window(&raw)?;
        let slots = if raw.key.is_empty() {
            1
        } else {
            raw.max_keys.div_ceil(PLACES as u32)
        };
        let per = raw.window.as_ref().and_then(|window| window.per);
        let fair = fair(&raw, window, limit, grounds).map_err(|error| error.under("fair"))?;
        Ok(Self {
            code: interned(&code(&raw.name)),
            limit,
            scope: Scope::new(&raw.scope, grounds.hashes_tenants).map_err(|error| error.under("scope"))?,
            enforces: raw.mode == Mode::Enforce,
            on_state_error: raw.on_state_error,
            soft: raw.soft,
            reserve: raw.reserve,
            volatile: matches!(per, Some(Per::Day | Per::Month)) || fills_slowly(window, limit),
            prefix: format!("{KEYS}{:016x}/", print(&raw, window)),
            slots,
            window,
            fair,
            name: raw.name,
            key: raw.key,
            unit: raw.unit,
        })
    }

    pub(crate) fn layout(&self) -> Layout {
        Layout {
            window: self.window,
            round_ns: self.fair.as_ref().map(|fair| fair.round_ns),
        }
    }

    /// Whether it is spent at the beginning of an exchange, so that a long one does not weigh on later windows.
    pub(crate) fn spends_at_once(&self) -> bool {
        self.unit == Unit::Requests
    }

    /// The account of an exchange, by the values of the key's fields.
    pub(crate) fn account<'v>(&self, value: impl Fn(Field) -> &'v str) -> u64 {
        let mut hasher = DefaultHasher::new();
        for field in &self.key {
            let value = value(*field);
            // The same on every machine.
            hasher.write(&(value.len() as u64).to_le_bytes());
            hasher.write(value.as_bytes());
        }
        hasher.finish()
    }
}

fn check_name(name: &str) -> Result<(), ConfigError> {
    let known = |byte: u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_' | b'-');
    let good = (1..=MAX_NAME_BYTES).contains(&name.len()) && name.bytes().all(known);
    if !good {
        return Err(ConfigError::new("name", "not 1 to 48 of a-z, 0-9, _, -"));
    }
    if code(name) == UNAVAILABLE {
        return Err(ConfigError::new(
            "name",
            "the code of refusals where shared data fails",
        ));
    }
    Ok(())
}

/// The code of a budget's refusals.
fn code(name: &str) -> String {
    format!("budget_{name}")
}

fn check_key(key: &[Field], grounds: &Grounds) -> Result<(), ConfigError> {
    for (index, field) in key.iter().enumerate() {
        let at = format!("key[{index}]");
        if key.iter().take(index).any(|other| other == field) {
            return Err(ConfigError::new(at, "given twice"));
        }
        if *field == Field::Tenant && !grounds.has_tenant {
            return Err(ConfigError::new(at, "needs `tenant` to be configured"));
        }
    }
    Ok(())
}

fn fair(raw: &RawBudget, window: Window, limit: u64, grounds: &Grounds) -> Result<Option<Fair>, ConfigError> {
    let Some(fair) = &raw.fair else {
        return Ok(None);
    };
    if !grounds.has_tenant {
        return Err(ConfigError::new("", "needs `tenant` to be configured"));
    }
    if raw.key.contains(&Field::Tenant) {
        return Err(ConfigError::new(
            "",
            "by its key each tenant has an account of its own",
        ));
    }
    Fair::new(fair, window, limit).map(Some)
}

/// The window, and what an account may use in it.
fn window(raw: &RawBudget) -> Result<(Window, u64), ConfigError> {
    let limit = || {
        let limit = raw.limit.ok_or_else(|| ConfigError::new("limit", "needed"))?;
        limit.amount("limit", raw.unit)
    };
    let window = match (&raw.window, raw.unit) {
        (None, Unit::Streams) => return Ok((Window::Open, limit()?)),
        (Some(_), Unit::Streams) => {
            return Err(ConfigError::new(
                "window",
                "streams are counted while they are open",
            ));
        }
        (None, _) => return Err(ConfigError::new("window", "needed")),
        (Some(window), _) => window,
    };
    let under = |error: ConfigError| error.under("window");
    match (&window.bucket, window.per) {
        (Some(bucket), None) => {
            if raw.limit.is_some() {
                return Err(ConfigError::new("limit", "a bucket's limit is its burst"));
            }
            if window.timezone.is_some() {
                return Err(under(ConfigError::new("timezone", "only of calendar windows")));
            }
            let error = |error: ConfigError| under(error.under("bucket"));
            let burst = bucket.burst.amount("burst", raw.unit).map_err(error)?;
            Ok((
                Window::Bucket {
                    rate: bucket.rate_per_s.rate("rate_per_s", raw.unit).map_err(error)?,
                },
                burst,
            ))
        }
        (None, Some(per)) => Ok((timed(window, per).map_err(under)?, limit()?)),
        (Some(_), Some(_)) | (None, None) => {
            Err(ConfigError::new("window", "needs exactly one of per, bucket"))
        }
    }
}

fn timed(raw: &RawWindow, per: Per) -> Result<Window, ConfigError> {
    match (raw.kind, raw.timezone.as_deref()) {
        (Kind::Sliding, None) => {
            let days = if per == Per::Month {
                30 * length_s(Per::Day)
            } else {
                length_s(per)
            };
            Ok(Window::Sliding {
                part_ns: days * 1_000_000_000 / PARTS as u64,
            })
        }
        (Kind::Sliding, Some(_)) => Err(ConfigError::new("timezone", "only of calendar windows")),
        (Kind::Calendar, zone) => {
            let offset_s = offset(zone.unwrap_or("UTC"))
                .ok_or_else(|| ConfigError::new("timezone", "not an offset such as \"+02:00\""))?;
            Ok(Window::Calendar(Calendar { per, offset_s }))
        }
    }
}

/// Whether a bucket takes more than an hour to fill.
fn fills_slowly(window: Window, limit: u64) -> bool {
    match window {
        Window::Bucket { rate } => u128::from(limit) * 1_000_000 > u128::from(rate) * 3600,
        Window::Open | Window::Calendar(_) | Window::Sliding { .. } => false,
    }
}

/// Tells apart budgets whose records cannot be shared. A new limit goes on with the old record.
fn print(raw: &RawBudget, window: Window) -> u64 {
    let mut hasher = DefaultHasher::new();
    let fields: Vec<String> = raw.key.iter().map(|field| format!("{field:?}")).collect();
    let window = match window {
        // With another rate it goes on. The number is of how it is recorded.
        Window::Bucket { .. } => "bucket 2".to_owned(),
        window => format!("{window:?}"),
    };
    let text = [raw.name.as_str(), raw.unit.name(), &fields.join(","), &window].join("\n");
    hasher.write(text.as_bytes());
    if raw.fair.is_some() {
        hasher.write(b"\nfair");
    }
    hasher.finish()
}

thread_local! {
    /// Codes that were ever configured here: a code outlives its configuration, and the same is kept once.
    static CODES: RefCell<Vec<&'static str>> = const { RefCell::new(Vec::new()) };
}

fn interned(code: &str) -> &'static str {
    CODES.with_borrow_mut(|codes| {
        if let Some(known) = codes.iter().find(|known| **known == code) {
            return *known;
        }
        let new: &'static str = Box::leak(code.to_owned().into_boxed_str());
        codes.push(new);
        new
    })
}
