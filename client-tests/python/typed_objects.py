"""The simulator's own objects, read by the official Python client, which raises where a required field is missing."""

import json

from kubernetes import client, config

config.load_kube_config()
core, batch, discovery = client.CoreV1Api(), client.BatchV1Api(), client.DiscoveryV1Api()

pods = core.list_pod_for_all_namespaces().items
pod = client.V1PodSpec(restart_policy="Never", containers=[client.V1Container(name="c", image="i")])
job = batch.create_namespaced_job(
    "default",
    client.V1Job(
        metadata=client.V1ObjectMeta(generate_name="job-"),
        spec=client.V1JobSpec(template=client.V1PodTemplateSpec(spec=pod)),
    ),
)
uid = job.metadata.uid
endpoints = core.read_namespaced_endpoints("kubernetes", "default")
slice_ = discovery.read_namespaced_endpoint_slice("kubernetes", "default")
print(
    json.dumps(
        {
            "nodes": [
                all([node.status.node_info.boot_id, node.status.node_info.machine_id, node.status.node_info.system_uuid])
                for node in core.list_node().items
            ],
            "images": sorted({status.image_id.split("@")[0] for each in pods for status in each.status.container_statuses}),
            "selected": job.spec.selector.match_labels == {"batch.kubernetes.io/controller-uid": uid}
            and job.spec.template.metadata.labels["job-name"] == job.metadata.name,
            "endpoint": [f"https://{endpoints.subsets[0].addresses[0].ip}:{endpoints.subsets[0].ports[0].port}",
                         f"https://{slice_.endpoints[0].addresses[0]}:{slice_.ports[0].port}"],
            "lists": [
                len(items.items) > 0
                for items in (
                    core.list_namespace(),
                    core.list_service_for_all_namespaces(),
                    core.list_service_account_for_all_namespaces(),
                    client.RbacAuthorizationV1Api().list_cluster_role(),
                    client.ApiregistrationV1Api().list_api_service(),
                )
            ],
        }
    )
)
