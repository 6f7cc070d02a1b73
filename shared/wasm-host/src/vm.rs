//! What lives in this VM: a root for each plugin, and the streams of all of them.

use crate::root::Root;
use crate::stream::Stream;
use penstock_filter_api::Module;
use std::cell::RefCell;
use std::rc::Rc;

thread_local! {
    static VM: RefCell<Vm> = const { RefCell::new(Vm::new()) };
}

/// Nothing in here is called while it is borrowed, so that the host may call back at any time.
struct Vm {
    modules: &'static [Module],
    roots: Contexts<Root>,
    streams: Contexts<Stream>,
}

impl Vm {
    const fn new() -> Self {
        Self {
            modules: &[],
            roots: Contexts::new(),
            streams: Contexts::new(),
        }
    }
}

/// Registers the module with the host. Call it once, from `main`.
pub fn run(modules: &'static [Module]) {
    VM.with_borrow_mut(|vm| vm.modules = modules);
}

pub(crate) fn modules() -> &'static [Module] {
    VM.with_borrow(|vm| vm.modules)
}

pub(crate) fn root(context: u32) -> Option<Rc<Root>> {
    VM.with_borrow(|vm| vm.roots.find(context))
}

pub(crate) fn stream(context: u32) -> Option<Rc<Stream>> {
    VM.with_borrow(|vm| vm.streams.find(context))
}

/// A context without a parent is a root; the others are streams of their parent's.
pub(crate) fn create(context: u32, parent: u32) {
    VM.with_borrow_mut(|vm| {
        if parent == 0 {
            vm.roots.insert(context, Rc::new(Root::new(context)));
        } else if let Some(root) = vm.roots.find(parent)
            // A configuration that was refused serves nothing: the host never opens streams on it.
            && let Some(engine) = root.engine()
        {
            vm.streams
                .insert(context, Rc::new(Stream::new(context, engine, root)));
        }
    });
}

pub(crate) fn delete(context: u32) {
    // Dropped outside of the borrow.
    let gone = VM.with_borrow_mut(|vm| (vm.streams.remove(context), vm.roots.remove(context)));
    if let (Some(stream), _) = gone {
        stream.forget();
    }
}

/// Contexts by number. The host counts them upwards, so that a new one is the last.
struct Contexts<T>(Vec<(u32, Rc<T>)>);

impl<T> Contexts<T> {
    const fn new() -> Self {
        Self(Vec::new())
    }

    fn place(&self, context: u32) -> Result<usize, usize> {
        match self.0.last() {
            Some((last, _)) if *last == context => Ok(self.0.len() - 1),
            Some((last, _)) if *last > context => self.0.binary_search_by_key(&context, |(known, _)| *known),
            Some(_) | None => Err(self.0.len()),
        }
    }

    fn find(&self, context: u32) -> Option<Rc<T>> {
        let place = self.place(context).ok()?;
        self.0.get(place).map(|(_, found)| found.clone())
    }

    fn insert(&mut self, context: u32, new: Rc<T>) {
        match self.place(context) {
            Ok(_) => {}
            Err(place) => self.0.insert(place, (context, new)),
        }
    }

    fn remove(&mut self, context: u32) -> Option<Rc<T>> {
        let place = self.place(context).ok()?;
        Some(self.0.remove(place).1)
    }
}
