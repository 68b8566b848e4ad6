//! Real clients against the built simulator.
