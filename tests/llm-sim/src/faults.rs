//! What goes wrong with a whole backend, for how long: `key=value; key=value` at `PUT /sim/faults` or in `--fault`.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::watch;

use crate::backend::Backend;
use crate::json::Json;
use crate::obj;

/// Longest duration of a fault, in seconds.
const MAX_SECONDS: f64 = 86_400.0;
/// Most times a backend may be slowed.
const MAX_SLOWNESS: f64 = 10_000.0;

/// The faults of one backend. Those that have a duration end by themselves.
pub struct Faults {
    active: Mutex<Active>,
    restarts: watch::Sender<Restart>,
}

/// The latest restart.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Restart {
    /// How long connections are refused.
    pub down: Duration,
}

#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Active {
    slow: Option<(f64, Term)>,
    blackhole: Option<Term>,
    hang: Option<Term>,
    draining: Option<Term>,
}

/// When a fault ends.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Term {
    Never,
    At(Instant),
}

impl Term {
    fn runs(self, now: Instant) -> bool {
        match self {
            Self::Never => true,
            Self::At(end) => now < end,
        }
    }
}

impl Default for Faults {
    fn default() -> Self {
        Self {
            active: Mutex::default(),
            restarts: watch::channel(Restart::default()).0,
        }
    }
}

impl Faults {
    /// Sets what the text names and leaves the rest. A restart is returned, for [`restart`](Self::restart).
    pub fn set(&self, text: &str, now: Instant) -> Result<Option<Restart>, String> {
        let mut active = *self.active();
        let mut restart = None;
        for pair in text.split(';').map(str::trim).filter(|pair| !pair.is_empty()) {
            let (key, value) = pair
                .split_once('=')
                .ok_or_else(|| format!("faults: `{pair}` is not of the form key=value"))?;
            let (key, value) = (key.trim(), value.trim());
            let wrong = |takes: &str| format!("faults: {key}={value}: takes {takes}");
            let term = || term(value, now).ok_or_else(|| wrong("seconds, on or off"));
            match key {
                "slow" => active.slow = slow(value, now).ok_or_else(|| wrong("FACTOR[,SECONDS] or off"))?,
                "blackhole" => active.blackhole = term()?,
                "hang" => active.hang = term()?,
                "draining" => active.draining = term()?,
                "restart" => {
                    let down = seconds(value).ok_or_else(|| wrong("seconds"))?;
                    restart = Some(Restart { down });
                }
                _ => return Err(format!("faults: unknown fault `{key}`")),
            }
        }
        *self.active() = active;
        Ok(restart)
    }

    /// Drops all connections and refuses new ones for a while.
    pub fn restart(&self, restart: Restart) {
        self.restarts.send_replace(restart);
    }

    pub fn clear(&self) {
        *self.active() = Active::default();
    }

    /// Changes at each restart.
    pub fn restarts(&self) -> watch::Receiver<Restart> {
        self.restarts.subscribe()
    }

    /// How many times longer everything takes.
    pub fn slowness(&self, now: Instant) -> f64 {
        let slow = self.active().slow.filter(|(_, term)| term.runs(now));
        slow.map_or(1.0, |(factor, _)| factor)
    }

    /// Model calls get a 503 at once.
    pub fn blackhole(&self, now: Instant) -> bool {
        self.active().blackhole.is_some_and(|term| term.runs(now))
    }

    /// Requests are read and never answered.
    pub fn hangs(&self, now: Instant) -> bool {
        self.active().hang.is_some_and(|term| term.runs(now))
    }

    /// Answers say that there should be no more requests.
    pub fn draining(&self, now: Instant) -> bool {
        self.active().draining.is_some_and(|term| term.runs(now))
    }

    pub fn report(&self, now: Instant) -> Json {
        obj! {
            "slow": self.slowness(now), "blackhole": self.blackhole(now), "hang": self.hangs(now),
            "draining": self.draining(now),
        }
    }

    fn active(&self) -> MutexGuard<'_, Active> {
        self.active.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn seconds(text: &str) -> Option<Duration> {
    let seconds = text.parse().ok()?;
    (0.0..=MAX_SECONDS)
        .contains(&seconds)
        .then(|| Duration::from_secs_f64(seconds))
}

fn term(value: &str, now: Instant) -> Option<Option<Term>> {
    match value {
        "off" => Some(None),
        "on" => Some(Some(Term::Never)),
        _ => seconds(value).map(|time| Some(Term::At(now + time))),
    }
}

fn slow(value: &str, now: Instant) -> Option<Option<(f64, Term)>> {
    if value == "off" {
        return Some(None);
    }
    let (factor, time) = value.split_once(',').unwrap_or((value, "on"));
    let factor = factor
        .trim()
        .parse()
        .ok()
        .filter(|factor| (1.0 / MAX_SLOWNESS..=MAX_SLOWNESS).contains(factor))?;
    Some(term(time.trim(), now)?.map(|term| (factor, term)))
}

/// One `--fault`: `BACKEND: key=value; ...; at=SECONDS`.
#[derive(Clone, Debug, PartialEq)]
pub struct Scheduled {
    /// The name of a backend, or its place from 0 on.
    pub backend: String,
    pub at: Duration,
    pub faults: String,
}

impl Scheduled {
    /// Befalls the backend when its time has come.
    pub async fn befall(self, backend: Arc<Backend>) {
        tokio::time::sleep(self.at).await;
        if let Ok(Some(restart)) = backend.faults.set(&self.faults, Instant::now()) {
            backend.faults.restart(restart);
        }
    }

    pub fn read(text: &str) -> Result<Self, String> {
        let (backend, rest) = text
            .split_once(':')
            .ok_or_else(|| format!("--fault {text}: takes BACKEND: key=value; ...; at=SECONDS"))?;
        let (at, faults): (Vec<&str>, Vec<&str>) = rest
            .split(';')
            .map(str::trim)
            .partition(|pair| pair.starts_with("at="));
        let at = at.last().map_or(Some(Duration::ZERO), |pair| seconds(&pair[3..]));
        let scheduled = Self {
            backend: backend.trim().to_owned(),
            at: at.ok_or_else(|| format!("--fault {text}: at= takes seconds"))?,
            faults: faults.join(";"),
        };
        Faults::default()
            .set(&scheduled.faults, Instant::now())
            .map_err(|error| format!("--fault {text}: {error}"))?;
        Ok(scheduled)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn faults_end_by_themselves_or_when_told() {
        let (faults, start) = (Faults::default(), Instant::now());
        let after = |seconds| start + Duration::from_secs(seconds);
        faults.set("slow=4,25; blackhole=10; draining=on", start).unwrap();
        let at = |seconds| {
            let now = after(seconds);
            (faults.slowness(now), faults.blackhole(now), faults.draining(now))
        };
        assert_eq!(at(0), (4.0, true, true));
        assert_eq!(at(10), (4.0, false, true));
        assert_eq!(at(25), (1.0, false, true));
        faults.set("draining=off", after(26)).unwrap();
        assert_eq!(at(26), (1.0, false, false));
    }

    #[test]
    fn a_restart_is_told_to_whoever_listens() {
        let faults = Faults::default();
        let mut listener = faults.restarts();
        let restart = faults.set("restart=3", Instant::now()).unwrap().unwrap();
        assert_eq!(restart.down, Duration::from_secs(3));
        faults.restart(restart);
        assert!(listener.has_changed().unwrap());
        assert_eq!(*listener.borrow_and_update(), restart);
    }

    #[test]
    fn what_is_wrong_is_named_and_changes_nothing() {
        let (faults, now) = (Faults::default(), Instant::now());
        let error = |text| faults.set(text, now).unwrap_err();
        assert_eq!(error("slow=0"), "faults: slow=0: takes FACTOR[,SECONDS] or off");
        assert_eq!(error("hang=-1"), "faults: hang=-1: takes seconds, on or off");
        assert_eq!(error("hang=on; fire=1"), "faults: unknown fault `fire`");
        assert!(!faults.hangs(now));
    }

    #[test]
    fn a_fault_can_be_laid_into_the_future() {
        let read = Scheduled::read("H100-1: slow=4,25; at=10").unwrap();
        let expected = Scheduled {
            backend: "H100-1".to_owned(),
            at: Duration::from_secs(10),
            faults: "slow=4,25".to_owned(),
        };
        assert_eq!(read, expected);
        assert!(Scheduled::read("0: slow=x").is_err());
    }
}
