//! Polls of the backends' own metrics, by one worker for all.

use crate::config::Backend;
use crate::pack::{Reader, Writer};
use crate::picker::Picker;
use crate::raw::RawPoll;
use crate::report::Load;
use crate::scrape::Scraped;
use crate::sharing::Sharing;
use penstock_filter_api::{CallId, Callout, Ports, Reply, RootCx};

/// Layout of what is shared.
const LAYOUT: u16 = 2;

/// Most polls at a time: as many calls as a plugin may have open.
const MAX_OPEN: usize = 16;

/// The polls of a fleet.
#[derive(Debug, Default)]
pub(crate) struct Polls {
    open: Vec<(CallId, usize)>,
    known: Vec<Known>,
}

/// What the last poll of a backend told.
#[derive(Clone, Debug, Default)]
struct Known {
    asked_at: f64,
    told_at: f64,
    load: Option<Load>,
    resident: Vec<String>,
}

impl Polls {
    /// Models in a backend's memory; empty where nobody knows.
    pub(crate) fn resident(&self, backend: usize) -> &[String] {
        self.known.get(backend).map_or(&[], |known| &known.resident)
    }

    /// Asks the backends whose time it is, those first that have waited longest. Gives those that cannot be asked.
    pub(crate) fn ask(
        &mut self,
        poll: &RawPoll,
        backends: &[Backend],
        cx: &mut RootCx<'_>,
        now: f64,
    ) -> Vec<usize> {
        self.known.resize_with(backends.len(), Known::default);
        let interval_s = f64::from(poll.interval_ms) / 1000.0;
        // A clock that jumped back must not stop the polls.
        let is_due = |known: &Known| (now - known.asked_at).abs() >= interval_s;
        let known = self.known.iter().zip(backends).enumerate();
        let mut due: Vec<(usize, f64)> = known
            .filter(|(_, (known, backend))| !backend.cluster.is_empty() && is_due(known))
            .map(|(index, (known, _))| (index, known.asked_at))
            .collect();
        penstock_wire::sort_by_key(&mut due, |(index, asked_at)| [*asked_at as usize, *index, 0]);
        let mut failed = Vec::new();
        for (index, _) in due {
            if self.open.len() >= MAX_OPEN {
                break;
            }
            let (Some(known), Some(backend)) = (self.known.get_mut(index), backends.get(index)) else {
                continue;
            };
            known.asked_at = now;
            match cx.call(question(poll, backend)) {
                Ok(call) => self.open.push((call, index)),
                // No such cluster, or nobody in it.
                Err(_) => failed.push(index),
            }
        }
        failed
    }

    /// Takes in an answer. Gives the backend, and how many values were left out; `None` of those where it told nothing.
    pub(crate) fn answer(
        &mut self,
        call: CallId,
        reply: &Reply,
        picker: &mut Picker,
        now: f64,
    ) -> Option<(usize, Option<u32>)> {
        let place = self.open.iter().position(|(open, _)| *open == call)?;
        let (_, backend) = self.open.swap_remove(place);
        if !reply.is_ok() {
            return Some((backend, None));
        }
        let scraped = Scraped::read(&reply.body);
        if let Some(load) = &scraped.load {
            picker.report(backend, load, now);
        }
        let known = self.known.get_mut(backend)?;
        (known.told_at, known.load, known.resident) = (now, scraped.load, scraped.resident);
        Some((backend, Some(scraped.ignored)))
    }

    /// Writes what is known, for the other workers.
    pub(crate) fn write(&self, sharing: &Sharing, picker: &Picker, ports: &mut dyn Ports) {
        let mut writer = Writer::default();
        writer.u16(LAYOUT);
        for (index, known) in self.known.iter().enumerate() {
            // Some tell only which models they hold.
            let load = known.load.unwrap_or_default();
            if known.told_at == 0.0 {
                continue;
            }
            writer.u64(picker.id(index));
            writer.f64(known.told_at);
            for value in [load.kv, load.waiting, load.running, load.max_tokens] {
                writer.f64(value.unwrap_or(-1.0));
            }
            writer.u16(u16::try_from(known.resident.len()).unwrap_or(0));
            for name in &known.resident {
                writer.bytes(name.as_bytes());
            }
        }
        let _ = ports.share(&sharing.flag("polls"), &writer.0, None);
    }

    /// Reads what another worker wrote.
    pub(crate) fn read(&mut self, sharing: &Sharing, picker: &mut Picker, ports: &mut dyn Ports) {
        let found = ports.shared(&sharing.flag("polls")).unwrap_or_default();
        if let Some((bytes, _)) = found {
            // A broken rest is as good as none.
            let _ = self.take(&mut Reader(&bytes), picker);
        }
    }

    fn take(&mut self, reader: &mut Reader<'_>, picker: &mut Picker) -> Option<()> {
        (reader.u16()? == LAYOUT).then_some(())?;
        self.known.resize_with(picker.len(), Known::default);
        loop {
            let id = reader.u64()?;
            let told_at = reader.f64()?;
            let mut value = || {
                reader
                    .f64()
                    .map(|value| Some(value).filter(|value| *value >= 0.0))
            };
            let [kv, waiting, running, max_tokens] = [value()?, value()?, value()?, value()?];
            let mut resident = Vec::new();
            for _ in 0..reader.u16()? {
                resident.push(String::from_utf8_lossy(reader.bytes()?).into_owned());
            }
            let index = picker.index_of(id);
            let Some((index, known)) = index.and_then(|index| Some((index, self.known.get_mut(index)?)))
            else {
                continue;
            };
            // Another time, be it by a clock that jumped back.
            if told_at != known.told_at {
                let load = Load {
                    kv,
                    waiting,
                    running,
                    max_tokens,
                    ..Load::default()
                };
                if load != Load::default() {
                    picker.report(index, &load, told_at);
                }
                (known.told_at, known.resident) = (told_at, resident);
            }
        }
    }
}

fn question(poll: &RawPoll, backend: &Backend) -> Callout {
    let field = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    let authority = if backend.target.is_empty() {
        &backend.cluster
    } else {
        &backend.target
    };
    Callout {
        cluster: backend.cluster.clone(),
        headers: vec![
            field(":method", "GET"),
            field(":path", &poll.path),
            field(":authority", authority),
        ],
        body: Vec::new(),
        timeout_ms: poll.timeout_ms,
    }
}
