//! A value in shared data, changed by compare-and-swap, in a bounded number of tries.

use penstock_filter_api::{PortError, Ports};

/// What all keys begin with. The number is of the layout: whoever changes a key, a hash or a byte of what is kept there counts
/// it up. A version neither reads nor touches records of another number, so budgets then begin anew.
pub(crate) const KEYS: &str = "penstock/budget/1/";

/// How often a write is tried again that another worker came before. Two workers that hammer one key miss less than once a
/// success, so this is for a proxy of very many.
const TRIES: usize = 64;

/// A token that no value has. The host checks tokens of values that exist, and creates those that do not, under one lock:
/// with this one only the first creates.
const ABSENT: u32 = u32::MAX;

/// Shared data could not be read or written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct StateError;

/// What a change makes of a value.
pub(crate) enum Change<T> {
    /// The value is written as it was changed, and the answer is good once it is.
    Write(T),
    /// Nothing is written.
    Keep(T),
}

/// What comes of looking at a value.
pub(crate) type Looked<T> = Result<Change<T>, StateError>;

/// Changes the value of `key`, empty where there is none. Where others were faster, the change is tried again on what they
/// wrote.
pub(crate) fn change<T>(
    ports: &mut dyn Ports,
    key: &str,
    change: &mut dyn FnMut(&mut Vec<u8>) -> Looked<T>,
) -> Result<T, StateError> {
    for _ in 0..TRIES {
        let found = ports.shared(key).map_err(|_| StateError)?;
        let (mut bytes, cas) = found.unwrap_or((Vec::new(), ABSENT));
        let answer = match change(&mut bytes)? {
            Change::Keep(answer) => return Ok(answer),
            Change::Write(answer) => answer,
        };
        match ports.share(key, &bytes, Some(cas)) {
            Ok(()) => return Ok(answer),
            Err(PortError::CasMismatch) => {}
            Err(PortError::NotFound | PortError::Refused) => return Err(StateError),
        }
    }
    Err(StateError)
}
