//! Every number of the cost that a fleet may want to change, with its unit.

/// Constants of the predicted-time cost. The defaults were chosen on traces of real traffic; see the filter's page.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Tuning {
    /// Seconds that a second of predicted decoding counts for: the first token is what users wait for.
    pub decode_weight: f64,
    /// Share of the prompt's own time that every request decoding there is charged with, since it delays them all.
    pub externality: f64,
    /// Share of the KV cache above which a backend begins to cost more. 0 to 1.
    pub kv_threshold: f64,
    /// Seconds that a whole KV cache above the threshold costs: requests are preempted there, and computed again.
    pub kv_penalty_s: f64,
    /// Weight of a reported queue, in prompts of mean length.
    pub waiting_weight: f64,
    /// Seconds in which a report fades to 1/e.
    pub report_fade_s: f64,
    /// Samples that the fleet's mean speed counts for, beside those of a backend.
    pub shrink_samples: f64,
    /// Seconds in which what is known of a backend's speed fades to 1/e while it is not used.
    pub speed_fade_s: f64,
    /// How often a prediction may be exceeded before a backend that stays silent counts as slower. 1 or more.
    pub overdue_ratio: f64,
    /// Seconds in which a new or recovered backend comes to its full share.
    pub slow_start_s: f64,
    /// Share of the KV cache that is taken to hold prefixes which may be met again. 0 to 1.
    pub prefix_share: f64,
    /// Share of requests that go to a backend at random, to learn of it. 0 to 1.
    pub explore: f64,
}

impl Default for Tuning {
    fn default() -> Self {
        Self {
            decode_weight: 0.1,
            externality: 0.01,
            kv_threshold: 0.85,
            kv_penalty_s: 10.0,
            waiting_weight: 0.5,
            report_fade_s: 3.0,
            shrink_samples: 4.0,
            speed_fade_s: 30.0,
            overdue_ratio: 2.0,
            slow_start_s: 10.0,
            prefix_share: 1.0,
            explore: 0.0,
        }
    }
}
