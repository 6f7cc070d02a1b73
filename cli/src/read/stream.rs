//! What a streamed answer says.

use super::answer::Answer;
use super::channels::{self, Sums};
use super::framing::{self, Event};
use super::request::unseen_warning;
use super::{LIMITS, shape};
use penstock_llm_api::{Api, ApiError, Dialect, FrameReading, StreamReader, Want, text_of};
use penstock_wire::{FrameError, Framing, Tape};

impl Answer<'_> {
    /// Reads every event; what is broken is passed over.
    pub(super) fn read_stream(&mut self, framing: Framing, body: &[u8]) {
        let (events, error) = framing::events(framing, body);
        match error {
            Some(FrameError::Syntax) => {
                self.note("the stream is not a JSON array from some place on: read up to there")
            }
            Some(FrameError::TooLarge) => self.note("a frame of the stream is too large: read up to there"),
            None => {}
        }
        let (seen, error) = first_known(&events);
        self.settle_api(seen, error.is_some() && seen.is_none());
        let target = self.target.clone();
        match (target.dialect(), error) {
            (Some(dialect), _) => self.read_events(dialect, &events),
            (None, Some(error)) => self.fail(&error),
            (None, None) => {}
        }
        self.reading.stream = self.reading.is_understood();
    }

    fn read_events(&mut self, dialect: Dialect<'_>, events: &[Event]) {
        let mut reader = StreamReader::new(dialect, Want::Pieces);
        let (mut frame, mut tape, mut sums) = (FrameReading::default(), Tape::new(), Sums::new());
        let mut unseen = Vec::new();
        let mut unread = 0usize;
        for (number, event) in events.iter().enumerate() {
            let json = tape
                .parse(&event.payload, &LIMITS)
                .is_ok()
                .then(|| tape.view(&event.payload));
            reader.read(event.name.as_deref(), &event.payload, json, &mut frame);
            unread += usize::from(json.is_none() && !frame.end);
            unseen.extend(frame.unseen.iter().copied());
            let Some(json) = json else { continue };
            for piece in frame
                .pieces
                .iter()
                .filter(|piece| piece.scope.is_output() && channels::is_new(piece.part))
            {
                sums.add(
                    channels::of_piece(json, number, piece),
                    piece.scope,
                    text_of(json, piece.node).len(),
                );
            }
        }
        self.reading.texts = sums.into_texts();
        self.take(&reader, unread);
        self.reading.warnings.extend(unseen_warning(unseen));
    }

    /// What the reader of a stream gathered.
    fn take(&mut self, reader: &StreamReader, unread: usize) {
        self.reading.model = reader.model().map(str::to_owned);
        self.reading.finish = reader.finish();
        self.usage = reader.usage();
        self.output_bytes = reader.output_bytes();
        self.complete = reader.complete();
        self.note_oddities(reader.warnings());
        if unread > 0 {
            self.note(format!(
                "{unread} of the stream's events cannot be read as JSON: skipped"
            ));
        }
        match reader.error() {
            Some(error) => self.fail(error),
            None if !self.complete => self.note("the stream ends before its semantic end: truncated"),
            None => {}
        }
    }
}

/// The API that the first telling event shows, and the first error before it.
fn first_known(events: &[Event]) -> (Option<Api>, Option<ApiError>) {
    let mut tape = Tape::new();
    let mut error = None;
    for event in events {
        if tape.parse(&event.payload, &LIMITS).is_err() {
            continue;
        }
        let root = tape.view(&event.payload).root();
        error = error.or_else(|| shape::error(root));
        if let Some(api) = shape::of_answer(root) {
            return (Some(api), error);
        }
    }
    (None, error)
}
