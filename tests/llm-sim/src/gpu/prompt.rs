//! What an engine must know of a request: its sizes, and names for the prefixes of its prompt.

use penstock_gpu_model::{BLOCK_TOKENS, Request};

use crate::dialect::Ask;
use crate::script::Usage;

/// Bytes of text that stand for one token, as `script::count_text` has it.
const BYTES_A_TOKEN: usize = 4;

/// The work that an answer with this usage is.
pub fn request(ask: &Ask, usage: Usage) -> Request {
    let input = usize::try_from(usage.input).unwrap_or(usize::MAX);
    Request {
        input,
        output: usize::try_from(usage.output).unwrap_or(usize::MAX),
        blocks: blocks(ask, input).into(),
    }
}

/// Each block's name is made of all bytes up to its end. A text that is shorter than the tokens that are said of it
/// leaves the rest without names, so that it is never shared.
fn blocks(ask: &Ask, input: usize) -> Vec<u64> {
    let bytes = ask.texts.iter().flat_map(|text| text.bytes().chain([0xff]));
    let mut names = Vec::new();
    let mut hash = FNV_START;
    for (at, byte) in (1..).zip(bytes) {
        hash = (hash ^ u64::from(byte)).wrapping_mul(FNV_PRIME);
        if at % (BLOCK_TOKENS * BYTES_A_TOKEN) == 0 {
            names.push(hash);
            if names.len() * BLOCK_TOKENS >= input {
                break;
            }
        }
    }
    names
}

/// FNV-1a of 64 bits (Fowler, Noll, Vo).
const FNV_START: u64 = 0xcbf2_9ce4_8422_2325;
const FNV_PRIME: u64 = 0x0100_0000_01b3;

#[cfg(test)]
mod tests {
    use super::*;

    fn names(texts: &[String]) -> Vec<u64> {
        let ask = Ask {
            texts: texts.to_vec(),
            ..Ask::default()
        };
        blocks(&ask, 100_000)
    }

    #[test]
    fn prompts_share_names_as_far_as_they_are_alike() {
        let system = "You are kind. ".repeat(300);
        let one = names(&[system.clone(), "a".repeat(3_000)]);
        let other = names(&[system.clone(), "b".repeat(3_000)]);
        assert_eq!((one.len(), other.len()), (3, 3));
        assert_eq!(one[..2], other[..2]);
        assert_ne!(one[2], other[2]);
        let moved = names(&["x".to_owned(), system]);
        assert_ne!(moved[0], one[0], "a name stands for all that is before");
    }
}
