//! A trace made up: Poisson arrivals, and lengths spread as those of chats are.

use serde_json::json;

/// Median, spread (of the logarithm) and longest, in tokens. Means are 1,150 and 205, as in Azure's trace of
/// conversations of 2023 (<https://github.com/Azure/AzurePublicDataset>).
const INPUT: Lengths = Lengths {
    median: 900.0,
    sigma: 0.75,
    longest: 6_000,
};
const OUTPUT: Lengths = Lengths {
    median: 129.0,
    sigma: 1.0,
    longest: 1_000,
};
/// Bytes of text that `llm-sim` counts as a token.
const BYTES_A_TOKEN: usize = 4;

struct Lengths {
    median: f64,
    sigma: f64,
    longest: usize,
}

/// Requests in the order of their arrival.
pub struct Trace {
    pub requests: Vec<Request>,
}

pub struct Request {
    /// Seconds after the start.
    pub at: f64,
    pub input: usize,
    pub output: usize,
    /// Makes its text unlike that of others.
    seed: u64,
}

impl Trace {
    pub fn generate(rate: f64, seconds: f64, seed: u64) -> Self {
        let mut random = Random(seed);
        let mut requests = Vec::new();
        let mut at = random.exponential(rate);
        while at < seconds {
            requests.push(Request {
                at,
                input: INPUT.draw(&mut random),
                output: OUTPUT.draw(&mut random),
                seed: random.next(),
            });
            at += random.exponential(rate);
        }
        Self { requests }
    }
}

impl Request {
    /// A streamed chat completion over HTTP/1.1.
    pub fn write(&self) -> Vec<u8> {
        let mut random = Random(self.seed);
        let mut text = String::with_capacity(self.input * BYTES_A_TOKEN);
        while text.len() < self.input * BYTES_A_TOKEN {
            text.push_str(WORDS.get(random.below(WORDS.len())).copied().unwrap_or("water "));
        }
        let body = json!({
            "model": "sim-model", "stream": true, "stream_options": {"include_usage": true},
            "max_tokens": self.output, "ignore_eos": true,
            "messages": [{"role": "user", "content": text}],
        })
        .to_string();
        format!(
            "POST /v1/chat/completions HTTP/1.1\r\nhost: llm.example\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        )
        .into_bytes()
    }
}

const WORDS: [&str; 16] = [
    "water ",
    "turbine ",
    "head ",
    "flow ",
    "valve ",
    "gate ",
    "steel ",
    "pipe ",
    "surge ",
    "shaft ",
    "pressure ",
    "intake ",
    "the ",
    "of ",
    "and ",
    "a ",
];

impl Lengths {
    fn draw(&self, random: &mut Random) -> usize {
        let length = self.median * (self.sigma * random.normal()).exp();
        (length.round() as usize).clamp(1, self.longest)
    }
}

/// SplitMix64 (Steele, Lea, Flood 2014).
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, end: usize) -> usize {
        (self.next() % end as u64) as usize
    }

    /// Above 0, at most 1.
    fn unit(&mut self) -> f64 {
        ((self.next() >> 11) + 1) as f64 / (1_u64 << 53) as f64
    }

    fn exponential(&mut self, rate: f64) -> f64 {
        -self.unit().ln() / rate
    }

    /// Box and Muller.
    fn normal(&mut self) -> f64 {
        let radius = (-2.0 * self.unit().ln()).sqrt();
        radius * (std::f64::consts::TAU * self.unit()).cos()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trace_repeats_and_has_the_means_it_says() {
        let trace = Trace::generate(50.0, 400.0, 7);
        let again = Trace::generate(50.0, 400.0, 7);
        let count = trace.requests.len() as f64;
        assert_eq!(again.requests.len() as f64, count);
        let mean = |of: fn(&Request) -> usize| trace.requests.iter().map(of).sum::<usize>() as f64 / count;
        assert!((count / 20_000.0 - 1.0).abs() < 0.03, "{count}");
        assert!(
            (mean(|r| r.input) / 1_150.0 - 1.0).abs() < 0.05,
            "{}",
            mean(|r| r.input)
        );
        assert!(
            (mean(|r| r.output) / 205.0 - 1.0).abs() < 0.05,
            "{}",
            mean(|r| r.output)
        );
    }

    #[test]
    fn a_request_is_as_long_as_it_says() {
        let trace = Trace::generate(10.0, 10.0, 1);
        for request in &trace.requests {
            let bytes = request.write().len();
            assert!(bytes >= request.input * BYTES_A_TOKEN && bytes < request.input * BYTES_A_TOKEN + 400);
        }
    }
}
