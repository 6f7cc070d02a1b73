//! The tables of `view` are what `examples/tables` writes.

#[path = "../examples/tables/fold.rs"]
mod fold;
#[path = "../examples/tables/pack.rs"]
mod pack;

#[test]
fn tables_are_as_generated_and_small() {
    let tables = pack::Tables::new();
    let kept = include_str!("../src/view/table.rs");
    assert!(
        tables.source() == kept,
        "run: cargo run -p penstock-text-scan --example tables"
    );
    assert!(tables.bytes() < 16 * 1024, "{} bytes", tables.bytes());
}
