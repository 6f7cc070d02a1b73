//! How backends that nobody configured are met: some requests are left to the proxy's own choice, and who answers is known then.

/// Most requests between two that are left to the proxy.
const MAX_GAP: u32 = 64;

/// Which requests those are: each while somebody new is met, and fewer the longer nobody was.
#[derive(Debug)]
pub(crate) struct Search {
    gap: u32,
    left: u32,
}

impl Default for Search {
    fn default() -> Self {
        Self { gap: 1, left: 0 }
    }
}

impl Search {
    /// Whether the next request is one of them.
    pub(crate) fn is_due(&mut self) -> bool {
        if self.left > 0 {
            self.left -= 1;
            return false;
        }
        self.gap = (self.gap * 2).min(MAX_GAP);
        self.left = self.gap;
        true
    }

    /// Somebody new was met: there may be more.
    pub(crate) fn met(&mut self) {
        *self = Self::default();
    }
}
