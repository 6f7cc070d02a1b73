//! Which GPUs serve.

use std::sync::Arc;

use penstock_gpu_model::Gpu;

/// More than this is a slip of the keyboard.
const MOST_BACKENDS: usize = 4096;

/// A fleet by name or by parts: `2xH100+A100`.
///
/// * `het`: 2 H100, 2 RTX PRO 6000, 2 A100, 2 RTX 4090
/// * `long`: 2 H100, 3 RTX PRO 6000, 3 A100; for prompts that an RTX 4090 cannot hold
/// * `homo`: 8 A100
/// * `big`: 8 of each of `het`
pub fn parse(text: &str) -> Result<Vec<Arc<Gpu>>, String> {
    let parts = match text {
        "het" => "2xH100+2xRTXPRO6000+2xA100+2xRTX4090",
        "long" => "2xH100+3xRTXPRO6000+3xA100",
        "homo" => "8xA100",
        "big" => "8xH100+8xRTXPRO6000+8xA100+8xRTX4090",
        parts => parts,
    };
    let mut fleet = Vec::new();
    for part in parts.split('+') {
        let (count, name) = counted(part);
        let gpu = Gpu::named(name).ok_or_else(|| unknown(name))?;
        if count == 0 || fleet.len() + count > MOST_BACKENDS {
            return Err(format!("fleet {text:?}: 1 to {MOST_BACKENDS} servers"));
        }
        fleet.extend(std::iter::repeat_n(gpu, count));
    }
    Ok(fleet)
}

/// `3xA100` is 3 of A100, `A100` is one.
fn counted(part: &str) -> (usize, &str) {
    let counted = part
        .split_once('x')
        .and_then(|(count, name)| Some((count.parse().ok()?, name)));
    counted.unwrap_or((1, part))
}

fn unknown(name: &str) -> String {
    let known: Vec<&str> = Gpu::known().iter().map(|gpu| gpu.name.as_str()).collect();
    format!(
        "no GPU {name:?}; there are {}, and the fleets het, long, homo, big",
        known.join(", ")
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fleets_have_names_and_parts() {
        assert_eq!(parse("het").unwrap().len(), 8);
        let mixed = parse("2xH100+RTX4090").unwrap();
        let names: Vec<&str> = mixed.iter().map(|gpu| gpu.name.as_str()).collect();
        assert_eq!(names, ["H100", "H100", "RTX4090"]);
    }

    #[test]
    fn what_is_no_fleet_is_told() {
        assert!(
            parse("H200")
                .unwrap_err()
                .starts_with("no GPU \"H200\"; there are RTX4090, ")
        );
        assert!(parse("0xA100").is_err());
        assert!(parse("99999999999xA100").is_err());
        assert!(parse("").is_err());
    }
}
