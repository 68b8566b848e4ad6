//! By which fields the objects of a kind are selected.
//!
//! Source: `pkg/apis/*/v1/conversion.go` of Kubernetes 1.32 (`AddFieldLabelConversionFunc`).

use crate::value::log::go_quote;

/// The fields of a kind that a field selector may name, besides its name and namespace.
#[derive(Clone, Copy, Debug)]
pub struct SelectableFields {
    /// Name, pointer into what is stored, and what the field is where it is absent.
    own: &'static [(&'static str, &'static str, &'static str)],
    refusal: Refusal,
}

/// How a selector is refused that names another field: kinds with fields of their own have words of their own.
#[derive(Clone, Copy, Debug)]
enum Refusal {
    Job,
    NotKnown,
    NotSupported,
}

impl SelectableFields {
    /// None of its own.
    pub const METADATA: Self = Self {
        own: &[],
        refusal: Refusal::NotKnown,
    };
    /// Those of a custom resource, which its definition names.
    pub const CUSTOM: Self = Self::of(&[]);
    pub(super) const CERTIFICATE_SIGNING_REQUEST: Self = Self::of(&[("spec.signerName", "/spec/signerName", "")]);
    pub(super) const EVENT: Self = Self::of(&[
        ("involvedObject.kind", "/involvedObject/kind", ""),
        ("involvedObject.namespace", "/involvedObject/namespace", ""),
        ("involvedObject.name", "/involvedObject/name", ""),
        ("involvedObject.uid", "/involvedObject/uid", ""),
        ("involvedObject.apiVersion", "/involvedObject/apiVersion", ""),
        ("involvedObject.resourceVersion", "/involvedObject/resourceVersion", ""),
        ("involvedObject.fieldPath", "/involvedObject/fieldPath", ""),
        ("reason", "/reason", ""),
        ("reportingComponent", "/reportingComponent", ""),
        ("source", "/source/component", ""),
        ("type", "/type", ""),
    ]);
    /// The names of events.k8s.io, and where they stand in what is stored.
    pub(super) const NEW_EVENT: Self = Self::of(&[
        ("regarding.kind", "/involvedObject/kind", ""),
        ("regarding.namespace", "/involvedObject/namespace", ""),
        ("regarding.name", "/involvedObject/name", ""),
        ("regarding.uid", "/involvedObject/uid", ""),
        ("regarding.apiVersion", "/involvedObject/apiVersion", ""),
        ("regarding.resourceVersion", "/involvedObject/resourceVersion", ""),
        ("regarding.fieldPath", "/involvedObject/fieldPath", ""),
        ("reason", "/reason", ""),
        ("reportingController", "/reportingComponent", ""),
        ("type", "/type", ""),
    ]);
    pub(super) const JOB: Self = Self {
        refusal: Refusal::Job,
        ..Self::of(&[("status.successful", "/status/succeeded", "0")])
    };
    pub(super) const NAMESPACE: Self = Self::of(&[("status.phase", "/status/phase", "")]);
    pub(super) const NODE: Self = Self::of(&[("spec.unschedulable", "/spec/unschedulable", "false")]);
    pub(super) const POD: Self = Self::of(&[
        ("spec.hostNetwork", "/spec/hostNetwork", "false"),
        ("spec.nodeName", "/spec/nodeName", ""),
        ("spec.restartPolicy", "/spec/restartPolicy", ""),
        ("spec.schedulerName", "/spec/schedulerName", ""),
        ("spec.serviceAccountName", "/spec/serviceAccountName", ""),
        ("status.nominatedNodeName", "/status/nominatedNodeName", ""),
        ("status.phase", "/status/phase", ""),
        ("status.podIP", "/status/podIP", ""),
        ("status.podIPs", "/status/podIP", ""),
    ]);
    pub(super) const REPLICAS: Self = Self::of(&[("status.replicas", "/status/replicas", "0")]);
    pub(super) const SECRET: Self = Self::of(&[("type", "/type", "")]);
    pub(super) const SERVICE: Self = Self::of(&[
        ("spec.clusterIP", "/spec/clusterIP", ""),
        ("spec.type", "/spec/type", ""),
    ]);

    const fn of(own: &'static [(&'static str, &'static str, &'static str)]) -> Self {
        Self {
            own,
            refusal: Refusal::NotSupported,
        }
    }

    /// Where the field of that name stands, and what it is where it is absent.
    #[must_use]
    pub fn find(&self, name: &str) -> Option<(&'static str, &'static str)> {
        let (_, pointer, default) = self.own.iter().find(|(field, ..)| *field == name)?;
        Some((pointer, default))
    }

    /// How the server says that a field cannot be selected.
    #[must_use]
    pub fn refusal(&self, field: &str) -> String {
        match self.refusal {
            Refusal::Job => format!("field label {} not supported for Job", go_quote(field)),
            Refusal::NotKnown => format!(
                "{} is not a known field selector: only \"metadata.name\", \"metadata.namespace\"",
                go_quote(field)
            ),
            Refusal::NotSupported => format!("field label not supported: {field}"),
        }
    }
}
