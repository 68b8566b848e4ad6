//! Requests that no service looks at. Each service says so in its own words: [`super::refuse`].

/// Why no service looks at a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// Its body has more bytes than this.
    TooLarge(usize),
    /// It has more maps and lists than this.
    TooComplex(usize),
    /// Too many others are being answered, or wait for it.
    Overloaded,
    /// Its answer was not there in time.
    TimedOut,
}
