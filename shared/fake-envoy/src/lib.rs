//! A native stand-in for the filter manager of Envoy, for tests.
