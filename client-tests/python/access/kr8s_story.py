"""The story of client-tests/tests/it/access.rs, told by kr8s."""

import json

import kr8s


def tell(**told):
    print(json.dumps(told), flush=True)


def tried(call):
    """What a call gives, or the code and message that it ends with."""
    try:
        return call()
    except kr8s.ServerError as error:
        return {"code": error.response.status_code, "message": str(error)}


def main():
    # To make a client of it is a request already.
    api = tried(kr8s.api)
    if isinstance(api, dict):
        tell(user=api, found=api)
        return
    user = tried(api.whoami)
    listed = tried(lambda: list(api.get("configmaps", namespace="default")))
    if isinstance(listed, dict):
        tell(user=user, found=listed)
        return
    nodes = [node.status.nodeInfo.kubeletVersion for node in api.get("nodes")]
    pods = len(list(api.get("pods", namespace=kr8s.ALL)))
    found = [item.name for item in listed]
    tell(user=user, found=found, nodes=nodes, pods=pods > 0)
    for kind, item in api.watch("configmaps", namespace="default"):
        # It begins with those that are there.
        if item.name in found:
            continue
        tell(type=kind, name=item.name, data=item.raw.get("data"))
        if kind == "DELETED":
            break


main()
