//! Which tools a model may be given and may call, and with which arguments.

mod nameless;

use crate::policy::{Parties, Party};
use crate::raw::RawTools;
use crate::shape::{LIMITS, Shape};
use penstock_filter_api::{ConfigError, Glob, Piece, globs};
use penstock_llm_api::{Encoding, Part, Scope, Text, text_of};
use penstock_wire::Json;

/// Most rows.
const MAX_ROWS: usize = 250;
/// Longest name of a tool, in bytes: what is longer is none that anybody allowed.
const MAX_NAME_BYTES: usize = 256;
/// Most calls of one answer that are followed at once.
const MAX_CALLS: usize = 128;

/// The tools of some routes and tenants.
#[derive(Debug)]
struct Row {
    parties: Parties,
    names: Vec<Glob>,
    arguments: Vec<(Glob, Shape)>,
}

/// All rows; the first that fits holds.
#[derive(Debug)]
pub(crate) struct Tools(Vec<Row>);

impl Tools {
    pub(crate) fn new(raw: &RawTools, has_tenant: bool) -> Result<Self, ConfigError> {
        if raw.allow.len() > MAX_ROWS {
            return Err(ConfigError::new("allow", format!("more than {MAX_ROWS}")));
        }
        let mut rows = Vec::with_capacity(raw.allow.len());
        for (index, row) in raw.allow.iter().enumerate() {
            let under = |error: ConfigError| error.under(&format!("allow[{index}]"));
            if !row.tenants.is_empty() && !has_tenant {
                return Err(under(ConfigError::new("tenants", "needs `tenant`")));
            }
            let mut arguments = Vec::with_capacity(row.arguments.len());
            for (name, schema) in &row.arguments {
                let shape =
                    Shape::new(schema).map_err(|error| under(error.under(name).under("arguments")))?;
                arguments.push((Glob::new(name), shape));
            }
            let parties = Parties::new(&row.routes, &row.tenants).map_err(under)?;
            let names = globs("names", &row.names).map_err(under)?;
            rows.push(Row {
                parties,
                names,
                arguments,
            });
        }
        Ok(Self(rows))
    }

    /// Whether there is no row at all.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    fn row(&self, party: &Party) -> Option<&Row> {
        self.0.iter().find(|row| row.parties.has(party))
    }

    /// Whether a request defines a tool that is not allowed.
    pub(crate) fn refuses(&self, party: &Party, json: Json<'_>, texts: &[Text]) -> bool {
        let Some(row) = self.row(party) else { return false };
        let mut defined = texts
            .iter()
            .filter(|text| text.scope == Scope::ToolName && text.index >= Text::DEFINITIONS);
        defined.any(|text| !row.allows(&text_of(json, text.node)))
            || nameless::each(json.root()).any(|name| !row.allows(&name))
    }
}

impl Row {
    fn allows(&self, name: &str) -> bool {
        self.names.iter().any(|glob| glob.is_match(name))
    }

    fn shape(&self, name: &str) -> Option<&Shape> {
        self.arguments
            .iter()
            .find(|(glob, _)| glob.is_match(name))
            .map(|(_, shape)| shape)
    }
}

/// A call as it comes.
#[derive(Debug, Default)]
struct Call {
    message: u32,
    index: u32,
    name: String,
    arguments: String,
    /// All arguments were shown together.
    is_whole: bool,
}

/// The calls of one answer.
#[derive(Debug, Default)]
pub(crate) struct Calls(Vec<Call>);

/// What a piece of a call says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Told {
    /// Nothing against it.
    Fine,
    /// It was judged already, with all the arguments that it is one of.
    Part,
    /// More must come before it may leave.
    Open,
    /// The tool is not allowed.
    NotAllowed,
    /// Its arguments are not.
    Arguments,
}

impl Calls {
    /// Looks at a piece of a name, or of arguments. What is defined is no call.
    pub(crate) fn read(&mut self, tools: &Tools, party: &Party, piece: &Piece<'_>) -> Told {
        let is_of_call = matches!(piece.scope, Scope::ToolName | Scope::ToolCall);
        if !is_of_call || piece.index >= Text::DEFINITIONS {
            return Told::Fine;
        }
        let row = tools.row(party);
        let Some(call) = self.call(piece) else {
            return row.map_or(Told::Fine, |_| Told::NotAllowed);
        };
        let is_part = piece.encoding == Encoding::Plain && piece.part != Part::Delta;
        if piece.scope == Scope::ToolCall && is_part && call.is_whole {
            return Told::Part;
        }
        call.is_whole |= piece.encoding == Encoding::JsonValue;
        match row {
            Some(row) if piece.scope == Scope::ToolName => call.named(row, piece),
            Some(row) => call.given(row, piece),
            None => Told::Fine,
        }
    }

    fn call(&mut self, piece: &Piece<'_>) -> Option<&mut Call> {
        let is = |call: &Call| (call.message, call.index) == (piece.message, piece.index);
        if !self.0.iter().any(is) {
            if self.0.len() >= MAX_CALLS {
                return None;
            }
            self.0.push(Call {
                message: piece.message,
                index: piece.index,
                ..Call::default()
            });
        }
        self.0.iter_mut().find(|call| is(call))
    }
}

impl Call {
    fn named(&mut self, row: &Row, piece: &Piece<'_>) -> Told {
        if piece.part == Part::Delta && piece.start > 0 {
            self.name.push_str(piece.text);
        } else {
            piece.text.clone_into(&mut self.name);
        }
        match is_whole(piece) {
            _ if self.name.len() > MAX_NAME_BYTES => Told::NotAllowed,
            true if row.allows(&self.name) => Told::Fine,
            true => Told::NotAllowed,
            false => Told::Open,
        }
    }

    fn given(&mut self, row: &Row, piece: &Piece<'_>) -> Told {
        let Some(shape) = row.shape(&self.name) else {
            return Told::Fine;
        };
        match piece.part {
            Part::Delta => self.arguments.push_str(piece.text),
            Part::Whole | Part::Repeat | Part::Echo => piece.text.clone_into(&mut self.arguments),
        }
        match is_whole(piece) {
            _ if self.arguments.len() > LIMITS.max_bytes => Told::Arguments,
            true if shape.fits(&self.arguments) => Told::Fine,
            true => Told::Arguments,
            false => Told::Open,
        }
    }
}

fn is_whole(piece: &Piece<'_>) -> bool {
    piece.last || piece.part != Part::Delta
}
