//! A request, and its way through the engine.

use std::fmt;
use std::sync::Arc;

/// Tokens in one block of the prefix cache. (vLLM's blocks hold 16; public traces name the prefixes by 512.)
pub const BLOCK_TOKENS: usize = 512;

/// What is asked of a server.
#[derive(Clone, Debug)]
pub struct Request {
    /// Tokens of the prompt; 0 counts as 1.
    pub input: usize,
    /// Tokens of the answer; 0 counts as 1.
    pub output: usize,
    /// Names of the prompt's prefixes: the n-th stands for its first n + 1 blocks of 512 tokens. A last block that is
    /// not full may be named too; it is never shared.
    pub blocks: Arc<[u64]>,
}

impl Request {
    /// Names of the blocks that the prompt fills.
    pub fn full_blocks(&self) -> &[u64] {
        let full = (self.input / BLOCK_TOKENS).min(self.blocks.len());
        self.blocks.get(..full).unwrap_or_default()
    }
}

/// Names a request within one engine. They count up from 0 and are never used again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RequestId(pub u64);

/// A request that the KV cache could not hold even if it were alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooLong {
    /// Tokens it would need.
    pub needed: usize,
    /// Tokens there are.
    pub kv_tokens: usize,
}

impl fmt::Display for TooLong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "the request needs {} tokens of KV cache, of {}",
            self.needed, self.kv_tokens
        )
    }
}

impl std::error::Error for TooLong {}

/// What the step under way computes for a sequence.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) enum Work {
    #[default]
    Nothing,
    /// So many tokens of the prompt.
    Prefill(usize),
    /// One more token of the answer.
    Decode,
}

/// A request in the engine, waiting or running. Counts are tokens unless said.
#[derive(Debug)]
pub(crate) struct Sequence {
    pub(crate) id: RequestId,
    pub(crate) request: Request,
    /// Of the answer. They survive a preemption, their place in the KV cache does not.
    pub(crate) generated: usize,
    /// To be computed before the next one is generated: the prompt, and what was generated before a preemption.
    pub(crate) target: usize,
    /// Of the target.
    pub(crate) computed: usize,
    /// In the KV cache, held by this sequence alone.
    pub(crate) private: usize,
    /// Leading blocks held in the prefix cache.
    pub(crate) shared_blocks: usize,
    /// Of the prompt, found in the prefix cache.
    pub(crate) cached: usize,
    pub(crate) work: Work,
}

impl Sequence {
    pub(crate) fn new(id: RequestId, request: Request) -> Self {
        Self {
            id,
            target: request.input,
            request,
            generated: 0,
            computed: 0,
            private: 0,
            shared_blocks: 0,
            cached: 0,
            work: Work::Nothing,
        }
    }

    /// Of the target, still to be computed.
    pub(crate) fn unread(&self) -> usize {
        self.target - self.computed
    }

    /// To be computed when it is admitted with nothing in the cache.
    pub(crate) fn tokens(&self) -> usize {
        self.request.input + self.generated
    }

    /// Tokens that the next one attends to. What was generated before a preemption counts twice, as it did when the
    /// model was checked against real servers and when the figures of the fleet's reference.csv were made: counting it
    /// once moves means by less than 1 %, but chance then deals the tails of single seeds anew.
    pub(crate) fn context(&self) -> usize {
        self.target + self.generated
    }

    /// Blocks held in the prefix cache.
    pub(crate) fn held(&self) -> &[u64] {
        self.request
            .full_blocks()
            .get(..self.shared_blocks)
            .unwrap_or_default()
    }

    /// Whether the step under way gives it a token.
    pub(crate) fn samples(&self) -> bool {
        match self.work {
            Work::Nothing => false,
            Work::Prefill(tokens) => tokens >= self.unread(),
            Work::Decode => true,
        }
    }
}
