"""The story of client-tests/tests/it/access.rs, told by the official Python client."""

import json

from kubernetes import client, config, watch
from kubernetes.client.exceptions import ApiException


def tell(**told):
    print(json.dumps(told), flush=True)


def tried(call):
    """What a call gives, or the code and message that it ends with."""
    try:
        return call()
    except ApiException as error:
        return {"code": error.status, "message": json.loads(error.body)["message"]}


def main():
    config.load_kube_config()
    core = client.CoreV1Api()
    access = client.AuthenticationV1Api()
    user = tried(lambda: access.create_self_subject_review(client.V1SelfSubjectReview()).status.user_info.username)
    listed = tried(lambda: core.list_namespaced_config_map("default"))
    if isinstance(listed, dict):
        tell(user=user, found=listed)
        return
    nodes = [node.status.node_info.kubelet_version for node in core.list_node().items]
    pods = len(core.list_pod_for_all_namespaces().items)
    tell(user=user, found=[item.metadata.name for item in listed.items], nodes=nodes, pods=pods > 0)
    version = listed.metadata.resource_version
    stream = watch.Watch().stream(
        core.list_namespaced_config_map, "default", resource_version=version, timeout_seconds=300
    )
    for event in stream:
        tell(type=event["type"], name=event["object"].metadata.name, data=event["object"].data)
        if event["type"] == "DELETED":
            break


main()
