//! The probe as a wasm module, with the meter beside it: what dies in one takes the other's exchanges along.

fn main() {
    #[cfg(target_family = "wasm")]
    penstock_wasm_host::run(&[penstock_token_meter::MODULE, penstock_probe_filter::MODULE]);
}
