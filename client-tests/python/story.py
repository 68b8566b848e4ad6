"""The story of client-tests/tests/it/sdks.rs, told by boto3: prints what it saw as one JSON object."""

import json
import time

import boto3

ROLE = "arn:aws:iam::111122223333:role/admin-test-role"
POLICY = "arn:aws:eks::aws:cluster-access-policy/AmazonEKSViewPolicy"
CLUSTER = "my-cluster"
GRANTED = """fields @timestamp, @message
    | filter @logStream like /authenticator/ | filter @message like "access granted"
    | sort @timestamp desc | limit 20"""


def access_entry(eks):
    told = {}
    update = eks.update_cluster_config(name=CLUSTER, accessConfig={"authenticationMode": "API_AND_CONFIG_MAP"})
    update = update["update"]
    deadline = time.monotonic() + 30
    while update["status"] == "InProgress" and time.monotonic() < deadline:
        time.sleep(0.1)
        update = eks.describe_update(name=CLUSTER, updateId=update["id"])["update"]
    told["update"] = {
        "type": update["type"],
        "params": {param["type"]: param["value"] for param in update["params"]},
        "status": update["status"],
    }
    wanted = {
        "clusterName": CLUSTER,
        "principalArn": ROLE,
        "kubernetesGroups": ["viewers"],
        "tags": {"team": "sdk"},
    }
    entry = eks.create_access_entry(**wanted)["accessEntry"]
    told["entry"] = {
        "principalArn": entry["principalArn"],
        "username": entry["username"],
        "groups": entry["kubernetesGroups"],
        "type": entry["type"],
        "tags": entry["tags"],
        "created": int(entry["createdAt"].timestamp()),
    }
    try:
        eks.create_access_entry(**wanted)
    except eks.exceptions.ResourceInUseException as error:
        told["duplicate"] = error.response["Error"]["Message"]
    associated = eks.associate_access_policy(
        clusterName=CLUSTER,
        principalArn=ROLE,
        policyArn=POLICY,
        accessScope={"type": "namespace", "namespaces": ["default"]},
    )["associatedAccessPolicy"]
    told["association"] = {
        "policyArn": associated["policyArn"],
        "type": associated["accessScope"]["type"],
        "namespaces": associated["accessScope"]["namespaces"],
    }
    pages = eks.get_paginator("list_access_entries").paginate(
        clusterName=CLUSTER, PaginationConfig={"PageSize": 1}
    )
    told["entries"] = [arn for page in pages for arn in page["accessEntries"]]
    policies = eks.list_associated_access_policies(clusterName=CLUSTER, principalArn=ROLE)
    told["policies"] = [policy["policyArn"] for policy in policies["associatedAccessPolicies"]]
    described = eks.describe_access_entry(clusterName=CLUSTER, principalArn=ROLE)["accessEntry"]
    told["same"] = described["accessEntryArn"] == entry["accessEntryArn"]
    eks.disassociate_access_policy(clusterName=CLUSTER, principalArn=ROLE, policyArn=POLICY)
    eks.delete_access_entry(clusterName=CLUSTER, principalArn=ROLE)
    try:
        eks.describe_access_entry(clusterName=CLUSTER, principalArn=ROLE)
    except eks.exceptions.ResourceNotFoundException as error:
        told["gone"] = error.response["Error"]["Message"]
    try:
        eks.describe_cluster(name="other")
    except eks.exceptions.ResourceNotFoundException as error:
        told["missing"] = {
            "message": error.response["Error"]["Message"],
            "status": error.response["ResponseMetadata"]["HTTPStatusCode"],
            "clusterName": error.response.get("clusterName"),
        }
    return told


def insights(logs):
    now = int(time.time())
    asked = {"logGroupName": f"/aws/eks/{CLUSTER}/cluster", "startTime": now - 3600, "endTime": now}
    query = logs.start_query(**asked, queryString=GRANTED)["queryId"]
    answer = logs.get_query_results(queryId=query)
    deadline = time.monotonic() + 30
    while answer["status"] in ("Scheduled", "Running") and time.monotonic() < deadline:
        time.sleep(0.1)
        answer = logs.get_query_results(queryId=query)
    rows = answer["results"]
    told = {
        "query": {
            "status": answer["status"],
            "granted": [cell["value"] for row in rows for cell in row if cell["field"] == "@message"],
        }
    }
    try:
        logs.start_query(**asked, queryString="filter ==")
    except logs.exceptions.MalformedQueryException as error:
        compiled = error.response["queryCompileError"]
        told["malformed"] = {
            "message": error.response["Error"]["Message"],
            "compiled": compiled["message"],
            "start": compiled["location"]["startCharOffset"],
            "end": compiled["location"]["endCharOffset"],
        }
    return told


def main():
    sts = boto3.client("sts")
    told = {"caller": sts.get_caller_identity()["Arn"]}
    by_profile = boto3.Session(profile_name="admin-test-role").client("sts")
    told["profile"] = by_profile.get_caller_identity()["Arn"]
    assumed = sts.assume_role(RoleArn=ROLE, RoleSessionName="sdk", DurationSeconds=900)
    credentials = assumed["Credentials"]
    told["expiration"] = int(credentials["Expiration"].timestamp())
    session = boto3.Session(
        aws_access_key_id=credentials["AccessKeyId"],
        aws_secret_access_key=credentials["SecretAccessKey"],
        aws_session_token=credentials["SessionToken"],
    )
    told["session"] = session.client("sts").get_caller_identity()["Arn"]
    eks = session.client("eks")
    cluster = eks.describe_cluster(name=CLUSTER)["cluster"]
    told["cluster"] = {
        "name": cluster["name"],
        "status": cluster["status"],
        "version": cluster["version"],
        "endpoint": cluster["endpoint"],
        "mode": cluster["accessConfig"]["authenticationMode"],
    }
    told.update(access_entry(eks))
    told.update(insights(session.client("logs")))
    print(json.dumps(told))


main()
