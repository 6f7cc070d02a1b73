//! What of a system prompt must not be given away.

use super::letters::weight;
use super::reading::{Hit, Reading};
use super::secret;
use super::shingles::{MAX_SHINGLES, Shingles, Slide, Slots, Window};
use super::values::{MAX_VALUE_LETTERS, Role, Strength, Values};
use crate::output::LeakSettings;
use crate::rule::Known;

/// Letters of a shingle.
const SHINGLE_LETTERS: usize = 24;
/// Shortest system prompt whose leak can be told, in letters. One of fewer than a few shingles is only met as a whole.
const MIN_PROMPT_LETTERS: usize = 16;
/// Shortest canary, in letters and digits.
const MIN_CANARY_LETTERS: usize = 8;
/// Most canaries.
pub(crate) const MAX_CANARIES: usize = 32;
/// The least part of a prompt that is a leak, as long as it is fewer than `min_shared` shingles: one in so many.
const LEAST_PART: usize = 16;
/// Fewest shared shingles of a prompt of several that are a leak.
const FEWEST_SHARED: usize = 3;

/// System prompts, read once. Holds no text of them but the values, and is the same for every exchange with the same prompts.
#[derive(Debug)]
pub(crate) struct System {
    pub(crate) shingles: Shingles,
    pub(crate) window: Window,
    /// So many different shared shingles are a leak.
    pub(crate) min_shared: usize,
    pub(crate) values: Values,
    /// Letters that a reading has to keep.
    pub(crate) longest: usize,
    complete: bool,
}

impl System {
    /// Reads the system prompts of a request.
    pub(crate) fn new(prompts: &[&str], settings: &LeakSettings) -> Self {
        let letters = weight(prompts.iter().copied());
        let wanted = settings.min_shared.max(1);
        let (len, min_shared) = match letters {
            _ if !settings.shingles => (0, usize::MAX),
            0..MIN_PROMPT_LETTERS => (0, usize::MAX),
            _ if letters < SHINGLE_LETTERS + FEWEST_SHARED => (letters, 1),
            _ => (
                SHINGLE_LETTERS,
                wanted.min((letters / LEAST_PART).max(FEWEST_SHARED)),
            ),
        };
        let window = Window::new(len);
        let values = values(prompts, settings);
        let shingles = shingles(prompts, window, letters);
        Self {
            window,
            // A prompt that repeats itself has fewer.
            min_shared: min_shared.min(shingles.len().max(1)),
            shingles,
            longest: len.max(values.longest()),
            values,
            complete: len == 0 || letters < MAX_SHINGLES + len,
        }
    }

    /// Whether all of the prompts is watched. The rest of a longer one is not.
    pub(crate) fn is_complete(&self) -> bool {
        self.complete
    }

    /// Whether there is nothing to look for.
    pub(crate) fn is_empty(&self) -> bool {
        self.shingles.len() == 0 && self.values.is_empty()
    }

    /// The same, where it goes on behind what was read.
    pub(crate) fn with_rest(self, has_rest: bool) -> Self {
        Self {
            complete: self.complete && !has_rest,
            ..self
        }
    }

    /// Notes what of it a text has too: to quote that is no leak.
    pub(crate) fn note(&self, said: &mut Said, text: &str) {
        let mut slide = Slide::default();
        let mut share = |hash| {
            if let Some(slot) = self.shingles.find(hash) {
                said.slots.insert(slot);
            }
        };
        for c in text.chars().filter(|_| self.shingles.len() > 0) {
            slide.push(c, self.window, &mut share);
        }
        let mut reading = Reading::of_values();
        let mut note = |hit| {
            if let Hit::Value(value, ..) = hit {
                said.values |= 1 << value;
            }
        };
        for c in text.chars().filter(|_| !self.values.is_empty()) {
            reading.push(c, 0..0, self, &mut note);
        }
        reading.end(&mut note);
    }
}

/// What of it a client wrote itself.
#[derive(Debug, Default)]
pub(crate) struct Said {
    slots: Slots,
    values: u128,
}

impl Said {
    pub(crate) fn has_shingle(&self, slot: u32) -> bool {
        self.slots.contains(slot)
    }

    pub(crate) fn has_value(&self, value: u8) -> bool {
        self.values >> value & 1 == 1
    }
}

fn shingles(prompts: &[&str], window: Window, letters: usize) -> Shingles {
    if window.len == 0 {
        return Shingles::default();
    }
    let mut shingles = Shingles::with_room((letters + 1).saturating_sub(window.len));
    let mut slide = Slide::default();
    for c in prompts.iter().flat_map(|prompt| prompt.chars()) {
        slide.push(c, window, &mut |hash| shingles.insert(hash));
    }
    shingles
}

/// Whether a text can be a canary: it has 8 to 128 letters and digits.
pub(crate) fn is_canary(text: &str) -> bool {
    (MIN_CANARY_LETTERS..=MAX_VALUE_LETTERS).contains(&weight(std::iter::once(text)))
}

/// Canaries first: they are few and certain.
fn values(prompts: &[&str], settings: &LeakSettings) -> Values {
    let mut values = Values::default();
    for canary in settings.canaries.iter().take(MAX_CANARIES) {
        if is_canary(canary) {
            values.push(canary, Role::Wanted(Known::Canary, Strength::Unique));
        }
    }
    if settings.secrets {
        secret::collect(prompts, &mut values);
    }
    values.sorted()
}
