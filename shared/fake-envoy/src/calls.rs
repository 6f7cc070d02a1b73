//! The calls that a guest may make in a callback.

use crate::stream::{Act, Stream};
use crate::way::{Pairs, Way};
use crate::world::World;
use penstock_exchange::{Fields, Host, Side};
use penstock_filter_api::{Callout, Headers, MetricId, MetricKind, PortError, Ports};

/// Which callback runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Moment {
    Head(Side),
    Body(Side, Last),
    Trailers(Side),
    Aside,
    Over,
}

/// Whether a body callback is that of the end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Last {
    Yes,
    No,
}

/// The host, for the length of one callback.
pub(crate) struct Calls<'a> {
    pub(crate) world: &'a mut World,
    pub(crate) stream: &'a mut Stream,
    pub(crate) moment: Moment,
    /// The bytes of a body callback.
    pub(crate) shown: Vec<u8>,
}

impl Calls<'_> {
    fn way(&mut self, side: Side) -> &mut Way {
        match side {
            Side::Request => &mut self.stream.request,
            Side::Response => &mut self.stream.response,
        }
    }

    fn misuse(&mut self, what: &str) {
        self.world.misuse.push(format!("{what} (in {:?})", self.moment));
    }

    /// The body that a call can reach now: what the callback shows, or what is kept since Pause.
    fn reach(&mut self, side: Side) -> Option<&mut Vec<u8>> {
        if matches!(self.moment, Moment::Body(shown, _) if shown == side) {
            return Some(&mut self.shown);
        }
        let way = self.way(side);
        (way.buffering || way.loose).then_some(&mut way.kept)
    }

    fn fields(&mut self, fields: Fields) -> Result<&mut Pairs, PortError> {
        let last_body = self.moment == Moment::Body(Side::Response, Last::Yes);
        match fields {
            Fields::RequestHeaders => self.stream.request.head.as_mut().ok_or(PortError::Refused),
            Fields::ResponseHeaders => self.stream.response.head.as_mut().ok_or(PortError::Refused),
            Fields::ResponseTrailers => {
                let way = &mut self.stream.response;
                if way.trailers.is_none() && last_body {
                    way.trailers_seen = true;
                    way.trailers = Some(Pairs::new());
                }
                way.trailers
                    .as_mut()
                    .filter(|_| way.trailers_seen)
                    .ok_or(PortError::Refused)
            }
        }
    }

    /// A change of a head that has left changes nothing, and Envoy does not say so.
    fn too_late(&mut self, fields: Fields, name: &str) {
        let way = match fields {
            Fields::RequestHeaders => &self.stream.request,
            Fields::ResponseHeaders => &self.stream.response,
            Fields::ResponseTrailers => return,
        };
        if way.out.head.is_some() {
            self.misuse(&format!("{fields:?} `{name}` is changed after they have left"));
        }
    }
}

impl Ports for Calls<'_> {
    fn metric(&mut self, kind: MetricKind, name: &str) -> Result<MetricId, PortError> {
        Ok(self.world.define(kind, name))
    }

    fn add(&mut self, metric: MetricId, by: u64) {
        self.world.add(metric, by);
    }

    fn record(&mut self, metric: MetricId, value: u64) {
        self.world.record(metric, value);
    }

    fn shared(&mut self, key: &str) -> Result<Option<(Vec<u8>, u32)>, PortError> {
        Ok(self.world.shared(key))
    }

    fn share(&mut self, key: &str, value: &[u8], cas: Option<u32>) -> Result<(), PortError> {
        self.world.share(key, value, cas)
    }

    fn property(&mut self, path: &[&str]) -> Option<Vec<u8>> {
        match path {
            ["xds", "route_name"] => Some(self.world.options.route.clone().into_bytes()),
            // Envoy knows whom it has asked once it has asked.
            ["upstream", "address"] => {
                let asked = self.stream.request.out.head.is_some();
                asked.then(|| self.world.options.upstream.clone().into_bytes())
            }
            ["response", "code_details"] => self.stream.details.map(|details| details.as_bytes().to_vec()),
            [key] => self.stream.filter_state.get(*key).cloned(),
            _ => None,
        }
    }

    fn filter_state(&mut self, key: &str, value: &[u8]) {
        self.stream.filter_state.insert(key.to_owned(), value.to_vec());
    }

    fn log(&mut self, message: &str) {
        self.world.log.push(message.to_owned());
    }
}

impl Host for Calls<'_> {
    fn now_ns(&mut self) -> u64 {
        self.world.now_ns
    }

    fn headers(&mut self, side: Side) -> Result<Headers, PortError> {
        self.way(side)
            .head
            .clone()
            .map(Headers::new)
            .ok_or(PortError::Refused)
    }

    fn trailers(&mut self) -> Result<Headers, PortError> {
        let way = &self.stream.response;
        let shown = way.trailers.clone().filter(|_| way.trailers_seen);
        shown.map(Headers::new).ok_or(PortError::Refused)
    }

    fn set_field(&mut self, fields: Fields, name: &str, value: &str) -> Result<(), PortError> {
        let clean = |text: &str| !text.bytes().any(|byte| matches!(byte, b'\r' | b'\n' | 0));
        if name.is_empty() || !clean(name) || !clean(value) || name.chars().any(|c| c.is_ascii_uppercase()) {
            self.misuse("a field name or value that no header may carry");
        }
        self.too_late(fields, name);
        let pairs = self.fields(fields)?;
        match pairs.iter().position(|(key, _)| key == name) {
            Some(at) => {
                let mut index = 0;
                pairs.retain(|(key, _)| {
                    index += 1;
                    key != name || index == at + 1
                });
                if let Some((_, old)) = pairs.get_mut(at) {
                    *old = value.as_bytes().to_vec();
                }
            }
            None => pairs.push((name.to_owned(), value.as_bytes().to_vec())),
        }
        Ok(())
    }

    fn remove_field(&mut self, fields: Fields, name: &str) -> Result<(), PortError> {
        self.too_late(fields, name);
        if fields == Fields::ResponseTrailers && self.stream.response.trailers.is_none() {
            self.misuse("a trailer is taken off where there are none: Envoy makes some for that");
        }
        self.fields(fields)?.retain(|(key, _)| key != name);
        Ok(())
    }

    fn reroute(&mut self) -> Result<(), PortError> {
        self.too_late(Fields::RequestHeaders, "route");
        self.stream.rerouted = true;
        Ok(())
    }

    fn body(&mut self, side: Side, size: usize) -> Result<Vec<u8>, PortError> {
        let bytes = self.reach(side).ok_or(PortError::Refused)?;
        Ok(bytes.get(..size.min(bytes.len())).unwrap_or_default().to_vec())
    }

    fn replace_body(&mut self, side: Side, size: usize, with: &[u8]) -> Result<(), PortError> {
        let limit = self.world.options.buffer_limit_bytes;
        let kept = self.way(side).buffering;
        let bytes = self.reach(side).ok_or(PortError::Refused)?;
        if kept && with.len() > limit.max(bytes.len()) {
            self.misuse(&format!(
                "{} bytes are written into a body that is kept: a real proxy dies",
                with.len()
            ));
        }
        let bytes = self.reach(side).ok_or(PortError::Refused)?;
        let partly = size < bytes.len();
        *bytes = with.to_vec();
        if partly {
            self.misuse("only a part of the body is replaced");
        }
        Ok(())
    }

    fn reply(&mut self, status: u16, headers: &[(&str, &str)], body: &[u8]) -> Result<(), PortError> {
        let headers = headers
            .iter()
            .map(|(name, value)| ((*name).to_owned(), value.as_bytes().to_vec()));
        self.stream.acts.push(Act::Reply {
            status,
            headers: headers.collect(),
            body: body.to_vec(),
        });
        Ok(())
    }

    fn close(&mut self) -> Result<(), PortError> {
        self.stream.acts.push(Act::Close);
        Ok(())
    }

    fn resume(&mut self, side: Side) -> Result<(), PortError> {
        let own = matches!(self.moment, Moment::Head(own) | Moment::Body(own, _) | Moment::Trailers(own) if own == side);
        let way = self.way(side);
        let (loose, stopped) = (way.loose, way.stopped);
        if own && !loose {
            self.misuse("a side is resumed in its own callback; its answer would do");
        } else if !own && !stopped {
            self.misuse(&format!("{side:?} is resumed, but it is not paused"));
        }
        self.stream.acts.push(Act::Resume(side));
        Ok(())
    }

    fn call(&mut self, callout: &Callout) -> Result<u32, PortError> {
        if self.moment == Moment::Over {
            self.misuse("a callout from the end of the exchange is cancelled at once");
        }
        let (token, at_ns, reply) = self.world.call(callout).ok_or(PortError::NotFound)?;
        self.stream.calls.push((at_ns, token, reply));
        Ok(token)
    }

    fn wake(&mut self, after_ms: u32) {
        let at_ns = self
            .world
            .now_ns
            .saturating_add(u64::from(after_ms).saturating_mul(1_000_000));
        self.stream.wakes.push(at_ns);
    }
}
