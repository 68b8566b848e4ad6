"""The story of client-tests/tests/it/access.rs, told by kubernetes_asyncio."""

import asyncio
import json

from kubernetes_asyncio import client, config, watch
from kubernetes_asyncio.client.exceptions import ApiException


def tell(**told):
    print(json.dumps(told), flush=True)


async def tried(call):
    """What a call gives, or the code and message that it ends with."""
    try:
        return await call
    except ApiException as error:
        return {"code": error.status, "message": json.loads(error.body)["message"]}


async def main():
    await config.load_kube_config()
    async with client.ApiClient() as api:
        core = client.CoreV1Api(api)
        access = client.AuthenticationV1Api(api)
        review = await tried(access.create_self_subject_review(client.V1SelfSubjectReview()))
        user = review if isinstance(review, dict) else review.status.user_info.username
        listed = await tried(core.list_namespaced_config_map("default"))
        if isinstance(listed, dict):
            tell(user=user, found=listed)
            return
        nodes = [node.status.node_info.kubelet_version for node in (await core.list_node()).items]
        pods = len((await core.list_pod_for_all_namespaces()).items)
        tell(user=user, found=[item.metadata.name for item in listed.items], nodes=nodes, pods=pods > 0)
        version = listed.metadata.resource_version
        stream = watch.Watch().stream(
            core.list_namespaced_config_map, "default", resource_version=version, timeout_seconds=300
        )
        async for event in stream:
            tell(type=event["type"], name=event["object"].metadata.name, data=event["object"].data)
            if event["type"] == "DELETED":
                break
        await stream.close()


asyncio.run(main())
