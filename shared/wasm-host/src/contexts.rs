//! The SDK's contexts: the root holds the engine, each stream holds an exchange.

use crate::abi::{self, Buffer, Map};
use crate::host::WasmHost;
use crate::ticks::Ticks;
use penstock_exchange::{Engine, Exchange, Flow, Host, Input};
use penstock_filter_api::{Module, Reply};
use proxy_wasm::traits::{Context, HttpContext, RootContext};
use proxy_wasm::types::{Action, ContextType};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

/// Largest reply to a callout that is read, in bytes.
const MAX_REPLY_BYTES: usize = 1 << 20;

thread_local! {
    static MODULES: RefCell<&'static [Module]> = const { RefCell::new(&[]) };
}

/// Registers the module with the host. Call it once, from `main`.
pub fn run(modules: &'static [Module]) {
    MODULES.with(|slot| slot.replace(modules));
    proxy_wasm::set_root_context(|context| Box::new(Root::new(context)));
}

type Live = Rc<RefCell<BTreeMap<u32, Rc<RefCell<Exchange>>>>>;

/// One plugin in one VM.
struct Root {
    context: u32,
    engine: Option<Rc<Engine>>,
    ticks: Rc<Ticks>,
    live: Live,
}

impl Root {
    fn new(context: u32) -> Self {
        Self {
            context,
            engine: None,
            ticks: Rc::new(Ticks::new()),
            live: Live::default(),
        }
    }

    fn tick_streams(&self, now_ns: u64) {
        for context in self.ticks.take_due(now_ns) {
            let exchange = self.live.borrow().get(&context).cloned();
            let Some(exchange) = exchange else { continue };
            if abi::enter(context).is_ok()
                && let Ok(mut exchange) = exchange.try_borrow_mut()
            {
                let _ = exchange.on(Input::Tick, &mut WasmHost::new(context, self.ticks.clone()));
            }
        }
        let _ = abi::enter(self.context);
    }
}

impl Context for Root {}

impl RootContext for Root {
    fn on_configure(&mut self, _size: usize) -> bool {
        let json = abi::buffer(Buffer::PluginConfiguration, usize::MAX).unwrap_or_default();
        match Engine::load(&json, MODULES.with(|modules| *modules.borrow())) {
            Ok(engine) => {
                self.engine = Some(Rc::new(engine));
                self.ticks.start();
                true
            }
            Err(error) => {
                abi::log_error(&format!("penstock: configuration refused: {error}"));
                false
            }
        }
    }

    fn on_tick(&mut self) {
        let now_ns = abi::now_ns();
        self.tick_streams(now_ns);
        if let Some(engine) = &self.engine {
            engine.on_tick(now_ns, &mut WasmHost::new(self.context, self.ticks.clone()));
        }
        self.ticks.settle(abi::now_ns());
    }

    fn create_http_context(&self, context: u32) -> Option<Box<dyn HttpContext>> {
        // An engine that was refused serves nothing: the host never opens streams on it.
        let engine = self.engine.clone()?;
        let exchange = Rc::new(RefCell::new(Exchange::new(engine)));
        self.live.borrow_mut().insert(context, exchange.clone());
        Some(Box::new(Stream {
            context,
            exchange,
            ticks: self.ticks.clone(),
            live: self.live.clone(),
        }))
    }

    fn get_type(&self) -> Option<ContextType> {
        Some(ContextType::HttpContext)
    }
}

/// One HTTP stream.
struct Stream {
    context: u32,
    exchange: Rc<RefCell<Exchange>>,
    ticks: Rc<Ticks>,
    live: Live,
}

impl Stream {
    fn on(&self, input: Input) -> Action {
        let mut host = WasmHost::new(self.context, self.ticks.clone());
        match self.exchange.try_borrow_mut() {
            Ok(mut exchange) => match exchange.on(input, &mut host) {
                Flow::Continue => Action::Continue,
                Flow::Pause => Action::Pause,
            },
            // The host called back into a stream that is at work. Envoy defers such calls.
            Err(_) => {
                abi::log_error("penstock: callback while another runs on the same stream");
                let _ = host.close();
                Action::Pause
            }
        }
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        self.ticks.forget(self.context);
        if let Ok(mut live) = self.live.try_borrow_mut() {
            live.remove(&self.context);
        }
    }
}

impl Context for Stream {
    fn on_http_call_response(&mut self, call: u32, headers: usize, body: usize, _trailers: usize) {
        let status = if headers == 0 {
            None
        } else {
            abi::field(Map::CallReplyHeaders, ":status").ok()
        };
        let status = status
            .and_then(|status| std::str::from_utf8(&status).ok()?.parse().ok())
            .unwrap_or(0);
        let body = abi::buffer(Buffer::CallReply, body.min(MAX_REPLY_BYTES)).unwrap_or_default();
        let _ = self.on(Input::Reply {
            call,
            reply: Reply { status, body },
        });
    }
}

impl HttpContext for Stream {
    fn on_http_request_headers(&mut self, _fields: usize, end: bool) -> Action {
        self.on(Input::RequestHeaders { end })
    }

    fn on_http_request_body(&mut self, size: usize, end: bool) -> Action {
        self.on(Input::RequestBody { size, end })
    }

    fn on_http_request_trailers(&mut self, _fields: usize) -> Action {
        self.on(Input::RequestTrailers)
    }

    fn on_http_response_headers(&mut self, _fields: usize, end: bool) -> Action {
        self.on(Input::ResponseHeaders { end })
    }

    fn on_http_response_body(&mut self, size: usize, end: bool) -> Action {
        self.on(Input::ResponseBody { size, end })
    }

    fn on_http_response_trailers(&mut self, _fields: usize) -> Action {
        self.on(Input::ResponseTrailers)
    }

    fn on_log(&mut self) {
        let _ = self.on(Input::End);
    }
}
