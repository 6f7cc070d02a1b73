//! The model against a measured run of a real server.
//!
//! ```text
//! cargo run --release -p penstock-gpu-model --example against_vllm -- RTX4090 1000 RUN.csv
//! ```
//!
//! `1000` is what the host adds to each step, in microseconds. RUN.csv has a line of names, then
//! `arrival_s,input_tokens,output_tokens,queue_s,ttft_s,e2e_s`, such as LLMServingSim's runs of vLLM 0.19 with
//! Llama-3.1-8B (bench/examples): RTX4090 with 1000, PROVAL (its RTX PRO 6000) with 3000.
#![allow(clippy::print_stdout, reason = "a program for people")]

use std::error::Error;

use penstock_gpu_model::{Engine, Gpu, Request};

/// When, in seconds, and what.
type Arrival = (f64, Request);
/// A name and what it names.
type Row = (&'static str, fn(&Times) -> f64);

/// Seconds from a request's arrival, and between its tokens.
#[derive(Clone, Copy, Debug, Default)]
struct Times {
    first_token: f64,
    end: f64,
    per_token: f64,
}

impl Times {
    fn new(first_token: f64, end: f64, output: usize) -> Self {
        let per_token = (end - first_token) / output.saturating_sub(1).max(1) as f64;
        Self {
            first_token,
            end,
            per_token,
        }
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [gpu, host_us, run] = arguments.as_slice() else {
        return Err("usage: against_vllm GPU HOST_US RUN.csv".into());
    };
    let gpu = Gpu::named(gpu).ok_or("no such GPU")?;
    let engine = Engine::new(gpu).with_host_us(host_us.parse()?);
    let (requests, measured) = read(&std::fs::read_to_string(run)?)?;
    let modelled = play(engine, &requests)?;
    println!("                     measured     model");
    let rows: [Row; 3] = [
        ("first token", |times| times.first_token),
        ("end", |times| times.end),
        ("per token", |times| times.per_token),
    ];
    for (name, of) in rows {
        let [real, ours] = [&measured, &modelled].map(|times| mean_and_tail(times.iter().map(of).collect()));
        println!("{name:12} mean  {:10.4} {:10.4}", real.0, ours.0);
        println!("{name:12} p99   {:10.4} {:10.4}", real.1, ours.1);
    }
    Ok(())
}

/// Arrivals with their requests, and the times measured.
fn read(text: &str) -> Result<(Vec<Arrival>, Vec<Times>), Box<dyn Error>> {
    let (mut requests, mut measured) = (Vec::new(), Vec::new());
    for line in text.lines().skip(1) {
        let fields = line.split(',').map(str::parse).collect::<Result<Vec<f64>, _>>()?;
        let [arrival, input, output, _, first_token, end] =
            <[f64; 6]>::try_from(fields).map_err(|_| format!("six fields: {line}"))?;
        requests.push((
            arrival,
            Request {
                input: input as usize,
                output: output as usize,
                blocks: [].into(),
            },
        ));
        measured.push(Times::new(first_token, end, output as usize));
    }
    Ok((requests, measured))
}

fn play(mut engine: Engine, requests: &[Arrival]) -> Result<Vec<Times>, Box<dyn Error>> {
    let mut first_tokens = vec![0.0; requests.len()];
    let mut times = vec![Times::default(); requests.len()];
    let mut coming = requests.iter().peekable();
    let mut now = 0.0;
    loop {
        while let Some((_, request)) = coming.next_if(|(arrival, _)| *arrival <= now) {
            engine.submit(request.clone())?;
        }
        let Some(duration) = engine.start_step(now) else {
            let Some((arrival, _)) = coming.peek() else {
                return Ok(times);
            };
            now = *arrival;
            continue;
        };
        now += duration;
        let events = engine.finish_step(now);
        // Ids count up in the order of arrival.
        for id in events.first_tokens {
            if let Some(first_token) = first_tokens.get_mut(id.0 as usize) {
                *first_token = now;
            }
        }
        for finished in events.finished {
            let at = finished.id.0 as usize;
            if let (Some(times), Some(first), Some((arrival, _))) =
                (times.get_mut(at), first_tokens.get(at), requests.get(at))
            {
                *times = Times::new(first - arrival, now - arrival, finished.output);
            }
        }
    }
}

fn mean_and_tail(mut values: Vec<f64>) -> (f64, f64) {
    let mean = values.iter().sum::<f64>() / values.len() as f64;
    values.sort_by(f64::total_cmp);
    let rank = ((values.len() as f64 - 1.0) * 0.99).round() as usize;
    (mean, values.get(rank).copied().unwrap_or(f64::NAN))
}
