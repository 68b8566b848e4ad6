//! PATCH: what a request's patch makes of an object.
//!
//! Source: `apiserver/pkg/endpoints/handlers/patch.go` of Kubernetes 1.32. FIDELITY: where a patch is no JSON or YAML, the
//! parser's words are ours. Unknown fields of an operation, and fields that come twice, are not reported.

use serde_json::Value;

use super::body;
use super::status::Failure;
use super::validation::MOST_ITEMS;
use crate::go;
use crate::kube::patch;
use crate::kube::patch::PatchKind;
use crate::kube::schema::Kind;
use crate::kube::schema::Schema;
use crate::service::http::Request;

/// A request's patch, read.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Patch {
    pub(super) kind: PatchKind,
    pub(super) body: Value,
}

impl Patch {
    /// The patch of a request to a resource, which may be a `custom` one.
    pub(super) fn read(request: &Request, custom: bool) -> Result<Self, Failure> {
        let taken = PatchKind::allowed(custom);
        let kind = PatchKind::of(body::media_type(request))
            .filter(|kind| taken.contains(kind))
            .ok_or_else(|| Failure::unsupported_patch_type(taken))?;
        let json = serde_json::from_slice(&request.body);
        let body: Value = match (kind, json) {
            (_, Ok(body)) => body,
            (PatchKind::Apply, Err(_)) => go::yaml::to_json(&String::from_utf8_lossy(&request.body))
                .map_err(|error| Failure::bad_request(format!("error decoding YAML: {error}")))?,
            (PatchKind::StrategicMerge, Err(error)) => return Err(Failure::bad_request(error.to_string())),
            (_, Err(error)) => return Err(Failure::bad_request(format!("error decoding patch: {error}"))),
        };
        if kind == PatchKind::Apply && go::json::maps_in_lists(&body) > MOST_ITEMS {
            return Err(Failure::too_large(&format!("{MOST_ITEMS} maps in lists")));
        }
        if let (PatchKind::Apply, false) = (kind, body.is_object()) {
            return Err(Failure::bad_request(format!(
                "error decoding YAML: json: cannot unmarshal {} into Go value of type map[string]interface {{}}",
                go::json::kind(&body)
            )));
        }
        Ok(Self { kind, body })
    }

    /// What it makes of an object of that kind; an apply is none of its business.
    pub(super) fn of(&self, kind: &Kind, object: &Value) -> Result<Value, Failure> {
        let patched = match self.kind {
            PatchKind::Json => patch::json(object, &self.body),
            PatchKind::Merge => patch::merge(object, &self.body),
            PatchKind::StrategicMerge | PatchKind::Apply => {
                let schema = Schema::builtin();
                let of = schema
                    .kind(kind)
                    .ok_or_else(|| Failure::unsupported_patch_type(PatchKind::allowed(true)))?;
                patch::strategic_merge(schema, of, object, &self.body)
            }
        };
        patched.map_err(|error| Failure::of_patch(&error))
    }
}
