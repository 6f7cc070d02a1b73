//! From edits of nodes to replacements of bytes.

use std::ops::Range;

use super::edits::Edit;
use super::string::{Segment, Segments, write_escaped};
use super::{EditError, Json, Kind, Limits, NodeId, Tape, Value, write_string};
use crate::order::sort_by_key;

/// Bytes to put in the place of a span of the document.
pub(super) struct Splice {
    pub(super) span: Range<usize>,
    pub(super) with: Vec<u8>,
}

/// A text edit of a string or key.
struct TextEdit<'e> {
    node: NodeId,
    text: Range<usize>,
    with: &'e str,
}

/// What happens to a child of an array or object.
enum ChildEdit<'e> {
    /// First node of the child to remove: the key of a member, or the item.
    Remove(NodeId),
    Insert(&'e str, &'e str),
}

/// The splices of `edits`, in document order, none touching another.
pub(super) fn splices(edits: &[Edit], json: Json<'_>) -> Result<Vec<Splice>, EditError> {
    let mut splices = Vec::with_capacity(edits.len());
    let mut texts = Vec::new();
    let mut children = Vec::new();
    for edit in edits {
        match edit {
            Edit::Replace { node, json: raw } => splices.push(replacement(known(json, *node)?, raw)?),
            Edit::ReplaceText { node, text, with } => texts.push(TextEdit {
                node: *node,
                text: text.clone(),
                with,
            }),
            Edit::InsertMember {
                object,
                key,
                json: raw,
            } => children.push((*object, ChildEdit::Insert(key, raw))),
            Edit::RemoveMember { key } => children.push(removal(known(json, *key)?, Kind::Object)?),
            Edit::RemoveItem { item } => children.push(removal(known(json, *item)?, Kind::Array)?),
        }
    }
    sort_by_key(&mut texts, |edit| {
        [edit.node.index(), edit.text.start, edit.text.end]
    });
    for edits in texts.chunk_by(|one, next| one.node == next.node) {
        text_splices(json, edits, &mut splices)?;
    }
    sort_by_key(&mut children, |(container, edit)| {
        let child = match edit {
            ChildEdit::Remove(child) => child.index(),
            ChildEdit::Insert(..) => usize::MAX,
        };
        [container.index(), child, 0]
    });
    for edits in children.chunk_by(|(one, _), (next, _)| one == next) {
        container_splices(json, edits, &mut splices)?;
    }
    sort_by_key(&mut splices, |splice| [splice.span.start, splice.span.end, 0]);
    reject_overlap(splices.iter().map(|splice| &splice.span))?;
    Ok(splices)
}

fn known(json: Json<'_>, node: NodeId) -> Result<Value<'_>, EditError> {
    if json.contains(node) {
        Ok(json.value(node))
    } else {
        Err(EditError::UnknownNode(node))
    }
}

fn reject_overlap<'r>(spans: impl Iterator<Item = &'r Range<usize>>) -> Result<(), EditError> {
    let mut end = 0;
    for span in spans {
        if span.start < end {
            return Err(EditError::Conflict { offset: span.start });
        }
        end = span.end;
    }
    Ok(())
}

fn replacement(value: Value<'_>, raw: &str) -> Result<Splice, EditError> {
    let kind = whole_value(raw).ok_or(EditError::InvalidJson(value.id()))?;
    if value.kind() == Kind::Key && kind != Kind::String {
        return Err(EditError::InvalidJson(value.id()));
    }
    Ok(Splice {
        span: value.span(),
        with: raw.as_bytes().to_vec(),
    })
}

/// The kind of the value that `raw` is, if it is exactly one.
fn whole_value(raw: &str) -> Option<Kind> {
    let mut tape = Tape::new();
    tape.parse(raw.as_bytes(), &Limits::default()).ok()?;
    Some(tape.view(raw.as_bytes()).root().kind())
}

fn removal<'e>(child: Value<'_>, container: Kind) -> Result<(NodeId, ChildEdit<'e>), EditError> {
    let wrong = EditError::WrongKind(child.id());
    let parent = child
        .parent()
        .filter(|parent| parent.kind() == container)
        .ok_or(wrong)?;
    if (container == Kind::Object) != (child.kind() == Kind::Key) {
        return Err(wrong);
    }
    Ok((parent.id(), ChildEdit::Remove(child.id())))
}

/// The text edits of one string, sorted, in one walk over it.
fn text_splices(json: Json<'_>, edits: &[TextEdit<'_>], splices: &mut Vec<Splice>) -> Result<(), EditError> {
    let Some(TextEdit { node, .. }) = edits.first() else {
        return Ok(());
    };
    let value = known(json, *node)?;
    let inner = value.inner().ok_or(EditError::WrongKind(value.id()))?;
    let mut cursor = Cursor::new(inner, value.span().start + 1);
    let mut end = 0;
    for TextEdit { text, with, .. } in edits {
        if text.start > text.end {
            return Err(EditError::BadRange(value.id()));
        }
        if text.start < end {
            return Err(EditError::Conflict { offset: cursor.raw });
        }
        end = text.end;
        let bad = EditError::BadRange(value.id());
        let span = cursor.seek(text.start).ok_or(bad)?..cursor.seek(text.end).ok_or(bad)?;
        let mut escaped = Vec::with_capacity(with.len());
        write_escaped(&mut escaped, with);
        splices.push(Splice { span, with: escaped });
    }
    Ok(())
}

/// Maps growing offsets in the decoded text to offsets in the document.
struct Cursor<'a> {
    /// What is left of the plain segment that the cursor is in.
    plain: &'a str,
    segments: Segments<'a>,
    decoded: usize,
    raw: usize,
}

impl<'a> Cursor<'a> {
    fn new(inner: &'a str, raw: usize) -> Self {
        Self {
            plain: "",
            segments: Segments { rest: inner },
            decoded: 0,
            raw,
        }
    }

    /// Where in the document the character at `decoded` begins; `None` past the end or inside a character.
    fn seek(&mut self, decoded: usize) -> Option<usize> {
        loop {
            let step = (decoded - self.decoded).min(self.plain.len());
            self.plain = self.plain.get(step..)?;
            self.decoded += step;
            self.raw += step;
            if self.decoded == decoded {
                return Some(self.raw);
            }
            match self.segments.next()? {
                Segment::Plain(plain) => self.plain = plain,
                Segment::Escape(escape) => {
                    self.decoded += escape.char.len_utf8();
                    self.raw += escape.raw_len;
                }
            }
            if self.decoded > decoded {
                return None;
            }
        }
    }
}

/// Removes from and appends to one array or object, commas included. The edits are sorted.
fn container_splices(
    json: Json<'_>,
    edits: &[(NodeId, ChildEdit<'_>)],
    splices: &mut Vec<Splice>,
) -> Result<(), EditError> {
    let Some((container, _)) = edits.first() else {
        return Ok(());
    };
    let container = known(json, *container)?;
    let (mut removed, mut inserted) = (Vec::new(), Vec::new());
    for (_, edit) in edits {
        match edit {
            ChildEdit::Remove(child) => removed.push(*child),
            ChildEdit::Insert(key, raw) => inserted.push((*key, *raw)),
        }
    }
    removed.dedup();
    check_inserted(container, &removed, &inserted)?;
    let children: Vec<Child> = match container.kind() {
        Kind::Object => container
            .members()
            .map(|(key, value)| (key.id(), key.span().start..value.span().end))
            .collect(),
        _ => container.items().map(|item| (item.id(), item.span())).collect(),
    };
    let last_kept = remove_runs(&children, &removed, splices);
    if !inserted.is_empty() {
        let at = children
            .last()
            .map_or(container.span().start + 1, |(_, span)| span.end);
        splices.push(Splice {
            span: at..at,
            with: new_members(&inserted, last_kept.is_some()),
        });
    }
    Ok(())
}

/// First node and whole span of a child.
type Child = (NodeId, Range<usize>);

fn check_inserted(object: Value<'_>, removed: &[NodeId], inserted: &[(&str, &str)]) -> Result<(), EditError> {
    if !inserted.is_empty() && object.kind() != Kind::Object {
        return Err(EditError::WrongKind(object.id()));
    }
    for (i, (name, raw)) in inserted.iter().enumerate() {
        whole_value(raw).ok_or(EditError::InvalidJson(object.id()))?;
        let taken = |key: Value<'_>| key.eq_text(name) && removed.binary_search(&key.id()).is_err();
        if object.members().any(|(key, _)| taken(key))
            || inserted.iter().take(i).any(|(other, _)| other == name)
        {
            return Err(EditError::DuplicateKey(object.id()));
        }
    }
    Ok(())
}

/// One splice for each run of removed children; answers where the last kept child ends.
///
/// A run goes with the comma before it, or at the front with the comma after it, so that the kept children
/// and the white space around them stay as they are.
fn remove_runs(children: &[Child], removed: &[NodeId], splices: &mut Vec<Splice>) -> Option<usize> {
    let mut kept_end: Option<usize> = None;
    let mut run: Option<Range<usize>> = None;
    for (id, span) in children {
        if removed.binary_search(id).is_ok() {
            run = Some(run.map_or(span.start, |run| run.start)..span.end);
            continue;
        }
        if let Some(run) = run.take() {
            let span = kept_end.map_or(run.start..span.start, |end| end..run.end);
            splices.push(Splice {
                span,
                with: Vec::new(),
            });
        }
        kept_end = Some(span.end);
    }
    if let Some(run) = run {
        splices.push(Splice {
            span: kept_end.unwrap_or(run.start)..run.end,
            with: Vec::new(),
        });
    }
    kept_end
}

fn new_members(members: &[(&str, &str)], after_another: bool) -> Vec<u8> {
    let mut out = Vec::new();
    for (i, (name, raw)) in members.iter().enumerate() {
        if after_another || i > 0 {
            out.push(b',');
        }
        write_string(&mut out, name);
        out.push(b':');
        out.extend_from_slice(raw.as_bytes());
    }
    out
}
