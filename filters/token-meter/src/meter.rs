//! The plugin, and its filter on one exchange.

use crate::book::{Book, Key};
use crate::budget::{Arrival, Client, Desk, Till, Truth};
use crate::config::Config;
use crate::count::{count, duration_ms, first_token_ms, misjudge, time};
use crate::ledger::{Addends, Entry, model};
use crate::metric::Metric;
use crate::names::Admission;
use crate::ratio::Ratios;
use crate::raw::UsageHeaders;
use crate::tally::{Tally, charge};
use crate::told::tell;
use penstock_filter_api::{
    ConfigError, Cx, Filter, Head, Mode, Need, Needs, Open, Origin, OutputFlow, Piece, PieceEdits, Plugin,
    Policy, Prompt, PromptFlow, Record, Reply, RootCx, Seen, Stage,
};
use penstock_llm_api::{Api, Request};
use std::cell::RefCell;
use std::rc::Rc;

/// Builds the plugin from its configuration.
pub(crate) fn load(json: &str) -> Result<Box<dyn Plugin>, ConfigError> {
    let config = Config::parse(json)?;
    let state = RefCell::new(State {
        book: Book::new(&config),
        ratios: Ratios::new(config.ratio),
        till: Till::new(config.labels),
    });
    Ok(Box::new(Meter {
        shared: Rc::new(Shared { config, state }),
    }))
}

struct Meter {
    shared: Rc<Shared>,
}

/// What the exchanges of one VM share.
struct Shared {
    config: Config,
    state: RefCell<State>,
}

struct State {
    book: Book,
    ratios: Ratios,
    till: Till,
}

impl Plugin for Meter {
    fn policy(&self) -> Policy {
        let Config { mode, on_failure, .. } = self.shared.config;
        Policy {
            name: "token_meter",
            stage: Stage::Admit,
            mode,
            on_failure,
        }
    }

    fn open(&self, head: &Head, cx: &mut Cx<'_>) -> Open {
        let config = &self.shared.config;
        if config.mode == Mode::Off || !head.target.operation.is_inference() {
            return Open::Skip;
        }
        if !config.scope.exchanges.has_route(&head.route)
            || !config.scope.exchanges.may_have_api(head.target.api)
        {
            return Open::Skip;
        }
        let tenant = config
            .tenant
            .as_ref()
            .and_then(|tenant| tenant.read(head, cx.ports()));
        if !config.scope.has_tenant(tenant.as_deref()) {
            return Open::Skip;
        }
        let request = if config.changes_request(head.target.api) {
            Need::Decide
        } else {
            Need::Observe
        };
        let filter = MeterOne {
            shared: Rc::clone(&self.shared),
            client: Client::new(tenant, &head.headers, &config.rules),
            told: false,
            desk: Desk::default(),
        };
        Open::Join(
            Box::new(filter),
            Needs {
                request,
                response: Need::Observe,
            },
        )
    }

    fn on_tick(&self, cx: &mut RootCx<'_>) {
        let Shared { config, state } = &*self.shared;
        if !config.rules.budgets.is_empty() {
            let now_ns = cx.now_ns();
            state
                .borrow_mut()
                .till
                .tick(&config.rules.budgets, now_ns, cx.ports());
        }
    }
}

impl Config {
    /// Whether the request may have to wait for [`Filter::on_prompt`].
    fn changes_request(&self, api: Option<Api>) -> bool {
        let asks = self.ask_usage && api.is_none_or(wants_to_be_asked);
        let tells = self.usage_headers != UsageHeaders::Off;
        self.mode == Mode::Enforce && (asks || tells || self.rules.enforce())
    }
}

/// Whether streams of an API report usage only if the request asks for it.
fn wants_to_be_asked(api: Api) -> bool {
    match api {
        Api::OpenAiChat | Api::OpenAiCompletions => true,
        Api::OpenAiResponses
        | Api::OpenAiEmbeddings
        | Api::AnthropicMessages
        | Api::OllamaChat
        | Api::OllamaGenerate
        | Api::OllamaEmbed
        | Api::Gemini
        | Api::GeminiEmbed
        | Api::Mcp
        | Api::Custom => false,
    }
}

struct MeterOne {
    shared: Rc<Shared>,
    client: Client,
    /// The client was told its usage.
    told: bool,
    desk: Desk,
}

impl Filter for MeterOne {
    fn observe(&mut self, seen: Seen<'_>, record: &Record, cx: &mut Cx<'_>) {
        match seen {
            Seen::Request(request) => self.arrive(request, record, cx),
            Seen::Event => self.watch(record, cx),
            Seen::Answer => {}
        }
        let ready = match (self.shared.config.usage_headers, seen) {
            (UsageHeaders::Off, _) | (_, Seen::Request(_)) | (UsageHeaders::Headers, Seen::Event) => false,
            (UsageHeaders::Headers | UsageHeaders::Trailers, Seen::Answer) => true,
            (UsageHeaders::Trailers, Seen::Event) => record.finish.is_some(),
        };
        if ready && !self.told {
            self.told = tell(&self.shared.config, record, cx);
        }
    }

    fn on_prompt(&mut self, prompt: &mut Prompt<'_>, _reply: Option<&Reply>, cx: &mut Cx<'_>) -> PromptFlow {
        let flow = self.desk.verdict(prompt, cx);
        let config = &self.shared.config;
        if cx.shadow() || !config.scope.exchanges.has_model(prompt.model()) {
            return flow;
        }
        if config.ask_usage {
            prompt.ask_usage();
        }
        match config.usage_headers {
            UsageHeaders::Off => {}
            UsageHeaders::Headers => {
                if !prompt.request().stream {
                    cx.decide_response();
                }
            }
            UsageHeaders::Trailers => cx.decide_response(),
        }
        flow
    }

    fn on_output(
        &mut self,
        _piece: &Piece<'_>,
        _edits: &mut PieceEdits,
        _reply: Option<&Reply>,
        cx: &mut Cx<'_>,
    ) -> OutputFlow {
        let Shared { config, state } = &*self.shared;
        self.desk.release(&config.rules, &mut state.borrow_mut().till, cx)
    }

    fn on_end(&mut self, record: &Record, cx: &mut Cx<'_>) {
        let shared = Rc::clone(&self.shared);
        if shared.config.scope.exchanges.has(record) {
            let state = &mut *shared.state.borrow_mut();
            self.settle(&shared.config, state, record, cx);
        } else {
            let nothing = Addends {
                tokens: 0,
                cost_micro: shared.config.cost_micro(None),
            };
            nothing.leave(shared.config.filter_state, cx.ports());
        }
    }
}

impl MeterOne {
    /// Names that clients choose are looked up, never taken in.
    fn arrive(&mut self, request: &Request, record: &Record, cx: &mut Cx<'_>) {
        let Shared { config, state } = &*self.shared;
        if config.rules.is_empty() || !config.scope.exchanges.has(record) {
            return;
        }
        let State { book, ratios, till } = &mut *state.borrow_mut();
        let model = self.key(config, book, record).model;
        let arrival = Arrival {
            request,
            record,
            client: &self.client,
            model,
            ratio: ratios.of(model),
        };
        self.desk.arrive(&arrival, config, till, cx);
    }

    fn watch(&mut self, record: &Record, cx: &mut Cx<'_>) {
        let Shared { config, state } = &*self.shared;
        let till = &mut state.borrow_mut().till;
        self.desk.watch(record, &self.client, &config.rules, till, cx);
    }

    fn settle(&mut self, config: &Config, state: &mut State, record: &Record, cx: &mut Cx<'_>) {
        let key = self.key(config, &mut state.book, record);
        let ratio = state.ratios.of(key.model);
        let charge = charge(record, &ratio);
        state.ratios.learn(key.model, record, &charge);
        let cost = charge.tally().and_then(|tally| config.prices.cost(record, tally));
        if !config.rules.budgets.is_empty() {
            let truth = Truth {
                record,
                charge: &charge,
                cost: cost.filter(|cost| config.is_own_currency(*cost)),
            };
            let who = (&self.client, key.model);
            self.desk.leave(&truth, who, &config.rules, &mut state.till, cx);
        }
        let mut page = state.book.page(key, cx.ports());
        page.add(Metric::Requests(record.outcome, record.origin.into()), 1);
        count(&mut page, &config.prices, &charge, cost);
        if !config.rules.is_empty() {
            misjudge(&mut page, &ratio, record, &charge);
        }
        time(&mut page, record, &charge);
        let entry = Entry {
            record,
            charge: &charge,
            cost,
            currency: cost.map_or("", |cost| config.prices.currency(cost.currency)),
            tenant: self.client.tenant.as_deref(),
            duration_ms: duration_ms(&record.times),
            first_token_ms: first_token_ms(record),
        };
        entry.leave(config.filter_state, cx.ports());
        let addends = Addends {
            tokens: charge.tally().map_or(0, Tally::total),
            cost_micro: config.cost_micro(cost),
        };
        addends.leave(config.filter_state, cx.ports());
    }

    /// Names that clients choose have a place of their own only once an upstream has answered.
    fn key(&self, config: &Config, book: &mut Book, record: &Record) -> Key {
        let answered = record.origin == Origin::Upstream && (200..300).contains(&record.status);
        let admission = if answered {
            Admission::Welcome
        } else {
            Admission::KnownOnly
        };
        let model = model(record);
        let allowed = model.is_some_and(|model| config.models.allows(model));
        let model_admission = if allowed { admission } else { Admission::KnownOnly };
        book.key(
            &record.route,
            record.api,
            (model, model_admission),
            (self.client.tenant.as_deref(), admission),
        )
    }
}
