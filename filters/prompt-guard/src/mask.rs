//! A text as the redactor would send it: personal data and secrets by their names alone.

/// Puts the name of each find in its place.
#[cfg(feature = "mask")]
pub(crate) fn masked(text: &str) -> String {
    let scanner = penstock_text_scan::Scanner::default();
    let (mut masked, mut at) = (String::with_capacity(text.len()), 0);
    for find in scanner.scan(text) {
        masked.push_str(text.get(at..find.start).unwrap_or_default());
        masked.push('[');
        masked.push_str(scanner.rule(find.rule).entity);
        masked.push(']');
        at = find.end;
    }
    masked.push_str(text.get(at..).unwrap_or_default());
    masked
}

/// This module cannot: a configuration that would need it is refused.
#[cfg(not(feature = "mask"))]
pub(crate) fn masked(_text: &str) -> String {
    String::new()
}
