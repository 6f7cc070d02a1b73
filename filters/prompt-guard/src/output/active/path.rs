//! Paths that lead out of where a tool should stay.

use super::begins_word;
use super::text::Text;
use std::ops::Range;

/// So many steps up in a row lead out of everything.
const MAX_STEPS_UP: usize = 3;

/// Places that hold secrets of a machine, in lower case, with `/` for every slash.
const PLACES: &[&str] = &[
    "/etc/",
    "/proc/self",
    "/proc/1/",
    "/root/",
    "/dev/mem",
    "/var/run/secrets/",
    "/run/secrets/",
    "/var/run/docker.sock",
    "/var/log/auth",
    "~/.ssh",
    "~root/",
    "/.ssh/",
    "/.aws/credentials",
    "/.kube/config",
    "/.docker/config.json",
    "/.git-credentials",
    "c:/windows",
    "c:/users/administrator",
    "c:/boot.ini",
    "/system32/config/",
];

/// The first such path.
pub(super) fn find(text: &Text) -> Option<Range<usize>> {
    let slashed = text.slashed();
    let plain = slashed.as_ref().unwrap_or(text);
    encoded(text)
        .or_else(|| climbs(plain.as_str()))
        .or_else(|| placed(plain))
}

/// A step up that is written so that nobody sees it.
fn encoded(text: &Text) -> Option<Range<usize>> {
    const FORMS: &[&str] = &[
        "%2e%2e",
        "%252e%252e",
        ".%2e/",
        "%2e./",
        "..%2f",
        "..%5c",
        "..%252f",
        "..%c0%af",
        "%uff0e%uff0e",
        "..;/",
        "....//",
        "..../\\",
    ];
    FORMS
        .iter()
        .find_map(|form| text.all(form).next().map(|at| at..at + form.len()))
}

/// Many steps up, or some that end in a place of the machine.
fn climbs(text: &str) -> Option<Range<usize>> {
    let mut from = 0;
    while let Some(at) = text.get(from..)?.find("../").map(|at| from + at) {
        let rest = text.get(at..)?;
        let behind = rest.trim_start_matches("../");
        let steps = (rest.len() - behind.len()) / 3;
        let is_place = [
            "etc/", "proc/", "root/", "windows/", "var/", "home/", ".ssh", ".aws",
        ]
        .iter()
        .any(|place| behind.starts_with(place));
        if steps >= MAX_STEPS_UP && is_place
            || steps > 2 * MAX_STEPS_UP
            || is_place && behind.starts_with("etc/")
        {
            return Some(at..text.len() - behind.len());
        }
        from = text.len() - behind.len();
    }
    None
}

fn placed(text: &Text) -> Option<Range<usize>> {
    PLACES.iter().find_map(|place| {
        text.all(place).find_map(|at| {
            let text = text.as_str();
            let behind = text.get(at + place.len()..)?;
            let goes_on = !place.ends_with('/')
                || behind.starts_with(|c: char| c.is_alphanumeric() || matches!(c, '.' | '*'));
            // A path of the system begins there; one of a home may have a name before it. An address is none.
            let begins = place.starts_with("/.")
                || place.starts_with("/system32")
                || begins_word(text, at) && !text.get(..at)?.ends_with([':', '/', '.', '-']);
            let is_file = text.get(..at)?.ends_with("file://") || text.get(..at)?.ends_with("file:");
            (goes_on && (begins || is_file)).then_some(at..at + place.len())
        })
    })
}
