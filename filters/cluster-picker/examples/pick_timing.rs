//! How long a pick takes: microseconds, at 32 and 256 backends, with the records of three other workers read before it and
//! its own written after it. Runs natively, and as wasm: see `tools/wasi.mjs`.

// A program for people, not part of a filter.
#![allow(clippy::print_stdout, clippy::indexing_slicing)]

use penstock_cluster_picker::{Ask, BackendSpec, Ending, Picker, Streams, Tuning};
use std::time::Instant;

const VMS: usize = 4;
const ROUNDS: usize = 2000;

fn main() {
    println!("backends  pick us  read us  write us");
    for backends in [1, 8, 32, 256, 1000] {
        measure(backends);
    }
}

fn measure(backends: usize) {
    let specs: Vec<BackendSpec> = (0..backends)
        .map(|index| BackendSpec {
            name: format!("10.0.{}.{}:8000", index / 256, index % 256),
            ..BackendSpec::default()
        })
        .collect();
    let mut pickers: Vec<Picker> = (0..VMS)
        .map(|vm| Picker::new(Tuning::default(), specs.clone(), vm as u64, 0.0))
        .collect();
    let mut records = vec![Vec::new(); VMS];
    let (mut pick, mut read, mut write) = (Vec::new(), Vec::new(), Vec::new());
    let mut open = Vec::new();
    for round in 0..ROUNDS {
        let (vm, now) = (round % VMS, round as f64 * 0.005);
        let blocks: Vec<u32> = (0..8).map(|block| (round as u32 % 50) * 100 + block).collect();
        let ask = Ask {
            input_tokens: 1000.0,
            max_output_tokens: None,
            blocks: &blocks,
            block_tokens: 125.0,
            streams: Streams::Yes,
        };
        let picker = &mut pickers[vm];
        let begun = Instant::now();
        picker.absorb(
            vm as u64,
            records.iter().map(|record: &Vec<u8>| record.as_slice()),
            now,
        );
        read.push(begun.elapsed());
        let begun = Instant::now();
        let ticket = picker.pick(&ask, |_| true, now);
        pick.push(begun.elapsed());
        let begun = Instant::now();
        records[vm] = picker.record(vm as u64, now, 10.0);
        write.push(begun.elapsed());
        open.extend(ticket.map(|ticket| (vm, ticket)));
        if open.len() > 100 {
            let (vm, mut ticket) = open.remove(0);
            pickers[vm].first_token(&mut ticket, now);
            let output_tokens = Some(100.0);
            pickers[vm].done(ticket, Ending::Answered { output_tokens }, now);
        }
    }
    let middle = |times: &mut Vec<std::time::Duration>| {
        times.sort_unstable();
        times[times.len() / 2].as_secs_f64() * 1e6
    };
    println!(
        "{backends:8}  {:7.1}  {:7.1}  {:8.1}",
        middle(&mut pick),
        middle(&mut read),
        middle(&mut write)
    );
}
