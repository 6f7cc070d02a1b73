//! What arrives: times, lengths and prefixes, read from CSV or JSON lines.

use std::path::Path;
use std::sync::Arc;

use serde_json::Value;

/// A prompt or an answer of more tokens is a slip.
const MOST_TOKENS: f64 = 1e8;

/// Requests that once came to a model.
#[derive(Clone, Debug)]
pub struct Trace {
    records: Vec<Record>,
    rate: f64,
}

/// One request of a trace.
#[derive(Clone, Debug, PartialEq)]
pub struct Record {
    /// Seconds from any start.
    pub arrival: f64,
    /// Tokens of the prompt.
    pub input: usize,
    /// Tokens of the answer.
    pub output: usize,
    /// Names of the prompt's prefixes by 512 tokens; may be empty.
    pub blocks: Arc<[u64]>,
}

impl Trace {
    /// A trace of at least two requests that did not all come at once. They may be given in any order, as logs are that
    /// are written when answers end.
    pub fn new(mut records: Vec<Record>) -> Result<Self, String> {
        records.sort_by(|one, other| one.arrival.total_cmp(&other.arrival));
        let span = match (records.first(), records.last()) {
            (Some(first), Some(last)) => last.arrival - first.arrival,
            _ => 0.0,
        };
        if !(span > 0.0 && span.is_finite()) {
            return Err("a trace needs two requests, the last of them later than the first".to_owned());
        }
        let rate = records.len() as f64 / span;
        Ok(Self { records, rate })
    }

    /// Reads a file: JSON lines when its name ends in `.jsonl`, else CSV.
    pub fn read(path: &Path) -> Result<Self, String> {
        let text = std::fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))?;
        let parsed = match path.extension() {
            Some(extension) if extension == "jsonl" => Self::from_jsonl(&text),
            _ => Self::from_csv(&text),
        };
        parsed.map_err(|error| format!("{}: {error}", path.display()))
    }

    /// Reads `arrival,input,output[,blocks]`: seconds, tokens, tokens, and numbers apart by spaces. A first line may
    /// hold names; then blocks are the column of that name, or of the name `prefix`. Other columns, empty lines and lines
    /// after `#` are passed over.
    pub fn from_csv(text: &str) -> Result<Self, String> {
        let mut records = Vec::new();
        let mut blocks_column = Some(3);
        let mut first = true;
        for (index, line) in text.lines().enumerate() {
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let names = std::mem::take(&mut first) && line.starts_with(|first: char| first.is_alphabetic());
            if names {
                blocks_column = line.split(',').position(|name| {
                    ["blocks", "prefix"]
                        .iter()
                        .any(|known| name.trim().eq_ignore_ascii_case(known))
                });
            } else {
                let record = csv_record(line, blocks_column);
                records.push(record.map_err(|error| format!("line {}: {error}", index + 1))?);
            }
        }
        Self::new(records)
    }

    /// Reads one object a line: `{"t": seconds, "in": tokens, "out": tokens, "h": [numbers]}`, or as Mooncake's traces
    /// have it, `{"timestamp": milliseconds, "input_length": .., "output_length": .., "hash_ids": [..]}`.
    pub fn from_jsonl(text: &str) -> Result<Self, String> {
        let lines = text
            .lines()
            .enumerate()
            .filter(|(_, line)| !line.trim().is_empty());
        let records = lines.map(|(index, line)| {
            let value = serde_json::from_str(line).map_err(|_| "no JSON".to_owned());
            let record = value.and_then(|value: Value| json_record(&value));
            record.map_err(|error| format!("line {}: {error}", index + 1))
        });
        Self::new(records.collect::<Result<_, _>>()?)
    }

    /// Seconds from the first to the last.
    pub fn span(&self) -> f64 {
        self.records.len() as f64 / self.rate
    }

    /// The requests, in the order they came.
    pub fn records(&self) -> &[Record] {
        &self.records
    }

    /// Requests a second.
    pub fn rate(&self) -> f64 {
        self.rate
    }
}

fn csv_record(line: &str, blocks_column: Option<usize>) -> Result<Record, String> {
    let fields: Vec<&str> = line.split(',').map(str::trim).collect();
    let number = |column: usize, name: &str| {
        let field = fields
            .get(column)
            .ok_or_else(|| format!("no {name}; arrival,input,output[,blocks] expected"))?;
        field.parse::<f64>().map_err(|_| format!("{name} is no number"))
    };
    let (arrival, input, output) = (number(0, "arrival")?, number(1, "input")?, number(2, "output")?);
    let blocks = blocks_column
        .and_then(|column| fields.get(column))
        .copied()
        .unwrap_or_default();
    let blocks: Option<Arc<[u64]>> = blocks
        .split_whitespace()
        .map(|block| block.parse().ok())
        .collect();
    record(
        arrival,
        input,
        output,
        blocks.ok_or("blocks are not whole numbers apart by spaces")?,
    )
}

fn json_record(value: &Value) -> Result<Record, String> {
    let field = |names: [&str; 2]| {
        let found = names.iter().find_map(|name| value.get(*name));
        found
            .and_then(Value::as_f64)
            .ok_or_else(|| format!("{:?} is no number", names[0]))
    };
    let arrival = match value.get("timestamp").and_then(Value::as_f64) {
        Some(milliseconds) => milliseconds / 1e3,
        None => field(["t", "arrival"])?,
    };
    let listed = ["h", "hash_ids"]
        .iter()
        .find_map(|name| value.get(*name))
        .and_then(Value::as_array);
    let blocks: Option<Arc<[u64]>> = listed.into_iter().flatten().map(Value::as_u64).collect();
    let blocks = blocks.ok_or("\"h\" holds something else than whole numbers")?;
    record(
        arrival,
        field(["in", "input_length"])?,
        field(["out", "output_length"])?,
        blocks,
    )
}

fn record(arrival: f64, input: f64, output: f64, blocks: Arc<[u64]>) -> Result<Record, String> {
    if !arrival.is_finite() {
        return Err("arrival is not finite".to_owned());
    }
    for tokens in [input, output] {
        if !(0.0..=MOST_TOKENS).contains(&tokens) {
            return Err(format!("{tokens} tokens; 0 to {MOST_TOKENS}"));
        }
    }
    Ok(Record {
        arrival,
        input: input as usize,
        output: output as usize,
        blocks,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn csv_with_and_without_names() {
        let plain = Trace::from_csv("0,10,20\n\n# later\n2.5, 11,21,7 8 9\n").unwrap();
        let named = "arrival_s,input_tokens,output_tokens,queue_s,blocks\n0,10,20,0\n2.5,11,21,4,7 8 9";
        assert_eq!(plain.records(), Trace::from_csv(named).unwrap().records());
        assert_eq!(plain.records()[1].blocks.as_ref(), [7, 8, 9]);
        assert_eq!(plain.rate(), 0.8);
        let prefix = Trace::from_csv(&named.replace("blocks", "Prefix")).unwrap();
        assert_eq!(plain.records(), prefix.records());
    }

    #[test]
    fn the_order_of_lines_does_not_matter() {
        let sorted = Trace::from_csv("0,1,1\n1,2,2\n2,3,3").unwrap();
        let unsorted = Trace::from_csv("1,2,2\n2,3,3\n0,1,1").unwrap();
        assert_eq!(sorted.records(), unsorted.records());
        assert_eq!(sorted.span(), 2.0);
    }

    #[test]
    fn two_spellings_of_json() {
        let short = Trace::from_jsonl(
            "{\"t\":0,\"in\":5,\"out\":1,\"h\":[]}\n{\"t\":1.5,\"in\":6,\"out\":2,\"h\":[3]}",
        );
        let long = Trace::from_jsonl(concat!(
            "{\"timestamp\":0,\"input_length\":5,\"output_length\":1,\"hash_ids\":[]}\n",
            "{\"timestamp\":1500,\"input_length\":6,\"output_length\":2,\"hash_ids\":[3]}\n",
        ));
        assert_eq!(short.unwrap().records(), long.unwrap().records());
    }

    #[test]
    fn errors_name_the_line() {
        let error = |text| Trace::from_csv(text).unwrap_err();
        assert_eq!(error("t,in,out\n0,1,1\n1,x,1"), "line 3: input is no number");
        assert_eq!(
            error("0,1,1\n1,5"),
            "line 2: no output; arrival,input,output[,blocks] expected"
        );
        assert_eq!(error("0,1,1\n1,-5,1"), "line 2: -5 tokens; 0 to 100000000");
        assert_eq!(
            error("0,1,1\n1,5,1,x"),
            "line 2: blocks are not whole numbers apart by spaces"
        );
        assert_eq!(error("0,1,1\nNaN,5,1"), "line 2: arrival is not finite");
        assert!(error("0,1,1").starts_with("a trace needs two requests"));
        assert!(error("").starts_with("a trace needs two requests"));
        assert_eq!(Trace::from_jsonl("{}").unwrap_err(), "line 1: \"t\" is no number");
        assert_eq!(Trace::from_jsonl("\n[").unwrap_err(), "line 2: no JSON");
    }
}
