//! The picker as a wasm module.

fn main() {
    #[cfg(target_family = "wasm")]
    penstock_wasm_host::run(&[penstock_cluster_picker::MODULE]);
}
