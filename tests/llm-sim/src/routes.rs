//! Which path is what, and the pages that are no model call.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use http::{HeaderValue, Method, Request, Response, StatusCode, Uri, header};
use http_body_util::{BodyExt, Either, Full};
use hyper::body::Incoming;

use crate::backend::Backend;
use crate::deliver::SETTLE;
use crate::dialect::Dialect;
use crate::dialect::anthropic::{AnthropicCountTokens, AnthropicMessages};
use crate::dialect::custom::Custom;
use crate::dialect::gemini::{self, GeminiCountTokens, GeminiGenerate};
use crate::dialect::gemini_embed::GeminiEmbed;
use crate::dialect::ollama::{self, OllamaChat, OllamaGenerate};
use crate::dialect::ollama_embed::OllamaEmbed;
use crate::dialect::openai_chat::OpenaiChat;
use crate::dialect::openai_completions::OpenaiCompletions;
use crate::dialect::openai_embeddings::OpenaiEmbeddings;
use crate::dialect::responses::OpenaiResponses;
use crate::json::{Format, Json};
use crate::reports::Reports;
use crate::server::{Reply, Site};
use crate::truth::Filter;
use crate::{obj, pages};

pub enum Route {
    Model(&'static dyn Dialect),
    Page(Page),
    /// Anything else: recorded, and answered with a plain acknowledgement.
    Other,
}

#[derive(Clone, Copy)]
pub enum Page {
    Health,
    Metrics,
    Models,
    GeminiModels,
    Tags,
    Version,
    Truth,
    ClearTruth,
    LastRequest,
    Defaults,
    Loads,
    Faults,
    SetFaults,
    ClearFaults,
}

pub fn find(method: &Method, uri: &Uri, backend: &Backend) -> Route {
    let get = method == Method::GET || method == Method::HEAD;
    match uri.path() {
        "/health" | "/healthz" | "/" if get => Route::Page(Page::Health),
        "/metrics" if get => Route::Page(Page::Metrics),
        "/v1/models" if get => Route::Page(Page::Models),
        "/v1beta/models" if get => Route::Page(Page::GeminiModels),
        "/api/tags" if get => Route::Page(Page::Tags),
        "/api/version" if get => Route::Page(Page::Version),
        "/sim/truth" if get => Route::Page(Page::Truth),
        "/sim/truth" if method == Method::DELETE => Route::Page(Page::ClearTruth),
        "/sim/last-request" if get => Route::Page(Page::LastRequest),
        "/sim/defaults" if method == Method::PUT => Route::Page(Page::Defaults),
        "/sim/faults" if get => Route::Page(Page::Faults),
        "/sim/faults" if method == Method::PUT => Route::Page(Page::SetFaults),
        "/sim/faults" if method == Method::DELETE => Route::Page(Page::ClearFaults),
        "/v1/loads" if get && backend.reports == Some(Reports::Sglang) => Route::Page(Page::Loads),
        path if method == Method::POST => model_route(path).map_or(Route::Other, Route::Model),
        _ => Route::Other,
    }
}

fn model_route(path: &str) -> Option<&'static dyn Dialect> {
    match path {
        "/v1/chat/completions" => Some(&OpenaiChat),
        "/v1/responses" => Some(&OpenaiResponses),
        "/v1/completions" => Some(&OpenaiCompletions),
        "/v1/embeddings" => Some(&OpenaiEmbeddings),
        "/v1/messages" => Some(&AnthropicMessages),
        "/v1/messages/count_tokens" => Some(&AnthropicCountTokens),
        "/api/chat" => Some(&OllamaChat),
        "/api/generate" => Some(&OllamaGenerate),
        "/api/embed" => Some(&OllamaEmbed),
        "/custom/infer" => Some(&Custom),
        path => gemini_route(path),
    }
}

/// `/v1beta/models/NAME:method`, and Vertex's longer paths that end so.
fn gemini_route(path: &str) -> Option<&'static dyn Dialect> {
    let (_, method) = path.rsplit_once("/models/")?.1.rsplit_once(':')?;
    match method {
        "generateContent" | "streamGenerateContent" => Some(&GeminiGenerate),
        "embedContent" | "batchEmbedContents" => Some(&GeminiEmbed),
        "countTokens" => Some(&GeminiCountTokens),
        _ => None,
    }
}

/// The decoded query string.
pub fn query(uri: &Uri) -> BTreeMap<String, String> {
    let decode = |text: &str| {
        crate::values::percent_decode(&text.replace('+', " ")).unwrap_or_else(|| text.to_owned())
    };
    let pairs = uri
        .query()
        .unwrap_or_default()
        .split('&')
        .filter(|pair| !pair.is_empty());
    pairs
        .map(|pair| {
            let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
            (decode(key), decode(value))
        })
        .collect()
}

pub async fn page(page: Page, request: Request<Incoming>, site: &Site) -> Reply {
    let mut query = query(request.uri());
    match page {
        Page::Health => full(
            StatusCode::OK,
            "application/json",
            obj! {"status": "ok"}.write(Format::COMPACT),
        ),
        Page::Metrics => match pages::metrics(&site.backend) {
            Some(text) => full(StatusCode::OK, "text/plain; version=0.0.4; charset=utf-8", text),
            None => full(
                StatusCode::NOT_FOUND,
                "text/plain",
                "this server has no metrics\n",
            ),
        },
        Page::Loads => json(&pages::loads(&site.backend)),
        Page::Models => json(&models(site)),
        Page::GeminiModels => json(&gemini::models(&site.backend.models)),
        Page::Tags => json(&ollama::tags(&site.backend.models)),
        Page::Version => json(&obj! {"version": "0.17.4"}),
        Page::Truth => match filter(&mut query) {
            Ok(filter) => json(&site.truth.report(&filter)),
            Err(message) => full(StatusCode::BAD_REQUEST, "text/plain", message),
        },
        Page::ClearTruth => {
            site.truth.clear();
            json(&site.truth.report(&Filter::default()))
        }
        Page::LastRequest => match site.truth.last_request(query.get("id").map(String::as_str)) {
            Some(body) => full(StatusCode::OK, "application/octet-stream", body),
            None => full(StatusCode::NOT_FOUND, "text/plain", "no such request is kept\n"),
        },
        Page::Defaults => set_defaults(request, site).await,
        Page::Faults => json(&site.backend.faults.report(Instant::now())),
        Page::SetFaults => set_faults(request, site).await,
        Page::ClearFaults => {
            site.backend.faults.clear();
            json(&site.backend.faults.report(Instant::now()))
        }
    }
}

fn filter(query: &mut BTreeMap<String, String>) -> Result<Filter, String> {
    let limit = query
        .remove("limit")
        .map(|n| n.parse().map_err(|_| format!("limit={n} is not a number\n")));
    let filter = Filter {
        id: query.remove("id"),
        api: query.remove("api"),
        model: query.remove("model"),
        limit: limit.transpose()?,
    };
    match query.keys().next() {
        Some(key) => Err(format!(
            "unknown filter `{key}`; there are id, api, model and limit\n"
        )),
        None => Ok(filter),
    }
}

/// Puts `key=value; ...` over this backend's default controls, at run time.
async fn set_defaults(request: Request<Incoming>, site: &Site) -> Reply {
    let Ok(text) = text(request).await else {
        return full(StatusCode::BAD_REQUEST, "text/plain", "the body broke off\n");
    };
    match site.backend.defaults().overlaid(&text) {
        Ok(controls) => {
            site.backend.set_defaults(controls);
            full(StatusCode::OK, "text/plain", "ok\n")
        }
        Err(error) => full(StatusCode::BAD_REQUEST, "text/plain", format!("{error}\n")),
    }
}

/// Puts `key=value; ...` over what is wrong with this backend. A restart leaves the answer time to go.
async fn set_faults(request: Request<Incoming>, site: &Site) -> Reply {
    let Ok(text) = text(request).await else {
        return full(StatusCode::BAD_REQUEST, "text/plain", "the body broke off\n");
    };
    match site.backend.faults.set(&text, Instant::now()) {
        Ok(restart) => {
            let faults = Arc::clone(&site.backend.faults);
            tokio::spawn(async move {
                tokio::time::sleep(SETTLE).await;
                restart.into_iter().for_each(|restart| faults.restart(restart));
            });
            full(StatusCode::OK, "text/plain", "ok\n")
        }
        Err(error) => full(StatusCode::BAD_REQUEST, "text/plain", format!("{error}\n")),
    }
}

async fn text(request: Request<Incoming>) -> Result<String, hyper::Error> {
    let body = request.into_body().collect().await?.to_bytes();
    Ok(String::from_utf8_lossy(&body).into_owned())
}

/// <https://platform.openai.com/docs/api-reference/models/list>
fn models(site: &Site) -> Json {
    let model = |id: &String| obj! {"id": id, "object": "model", "created": 1_760_000_000, "owned_by": site.backend.name.as_ref()};
    obj! {"object": "list", "data": site.backend.models.iter().map(model).collect::<Vec<_>>()}
}

pub fn json(body: &Json) -> Reply {
    full(StatusCode::OK, "application/json", body.write(Format::COMPACT))
}

pub fn full(status: StatusCode, content_type: &'static str, body: impl Into<Bytes>) -> Reply {
    let mut response = Response::new(Either::Left(Full::new(body.into())));
    *response.status_mut() = status;
    response
        .headers_mut()
        .insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    response
}
