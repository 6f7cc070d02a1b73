//! The event loop.

use std::sync::Arc;

use penstock_gpu_model::{Engine, Metrics};

use crate::arrivals::{Arrival, arrivals};
use crate::events::{Agenda, Event};
use crate::outcome::{Life, Outcome};
use crate::policy::{Answer, Picker, Setup};
use crate::rivals::Known;
use crate::rng::Rng;
use crate::scenario::{Reports, Scenario};
use crate::trace::Trace;

/// After the last arrival, answers may take so many seconds more; later ones count as failed.
const PATIENCE: f64 = 900.0;
/// How long a black hole takes to refuse, in seconds.
const REFUSAL: f64 = 0.004;

/// A server of the fleet.
#[derive(Debug)]
pub struct Server {
    /// Its GPU and scheduler.
    pub engine: Engine,
    /// Whether it refuses everything now.
    pub refuses: bool,
    /// The arrival behind each id the engine gave out.
    requests: Vec<usize>,
}

/// Plays a scenario against one policy.
pub fn simulate(trace: &Trace, scenario: &Scenario, policy: &Known) -> Result<Outcome, String> {
    scenario.check()?;
    let arrivals = arrivals(trace, scenario);
    let gpus = &scenario.fleet;
    let setup = Setup {
        gpus,
        proxies: scenario.proxies,
        workers: scenario.workers,
        seed: scenario.seed,
    };
    let server = |gpu| Server {
        engine: Engine::new(Arc::clone(gpu)).with_host_us(scenario.host_us),
        refuses: false,
        requests: Vec::new(),
    };
    let mut run = Run {
        scenario,
        lives: arrivals
            .iter()
            .map(|arrival| Life::new(arrival.at, arrival.request.output))
            .collect(),
        left: arrivals.len(),
        arrivals: &arrivals,
        servers: gpus.iter().map(server).collect(),
        picker: policy.picker(&setup),
        rng: Rng::new(scenario.seed.wrapping_mul(104_729).wrapping_add(17)),
        agenda: Agenda::default(),
        ended: 0.0,
    };
    run.play();
    Ok(Outcome::of(&run.lives, &run.servers, scenario.slo, run.ended))
}

struct Run<'a> {
    scenario: &'a Scenario,
    arrivals: &'a [Arrival],
    lives: Vec<Life>,
    servers: Vec<Server>,
    picker: Picker,
    rng: Rng,
    agenda: Agenda,
    /// Requests without an end.
    left: usize,
    /// When the last request ended.
    ended: f64,
}

impl Run<'_> {
    fn play(&mut self) {
        let (Some(first), Some(last)) = (self.arrivals.first(), self.arrivals.last()) else {
            return;
        };
        self.agenda.plan(first.at, Event::Arrives(0));
        if let Some(period) = self.period() {
            self.agenda.plan(period, Event::Tick);
        }
        if let Some(restart) = self.scenario.restart {
            self.agenda.plan(restart.from, Event::Restarts(restart.backend));
        }
        let horizon = last.at + PATIENCE;
        while self.left > 0
            && let Some((now, event)) = self.agenda.next()
            && now <= horizon
        {
            self.inflict_faults(now);
            match event {
                Event::Arrives(request) => self.arrives(now, request),
                Event::StepEnds(backend) => self.step_ends(now, backend),
                Event::Refused { request, backend } => self.refused(now, request, backend),
                Event::Restarts(backend) => self.restarts(now, backend),
                Event::Tick => self.tick(now),
            }
        }
    }

    fn inflict_faults(&mut self, now: f64) {
        if let Some(slow) = self.scenario.slowdown {
            let factor = if (slow.from..slow.until).contains(&now) {
                slow.factor
            } else {
                1.0
            };
            self.servers[slow.backend].engine.slow_down(factor);
        }
        let hole = self.scenario.black_hole;
        let refusing = [
            hole.map(|hole| (hole.backend, hole.from..hole.until)),
            self.scenario
                .restart
                .map(|restart| (restart.backend, restart.from..restart.until)),
        ];
        for (backend, _) in refusing.iter().flatten() {
            let mut refusals = refusing.iter().flatten().filter(|(of, _)| of == backend);
            self.servers[*backend].refuses = refusals.any(|(_, during)| during.contains(&now));
        }
    }

    fn arrives(&mut self, now: f64, request: usize) {
        if let Some(next) = self.arrivals.get(request + 1) {
            self.agenda.plan(next.at, Event::Arrives(request + 1));
        }
        let arrival = &self.arrivals[request];
        let backend = self.picker.pick(now, arrival, &self.servers, &mut self.rng);
        if let Some(policy) = self.picker.told() {
            policy.dispatched(now, &arrival.incoming, backend);
        }
        let server = &mut self.servers[backend];
        let accepted = !server.refuses && server.engine.submit(arrival.request.clone()).is_ok();
        if accepted {
            server.requests.push(request);
            self.start_step(now, backend);
        } else {
            self.agenda
                .plan(now + REFUSAL, Event::Refused { request, backend });
        }
    }

    fn start_step(&mut self, now: f64, backend: usize) {
        if let Some(duration) = self.servers[backend].engine.start_step(now) {
            self.agenda.plan(now + duration, Event::StepEnds(backend));
        }
    }

    fn step_ends(&mut self, now: f64, backend: usize) {
        let server = &mut self.servers[backend];
        let events = server.engine.finish_step(now);
        let metrics = server.engine.metrics();
        let report = (self.scenario.reports == Reports::Headers).then_some(&metrics);
        for id in events.first_tokens {
            let request = server.requests[id.0 as usize];
            self.lives[request].first_token = Some(now);
            let incoming = &self.arrivals[request].incoming;
            if let Some(policy) = self.picker.told().filter(|_| incoming.stream) {
                policy.first_token(now, incoming, backend, report);
            }
        }
        for finished in events.finished {
            let request = server.requests[finished.id.0 as usize];
            self.lives[request].done = Some(now);
            self.left -= 1;
            self.ended = now;
            let incoming = &self.arrivals[request].incoming;
            if let Some(policy) = self.picker.told() {
                let answer = Answer {
                    output_tokens: finished.output,
                    cached_tokens: finished.cached,
                };
                policy.done(
                    now,
                    incoming,
                    backend,
                    answer,
                    report.filter(|_| !incoming.stream),
                );
            }
        }
        self.start_step(now, backend);
    }

    /// A step that was under way brings nothing: the engine knows no more of it.
    fn restarts(&mut self, now: f64, backend: usize) {
        let server = &mut self.servers[backend];
        for id in server.engine.restart() {
            let request = server.requests[id.0 as usize];
            self.agenda
                .plan(now + REFUSAL, Event::Refused { request, backend });
        }
    }

    fn refused(&mut self, now: f64, request: usize, backend: usize) {
        self.left -= 1;
        self.ended = now;
        if let Some(policy) = self.picker.told() {
            policy.failed(now, &self.arrivals[request].incoming, backend);
        }
    }

    fn tick(&mut self, now: f64) {
        let published: Vec<Metrics> = self
            .servers
            .iter()
            .map(|server| server.engine.metrics())
            .collect();
        if let Some(policy) = self.picker.told() {
            policy.tick(now, &published);
        }
        if let Some(period) = self.period() {
            self.agenda.plan(now + period, Event::Tick);
        }
    }

    fn period(&mut self) -> Option<f64> {
        self.picker.told()?.period().filter(|period| *period > 0.0)
    }
}
