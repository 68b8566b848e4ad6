//! What the control interface says and is told, as the server and `ctl` have it.

use serde::Deserialize;
use serde::Serialize;

/// No snapshot is larger: below what `ctl` reads of an answer.
pub(crate) const SNAPSHOT_LIMIT: usize = 48 * 1024 * 1024;

/// The answer of `POST /v1/reset` and `POST /v1/restore`.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
pub(crate) struct Restaged {
    /// The names of the World's clusters.
    pub(crate) clusters: Vec<String>,
}
