//! What the upstream does once it has read a request.

use crate::message::{Fields, Framing};

/// A response as a sequence of writes, with everything that can go wrong in between.
#[derive(Clone, Debug)]
pub struct Script {
    /// How the end of the body is marked.
    pub framing: Framing,
    /// Whether the upstream waits for the whole request first.
    pub starts: Starts,
    /// What it does, in order. After the last step the response is complete.
    pub steps: Vec<Step>,
}

/// When the upstream begins to answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Starts {
    /// Once the request is complete.
    AtEnd,
    /// Once the request head came.
    AtHead,
}

/// One act of the upstream.
#[derive(Clone, Debug)]
pub enum Step {
    /// A 1xx head.
    Informational(u16),
    /// The response head.
    Head(u16, Fields),
    /// Body bytes, in one piece or cut by the run's chunking.
    Data(Vec<u8>),
    /// Waits until the body that the client has holds these bytes. Never met is a failure of the case.
    Until(Vec<u8>),
    /// That the client has these bytes already is a failure of the case.
    Unseen(Vec<u8>),
    /// Lets this many milliseconds pass.
    Wait(u64),
    /// Ends a chunked body with these fields.
    Trailers(Fields),
    /// Resets the connection.
    Reset,
    /// Closes the connection as if all had been said.
    Close,
    /// Says nothing more until the peer goes away.
    Hang,
}

impl Script {
    /// A response with this status and no fields yet.
    pub fn new(status: u16) -> Self {
        Self {
            framing: Framing::Length,
            starts: Starts::AtEnd,
            steps: vec![Step::Head(status, Vec::new())],
        }
    }

    /// The same response after a 103.
    pub fn early_hints(mut script: Self) -> Self {
        script.steps.insert(0, Step::Informational(103));
        script
    }

    /// An upstream that says nothing before these steps.
    pub fn silent(step: Step) -> Self {
        Self {
            framing: Framing::Close,
            starts: Starts::AtEnd,
            steps: vec![step],
        }
    }

    /// Adds a field to the head.
    pub fn header(mut self, name: &str, value: &str) -> Self {
        for step in &mut self.steps {
            if let Step::Head(_, fields) = step {
                fields.push((name.to_owned(), value.as_bytes().to_vec()));
            }
        }
        self
    }

    /// Adds a step.
    pub fn step(mut self, step: Step) -> Self {
        self.steps.push(step);
        self
    }

    /// Adds body bytes.
    pub fn data(self, bytes: impl Into<Vec<u8>>) -> Self {
        self.step(Step::Data(bytes.into()))
    }

    /// Goes on only when the client has these bytes.
    pub fn until(self, marker: &str) -> Self {
        self.step(Step::Until(marker.as_bytes().to_vec()))
    }

    /// Ends with a trailer; the body is then chunked.
    pub fn trailer(self, name: &str, value: &str) -> Self {
        self.framed(Framing::Chunked)
            .step(Step::Trailers(vec![(name.to_owned(), value.as_bytes().to_vec())]))
    }

    /// Sets how the end of the body is marked.
    pub fn framed(mut self, framing: Framing) -> Self {
        self.framing = framing;
        self
    }

    /// Answers before the request is complete.
    pub fn early(mut self) -> Self {
        self.starts = Starts::AtHead;
        self
    }

    /// The status that the client is to see, 0 if there is none.
    pub fn status(&self) -> u16 {
        let mut statuses = self.steps.iter().filter_map(|step| match step {
            Step::Head(status, _) => Some(*status),
            _ => None,
        });
        statuses.next_back().unwrap_or(0)
    }

    /// All body bytes of the script.
    pub fn body(&self) -> Vec<u8> {
        let pieces = self.steps.iter().filter_map(|step| match step {
            Step::Data(bytes) => Some(bytes.as_slice()),
            _ => None,
        });
        pieces.collect::<Vec<_>>().concat()
    }
}
