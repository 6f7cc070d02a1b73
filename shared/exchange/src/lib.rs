//! One HTTP exchange with an LLM as a sans-IO state machine.
