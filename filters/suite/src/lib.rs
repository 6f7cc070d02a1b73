//! All filters in one module.
