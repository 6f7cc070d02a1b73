//! Which GPUs a fleet is made of.

use std::collections::BTreeMap;
use std::sync::Arc;

use penstock_gpu_model::Gpu;

/// Most backends of one fleet.
const MAX_BACKENDS: usize = 256;

/// `het`, `long`, `homo` and `big`, or a list such as `2xH100+A100` or `H100,H100,A100`.
pub fn parse(text: &str) -> Result<Vec<Arc<Gpu>>, String> {
    let list = match text {
        "het" => "2xH100+2xRTXPRO6000+2xA100+2xRTX4090",
        "long" => "2xH100+3xRTXPRO6000+3xA100",
        "homo" => "8xA100",
        "big" => "8xH100+8xRTXPRO6000+8xA100+8xRTX4090",
        list => list,
    };
    let mut gpus = Vec::new();
    for part in list.split(['+', ',']) {
        let (count, name) = match part.split_once('x') {
            Some((count, name)) => (
                count
                    .parse()
                    .map_err(|_| format!("{part}: takes COUNTxGPU or GPU"))?,
                name,
            ),
            None => (1, part),
        };
        if gpus.len() + count > MAX_BACKENDS {
            return Err(format!("a fleet has at most {MAX_BACKENDS} GPUs"));
        }
        gpus.extend(std::iter::repeat_n(gpu(name)?, count));
    }
    Ok(gpus)
}

pub fn gpu(name: &str) -> Result<Arc<Gpu>, String> {
    Gpu::named(name).ok_or_else(|| {
        let known: Vec<&str> = Gpu::known().iter().map(|gpu| gpu.name.as_str()).collect();
        format!("there is no GPU {name}, but {}", known.join(", "))
    })
}

/// `H100-1`, `H100-2`, `A100-1`.
pub fn names(gpus: &[Arc<Gpu>]) -> Vec<String> {
    let mut counts: BTreeMap<&str, u32> = BTreeMap::new();
    gpus.iter()
        .map(|gpu| {
            let count = counts.entry(&gpu.name).or_default();
            *count += 1;
            format!("{}-{count}", gpu.name)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fleet_is_a_name_or_a_list() {
        assert_eq!(parse("het").unwrap().len(), 8);
        let gpus = parse("2xH100,A100").unwrap();
        assert_eq!(names(&gpus), ["H100-1", "H100-2", "A100-1"]);
        assert!(parse("3xH9000").unwrap_err().contains("RTX4090"));
        assert!(parse("999xA100").is_err());
    }
}
