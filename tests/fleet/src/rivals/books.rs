//! What a gateway writes down of its own requests.

use std::collections::HashMap;

use crate::policy::{Answer, Incoming, Setup};

/// Requests in flight, for each gateway and backend.
#[derive(Clone, Debug)]
pub(crate) struct InFlight(Vec<Vec<f64>>);

impl InFlight {
    /// Each gateway counts its own, over all its workers.
    pub(crate) fn per_proxy(setup: &Setup) -> Self {
        Self(vec![vec![0.0; setup.gpus.len()]; setup.proxies])
    }

    /// One router counts all.
    pub(crate) fn shared(setup: &Setup) -> Self {
        Self(vec![vec![0.0; setup.gpus.len()]])
    }

    pub(crate) fn begin(&mut self, incoming: &Incoming, backend: usize) {
        let row = incoming.proxy.min(self.0.len() - 1);
        self.0[row][backend] += 1.0;
    }

    pub(crate) fn end(&mut self, incoming: &Incoming, backend: usize) {
        let row = incoming.proxy.min(self.0.len() - 1);
        self.0[row][backend] -= 1.0;
    }

    /// Of the gateway of this request, by backend.
    pub(crate) fn of(&self, incoming: &Incoming) -> &[f64] {
        &self.0[incoming.proxy.min(self.0.len() - 1)]
    }
}

/// Tokens in flight at one backend, as a router books them.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Account {
    /// Requests in flight.
    pub(crate) requests: f64,
    /// Prompt tokens of those without a first token.
    pub(crate) unread: f64,
    /// Tokens of context: prompts, and half the answers to expect.
    pub(crate) context: f64,
}

/// One router's accounts.
#[derive(Debug)]
pub(crate) struct Ledger {
    accounts: Vec<Account>,
    open: HashMap<usize, Entry>,
    /// Mean tokens of an answer, for each gateway.
    mean_output: Vec<f64>,
}

#[derive(Debug)]
struct Entry {
    prompt: f64,
    half_answer: f64,
    unread: bool,
}

impl Ledger {
    pub(crate) fn new(setup: &Setup) -> Self {
        Self {
            accounts: vec![Account::default(); setup.gpus.len()],
            open: HashMap::new(),
            mean_output: vec![200.0; setup.proxies],
        }
    }

    pub(crate) fn accounts(&self) -> &[Account] {
        &self.accounts
    }

    pub(crate) fn begin(&mut self, incoming: &Incoming, backend: usize) {
        let prompt = incoming.estimated_tokens;
        let half_answer = self.mean_output[incoming.proxy] * 0.5;
        let account = &mut self.accounts[backend];
        account.requests += 1.0;
        account.unread += prompt;
        account.context += prompt + half_answer;
        self.open.insert(
            incoming.id,
            Entry {
                prompt,
                half_answer,
                unread: true,
            },
        );
    }

    pub(crate) fn first_token(&mut self, incoming: &Incoming, backend: usize) {
        if let Some(entry) = self.open.get_mut(&incoming.id) {
            entry.unread = false;
            let account = &mut self.accounts[backend];
            account.unread = (account.unread - entry.prompt).max(0.0);
        }
    }

    pub(crate) fn done(&mut self, incoming: &Incoming, backend: usize, answer: Answer) {
        self.end(incoming, backend);
        let mean = &mut self.mean_output[incoming.proxy];
        *mean = 0.99 * *mean + 0.01 * answer.output_tokens as f64;
    }

    /// Ends a request without learning from it.
    pub(crate) fn end(&mut self, incoming: &Incoming, backend: usize) {
        let Some(entry) = self.open.remove(&incoming.id) else {
            return;
        };
        let account = &mut self.accounts[backend];
        account.requests -= 1.0;
        if entry.unread {
            account.unread = (account.unread - entry.prompt).max(0.0);
        }
        account.context = (account.context - entry.prompt - entry.half_answer).max(0.0);
    }
}
