//! What a configuration says of a text, without an exchange.

use crate::story::ATTACK;
use penstock_llm_api::Scope;
use penstock_prompt_guard::Preview;

#[test]
fn a_scope_that_is_not_read_says_nothing() {
    let preview = Preview::new("{}").unwrap();
    let judged = preview.judge(ATTACK, Scope::System);
    assert!(!judged.flagged && judged.score == 0.0 && judged.rules.is_empty());
    assert!(preview.explain(ATTACK, Scope::System).views.is_empty());
    assert!(preview.judge(ATTACK, Scope::User).flagged);
    let strict = r#"{"policies": [{"rules": ["injection"], "scopes": ["system"], "action": "deny"}]}"#;
    assert!(Preview::new(strict).unwrap().judge(ATTACK, Scope::System).flagged);
}

#[test]
fn the_worst_window_is_told_with_what_weighs_most_either_way() {
    let filler = "The committee met to discuss the budget of the library and adjourned. ".repeat(60);
    let text = [&filler, ATTACK, &filler].concat();
    let explained = Preview::new("{}").unwrap().explain(&text, Scope::User);
    let view = &explained.views[0];
    assert!(view.text[view.window.clone()].contains("Ignore all previous instructions"));
    for side in [true, false] {
        let count = view
            .grams
            .iter()
            .filter(|(_, weight)| (*weight > 0.0) == side)
            .count();
        assert!(count <= 8, "{:?}", view.grams);
    }
    for (at, (words, _)) in view.grams.iter().enumerate() {
        assert!(
            view.grams[..at].iter().all(|(known, _)| known != words),
            "{words}"
        );
    }
}

#[test]
fn letters_that_stand_apart_are_read_joined_and_not_alone() {
    let spaced: String = ATTACK.chars().flat_map(|c| [c, ' ']).collect();
    let explained = Preview::new("{}").unwrap().explain(&spaced, Scope::User);
    let names: Vec<_> = explained.views.iter().map(|view| view.name).collect();
    assert!(
        names.contains(&"joined") && !names.contains(&"canonical"),
        "{names:?}"
    );
    assert!(explained.judged.flagged);
}
