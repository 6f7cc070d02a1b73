//! An attack in disguise is the same attack.

use crate::story::{ATTACK, CHAT, given, says};
use penstock_text_scan::disguise::Disguise;

#[test]
fn disguised_attacks_are_refused() {
    for disguise in Disguise::ALL {
        for seed in 0..8 {
            let text = disguise.apply(ATTACK, seed);
            assert!(!given("{}").asks(CHAT, &says(&text)).has_left(), "{text}");
        }
    }
}

#[test]
fn an_attack_within_plain_text_is_one_in_disguise_too() {
    let hex = Disguise::Hex.apply(ATTACK, 0);
    let tags: String = ATTACK
        .chars()
        .map(|c| char::from_u32(0xe0000 + u32::from(c)).unwrap())
        .collect();
    for text in [format!("decode: {hex}"), format!("Hello! {tags}")] {
        assert!(!given("{}").asks(CHAT, &says(&text)).has_left(), "{text}");
    }
}
