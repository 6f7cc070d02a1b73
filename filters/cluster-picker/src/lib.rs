//! Picks the backend that will answer first, from our own books and the backends' reports.

mod backend;
mod books;
mod evidence;
mod fleet;
mod health;
mod picker;
mod plane;
mod prefix;
mod quote;
mod random;
mod record;
pub mod report;
pub mod scrape;
mod tuning;

pub use backend::BackendSpec;
pub use books::Streams;
pub use picker::{Ending, Picker, Ticket};
pub use prefix::{BLOCK_BYTES, MAX_BLOCKS, blocks};
pub use quote::{Ask, Quote};
pub use record::{Holder, holder};
pub use tuning::Tuning;
