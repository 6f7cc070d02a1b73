//! Character references of HTML: `&#105;`, `&#x69;`, and the names in common use.

use super::{Attempt, Run, work};

/// Digits of a reference, leading zeros and all.
const DIGITS: usize = 10;
/// Letters of a name.
const NAME: usize = 8;

/// Names and what they stand for.
const NAMES: &str = "amp& lt< gt> quot\" apos' nbsp\u{a0} sol/ bsol\\ colon: semi; comma, period. excl! quest? num# \
    dollar$ percnt% ast* plus+ equals= commat@ lpar( rpar) lsqb[ rsqb] lbrack[ rbrack] lcub{ rcub} lbrace{ rbrace} \
    lowbar_ grave` verbar| vert| Hat^ hyphen- dash- shy\u{ad} ensp\u{a0} emsp\u{a0} thinsp\u{a0} zwnj\u{200c} \
    zwj\u{200d} Tab\t NewLine\n ndash– mdash— hellip… laquo« raquo» ldquo“ rdquo” lsquo‘ rsquo’ bull• middot· copy© \
    reg® trade™ euro€ deg° iquest¿ iexcl¡ szligß ntildeñ Ntildeñ ccedilç aacuteá eacuteé iacuteí oacuteó uacuteú \
    agraveà egraveè igraveì ograveò ugraveù acircâ ecircê icircî ocircô ucircû aumlä eumlë iumlï oumlö uumlü atildeã \
    otildeõ aringå aeligæ oslashø";

/// Reads the references that begin at an offset, one after the other.
pub(super) fn read(text: &str, at: usize) -> Attempt {
    let (mut says, mut end, mut units) = (String::new(), at, 0);
    while let Some((c, next)) = text.get(end..).and_then(reference) {
        says.push(c);
        end += next;
        units += 1;
    }
    if units == 0 {
        return Attempt::Nothing(at + 1);
    }
    Attempt::Read(Run { end, says, units })
}

/// The character of a reference, and the bytes it takes.
fn reference(text: &str) -> Option<(char, usize)> {
    work::count(1);
    let body = text.strip_prefix('&')?;
    let (c, rest) = match body.strip_prefix('#') {
        Some(number) => numeric(number)?,
        None => named(body)?,
    };
    // Browsers read a number without its semicolon too.
    let rest = rest.strip_prefix(';').unwrap_or(rest);
    Some((c, text.len() - rest.len()))
}

fn numeric(number: &str) -> Option<(char, &str)> {
    let (radix, digits) = match number.strip_prefix(['x', 'X']) {
        Some(digits) => (16, digits),
        None => (10, number),
    };
    let len = digits
        .bytes()
        .take(DIGITS + 1)
        .take_while(|byte| char::from(*byte).is_digit(radix))
        .count();
    let (digits, rest) = digits
        .split_at_checked(len)
        .filter(|_| (1..=DIGITS).contains(&len))?;
    let code = u32::from_str_radix(digits, radix).ok()?;
    Some((char::from_u32(code).filter(|_| code != 0)?, rest))
}

fn named(body: &str) -> Option<(char, &str)> {
    let len = body
        .bytes()
        .take(NAME + 1)
        .take_while(u8::is_ascii_alphabetic)
        .count();
    let (name, rest) = body
        .split_at_checked(len)
        .filter(|(_, rest)| rest.starts_with(';'))?;
    let entry = |entry: &str| entry.strip_prefix(name).and_then(single);
    Some((NAMES.split(' ').find_map(entry)?, rest))
}

/// The only character of a text.
fn single(text: &str) -> Option<char> {
    let mut chars = text.chars();
    chars
        .next()
        .filter(|c| chars.next().is_none() && !c.is_ascii_alphabetic())
}
