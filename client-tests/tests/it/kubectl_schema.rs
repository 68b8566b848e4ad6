//! kubectl against the types of the API: explanations, typing errors, defaults, and kinds of one's own.

use std::fs;
use std::path::PathBuf;

use client_tests::Client;
use client_tests::Ran;
use client_tests::Simulator;
use client_tests::need;

const CLIENTS: [Client; 2] = [Client::Aws, Client::Kubectl];

struct Shell {
    simulator: Simulator,
    kubectl: PathBuf,
}

impl Shell {
    fn start(test: &str) -> Option<Self> {
        let clients = need(test, &CLIENTS)?;
        Some(Self {
            simulator: Simulator::start(),
            kubectl: clients[1].clone(),
        })
    }

    fn run(&self, words: &str) -> Ran {
        self.simulator.run(&self.kubectl, words, None)
    }

    /// The path of a file that holds `text`.
    fn file(&self, text: &str) -> String {
        let path = self.simulator.folder().join("manifest.yaml");
        fs::write(&path, text).unwrap();
        path.display().to_string()
    }
}

#[test]
fn types_are_explained_at_every_depth() {
    let Some(shell) = Shell::start("types_are_explained_at_every_depth") else {
        return;
    };
    for (path, wanted) in [
        ("pod", "KIND:       Pod"),
        (
            "deployment.spec.template.spec.containers",
            "FIELD: containers <[]Container>",
        ),
        (
            "pod.spec.containers.ports.containerPort",
            "FIELD: containerPort <integer>",
        ),
        ("service.spec.ports.targetPort", "FIELD: targetPort <IntOrString>"),
        ("rolebinding.roleRef.name", "FIELD: name <string>"),
        (
            "crd.spec.versions.schema.openAPIV3Schema.properties",
            "FIELD: properties <map[string]JSONSchemaProps>",
        ),
    ] {
        let explained = shell.run(&format!("explain {path}")).good();
        assert!(explained.contains(wanted), "{path}: {explained}");
    }
    let explained = shell.run("explain clusterrole.rules --recursive").good();
    assert!(explained.contains("nonResourceURLs\t<[]string>"), "{explained}");
    assert!(explained.contains("verbs\t<[]string> -required-"), "{explained}");
}

#[test]
fn a_typing_error_is_refused_and_told_where_it_is() {
    let Some(shell) = Shell::start("a_typing_error_is_refused_and_told_where_it_is") else {
        return;
    };
    let deployment = |replicas: &str, image: &str| {
        format!(
            "apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: web}}\nspec:\n  {replicas}\n  selector: {{matchLabels: {{app: web}}}}\n  template:\n    metadata: {{labels: {{app: web}}}}\n    spec:\n      containers: [{{name: web, {image}: nginx}}]\n"
        )
    };
    let path = shell.file(&deployment("replica: 2", "imag"));
    let refused = shell.run(&format!("create -f {path}")).complaint();
    assert_eq!(
        refused,
        format!(
            "Error from server (BadRequest): error when creating \"{path}\": Deployment in version \"v1\" cannot be handled as a Deployment: strict decoding error: unknown field \"spec.replica\", unknown field \"spec.template.spec.containers[0].imag\""
        )
    );
    let path = shell.file(&deployment("replicas: two", "image"));
    let refused = shell.run(&format!("create -f {path}")).complaint();
    assert!(
        refused
            .ends_with("json: cannot unmarshal string into Go struct field DeploymentSpec.spec.replicas of type int32"),
        "{refused}"
    );
    let path = shell.file(&deployment("replica: 2", "image"));
    let warned = shell.run(&format!("apply --validate=warn -f {path}"));
    assert!(
        warned.stderr.contains("Warning: unknown field \"spec.replica\""),
        "{}",
        warned.stderr
    );
    assert_eq!(warned.good(), "deployment.apps/web created\n");
    let filled_in = shell
        .run("get deployment web -o jsonpath={.spec.replicas}/{.spec.strategy.type}/{.spec.template.spec.containers[0].imagePullPolicy}")
        .good();
    assert_eq!(filled_in, "1/RollingUpdate/Always");
    // Posted as protobuf.
    assert_eq!(
        shell
            .run("create deployment api --image=nginx:1.27 --replicas=2")
            .good(),
        "deployment.apps/api created\n"
    );
    let filled_in = shell
        .run("get deployment api -o jsonpath={.spec.replicas}/{.spec.template.spec.containers[0].imagePullPolicy}")
        .good();
    assert_eq!(filled_in, "2/IfNotPresent");
}

#[test]
fn a_binding_cannot_change_its_role() {
    let Some(shell) = Shell::start("a_binding_cannot_change_its_role") else {
        return;
    };
    assert_eq!(
        shell.run("create rolebinding b --clusterrole=view --user=jane").good(),
        "rolebinding.rbac.authorization.k8s.io/b created\n"
    );
    let path = shell.file(
        "apiVersion: rbac.authorization.k8s.io/v1\nkind: RoleBinding\nmetadata: {name: b}\nroleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: edit}\nsubjects: [{kind: User, name: jane}]\n",
    );
    assert_eq!(
        shell.run(&format!("replace -f {path}")).complaint(),
        "The RoleBinding \"b\" is invalid: roleRef: Invalid value: rbac.RoleRef{APIGroup:\"rbac.authorization.k8s.io\", Kind:\"ClusterRole\", Name:\"edit\"}: cannot change roleRef"
    );
}

#[test]
fn a_kind_of_ones_own_is_defined_explained_and_checked() {
    let Some(shell) = Shell::start("a_kind_of_ones_own_is_defined_explained_and_checked") else {
        return;
    };
    let path = shell.file(
        "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: {name: iamidentitymappings.iamauthenticator.k8s.aws}\nspec:\n  group: iamauthenticator.k8s.aws\n  scope: Cluster\n  names: {plural: iamidentitymappings, singular: iamidentitymapping, kind: IAMIdentityMapping, categories: [all]}\n  versions:\n  - name: v1alpha1\n    served: true\n    storage: true\n    schema:\n      openAPIV3Schema:\n        type: object\n        properties:\n          spec:\n            type: object\n            required: [arn, username]\n            properties:\n              arn: {type: string, description: The ARN of the identity.}\n              username: {type: string}\n              groups: {type: array, items: {type: string}}\n          status:\n            type: object\n            properties:\n              canonicalARN: {type: string}\n    subresources: {status: {}}\n",
    );
    assert_eq!(
        shell.run(&format!("apply -f {path}")).good(),
        "customresourcedefinition.apiextensions.k8s.io/iamidentitymappings.iamauthenticator.k8s.aws created\n"
    );
    let explained = shell.run("explain iamidentitymapping.spec").good();
    assert!(
        explained.contains("arn\t<string> -required-\n    The ARN of the identity."),
        "{explained}"
    );
    let mapping = |spec: &str| {
        format!(
            "apiVersion: iamauthenticator.k8s.aws/v1alpha1\nkind: IAMIdentityMapping\nmetadata: {{name: dev}}\nspec: {spec}\n"
        )
    };
    let path = shell.file(&mapping("{arn: 5, username: dev}"));
    assert_eq!(
        shell.run(&format!("apply -f {path}")).complaint(),
        "The IAMIdentityMapping \"dev\" is invalid: spec.arn: Invalid value: \"integer\": spec.arn in body must be of type string: \"integer\""
    );
    let path = shell.file(&mapping("{arn: 'arn:aws:iam::111122223333:user/dev', usrname: dev}"));
    let refused = shell.run(&format!("apply -f {path}")).complaint();
    assert!(
        refused.ends_with("strict decoding error: unknown field \"spec.usrname\""),
        "{refused}"
    );
    let path = shell.file(&mapping(
        "{arn: 'arn:aws:iam::111122223333:user/dev', username: dev, groups: [viewers]}",
    ));
    assert_eq!(
        shell.run(&format!("apply -f {path}")).good(),
        "iamidentitymapping.iamauthenticator.k8s.aws/dev created\n"
    );
    assert_eq!(
        shell.run(&format!("apply -f {path}")).good(),
        "iamidentitymapping.iamauthenticator.k8s.aws/dev unchanged\n"
    );
    assert_eq!(
        shell
            .run("get iamidentitymapping dev -o jsonpath={.spec.groups[0]}")
            .good(),
        "viewers"
    );
}
