//! The World as a whole: back to the beginning, written out, put back.

use std::io;

use eks_auth_core::scenario;
use eks_auth_core::scenario::ScenarioError;
use eks_auth_core::world::store::snapshot::Snapshot;
use eks_auth_core::world::store::snapshot::SnapshotError;

use super::api::Restaged;
use super::api::SNAPSHOT_LIMIT;
use crate::state::State;

/// Why the World stays as it is.
#[derive(Debug, thiserror::Error)]
pub(super) enum RestageError {
    /// A state without a simulator around it.
    #[error("nothing is served here")]
    NotServed,
    /// Its clients' files would have the keys of another World.
    #[error(
        "the snapshot is of another scenario than this simulator's, whose client files have other keys: start it with the \
         scenario that the snapshot was made of"
    )]
    OtherScenario,
    /// A snapshot would be larger than what is taken back.
    #[error("the World is larger than {SNAPSHOT_LIMIT} bytes, the most that a snapshot has")]
    TooLarge,
    /// The text of the beginning is staged no more.
    #[error(transparent)]
    Scenario(#[from] ScenarioError),
    /// The document is no snapshot.
    #[error(transparent)]
    Snapshot(#[from] SnapshotError),
    /// A listener cannot be bound, or a file not be written.
    #[error("{0}")]
    Io(#[from] io::Error),
}

impl RestageError {
    /// The HTTP status that says it.
    pub(super) fn status(&self) -> u16 {
        match self {
            Self::Snapshot(_) => 400,
            Self::OtherScenario => 409,
            Self::NotServed | Self::TooLarge | Self::Scenario(_) | Self::Io(_) => 500,
        }
    }
}

/// The World and the logs as they were staged, with the same listeners. What happened is forgotten.
pub(super) fn reset(state: &State) -> Result<Restaged, RestageError> {
    let listeners = state.listeners().ok_or(RestageError::NotServed)?;
    let origin = listeners.origin().ok_or(RestageError::NotServed)?;
    let staging = scenario::stage(&origin.scenario, state.clients_now())?;
    listeners.restage(state, staging.world)?;
    state.forget();
    Ok(restaged(state))
}

/// The World as a document.
pub(super) fn snapshot(state: &State) -> Result<String, RestageError> {
    let listeners = state.listeners().ok_or(RestageError::NotServed)?;
    let origin = listeners.origin().ok_or(RestageError::NotServed)?;
    let snapshot = Snapshot {
        scenario: origin.scenario.clone(),
        world: (*state.snapshot()).clone(),
    };
    let document = snapshot.render()?;
    if document.len() > SNAPSHOT_LIMIT {
        return Err(RestageError::TooLarge);
    }
    Ok(document)
}

/// The World of a document in place of the present one. Logs and events stay.
pub(super) fn restore(state: &State, document: &[u8]) -> Result<Restaged, RestageError> {
    let listeners = state.listeners().ok_or(RestageError::NotServed)?;
    let origin = listeners.origin().ok_or(RestageError::NotServed)?;
    let snapshot = Snapshot::parse(document)?;
    if snapshot.scenario != origin.scenario {
        return Err(RestageError::OtherScenario);
    }
    listeners.restage(state, snapshot.world)?;
    let now = state.now();
    for cluster in state.snapshot().clusters.values() {
        state.open_logs(cluster, now);
    }
    Ok(restaged(state))
}

fn restaged(state: &State) -> Restaged {
    Restaged {
        clusters: state.snapshot().clusters.keys().cloned().collect(),
    }
}
