//! The prompt as a filter sees it.

use crate::Head;
use penstock_llm_api::{Asked, Dialect, Request, Texts};
use penstock_wire::{Json, JsonEdits};

/// A parsed request body with its edits. Edits are applied at once, after the filter returns.
pub struct Prompt<'a> {
    head: &'a Head,
    request: &'a Request,
    dialect: Dialect<'a>,
    json: Json<'a>,
    edits: &'a mut JsonEdits,
    usage_added: bool,
    may_wait: bool,
}

impl<'a> Prompt<'a> {
    /// For the engine and for tests.
    pub fn new(
        head: &'a Head,
        request: &'a Request,
        dialect: Dialect<'a>,
        json: Json<'a>,
        edits: &'a mut JsonEdits,
    ) -> Self {
        Self {
            head,
            request,
            dialect,
            json,
            edits,
            usage_added: false,
            may_wait: false,
        }
    }

    /// The same for a request that is held.
    pub fn held(mut self) -> Self {
        self.may_wait = true;
        self
    }

    /// Whether the filter may take its time over several calls: [`PromptFlow::Later`](crate::PromptFlow::Later).
    pub fn may_wait(&self) -> bool {
        self.may_wait
    }

    /// The request head.
    pub fn head(&self) -> &Head {
        self.head
    }

    /// Model, stream flag and parameters.
    pub fn request(&self) -> &Request {
        self.request
    }

    /// The model: as the body names it, else as the path does.
    pub fn model(&self) -> Option<&str> {
        let named = self.request.model.as_deref();
        named.or(self.head.target.model.as_deref())
    }

    /// The JSON document.
    pub fn json(&self) -> Json<'a> {
        self.json
    }

    /// The dialect it is written in.
    pub fn dialect(&self) -> Dialect<'a> {
        self.dialect
    }

    /// Every text by scope, and what nobody here can read.
    pub fn texts(&self) -> Texts {
        penstock_llm_api::request_texts(self.dialect, self.json)
    }

    /// Edits by span, for what the semantic edits below do not cover.
    pub fn edits(&mut self) -> &mut JsonEdits {
        self.edits
    }

    /// Asks the upstream to report usage on this stream, where the API wants to be asked. What the
    /// upstream adds because of it is taken out of the response again by the engine.
    pub fn ask_usage(&mut self) {
        if penstock_llm_api::ask_usage(self.dialect, self.json, self.edits) == Asked::Added {
            self.usage_added = true;
        }
    }

    /// Lowers the bound on generated tokens to `max_tokens`, or sets it.
    pub fn cap_output(&mut self, max_tokens: u64) {
        penstock_llm_api::cap_output(self.dialect, self.json, max_tokens, self.edits);
    }

    /// Names another model.
    pub fn set_model(&mut self, model: &str) {
        penstock_llm_api::set_model(self.dialect, self.json, model, self.edits);
    }

    /// Whether [`Prompt::ask_usage`] changed the request.
    pub fn usage_added(&self) -> bool {
        self.usage_added
    }
}
