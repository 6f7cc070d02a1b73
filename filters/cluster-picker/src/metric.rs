//! Metrics by backend and by group. Their number is bounded by the configuration.

use penstock_filter_api::{MetricId, MetricKind, Ports, labelled};

/// What is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Metric {
    /// Requests sent to a backend.
    Picks,
    /// Requests that it failed before any answer.
    Failures,
    /// Times it was taken out.
    Ejections,
    /// Requests that another backend answered than was picked.
    Moves,
    /// Predicted and seen milliseconds to the first token.
    PredictedMs,
    SeenMs,
    /// Open requests of all workers, and the pace: thousandths of the fleet's mean time.
    Open,
    Pace,
    /// 1 while a backend takes no requests.
    Out,
    /// Requests of a group, by how they ended.
    Answered,
    Failed,
    /// Milliseconds to the first token in a group, and tokens that it read and wrote.
    GroupSeenMs,
    GroupInput,
    GroupOutput,
    /// Requests for which nothing was picked.
    Unpicked,
    /// Requests that were refused.
    Shed,
    /// Values of reports that could not be true.
    ReportsIgnored,
    /// Groups that were taken out.
    Rollbacks,
    /// Polls that were answered, and those that were not.
    Polled,
    PollFailed,
}

impl Metric {
    fn name(self) -> &'static str {
        match self {
            Self::Picks => "penstock_picker_picks_total",
            Self::Failures => "penstock_picker_failures_total",
            Self::Ejections => "penstock_picker_ejections_total",
            Self::Moves => "penstock_picker_moves_total",
            Self::PredictedMs => "penstock_picker_predicted_first_token_ms",
            Self::SeenMs => "penstock_picker_first_token_ms",
            Self::Open => "penstock_picker_open_requests",
            Self::Pace => "penstock_picker_pace_permille",
            Self::Out => "penstock_picker_out",
            Self::Answered => "penstock_picker_group_answered_total",
            Self::Failed => "penstock_picker_group_failed_total",
            Self::GroupSeenMs => "penstock_picker_group_first_token_ms",
            Self::GroupInput => "penstock_picker_group_input_tokens_total",
            Self::GroupOutput => "penstock_picker_group_output_tokens_total",
            Self::Unpicked => "penstock_picker_unpicked_total",
            Self::Shed => "penstock_picker_shed_total",
            Self::ReportsIgnored => "penstock_picker_reports_ignored_total",
            Self::Rollbacks => "penstock_picker_rollbacks_total",
            Self::Polled => "penstock_picker_polls_total",
            Self::PollFailed => "penstock_picker_poll_failures_total",
        }
    }

    fn is_by_backend(self) -> bool {
        match self {
            Self::Answered
            | Self::Failed
            | Self::GroupSeenMs
            | Self::GroupInput
            | Self::GroupOutput
            | Self::Unpicked
            | Self::Shed
            | Self::Rollbacks => false,
            Self::Picks
            | Self::Failures
            | Self::Ejections
            | Self::Moves
            | Self::PredictedMs
            | Self::SeenMs
            | Self::Open
            | Self::Pace
            | Self::Out
            | Self::ReportsIgnored
            | Self::Polled
            | Self::PollFailed => true,
        }
    }

    fn kind(self) -> MetricKind {
        match self {
            Self::PredictedMs | Self::SeenMs | Self::GroupSeenMs => MetricKind::Histogram,
            Self::Open | Self::Pace | Self::Out => MetricKind::Gauge,
            Self::Picks
            | Self::Failures
            | Self::Ejections
            | Self::Moves
            | Self::Answered
            | Self::Failed
            | Self::GroupInput
            | Self::GroupOutput
            | Self::Unpicked
            | Self::Shed
            | Self::ReportsIgnored
            | Self::Rollbacks
            | Self::Polled
            | Self::PollFailed => MetricKind::Counter,
        }
    }
}

/// Ids of metrics that were used so far: by what is counted, and of which backend or group.
#[derive(Debug, Default)]
pub(crate) struct Metrics(Vec<(Metric, usize, MetricId)>);

impl Metrics {
    /// Counts one for a backend or group: its index, and its label.
    pub(crate) fn count(&mut self, metric: Metric, of: usize, label: (&str, &str), ports: &mut dyn Ports) {
        self.add(metric, of, label, 1, ports);
    }

    /// Adds to a counter.
    pub(crate) fn add(
        &mut self,
        metric: Metric,
        of: usize,
        label: (&str, &str),
        by: u64,
        ports: &mut dyn Ports,
    ) {
        if let Some(id) = self.id(metric, of, label, ports) {
            ports.add(id, by);
        }
    }

    /// Records a value in a histogram, or sets a gauge.
    pub(crate) fn record(
        &mut self,
        metric: Metric,
        of: usize,
        label: (&str, &str),
        value: f64,
        ports: &mut dyn Ports,
    ) {
        if let Some(id) = self.id(metric, of, label, ports) {
            ports.record(id, value.clamp(0.0, 1e15) as u64);
        }
    }

    /// Another backend has this index from now on.
    pub(crate) fn forget(&mut self, of: usize) {
        self.0
            .retain(|(metric, index, _)| *index != of || !metric.is_by_backend());
    }

    fn id(
        &mut self,
        metric: Metric,
        of: usize,
        label: (&str, &str),
        ports: &mut dyn Ports,
    ) -> Option<MetricId> {
        let place = self
            .0
            .binary_search_by_key(&(metric as usize, of), |(metric, of, _)| (*metric as usize, *of));
        match place {
            Ok(place) => self.0.get(place).map(|(_, _, id)| *id),
            Err(place) => {
                let id = ports
                    .metric(metric.kind(), &labelled(metric.name(), &[label]))
                    .ok()?;
                self.0.insert(place, (metric, of, id));
                Some(id)
            }
        }
    }
}
