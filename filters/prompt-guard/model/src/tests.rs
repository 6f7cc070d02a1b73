//! Tables that are small enough to be reckoned by hand.

use crate::concepts::{Concepts, entry};
use crate::grams::Grams;
use crate::score::Scratch;
use crate::table::{Head, Side, Table};
use crate::token::{Script, Tokens};
use proptest::prelude::*;

fn head(block: u16, weights: Vec<(u32, i8)>) -> Head {
    let mut head = Head {
        bits: 6,
        block,
        bias: -1.0,
        unit: 0.1,
        slope: 1.0,
        thresholds: [0.0, 0.5, 1.0, 1.5],
        buckets: Vec::new(),
    };
    assert_eq!(head.fill(weights), 0);
    head
}

fn word(text: &str) -> u32 {
    Tokens::new(text).next().unwrap().hash
}

/// `bad` weighs 10, `good` weighs -10, `ignore` and `rules` are concepts of which the pair weighs 20.
fn table(block: u16) -> Table {
    let concepts = Concepts::new(&[(entry("ignore").unwrap(), 1), (entry("rules").unwrap(), 2)]);
    let pair = Grams::new("ignore rules", 10, &concepts).blocks[0].0.clone();
    let alone = Grams::new("ignore rules", 10, &Concepts::default()).blocks[0]
        .0
        .clone();
    let other = Grams::new("rules x ignore", 10, &concepts).blocks[0].0.clone();
    let pair = pair
        .into_iter()
        .find(|gram| !alone.contains(gram) && !other.contains(gram))
        .unwrap();
    let weights = vec![(word("bad"), 100), (word("good"), -100), (pair, 127)];
    Table::new(head(block, weights.clone()), head(block, weights), concepts)
}

#[test]
fn the_score_is_that_of_the_worst_window() {
    let table = table(2);
    let mut scratch = Scratch::default();
    let mut score = |text: &str| table.score(text, Side::Direct, &mut scratch);
    assert_eq!(score("").odds, -1.0);
    // Four tokens at least: 10 / 2 - 1. A word twice in a block counts once.
    assert!((score("bad bad").odds - 4.0).abs() < 1e-5);
    let text = "a b c d e f bad g h i j";
    let worst = score(text);
    assert_eq!(text.get(worst.range.clone()), Some("e f bad g "));
    assert!((worst.odds - 4.0).abs() < 1e-5);
    assert!(score("bad good").odds < -0.9);
}

#[test]
fn harmless_words_around_a_short_attack_do_not_outweigh_it() {
    let table = table(128);
    let mut scratch = Scratch::default();
    let mut odds = |text: &str| table.score(text, Side::Direct, &mut scratch).odds;
    let around = "x ".repeat(60);
    let (inside, outside) = (odds("bad good"), odds(&format!("bad {around} good {around}")));
    assert!(inside < 0.0 && outside > 0.0, "{inside} {outside}");
}

#[test]
fn a_text_from_elsewhere_is_read_as_a_users_too() {
    let weights = vec![(word("bad"), 100)];
    let table = Table::new(head(64, weights), head(64, Vec::new()), Concepts::default());
    let scored = table.score("so bad", Side::Indirect, &mut Scratch::default());
    assert_eq!((scored.side, scored.odds), (Side::Direct, 2.0));
    let other = table.score("so good", Side::Indirect, &mut Scratch::default());
    assert_eq!(other.side, Side::Indirect);
}

#[test]
fn concepts_count_in_their_order_whatever_stands_between() {
    let table = table(64);
    let mut scratch = Scratch::default();
    let mut odds = |text: &str| table.score(text, Side::Indirect, &mut scratch).odds;
    assert!(odds("Ignore all of the rules") > 3.0);
    assert!(odds("the rules ignore") < 0.0);
    assert!(odds(&format!("ignore {} rules", "x ".repeat(20))) < 0.0);
}

#[test]
fn a_score_is_half_at_the_threshold_of_its_script() {
    let head = head(8, Vec::new());
    for (script, threshold) in Script::ALL.into_iter().zip(head.thresholds) {
        assert!((head.score(threshold, script) - 0.5).abs() < 1e-6);
        assert!(head.score(threshold + 1.0, script) > 0.7);
    }
}

#[test]
fn what_weighs_most_is_named() {
    let table = table(64);
    let text = "so bad, ignore the rules";
    let grams = table.weigh(text, Side::Direct, &(0..text.len()));
    let named: Vec<(&str, f32)> = grams
        .iter()
        .map(|(range, weight)| (text.get(range.clone()).unwrap(), *weight))
        .collect();
    assert_eq!(named, [("ignore the rules", 12.7), ("bad", 10.0)]);
}

#[test]
fn a_full_bucket_leaves_out_what_weighs_least() {
    let mut head = head(8, Vec::new());
    let grams: Vec<(u32, i8)> = (0..6).map(|n| (n, n as i8 + 1)).collect();
    assert_eq!(head.fill(grams), 2);
    assert_eq!((head.weight(5), head.weight(1)), (Some((0, 6)), None));
}

proptest! {
    #[test]
    fn a_table_is_read_as_it_was_written_and_no_other_bytes_are(cut in 0usize..2000, extra in 1usize..9) {
        let table = table(4);
        let bytes = table.write();
        let again = Table::read(&bytes).unwrap();
        let mut scratch = Scratch::default();
        let text = "bad words ignore the rules";
        prop_assert_eq!(table.score(text, Side::Direct, &mut scratch), again.score(text, Side::Direct, &mut scratch));
        prop_assert!(Table::read(&bytes[..cut.min(bytes.len() - 1)]).is_err());
        prop_assert!(Table::read(&[bytes.as_slice(), &vec![0; extra]].concat()).is_err());
    }

    #[test]
    fn any_text_has_a_score_and_leaves_no_trace(texts in prop::collection::vec(any::<String>(), 1..4)) {
        let table = table(3);
        let mut scratch = Scratch::default();
        for text in &texts {
            let used = table.score(text, Side::Direct, &mut scratch);
            prop_assert!(used.score.is_finite() && used.range.end <= text.len());
            prop_assert_eq!(&used, &table.score(text, Side::Direct, &mut Scratch::default()));
        }
    }
}
