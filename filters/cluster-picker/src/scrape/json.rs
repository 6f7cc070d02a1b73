//! SGLang's `/v1/loads` and Ollama's `/api/ps`.

use super::{MAX_BODY_BYTES, Names};
use crate::report::{Gathered, Merge, field, number};
use penstock_wire::{Kind, Limits, Tape, Value};

const LIMITS: Limits = Limits {
    max_bytes: MAX_BODY_BYTES,
    max_depth: 16,
    max_nodes: 50_000,
};

pub(super) fn read(body: &[u8], gathered: &mut Gathered, names: &mut Names) {
    let mut tape = Tape::new();
    if tape.parse(body, &LIMITS).is_err() {
        gathered.ignored += 1;
        return;
    }
    let root = tape.view(body).root();
    if let Some(loads) = root.member("loads") {
        loads.items().for_each(|engine| load(engine, gathered));
    }
    if let Some(models) = root.member("models") {
        models.items().for_each(|model| resident(model, names));
    }
}

/// One engine: numbers by the names of the metrics, among much else.
fn load(engine: Value<'_>, gathered: &mut Gathered) {
    for (key, value) in engine.members().filter(|(_, value)| value.kind() == Kind::Number) {
        if let Some(field) = key.text().and_then(|key| field(key.as_bytes())) {
            gathered.take(field, number(value.number_raw().as_bytes()), Merge::Sum);
        }
    }
}

/// A model in memory. Clients may leave out the tag `latest`, Ollama never does.
fn resident(model: Value<'_>, names: &mut Names) {
    for key in ["name", "model"] {
        if let Some(name) = model.member(key).and_then(Value::text) {
            names.add(&name);
            names.add(name.strip_suffix(":latest").unwrap_or_default());
        }
    }
}
