//! Picks the backend that will answer first, from our own books and the backends' reports.

pub mod report;
pub mod scrape;
