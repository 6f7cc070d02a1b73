//! What stands where a credential would stand: `xxxx`, `your-key-here`, `1234567890abcdef`.

/// Words of samples, in lower case.
const WORDS: [&[u8]; 20] = [
    b"example",
    b"xxxx",
    b"your",
    b"changeme",
    b"change_me",
    b"placeholder",
    b"redacted",
    b"dummy",
    b"insert",
    b"sample",
    b"replace",
    b"secret_here",
    b"key_here",
    b"token_here",
    b"keyhere",
    b"tokenhere",
    b"todo",
    b"####",
    b"****",
    b"....",
];
/// Bytes of a value that are looked at.
const LOOK: usize = 512;
/// Bytes that follow one another (`abc`, `3456`, `aaa`) make a run of at least so many.
const RUN: usize = 3;
/// A value of at least this many bytes has more than [`FEW`] different ones.
const LONG: usize = 10;
const FEW: u32 = 4;

/// Whether a value is made up: by its words, or because most of it are repetitions and sequences.
pub(super) fn is_placeholder(value: &[u8]) -> bool {
    let value = value.get(..LOOK).unwrap_or(value);
    is_monotonous(value) || is_sequence(value) || has_word(value)
}

/// Whether one of [`WORDS`] stands in the value.
fn has_word(value: &[u8]) -> bool {
    let begins = |at: &[u8], word: &[u8]| {
        at.get(..word.len())
            .is_some_and(|at| at.eq_ignore_ascii_case(word))
    };
    value
        .iter()
        .enumerate()
        .filter(|(_, b)| b"excyprdiskt#*.".contains(&b.to_ascii_lowercase()))
        .any(|(at, _)| {
            let rest = value.get(at..).unwrap_or_default();
            WORDS.iter().any(|word| begins(rest, word))
        })
}

/// Whether lower-case `word` stands in `value` in any case.
pub(super) fn contains(value: &[u8], word: &[u8]) -> bool {
    value
        .windows(word.len())
        .any(|part| part.eq_ignore_ascii_case(word))
}

fn is_monotonous(value: &[u8]) -> bool {
    let mut seen = 0u128;
    for b in value.iter().filter(|b| b.is_ascii()) {
        seen |= 1 << b.to_ascii_lowercase();
    }
    value.len() >= LONG && seen.count_ones() <= FEW
}

/// Whether half of the letters and digits are in runs that repeat, rise or fall by one.
fn is_sequence(value: &[u8]) -> bool {
    let (mut all, mut in_runs, mut run, mut step) = (0, 0, 1, None);
    let mut last = 0u8;
    for b in value.iter().filter(|b| b.is_ascii_alphanumeric()) {
        let next = Some(b.wrapping_sub(last)).filter(|step| matches!(step, 0 | 1 | 0xff));
        if next.is_some() && next == step {
            run += 1;
        } else {
            in_runs += if run >= RUN { run } else { 0 };
            run = if next.is_some() { 2 } else { 1 };
        }
        (all, last, step) = (all + 1, *b, next);
    }
    in_runs += if run >= RUN { run } else { 0 };
    all > 0 && in_runs * 2 >= all
}

#[cfg(test)]
mod tests {
    use super::is_placeholder;

    #[test]
    fn samples_are_placeholders() {
        for value in [
            "xxxxxxxxxxxxxxxx",
            "XXXX-XXXX-XXXX",
            "your-api-key",
            "MY_EXAMPLE_KEY9",
            "0000000000000000",
            "abcd1234abcd1234",
            "12345678-1234-1234-1234-123456789012",
            "aaaaaaaa11111111",
            "abcdefghijklmnopqrstuvwxyz",
            "987654321zyxwvut",
            "ababababab12",
            "changeme",
            "abc123def456",
        ] {
            assert!(is_placeholder(value.as_bytes()), "{value}");
        }
    }

    #[test]
    fn random_values_are_none() {
        for value in [
            "q7Zr3xW9tK2m",
            "hunter2",
            "8f14e45fceea167a5a36dedd4bea2543",
            "P@ssw0rd$1",
            "abc9Kd03kfMw",
        ] {
            assert!(!is_placeholder(value.as_bytes()), "{value}");
        }
    }
}
