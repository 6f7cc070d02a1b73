//! NVIDIA Dynamo's KV router (dynamo-kv-router 1.6.1): temperature 0, no decay.

use super::books::Account;

/// Tokens in a block.
const BLOCK: f64 = 16.0;

/// Fewest blocks: of prompts to be read, with what is cached taken off, and of contexts being decoded.
pub(crate) fn cost(account: &Account, prompt: f64, cached: f64) -> f64 {
    let prefill = (account.unread + prompt - cached).max(0.0) / BLOCK;
    prefill + account.context / BLOCK
}
