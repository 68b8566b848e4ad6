#!/usr/bin/env python3
"""Writes the folders beside this file: requests signed by botocore, each with every stage of the signature.

The tests read the folders and never run this script; whoever changes a case runs it again with botocore 1.43 and
commits what changed. The date is frozen and nothing is random, so the same cases give the same bytes.

One folder is one request:

    context.json           key, secret, session token or null, region, service, date, and the form: header or query
    request.txt            request line, headers, an empty line, body. In the header form it is what goes over the wire
                           less the Authorization header; in the query form the query holds only what is not signing's.
    canonical-request.txt  the three stages, as botocore's methods of these names return them
    string-to-sign.txt
    signature.txt
    authorization.txt      header form: the value of the Authorization header
    presigned-query.txt    query form: the whole query as it goes over the wire

No text has a line end that is not part of it, except context.json.

The real operations go through botocore's own serializers, so that their paths and bodies are what clients send. In
`made_up`, `params` are pairs that botocore encodes for the wire in one way (a space is `+`) and signs in another (a
space is `%20`). A `+` or an unencoded `:` written into `url` would be signed as it stands: no client sends that, and AWS
does not take it, so no case has one.
"""

import datetime
import json
import os
import pathlib
import shutil
from urllib.parse import urlsplit

# botocore must not read anybody's configuration.
for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
    os.environ[name] = os.devnull

import botocore.auth
import botocore.awsrequest
import botocore.credentials
import botocore.serialize
import botocore.session

KEY_ID = "AKIDEXAMPLE"
SECRET = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
TEMPORARY_KEY_ID = "ASIAIOSFODNN7EXAMPLE"
# With every character of base64 that a query must encode.
SESSION_TOKEN = "IQoJb3JpZ2luX2VjEXAMPLE//////////wEaCXVzLXdlc3QtMiJHMEUCIQD+token/with+every/awkward=character=="
NOW = datetime.datetime(2026, 11, 24, 0, 44, 57)
CLUSTER_HEADER = "x-k8s-aws-id"
# What `aws eks get-token` asks for.
TOKEN_EXPIRES = 60
ACCOUNT = "111122223333"
HOST = "https://example.amazonaws.com"

SESSION = botocore.session.Session()
HERE = pathlib.Path(__file__).parent
written = []


def recording(base):
    """A signer that keeps each stage."""

    class Recording(base):
        def canonical_request(self, request):
            self.canonical = super().canonical_request(request)
            return self.canonical

        def string_to_sign(self, request, canonical_request):
            self.to_sign = super().string_to_sign(request, canonical_request)
            return self.to_sign

        def signature(self, string_to_sign, request):
            self.signed = super().signature(string_to_sign, request)
            return self.signed

    return Recording


HeaderSigner = recording(botocore.auth.SigV4Auth)
QuerySigner = recording(botocore.auth.SigV4QueryAuth)


def credentials(temporary):
    if temporary:
        return botocore.credentials.Credentials(TEMPORARY_KEY_ID, SECRET, SESSION_TOKEN)
    return botocore.credentials.Credentials(KEY_ID, SECRET)


def operation(service, name, endpoint, method=None, **parameters):
    """The request of a real operation."""
    model = SESSION.get_service_model(service)
    serializer = botocore.serialize.create_serializer(model.metadata["protocol"])
    request = serializer.serialize_to_request(parameters, model.operation_model(name))
    botocore.awsrequest.prepare_request_dict(request, endpoint_url=endpoint, context={})
    if method:
        request["method"] = method
    return botocore.awsrequest.create_request_object(request)


def made_up(method="GET", url=HOST + "/", headers=(), params=(), body=b""):
    """A request that no operation sends; the headers are pairs, so that names may repeat."""
    request = botocore.awsrequest.AWSRequest(method=method, url=url, data=body, params=list(params))
    for name, value in headers:
        request.headers[name] = value
    return request


def header(case, request, service="service", region="us-east-1", temporary=False):
    signer = HeaderSigner(credentials(temporary), service, region)
    signer.add_auth(request)
    authorization = request.headers["Authorization"]
    del request.headers["Authorization"]
    wire = request.prepare()
    write(case, "header", signer, wire.method, urlsplit(wire.url), request.headers, wire.body, temporary)
    (HERE / case / "authorization.txt").write_bytes(authorization.encode())


def query(case, request, service="sts", region="us-east-1", temporary=False, expires=TOKEN_EXPIRES):
    signer = QuerySigner(credentials(temporary), service, region, expires=expires)
    signer.add_auth(request)
    url = urlsplit(request.url)
    unsigned = url.query.partition("X-Amz-Algorithm=")[0].rstrip("&")
    write(case, "query", signer, request.method, url._replace(query=unsigned), request.headers, b"", temporary)
    (HERE / case / "presigned-query.txt").write_bytes(url.query.encode())


def token(case, host, region, cluster="prod", scheme="https", temporary=False):
    request = operation("sts", "GetCallerIdentity", f"{scheme}://{host}", method="GET")
    request.headers[CLUSTER_HEADER] = cluster
    query(case, request, region=region, temporary=temporary)


def write(case, form, signer, method, url, headers, body, temporary):
    folder = HERE / case
    folder.mkdir()
    written.append(case)
    target = (url.path or "/") + (f"?{url.query}" if url.query else "")
    lines = [f"{method} {target} HTTP/1.1"]
    if "host" not in headers:
        lines.append(f"Host: {botocore.auth._host_from_url(url.geturl())}")
    lines += [f"{name}: {value}" for name, value in headers.items()]
    if isinstance(body, str):
        body = body.encode()
    text = "\n".join(lines).encode() + b"\n\n" + (body or b"")
    (folder / "request.txt").write_bytes(text)
    (folder / "canonical-request.txt").write_bytes(signer.canonical.encode())
    (folder / "string-to-sign.txt").write_bytes(signer.to_sign.encode())
    (folder / "signature.txt").write_bytes(signer.signed.encode())
    context = {
        "form": form,
        "access_key_id": signer.credentials.access_key,
        "secret_access_key": SECRET,
        "session_token": SESSION_TOKEN if temporary else None,
        "region": signer._region_name,
        "service": signer._service_name,
        "date": NOW.strftime(botocore.auth.SIGV4_TIMESTAMP),
    }
    (folder / "context.json").write_text(json.dumps(context, indent=2) + "\n")


def sts_operations():
    endpoint = "https://sts.us-west-2.amazonaws.com"
    west = {"service": "sts", "region": "us-west-2"}
    identity = operation("sts", "GetCallerIdentity", endpoint)
    header("sts-get-caller-identity", identity, **west)
    identity = operation("sts", "GetCallerIdentity", endpoint)
    header("sts-get-caller-identity-session-token", identity, **west, temporary=True)
    role = {"RoleArn": f"arn:aws:iam::{ACCOUNT}:role/team/deploy", "RoleSessionName": "EKSGetTokenAuth"}
    header("sts-assume-role", operation("sts", "AssumeRole", endpoint, **role), **west)
    external = operation(
        "sts", "AssumeRole", endpoint, **role, DurationSeconds=900, ExternalId="a+b=c,d.e@f:g/h-i_j"
    )
    header("sts-assume-role-external-id", external, **west)
    local = operation("sts", "AssumeRole", "http://127.0.0.1:9911", **role)
    header("sts-assume-role-own-endpoint", local, **west)
    user = operation(
        "iam", "CreateUser", "https://iam.amazonaws.com", UserName="jane@example.com", Path="/division/team/"
    )
    header("iam-create-user", user, service="iam")
    policy = json.dumps({"Statement": [{"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}]})
    made = operation(
        "iam", "CreateRole", "http://127.0.0.1:9911", RoleName="deploy", AssumeRolePolicyDocument=policy
    )
    header("iam-create-role-own-endpoint", made, service="iam", region="eu-west-1")


def eks_operations():
    endpoint = "https://eks.us-west-2.amazonaws.com"
    west = {"service": "eks", "region": "us-west-2"}
    principal = f"arn:aws:iam::{ACCOUNT}:role/team/deploy"
    header("eks-list-clusters", operation("eks", "ListClusters", endpoint), **west)
    page = operation("eks", "ListClusters", endpoint, maxResults=2, nextToken="a/b+c==", include=["all"])
    header("eks-list-clusters-page", page, **west)
    entry = {"clusterName": "prod", "principalArn": principal}
    header("eks-describe-access-entry", operation("eks", "DescribeAccessEntry", endpoint, **entry), **west)
    header(
        "eks-describe-access-entry-session-token",
        operation("eks", "DescribeAccessEntry", endpoint, **entry),
        **west,
        temporary=True,
    )
    header(
        "eks-create-access-entry",
        operation(
            "eks",
            "CreateAccessEntry",
            endpoint,
            **entry,
            kubernetesGroups=["viewers", "größe"],
            clientRequestToken="00000000-0000-4000-8000-000000000000",
        ),
        **west,
    )
    policy = "arn:aws:eks::aws:cluster-access-policy/AmazonEKSViewPolicy"
    associate = operation(
        "eks", "AssociateAccessPolicy", endpoint, **entry, policyArn=policy, accessScope={"type": "cluster"}
    )
    header("eks-associate-access-policy", associate, **west)
    dissociate = operation("eks", "DisassociateAccessPolicy", endpoint, **entry, policyArn=policy)
    header("eks-disassociate-access-policy", dissociate, **west)
    untag = operation(
        "eks",
        "UntagResource",
        endpoint,
        resourceArn=f"arn:aws:eks:us-west-2:{ACCOUNT}:cluster/prod",
        tagKeys=["team", "cost center", "a&b=c"],
    )
    header("eks-untag-resource-repeated-keys", untag, **west)
    header(
        "eks-delete-access-entry-own-endpoint",
        operation("eks", "DeleteAccessEntry", "http://127.0.0.1:9911", **entry),
        **west,
    )


def tokens():
    token("token-us-west-2", "sts.us-west-2.amazonaws.com", "us-west-2")
    token("token-eu-central-1", "sts.eu-central-1.amazonaws.com", "eu-central-1")
    token("token-global-endpoint", "sts.amazonaws.com", "us-east-1")
    token("token-china", "sts.cn-north-1.amazonaws.com.cn", "cn-north-1")
    token("token-govcloud-fips", "sts-fips.us-gov-west-1.amazonaws.com", "us-gov-west-1")
    token("token-dual-stack", "sts.us-west-2.api.aws", "us-west-2")
    token("token-session-token", "sts.us-west-2.amazonaws.com", "us-west-2", temporary=True)
    token("token-own-endpoint", "127.0.0.1:9911", "us-west-2", scheme="http")
    token("token-own-endpoint-session-token", "127.0.0.1:9911", "us-west-2", scheme="http", temporary=True)
    token("token-own-endpoint-tls", "127.0.0.1:9911", "us-west-2")
    token("token-ipv6-endpoint", "[::1]:9911", "us-west-2", scheme="http")
    token("token-default-port", "sts.us-west-2.amazonaws.com:443", "us-west-2")
    token("token-cluster-arn", "sts.us-west-2.amazonaws.com", "us-west-2", f"arn:aws:eks:us-west-2:{ACCOUNT}:cluster/c")
    token("token-cluster-white-space", "sts.us-west-2.amazonaws.com", "us-west-2", cluster="  two   words ")


def query_strings():
    def case(name, *params):
        header(f"query-{name}", made_up(params=params))

    case("empty-value", ("Param1", ""), ("Param2", "value"))
    case("order-by-key", ("Param2", "2"), ("Param1", "1"), ("Param10", "10"))
    case("order-by-case", ("b", "1"), ("B", "2"), ("a", "3"), ("A", "4"))
    case("order-by-encoded-key", ("a", "1"), ("ä", "2"), ("a-", "3"), ("a.", "4"), ("a[", "5"), ("~", "6"), ("%", "7"))
    # `a=…` as text sorts behind `a-=…` and `a.=…`, the key `a` before both.
    case("key-prefix-of-another", ("ab", "1"), ("a-b", "2"), ("a.b", "3"), ("a", "4"), ("a1", "5"), ("a", ""))
    case("same-key-order-by-value", ("k", "b"), ("k", "a"), ("k", ""), ("k", "B"), ("k", "a1"), ("k", "~"))
    case("same-key-same-value", ("k", "v"), ("k", "v"))
    case("unreserved", ("-._~0123456789ABCXYZabcxyz", "-._~0123456789ABCXYZabcxyz"))
    case("reserved", ("k", "!*'();:@&=+$,/?#[] \"<>\\^`{|}%"))
    case("space-and-plus", ("a b", "c d"), ("a+b", "c+d"))
    case("slash-and-equal-sign", ("path", "/a/b"), ("token", "a=b=="))
    case("percent-twice", ("k", "%2F"), ("%20", "%"))
    case("utf-8", ("ሴ", "bar"), ("schlüssel", "größe"), ("emoji", "🦀"))
    header("query-bare-key", made_up(url=HOST + "/?flag&other=1&flag2="))
    header("query-in-post", made_up("POST", params=[("Version", "1"), ("Action", "A")], body=b"Param=value"))
    query("query-form-values", made_up(url=HOST + "/?b=2&a=%2F+x%3D&c=&A=%C3%A4%26"), service="service")
    query("query-form-path", made_up(url=HOST + "/a%20b/../c//d/?k=v"), service="service", expires=900)
    query("query-form-delete", made_up("DELETE", HOST + "/x"), service="service", temporary=True)


def headers():
    def case(name, *pairs, **more):
        header(f"header-{name}", made_up(headers=pairs, **more))

    case("order", ("My-Header3", "3"), ("my-header1", "1"), ("MY-HEADER2", "2"))
    case("prefix-of-another", ("x-a-b", "1"), ("x-a", "2"), ("x", "3"), ("x-ab", "4"), ("x-a1", "5"))
    case("white-space", ("My-Header1", "  value1"), ("My-Header2", '  "a   b   c"  '), ("My-Header3", "a\tb \t c"))
    case("empty-value", ("My-Header1", ""), ("My-Header2", "   "))
    case("repeated", ("My-Header1", "value4"), ("My-Header1", " value1 "), ("my-header1", "value3"), ("X", "x"))
    case("repeated-empty", ("My-Header1", ""), ("My-Header1", "b"), ("My-Header1", ""))
    case("commas-and-colons", ("My-Header1", "a,b, c:d"), ("Referer", "https://example.com/?a=b"))
    case(
        "unsigned-extra",
        ("User-Agent", "aws-cli/2.0"),
        ("X-Amzn-Trace-Id", "Root=1-67891233-abcdef012345678912345678"),
        ("Connection", "keep-alive"),
        ("Accept", "*/*"),
    )
    case("host-given", ("Host", "other.example.com:8443"))
    case("host-with-port", url="https://example.amazonaws.com:8443/")
    case("host-with-default-port", url="https://example.amazonaws.com:443/")
    case("host-upper-case", url="https://EXAMPLE.amazonaws.com/")
    body = b'{"a":1}'
    digest = "015abd7f5cc57a2dd94b7590f04ad8084273905ee33ec5cebeae62276a97f862"
    content = (("Content-Type", "application/json"), ("X-Amz-Content-SHA256", digest))
    case("content-sha256", *content, method="POST", body=body)
    local = made_up(headers=[("X-Extra", "1")], url="http://127.0.0.1:9911/")
    header("header-session-token", local, temporary=True)


def paths():
    def case(name, path, **more):
        header(f"path-{name}", made_up(url=HOST + path, **more))

    case("empty", "")
    case("dot", "/./")
    case("dot-at-end", "/a/.")
    case("dot-segments", "/a/./b/../c")
    case("dot-dot-at-end", "/a/b/..")
    case("dot-dot-slash-at-end", "/a/b/../")
    case("dot-dot-above-root", "/../../a")
    case("dots-in-names", "/a./.b/..c/d../...")
    case("slashes", "//")
    case("double-slashes", "//a//b///c//")
    case("slash-at-end", "/a/")
    case("space", "/example space/")
    case("encoded-space", "/example%20space/")
    case("encoded-slash", "/a%2Fb/%2f")
    case("encoded-twice", "/a%252Fb")
    case("encoded-dots", "/a/%2E%2E/b")
    case("unreserved", "/-._~0123456789ABCXYZabcxyz")
    case("reserved", "/!*'();:@&=+$,[]|")
    case("utf-8", "/ሴ/größe")
    case("encoded-utf-8", "/%E1%88%B4/gr%C3%B6%C3%9Fe")
    case("post", "/a/b", method="POST", body="größe\nzweite Zeile\n".encode())
    case("put-empty", "/a/b", method="PUT")


def main():
    botocore.auth.get_current_datetime = lambda remove_tzinfo=True: NOW
    for folder in HERE.iterdir():
        if (folder / "context.json").exists():
            shutil.rmtree(folder)
    for cases in (sts_operations, eks_operations, tokens, query_strings, headers, paths):
        cases()
    print(f"{len(written)} cases")


main()
