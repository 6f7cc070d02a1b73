//! One direction of a stream: what the proxy holds of it, and what has left.

use penstock_exchange::Flow;

/// Header or trailer fields in wire order.
pub type Pairs = Vec<(String, Vec<u8>)>;

/// What one end of the exchange has received.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Received {
    /// Header fields with pseudo-headers, once the head came.
    pub head: Option<Pairs>,
    /// Body bytes.
    pub body: Vec<u8>,
    /// Trailer fields.
    pub trailers: Pairs,
    /// Whether and how it ended.
    pub ended: Ended,
}

/// How what one end receives has ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Ended {
    /// It has not.
    #[default]
    Open,
    /// As a whole.
    Complete,
    /// By a reset: the receiver can tell that it is not whole.
    Reset,
}

impl Received {
    /// Value of the first field of this name.
    pub fn field(&self, name: &str) -> Option<&[u8]> {
        let fields = self.head.as_ref()?;
        fields
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.as_slice())
    }
}

/// The filter manager's state of one direction.
#[derive(Debug, Default)]
pub(crate) struct Way {
    /// The head, while the proxy has it.
    pub(crate) head: Option<Pairs>,
    /// The head is or was shown to the guest.
    pub(crate) begun: bool,
    /// Bytes that the proxy keeps because the guest said Pause.
    pub(crate) kept: Vec<u8>,
    /// The last body callback said Pause: later callbacks can read and write the kept bytes.
    pub(crate) buffering: bool,
    /// Nothing passes until Continue.
    pub(crate) stopped: bool,
    /// It was resumed by a callback that is not its own, and has shown nothing since. Envoy still believes that it
    /// buffers: what the next callback of its own lets go by Continue is lost.
    pub(crate) loose: bool,
    /// The head was the end: a declared length is that of a body which is not sent.
    pub(crate) bodiless: bool,
    /// The end of the source has been seen, in head or body.
    pub(crate) end_seen: bool,
    /// Trailers, while the proxy has them.
    pub(crate) trailers: Option<Pairs>,
    /// The trailers were shown to the guest.
    pub(crate) trailers_seen: bool,
    /// What has left.
    pub(crate) out: Received,
}

impl Way {
    /// The guest has seen the head.
    pub(crate) fn after_head(&mut self, flow: Flow) {
        match flow {
            Flow::Continue => self.release(),
            Flow::Pause => self.stopped = true,
        }
    }

    /// The guest has seen `shown` and left these bytes.
    pub(crate) fn after_body(&mut self, flow: Flow, shown: Vec<u8>) {
        self.kept = shown;
        self.buffering = flow == Flow::Pause;
        match flow {
            Flow::Continue => self.release(),
            Flow::Pause => self.stopped = true,
        }
    }

    /// The guest has seen the trailers.
    pub(crate) fn after_trailers(&mut self, flow: Flow) {
        match flow {
            Flow::Continue => self.release(),
            Flow::Pause => self.stopped = true,
        }
    }

    /// All that is kept leaves, on the word of another callback.
    pub(crate) fn resume(&mut self) {
        self.release();
        self.loose = !self.end_seen;
    }

    /// All that is kept leaves.
    pub(crate) fn release(&mut self) {
        self.stopped = false;
        self.buffering = false;
        if let Some(head) = self.head.take() {
            self.out.head = Some(head);
        }
        self.out.body.append(&mut self.kept);
        if self.trailers_seen
            && let Some(trailers) = self.trailers.take()
        {
            self.out.trailers = trailers;
        }
        if self.end_seen && self.trailers.is_none() {
            self.out.ended = Ended::Complete;
        }
    }

    /// The receiver gets no more.
    pub(crate) fn reset(&mut self) {
        if self.out.ended == Ended::Open {
            self.out.ended = Ended::Reset;
        }
    }

    /// A declared length that what has left does not keep.
    pub(crate) fn false_length(&self) -> Option<(u64, usize)> {
        let text = std::str::from_utf8(self.out.field("content-length")?).ok()?;
        let declared: u64 = text.parse().ok()?;
        let differs = declared != u64::try_from(self.out.body.len()).unwrap_or(u64::MAX);
        (!self.bodiless && differs && self.out.ended == Ended::Complete)
            .then_some((declared, self.out.body.len()))
    }
}
