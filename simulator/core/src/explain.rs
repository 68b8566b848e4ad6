//! From a trace to words for people: which check, which cause, how to mend it.
