//! A script as the events that the stand-in is driven with.

use crate::chunking::Chunking;
use crate::message::{Fields, Framing, declared};
use crate::script::{Script, Step};

/// A step of a script with its pieces cut and its end told.
pub enum Event {
    Head(Fields, bool),
    Data(Vec<u8>, bool),
    Trailers(Fields),
    Until(Vec<u8>),
    Unseen(Vec<u8>),
    Wait(u64),
    Reset,
    Hang,
}

/// Cuts the pieces and tells the end: with the last bytes, or by a call of its own.
pub fn events(script: &Script, method: &str, end_with_data: bool, chunking: Chunking) -> Vec<Event> {
    let mut events = Vec::new();
    let mut bodiless = method == "HEAD";
    let mut breaks = false;
    let mut trailers = None;
    for step in &script.steps {
        match step {
            Step::Informational(_) => {}
            Step::Head(status, fields) => {
                bodiless |= matches!(status, 204 | 304);
                events.push(Event::Head(response_head(*status, fields, script), bodiless));
            }
            Step::Data(_) if bodiless => {}
            Step::Data(bytes) => events.extend(
                chunking
                    .cut(bytes)
                    .into_iter()
                    .map(|part| Event::Data(part.to_vec(), false)),
            ),
            Step::Until(marker) => events.push(Event::Until(marker.clone())),
            Step::Unseen(marker) => events.push(Event::Unseen(marker.clone())),
            Step::Wait(ms) => events.push(Event::Wait(*ms)),
            Step::Trailers(fields) => trailers = Some(fields.clone()),
            Step::Reset => (breaks, _) = (true, events.push(Event::Reset)),
            // Only a body that ends with its connection is whole then.
            Step::Close if script.framing == Framing::Close && !events.is_empty() => {}
            Step::Close => (breaks, _) = (true, events.push(Event::Reset)),
            Step::Hang => (breaks, _) = (true, events.push(Event::Hang)),
        }
    }
    if let (Some(fields), false) = (trailers, bodiless) {
        events.push(Event::Trailers(fields));
    } else if !bodiless && !breaks {
        end(&mut events, end_with_data);
    }
    events
}

fn end(events: &mut Vec<Event>, with_data: bool) {
    if with_data && let Some(Event::Data(_, end)) = events.last_mut() {
        *end = true;
    } else {
        events.push(Event::Data(Vec::new(), true));
    }
}

fn response_head(status: u16, fields: &Fields, script: &Script) -> Fields {
    let mut head = vec![(":status".to_owned(), status.to_string().into_bytes())];
    head.extend(
        fields
            .iter()
            .map(|(name, value)| (name.to_ascii_lowercase(), value.clone())),
    );
    if let Some(length) = declared(script.framing, script.body().len()) {
        head.push(("content-length".to_owned(), length.to_string().into_bytes()));
    } else if script.framing == Framing::Chunked {
        head.push(("transfer-encoding".to_owned(), b"chunked".to_vec()));
    }
    head
}
