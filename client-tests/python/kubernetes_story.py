"""The story of client-tests/tests/it/kubernetes_clients.rs, told by the official Python client."""

import json
import threading

from kubernetes import client, config, dynamic, watch
from kubernetes.client.exceptions import ApiException

NAMESPACE = "story"
WIDGETS = "widgets.example.com"


def refused(call, *words, **named):
    """The code, reason and message that a call ends with."""
    try:
        call(*words, **named)
    except ApiException as error:
        status = json.loads(error.body)
        return {"code": error.status, "reason": status["reason"], "message": status["message"]}
    raise RuntimeError(f"{call} went well")


def changes(core):
    """What a watch tells while a ConfigMap is made, changed in three ways, and deleted."""
    version = core.list_namespaced_config_map(NAMESPACE).metadata.resource_version
    told = []

    def follow():
        stream = watch.Watch().stream(
            core.list_namespaced_config_map,
            NAMESPACE,
            resource_version=version,
            label_selector="app=story",
            timeout_seconds=60,
        )
        for event in stream:
            told.append(f"{event['type']} {event['object'].data['a']}")
            if event["type"] == "DELETED":
                return

    follower = threading.Thread(target=follow)
    follower.start()
    metadata = client.V1ObjectMeta(name="settings", labels={"app": "story"})
    old = core.create_namespaced_config_map(NAMESPACE, client.V1ConfigMap(metadata=metadata, data={"a": "1"}))
    core.patch_namespaced_config_map("settings", NAMESPACE, {"data": {"a": "2"}})
    patch = [{"op": "test", "path": "/data/a", "value": "2"}, {"op": "replace", "path": "/data/a", "value": "3"}]
    core.patch_namespaced_config_map("settings", NAMESPACE, patch)
    old.data["a"] = "4"
    stale = refused(core.replace_namespaced_config_map, "settings", NAMESPACE, old)
    new = core.read_namespaced_config_map("settings", NAMESPACE)
    new.data["a"] = "4"
    core.replace_namespaced_config_map("settings", NAMESPACE, new)
    core.delete_namespaced_config_map("settings", NAMESPACE)
    follower.join()
    return told, stale


def pages(core):
    """How many objects each page of a list has."""
    for number in range(5):
        metadata = client.V1ObjectMeta(generate_name="page-", labels={"page": str(number)})
        core.create_namespaced_config_map(NAMESPACE, client.V1ConfigMap(metadata=metadata))
    sizes = []
    following = None
    while True:
        page = core.list_namespaced_config_map(NAMESPACE, label_selector="page", limit=2, _continue=following)
        sizes.append(len(page.items))
        following = page.metadata._continue
        if not following:
            return sizes


def applied(dynamic_client):
    """The value that a server-side apply leaves, and how another manager is refused."""
    maps = dynamic_client.resources.get(api_version="v1", kind="ConfigMap")

    def apply(value, manager):
        body = {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {"name": "applied", "namespace": NAMESPACE},
            "data": {"a": value},
        }
        return maps.server_side_apply(body=body, name="applied", namespace=NAMESPACE, field_manager=manager)

    apply("1", "story")
    value = apply("2", "story").data.a
    return value, refused(apply, "3", "other")


def widgets(extensions, dynamic_client):
    """A custom resource: those that are there, and how one that its schema does not allow is refused."""
    size = {"type": "object", "properties": {"size": {"type": "integer"}}}
    schema = {"type": "object", "properties": {"spec": size}}
    version = {"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": schema}}
    definition = {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": WIDGETS},
        "spec": {
            "group": "example.com",
            "names": {"kind": "Widget", "plural": "widgets", "singular": "widget"},
            "scope": "Namespaced",
            "versions": [version],
        },
    }
    extensions.create_custom_resource_definition(definition)
    for event in watch.Watch().stream(extensions.list_custom_resource_definition, timeout_seconds=60):
        found = event["object"]
        if found.metadata.name == WIDGETS and any(
            condition.type == "Established" and condition.status == "True"
            for condition in found.status.conditions or []
        ):
            break
    # The client asks the server anew what it serves, where it does not know a kind.
    api = dynamic_client.resources.get(api_version="example.com/v1", kind="Widget")

    def create(name, size):
        body = {"apiVersion": "example.com/v1", "kind": "Widget", "metadata": {"name": name}, "spec": {"size": size}}
        api.create(body=body, namespace=NAMESPACE)

    create("first", 3)
    invalid = refused(create, "second", "large")
    found = [f"{widget.metadata.name} {widget.spec.size}" for widget in api.get(namespace=NAMESPACE).items]
    return found, invalid


def review(api_client):
    """What the server says of a reader's access, and why."""
    rbac = client.RbacAuthorizationV1Api(api_client)
    metadata = client.V1ObjectMeta(name="readers")
    rule = client.V1PolicyRule(api_groups=[""], resources=["configmaps"], verbs=["get"])
    rbac.create_namespaced_role(NAMESPACE, client.V1Role(metadata=metadata, rules=[rule]))
    binding = client.V1RoleBinding(
        metadata=metadata,
        role_ref=client.V1RoleRef(api_group="rbac.authorization.k8s.io", kind="Role", name="readers"),
        subjects=[client.RbacV1Subject(api_group="rbac.authorization.k8s.io", kind="User", name="jane")],
    )
    rbac.create_namespaced_role_binding(NAMESPACE, binding)
    told = []
    for verb in ["get", "delete"]:
        attributes = client.V1ResourceAttributes(namespace=NAMESPACE, resource="configmaps", verb=verb)
        spec = client.V1SubjectAccessReviewSpec(user="jane", resource_attributes=attributes)
        access = client.AuthorizationV1Api(api_client)
        status = access.create_subject_access_review(client.V1SubjectAccessReview(spec=spec)).status
        told.append([status.allowed, status.reason or ""])
    return told


def main():
    config.load_kube_config()
    api_client = client.ApiClient()
    core = client.CoreV1Api(api_client)
    dynamic_client = dynamic.DynamicClient(api_client)
    extensions = client.ApiextensionsV1Api(api_client)
    told = {}
    answer = client.AuthenticationV1Api(api_client).create_self_subject_review(client.V1SelfSubjectReview())
    told["user"] = answer.status.user_info.username
    core.create_namespace(client.V1Namespace(metadata=client.V1ObjectMeta(name=NAMESPACE)))
    told["watched"], told["stale"] = changes(core)
    told["pages"] = pages(core)
    told["applied"], told["conflict"] = applied(dynamic_client)
    told["widgets"], told["invalid"] = widgets(extensions, dynamic_client)
    told["review"] = review(api_client)
    told["missing"] = refused(core.read_namespaced_config_map, "other", NAMESPACE)
    print(json.dumps(told))


main()
