//! A body cut into chunks, framed, and put together again.

use penstock_wire::{Frame, FrameError, Framer, Framing};

/// A frame as the test sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Seen {
    pub(crate) raw: Vec<u8>,
    pub(crate) event: Option<String>,
    pub(crate) data: Option<Vec<u8>>,
}

impl From<Frame<'_>> for Seen {
    fn from(frame: Frame<'_>) -> Self {
        let data = frame.data().map(|data| data.into_owned());
        assert_eq!(frame.is_passive(), data.is_none());
        Self {
            raw: frame.raw().to_vec(),
            event: frame.event().map(str::to_owned),
            data,
        }
    }
}

/// What becomes of a body cut into `chunks`.
pub(crate) struct Run {
    pub(crate) frames: Vec<Seen>,
    pub(crate) left: Vec<u8>,
    pub(crate) result: Result<(), FrameError>,
}

impl Run {
    pub(crate) fn of<'c>(framing: Framing, max: usize, chunks: impl IntoIterator<Item = &'c [u8]>) -> Self {
        let mut framer = Framer::new(framing, max);
        let mut frames = Vec::new();
        let mut result = Ok(());
        let mut refused = Vec::new();
        for chunk in chunks {
            if result.is_ok() {
                result = framer.push(chunk, &mut |frame| frames.push(frame.into()));
            } else {
                assert_eq!(
                    framer.push(chunk, &mut |_| panic!("a frame after an error")),
                    result
                );
                refused.extend_from_slice(chunk);
            }
        }
        if result.is_ok() {
            assert!(framer.pending().len() <= max);
            framer.finish(&mut |frame| frames.push(frame.into())).unwrap();
        }
        let mut left = framer.take_pending();
        left.extend(refused);
        Self { frames, left, result }
    }

    pub(crate) fn bytes(&self) -> Vec<u8> {
        let mut bytes: Vec<u8> = self.frames.iter().flat_map(|frame| frame.raw.clone()).collect();
        bytes.extend_from_slice(&self.left);
        bytes
    }

    pub(crate) fn events(&self) -> Vec<(Option<String>, Vec<u8>)> {
        self.frames
            .iter()
            .filter_map(|frame| Some((frame.event.clone(), frame.data.clone()?)))
            .collect()
    }
}

pub(crate) fn whole(framing: Framing, body: &[u8]) -> Run {
    Run::of(framing, usize::MAX, [body])
}
