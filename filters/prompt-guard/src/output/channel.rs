//! One text of an answer, and all that follows it.

use super::active::{Active, Purpose};
use super::grounding::{Grounding, Grounds};
use super::json::{Event, Strings};
use super::leak::{Against, Leak, Said, System};
use super::markup::Markup;
use super::{ActiveSettings, Findings, Open, Settings};
use penstock_filter_api::Piece;
use penstock_llm_api::{Encoding, Scope};
use std::ops::Range;

/// What a text is compared with.
#[derive(Clone, Copy)]
pub(super) struct Sight<'a> {
    pub(super) settings: &'a Settings,
    pub(super) system: &'a System,
    pub(super) said: &'a Said,
    pub(super) grounds: Option<&'a Grounds>,
}

/// The state of one channel.
#[derive(Debug)]
pub(super) struct Channel {
    /// Offset up to which it was read.
    at: u64,
    leak: Leak,
    active: Active,
    kind: Kind,
}

/// What the text is for.
#[derive(Debug)]
enum Kind {
    /// To be read by people.
    Prose(Box<Markup>, Box<Grounding>),
    /// Arguments of a tool, by name.
    Arguments(Strings),
    /// One argument without its name, or all that a tool is given.
    Input,
}

impl Channel {
    pub(super) fn new(piece: &Piece<'_>) -> Self {
        let kind = match (piece.encoding, piece.scope) {
            (Encoding::JsonInString | Encoding::JsonFragment | Encoding::JsonValue, _) => {
                Kind::Arguments(Strings::default())
            }
            (Encoding::Plain, Scope::ToolCall) => Kind::Input,
            (Encoding::Plain, _) => Kind::Prose(Box::default(), Box::default()),
        };
        Self {
            at: piece.start,
            leak: Leak::default(),
            active: Active::default(),
            kind,
        }
    }

    /// Whether it goes on at this offset.
    pub(super) fn is_at(&self, offset: u64) -> bool {
        self.at == offset
    }

    pub(super) fn push(&mut self, text: &str, sight: Sight<'_>, findings: &mut Findings) {
        for c in text.chars() {
            let at = self.at..self.at + c.len_utf8() as u64;
            self.at = at.end;
            self.read(c, at, sight, findings);
        }
    }

    /// The text ends.
    pub(super) fn end(&mut self, sight: Sight<'_>, findings: &mut Findings) {
        self.leak.end(sight.against(), findings);
        if let Kind::Prose(markup, grounding) = &mut self.kind {
            if let Some(settings) = &sight.settings.markup {
                markup.end(settings, findings);
            }
            if let Some(grounds) = sight.grounds {
                grounding.end(grounds, findings);
            }
        }
        if let Some(settings) = &sight.settings.active {
            self.active.end(settings, findings);
        }
    }

    /// Up to where it is decided.
    pub(super) fn open(&self, system: &System) -> Open {
        let (markup, grounding) = match &self.kind {
            Kind::Prose(markup, grounding) => (markup.open(), grounding.open()),
            Kind::Arguments(_) | Kind::Input => (None, None),
        };
        Open {
            end: self.at,
            value: self.leak.value(system, self.at),
            groups: [self.leak.open(), markup, self.active.open(), grounding],
        }
    }

    fn read(&mut self, c: char, at: Range<u64>, sight: Sight<'_>, findings: &mut Findings) {
        let against = sight.against();
        match &mut self.kind {
            Kind::Prose(markup, grounding) => {
                if let Some(settings) = &sight.settings.markup {
                    markup.push(c, at.clone(), settings, findings);
                }
                if let Some(grounds) = sight.grounds {
                    grounding.push(c, at.clone(), grounds, findings);
                }
                self.leak.push(c, at, against, findings);
            }
            Kind::Arguments(strings) => {
                let event = strings.push(c, at.clone());
                if let Some(settings) = &sight.settings.active {
                    argument(&mut self.active, &event, strings.name(), settings, findings);
                }
                // Quotes too, so that words of two strings are two words.
                if let Some((c, at)) = event.text().or_else(|| (c == '"').then_some((c, at))) {
                    self.leak.push(c, at, against, findings);
                }
            }
            Kind::Input => {
                if let Some(settings) = &sight.settings.active
                    && self.active.push(c, at.clone(), || Purpose::Command)
                {
                    self.active.part(settings, findings);
                }
                self.leak.push(c, at, against, findings);
            }
        }
    }
}

impl<'a> Sight<'a> {
    fn against(self) -> Against<'a> {
        Against {
            system: self.system,
            said: self.said,
        }
    }
}

/// An argument is judged by its name.
fn argument(
    active: &mut Active,
    event: &Event,
    name: &str,
    settings: &ActiveSettings,
    findings: &mut Findings,
) {
    match event {
        Event::Value(c, at) => {
            if active.push(*c, at.clone(), || Purpose::of(name)) {
                active.part(settings, findings);
            }
        }
        Event::End => active.end(settings, findings),
        Event::Name(..) | Event::Nothing => {}
    }
}
