//! However a client disguises a model's path, it is read or marked.

#![allow(
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "a test fails by panicking"
)]

use penstock_llm_api::{Head, Target, detect};
use proptest::prelude::*;

const KNOWN: &[&str] = &[
    "/v1/chat/completions",
    "/v1/responses",
    "/openai/deployments/m/embeddings",
    "/v1/messages",
    "/api/generate",
    "/v1beta/models/m:generateContent",
];

/// What a forgiving server takes back.
#[derive(Clone, Copy, Debug)]
enum Disguise {
    DoubleSlash,
    Dot,
    UpAndDown,
    Backslash,
    Escape,
    Parameter,
    OtherCase,
    NotAscii,
}

const DISGUISES: &[Disguise] = &[
    Disguise::DoubleSlash,
    Disguise::Dot,
    Disguise::UpAndDown,
    Disguise::Backslash,
    Disguise::Escape,
    Disguise::Parameter,
    Disguise::OtherCase,
    Disguise::NotAscii,
];

/// Disguises the path at the slash or the letter that `at` picks.
fn disguise(path: &str, how: Disguise, at: usize) -> String {
    let slashes: Vec<usize> = path.match_indices('/').map(|(slash, _)| slash).collect();
    let letters: Vec<usize> = path
        .char_indices()
        .filter(|(at, c)| c.is_ascii_lowercase() && !path[..*at].ends_with(['%', '2', '5', ';']))
        .map(|(letter, _)| letter)
        .collect();
    let pick = |places: &[usize]| places.get(at % places.len().max(1)).copied();
    let replace = |at: Option<usize>, with: &dyn Fn(&str) -> String| match at {
        Some(at) => format!("{}{}{}", &path[..at], with(&path[at..=at]), &path[at + 1..]),
        None => path.to_owned(),
    };
    match how {
        Disguise::DoubleSlash => replace(pick(&slashes), &|_| "//".to_owned()),
        Disguise::Dot => replace(pick(&slashes), &|_| "/./".to_owned()),
        Disguise::UpAndDown => replace(pick(&slashes), &|_| "/x/../".to_owned()),
        Disguise::Backslash => replace(pick(&slashes), &|_| "\\".to_owned()),
        Disguise::Escape => replace(
            pick(&slashes).filter(|_| at.is_multiple_of(2)).or(pick(&letters)),
            &|own| format!("%{:02x}", own.as_bytes()[0]),
        ),
        Disguise::Parameter => replace(pick(&slashes).filter(|slash| *slash > 0), &|_| ";p=1/".to_owned()),
        Disguise::OtherCase => replace(pick(&letters), &str::to_ascii_uppercase),
        Disguise::NotAscii => replace(pick(&letters), &|own| format!("{own}\u{fffd}")),
    }
}

fn post(path: &str) -> Target {
    let head = Head {
        method: "POST",
        path,
        ..Head::default()
    };
    detect(&head, &[])
}

proptest! {
    #[test]
    fn no_disguise_hides_a_model(
        known in prop::sample::select(KNOWN),
        steps in prop::collection::vec((prop::sample::select(DISGUISES), 0usize..40), 0..5),
    ) {
        let path = steps
            .iter()
            .fold(known.to_owned(), |path, (how, at)| disguise(&path, *how, *at));
        let target = post(&path);
        prop_assert!(target.api.is_some() != target.ambiguous_path, "{path}");
    }

    #[test]
    fn any_path_has_an_answer(path in "[/a-zA-Z0-9%.;:?#\\\\ \u{e9}\u{0}]{0,80}") {
        let target = post(&path);
        prop_assert!(!(target.api.is_some() && target.ambiguous_path), "{path}");
    }
}
