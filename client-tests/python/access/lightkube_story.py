"""The story of client-tests/tests/it/access.rs, told by lightkube."""

import json

from lightkube import ApiError, Client
from lightkube.resources.authentication_v1 import SelfSubjectReview
from lightkube.resources.core_v1 import ConfigMap, Node, Pod


def tell(**told):
    print(json.dumps(told), flush=True)


def tried(call):
    """What a call gives, or the code and message that it ends with."""
    try:
        return call()
    except ApiError as error:
        return {"code": error.status.code, "message": error.status.message}


def main():
    client = Client()
    user = tried(lambda: client.create(SelfSubjectReview()).status.userInfo.username)
    # The list as it comes knows its version only once it has been begun.
    listed = client.list(ConfigMap, namespace="default")
    items = tried(lambda: list(listed))
    if isinstance(items, dict):
        tell(user=user, found=items)
        return
    nodes = [node.status.nodeInfo.kubeletVersion for node in client.list(Node)]
    pods = len(list(client.list(Pod, namespace="*")))
    tell(user=user, found=[item.metadata.name for item in items], nodes=nodes, pods=pods > 0)
    for kind, item in client.watch(ConfigMap, namespace="default", resource_version=listed.resourceVersion):
        tell(type=kind, name=item.metadata.name, data=item.data)
        if kind == "DELETED":
            break


main()
