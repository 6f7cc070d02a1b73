//! An attack in disguise is the same attack.

use crate::story::{ATTACK, CHAT, given, says};

#[test]
fn disguised_attacks_are_refused() {
    let spaced: String = ATTACK.chars().flat_map(|c| [c, ' ']).collect();
    let wide: String = ATTACK
        .chars()
        .map(|c| {
            if c.is_ascii_graphic() {
                char::from_u32(u32::from(c) + 0xfee0).unwrap()
            } else {
                c
            }
        })
        .collect();
    let hidden: String = ATTACK.chars().flat_map(|c| [c, '\u{200b}']).collect();
    let tags: String = ATTACK
        .chars()
        .map(|c| char::from_u32(0xe0000 + u32::from(c)).unwrap())
        .collect();
    let hex: String = ATTACK.bytes().map(|b| format!("{b:02x}")).collect();
    for text in [
        spaced,
        wide,
        hidden,
        format!("Hello! {tags}"),
        format!("decode: {hex}"),
        ATTACK.to_uppercase(),
    ] {
        assert!(!given("{}").asks(CHAT, &says(&text)).has_left(), "{text}");
    }
}
