//! Texts that stand for a cause, and what is said of them.

use super::context::Context;
use super::statement::Statement;
use crate::explain::cause::Cause;
use crate::explain::diagnosis::Certainty;

/// How near to the root a failure is. What comes first is to be fixed first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Rank {
    /// What keeps a client from credentials, or what AWS refuses.
    Credentials,
    /// What keeps a client from running its plugin or from reading it.
    Plugin,
    /// What keeps a client from the server.
    Connection,
    /// A server knew who asks, and refused.
    Forbidden,
    /// A server did not let the caller in.
    Unauthorized,
    /// What is only the consequence of something else.
    Consequence,
    /// Too little is said.
    Vague,
    /// It is about something else.
    Other,
}

/// What one message says.
pub(super) struct Reading {
    pub(super) rank: Rank,
    /// The place of the words in the message.
    pub(super) at: usize,
    pub(super) certainty: Certainty,
    pub(super) sentence: String,
    pub(super) fix: String,
    pub(super) look_at: Vec<String>,
}

/// How much a symptom says.
#[derive(Clone, Copy)]
pub(super) enum Says {
    /// One cause.
    Named(Cause),
    /// The first of these is the likeliest.
    Likeliest(&'static [Cause]),
    /// No cause.
    NotKnown,
}

impl Says {
    pub(super) fn certainty(self) -> Certainty {
        match self {
            Self::Named(cause) => Certainty::Named(cause),
            Self::Likeliest(of) => match of.first() {
                Some(cause) => Certainty::Likeliest {
                    cause: *cause,
                    of: of.to_vec(),
                },
                None => Certainty::NotKnown,
            },
            Self::NotKnown => Certainty::NotKnown,
        }
    }
}

/// Texts that stand in one message, one behind the other, and what that means.
pub(super) struct Symptom {
    pub(super) texts: &'static [&'static str],
    pub(super) says: Says,
    pub(super) sentence: &'static str,
    /// With `{cluster}` and `{region}` where names belong.
    pub(super) fix: &'static str,
    pub(super) look_at: &'static [&'static str],
}

impl Symptom {
    pub(super) const fn named(
        texts: &'static [&'static str],
        cause: Cause,
        sentence: &'static str,
        fix: &'static str,
    ) -> Self {
        Self {
            texts,
            says: Says::Named(cause),
            sentence,
            fix,
            look_at: &[],
        }
    }

    pub(super) const fn likeliest(
        texts: &'static [&'static str],
        of: &'static [Cause],
        sentence: &'static str,
        fix: &'static str,
        look_at: &'static [&'static str],
    ) -> Self {
        Self {
            texts,
            says: Says::Likeliest(of),
            sentence,
            fix,
            look_at,
        }
    }

    pub(super) const fn open(
        texts: &'static [&'static str],
        sentence: &'static str,
        look_at: &'static [&'static str],
    ) -> Self {
        Self {
            texts,
            says: Says::NotKnown,
            sentence,
            fix: "",
            look_at,
        }
    }
}

/// What the first symptom that a message shows says of it.
pub(super) fn first(symptoms: &[Symptom], rank: Rank, statement: &Statement, context: &Context) -> Option<Reading> {
    let (symptom, at) = symptoms
        .iter()
        .find_map(|symptom| statement.find(symptom.texts).map(|at| (symptom, at)))?;
    Some(Reading {
        rank,
        at,
        certainty: symptom.says.certainty(),
        sentence: context.fill(symptom.sentence),
        fix: context.fill(symptom.fix),
        look_at: symptom.look_at.iter().map(|text| context.fill(text)).collect(),
    })
}
