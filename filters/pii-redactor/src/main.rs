//! The redactor as a wasm module.

fn main() {
    #[cfg(target_family = "wasm")]
    penstock_wasm_host::run(&[penstock_pii_redactor::MODULE]);
}
