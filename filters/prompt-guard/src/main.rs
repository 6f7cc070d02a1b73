//! The guard as a wasm module.

fn main() {
    #[cfg(target_family = "wasm")]
    penstock_wasm_host::run(&[penstock_prompt_guard::MODULE]);
}
