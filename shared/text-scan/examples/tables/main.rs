//! Writes `src/view/table.rs` from the data of Unicode: `cargo run -p penstock-text-scan --example tables`.

mod fold;
mod pack;

use std::io::Write;

fn main() -> std::io::Result<()> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/src/view/table.rs");
    let tables = pack::Tables::new();
    std::fs::write(path, tables.source())?;
    writeln!(std::io::stdout(), "{} bytes of data", tables.bytes())
}
