//! Whether a backend may be sent requests: failures in a row take it out, a probe brings it back.

/// Failures in a row, before any answer has begun, that take a backend out.
const MAX_FAILURES: u32 = 3;

/// Refusals of requests (401, 403, 404) in a row, without any answer, after which each is a failure: a backend that has lost its
/// keys or its model refuses all, and at once.
const MAX_REFUSALS: u32 = 10;

/// How long it stays out at first, and at most, in seconds; the time doubles each time a probe fails.
const EJECT_S: f64 = 10.0;
const MAX_EJECT_S: f64 = 300.0;

/// Ejections in a row after which a backend is lost: a bit more than a minute of them.
const LOST_EJECTIONS: u32 = 3;

/// Longest time that a backend's own `retry-after` is honoured, in seconds.
const MAX_RETRY_AFTER_S: f64 = 300.0;

/// How long a backend that says it is about to go is left alone, in seconds. One that nobody asks cannot say that it is back.
const DRAIN_S: f64 = 60.0;

/// Longest time that a probe may take before the next one, in seconds.
const PROBE_S: f64 = 30.0;

/// The health of one backend as one VM sees it. Times are seconds since the epoch.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Health {
    failures: u32,
    failed_at: f64,
    refusals: u32,
    /// Times it was taken out without an answer in between.
    ejections: u32,
    ejected_until: f64,
    probe_until: f64,
    /// The backend asked for a pause of its own.
    paused_until: f64,
    /// The backend said that it is about to go.
    draining_until: f64,
    /// It said either to another VM. Kept apart, so that two VMs do not tell each other for ever.
    told_until: f64,
    /// When it came, or came back.
    since: f64,
}

/// What a backend may be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum State {
    Open,
    /// It was out, and one request may find out how it is.
    Probe,
    /// Out for its failures.
    Ejected,
    /// It asked for no requests.
    Resting,
}

impl Health {
    /// A backend that we meet at `now`.
    pub(crate) fn new(now: f64) -> Self {
        Self {
            since: now,
            ..Self::default()
        }
    }

    pub(crate) fn state(&self, now: f64) -> State {
        let rests = ahead(self.draining_until, now, DRAIN_S)
            || ahead(self.paused_until, now, MAX_RETRY_AFTER_S)
            || ahead(self.told_until, now, MAX_RETRY_AFTER_S);
        if rests {
            State::Resting
        } else if ahead(self.ejected_until, now, MAX_EJECT_S) {
            State::Ejected
        } else if self.ejections == 0 {
            State::Open
        } else if ahead(self.probe_until, now, PROBE_S) {
            State::Ejected
        } else {
            State::Probe
        }
    }

    /// A request was sent there. The first one after an ejection is the probe.
    pub(crate) fn sent(&mut self, now: f64) {
        if self.state(now) == State::Probe {
            self.probe_until = now + PROBE_S;
        }
    }

    /// The answer to a request that was sent at `sent` has begun. One from before the last failure says nothing of now.
    pub(crate) fn succeeded(&mut self, sent: f64, now: f64) {
        if sent < self.failed_at && self.failed_at <= now {
            return;
        }
        if self.ejections > 0 {
            self.since = now;
        }
        (self.failures, self.ejections, self.refusals) = (0, 0, 0);
        (self.ejected_until, self.probe_until) = (0.0, 0.0);
    }

    /// A request failed before any answer. Gives whether that took the backend out.
    pub(crate) fn failed(&mut self, now: f64) -> bool {
        self.failures = self.failures.saturating_add(1);
        self.failed_at = now;
        let probing = self.ejections > 0;
        if !(probing || self.failures >= MAX_FAILURES) || ahead(self.ejected_until, now, MAX_EJECT_S) {
            return false;
        }
        let doubled = EJECT_S * f64::from(1u32 << self.ejections.min(8));
        self.ejected_until = now + doubled.min(MAX_EJECT_S);
        self.ejections = self.ejections.saturating_add(1);
        true
    }

    /// A request was refused as if it were at fault. Gives whether that took the backend out.
    pub(crate) fn refused(&mut self, now: f64) -> bool {
        self.refusals = self.refusals.saturating_add(1);
        self.refusals > MAX_REFUSALS && self.failed(now)
    }

    /// The backend asked for a pause of so many seconds.
    pub(crate) fn pause(&mut self, seconds: f64, now: f64) {
        self.paused_until = now + seconds.clamp(0.0, MAX_RETRY_AFTER_S);
    }

    /// The backend said whether it is about to go.
    pub(crate) fn drain(&mut self, draining: bool, now: f64) {
        self.draining_until = if draining { now + DRAIN_S } else { 0.0 };
    }

    /// How much of its full share a backend may have, 0.1 to 1, growing over `ramp_s` seconds.
    pub(crate) fn ramp(&self, now: f64, ramp_s: f64) -> f64 {
        if ramp_s <= 0.0 || now < self.since {
            return 1.0;
        }
        ((now - self.since) / ramp_s).clamp(0.1, 1.0)
    }

    /// Whether it was taken out again and again, without an answer in between.
    pub(crate) fn is_lost(&self) -> bool {
        self.ejections >= LOST_EJECTIONS
    }

    /// Until when it is out for its failures, for others to know.
    pub(crate) fn out_until(&self) -> f64 {
        self.ejected_until
    }

    /// Until when it asked for no requests, for others to know.
    pub(crate) fn rests_until(&self) -> f64 {
        self.draining_until.max(self.paused_until)
    }

    /// Another VM has taken it out until then.
    pub(crate) fn told_out(&mut self, until: f64, now: f64) {
        if until > now && until > self.ejected_until {
            self.ejected_until = until.min(now + MAX_EJECT_S);
            self.ejections = self.ejections.max(1);
        }
    }

    /// It asked another VM for no requests until then.
    pub(crate) fn told_to_rest(&mut self, until: f64, now: f64) {
        if ahead(until, now, MAX_RETRY_AFTER_S) {
            self.told_until = until;
        }
    }
}

/// Whether `until` is still to come. One further away than it was ever set is from before the clock jumped back.
fn ahead(until: f64, now: f64, most: f64) -> bool {
    now < until && until - now <= most
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_failures_take_a_backend_out_and_one_probe_brings_it_back() {
        let mut health = Health::new(0.0);
        assert!(!health.failed(1.0) && !health.failed(1.0));
        assert_eq!(health.state(1.0), State::Open);
        assert!(health.failed(1.0));
        assert_eq!(health.state(10.9), State::Ejected);
        assert_eq!(health.state(11.0), State::Probe);
        health.sent(11.0);
        assert_eq!(health.state(11.1), State::Ejected);
        health.succeeded(0.5, 12.0);
        assert_eq!(health.state(12.0), State::Ejected);
        health.succeeded(11.0, 12.0);
        assert_eq!(health.state(12.0), State::Open);
        assert_eq!(health.ramp(12.0, 10.0), 0.1);
    }

    #[test]
    fn each_probe_that_fails_doubles_the_time_up_to_five_minutes() {
        let mut health = Health::new(0.0);
        (0..3).for_each(|_| {
            health.failed(0.0);
        });
        let mut now = 0.0;
        for expected in [10.0, 20.0, 40.0, 80.0, 160.0, 300.0, 300.0] {
            assert_eq!(health.out_until() - now, expected);
            now = health.out_until();
            health.sent(now);
            assert!(health.failed(now));
        }
    }

    #[test]
    fn a_success_in_between_starts_the_count_anew() {
        let mut health = Health::new(0.0);
        for _ in 0..10 {
            health.failed(0.0);
            health.failed(0.0);
            health.succeeded(0.0, 0.0);
        }
        assert_eq!(health.state(0.0), State::Open);
    }

    #[test]
    fn one_that_refuses_everything_is_taken_out_and_one_that_refuses_some_is_not() {
        let mut health = Health::new(0.0);
        for _ in 0..MAX_REFUSALS {
            assert!(!health.refused(1.0));
        }
        health.succeeded(1.0, 1.0);
        assert!((0..MAX_REFUSALS + 2).all(|_| !health.refused(1.0)));
        assert!(health.refused(1.0));
    }

    #[test]
    fn a_backend_may_ask_for_a_pause_or_drain() {
        let mut health = Health::new(0.0);
        health.pause(5.0, 0.0);
        assert_eq!(
            (health.state(4.9), health.state(5.0)),
            (State::Resting, State::Open)
        );
        health.pause(1e300, 0.0);
        assert_eq!(health.state(300.0), State::Open);
        health.pause(f64::NAN, 0.0);
        health.drain(true, 400.0);
        assert_eq!(health.state(400.0), State::Resting);
        health.drain(false, 401.0);
        assert_eq!(health.state(401.0), State::Open);
        health.drain(true, 401.0);
        assert_eq!(health.state(461.0), State::Open);
    }
}
