//! A tag of HTML: what it does when it is shown.

use super::target::{Use, judge, unescaped};
use crate::output::MarkupSettings;
use crate::rule::Known;

/// Elements that embed something, whatever their attributes are. Without any they do nothing, and may be names of types:
/// `List<Object>`.
const EMBEDDING: &[&str] = &[
    "iframe", "object", "embed", "applet", "base", "frame", "frameset", "portal",
];
/// Events of HTML and SVG, behind `on`.
const EVENTS: &[&str] = &[
    "abort",
    "auxclick",
    "beforeinput",
    "beforematch",
    "beforeprint",
    "beforetoggle",
    "beforeunload",
    "begin",
    "blur",
    "bounce",
    "cancel",
    "change",
    "click",
    "close",
    "command",
    "contentvisibilityautostatechange",
    "contextmenu",
    "copy",
    "cuechange",
    "cut",
    "dblclick",
    "drop",
    "durationchange",
    "emptied",
    "end",
    "ended",
    "error",
    "finish",
    "formdata",
    "fullscreenchange",
    "fullscreenerror",
    "gotpointercapture",
    "hashchange",
    "input",
    "invalid",
    "languagechange",
    "lostpointercapture",
    "message",
    "messageerror",
    "offline",
    "online",
    "pagehide",
    "pagereveal",
    "pageshow",
    "pageswap",
    "paste",
    "pause",
    "popstate",
    "progress",
    "ratechange",
    "readystatechange",
    "rejectionhandled",
    "repeat",
    "reset",
    "resize",
    "search",
    "securitypolicyviolation",
    "select",
    "selectionchange",
    "selectstart",
    "show",
    "slotchange",
    "stalled",
    "start",
    "storage",
    "submit",
    "suspend",
    "timeupdate",
    "toggle",
    "unhandledrejection",
    "unload",
    "volumechange",
    "waiting",
    "wheel",
];
/// How the rest of them begin.
const FAMILIES: &[&str] = &[
    "afterprint",
    "afterscriptexecute",
    "animation",
    "beforecopy",
    "beforecut",
    "beforepaste",
    "beforescriptexecute",
    "canplay",
    "drag",
    "focus",
    "key",
    "load",
    "mouse",
    "play",
    "pointer",
    "scroll",
    "seek",
    "snap",
    "touch",
    "transition",
    "webkit",
];
/// Attributes that hold an address.
const ADDRESSES: &[&str] = &[
    "src",
    "href",
    "srcset",
    "action",
    "formaction",
    "xlink:href",
    "data",
    "poster",
    "background",
    "ping",
    "lowsrc",
];

/// Elements that load something, or are shown as soon as they are there.
const LOADING: &[&str] = &[
    "img", "image", "video", "audio", "source", "track", "input", "svg", "math", "body", "link", "style",
    "meta", "form", "button", "details", "table", "div", "span", "iframe", "object", "embed", "base",
];

/// Whether a tag that is too long to be read to its end may do something.
pub(crate) fn may_load(tag: &str) -> bool {
    let name = tag
        .trim_start_matches('<')
        .split(|c: char| !c.is_ascii_alphanumeric())
        .next();
    name.is_some_and(|name| LOADING.iter().any(|one| name.eq_ignore_ascii_case(one)))
}

/// The rule that a tag breaks. `tag` begins with `<`; the end may be missing.
pub(crate) fn rule(tag: &str, settings: &MarkupSettings) -> Option<Known> {
    let body = tag.strip_prefix('<')?.trim_end_matches('>');
    if let Some(found) = judge(body, Use::Link, settings) {
        return Some(found);
    }
    let body = body.strip_prefix('/').unwrap_or(body);
    let end = body
        .find(|c: char| !c.is_ascii_alphanumeric())
        .unwrap_or(body.len());
    let (name, rest) = body.split_at_checked(end)?;
    let name = name.to_ascii_lowercase();
    let embeds =
        || EMBEDDING.contains(&name.as_str()) && attributes(rest).any(|(_, value)| !value.is_empty());
    if name == "script" || embeds() {
        return Some(Known::Script);
    }
    attributes(rest).find_map(|(key, value)| attribute(&name, key, value, settings))
}

/// Whether an attribute holds script that an event runs. In lower case.
fn is_handler(key: &str) -> bool {
    key.strip_prefix("on").is_some_and(|event| {
        EVENTS.contains(&event) || FAMILIES.iter().any(|family| event.starts_with(family))
    })
}

fn attribute(element: &str, key: &str, value: &str, settings: &MarkupSettings) -> Option<Known> {
    let key = key.to_ascii_lowercase();
    if is_handler(&key) && !value.is_empty()
        || element == "meta" && key == "http-equiv" && value.eq_ignore_ascii_case("refresh")
    {
        return Some(Known::Script);
    }
    if key == "srcdoc" {
        return Some(Known::Script);
    }
    let used = match element {
        "a" | "area" | "form" | "button" => Use::Link,
        _ => Use::Image,
    };
    ADDRESSES
        .contains(&key.as_str())
        .then(|| {
            // Those that list several part them by commas or blanks.
            let whole = unescaped(value);
            judge(&whole, used, settings)
                .or_else(|| whole.split([',', ' ']).find_map(|one| judge(one, used, settings)))
        })
        .flatten()
}

/// Names and values, in or out of quotes.
fn attributes(text: &str) -> impl Iterator<Item = (&str, &str)> {
    let mut rest = text;
    std::iter::from_fn(move || {
        rest = rest.trim_start_matches(|c: char| c.is_whitespace() || matches!(c, '/' | '"' | '\''));
        let end = rest
            .find(|c: char| c.is_whitespace() || matches!(c, '=' | '/' | '>'))
            .unwrap_or(rest.len());
        let (key, behind) = rest.split_at_checked(end)?;
        let Some(value) = behind.trim_start().strip_prefix('=') else {
            rest = if key.is_empty() {
                behind.get(1..).unwrap_or_default()
            } else {
                behind
            };
            return (!key.is_empty() || !rest.is_empty()).then_some((key, ""));
        };
        let value = value.trim_start();
        let (value, behind) = match value.chars().next() {
            Some(quote @ ('"' | '\'')) => {
                let inner = value.get(1..).unwrap_or_default();
                inner.split_once(quote).unwrap_or((inner, ""))
            }
            _ => value.split_at_checked(value.find(char::is_whitespace).unwrap_or(value.len()))?,
        };
        rest = behind;
        Some((key, value))
    })
}
