"""The frames of watches over WebSocket, as websocket-client sees them; told as JSON to client-tests/tests/it/websocket.rs.

The words are the ready file, a token that is let in and everything allowed, and one that is not let in.
"""

import base64
import json
import ssl
import sys

import requests
import websocket

TIME = 20
MAPS = "/api/v1/namespaces/default/configmaps"
PRESENT = "&resourceVersionMatch=NotOlderThan&sendInitialEvents=true"


class Cluster:
    def __init__(self, ready, token):
        with open(ready, encoding="utf-8") as file:
            self.ready = json.load(file)
        self.endpoint = self.ready["clusters"][0]["endpoint"]
        self.token = token

    def request(self, method, path, **named):
        answer = requests.request(
            method,
            self.endpoint + path,
            headers={"Authorization": f"Bearer {self.token}"},
            verify=self.ready["ca_bundle"],
            timeout=TIME,
            **named,
        )
        answer.raise_for_status()
        return answer.json()

    def open(self, path, token=None, header=None, **named):
        """A WebSocket. `token` is "" for none; `header` changes or adds."""
        token = self.token if token is None else token
        header = {**({"Authorization": f"Bearer {token}"} if token else {}), **(header or {})}
        return websocket.create_connection(
            self.endpoint.replace("https", "wss", 1) + path,
            header=header,
            sslopt={"ca_certs": self.ready["ca_bundle"], "cert_reqs": ssl.CERT_REQUIRED},
            timeout=TIME,
            **named,
        )

    def refused(self, path, **named):
        """The status that a handshake ends with, and its body: a Status's message, an object's kind, or as it is."""
        try:
            self.open(path, **named).close()
        except websocket.WebSocketBadStatusException as error:
            body = (error.resp_body or b"").decode()
            if body.startswith("{"):
                value = json.loads(body)
                body = value.get("message", value["kind"])
            return [error.status_code, body]
        return "accepted"


def told(stream):
    """The next message: how it is framed, and what it says."""
    code, data = stream.recv_data()
    if not data.endswith(b"\n"):
        raise RuntimeError(data)
    event = json.loads(data)
    shown = event["object"]
    name = shown.get("metadata", {}).get("name")
    return [websocket.ABNF.OPCODE_MAP[code], event["type"], shown["kind"], name], shown


def put(cluster, name, value):
    body = {"metadata": {"name": name, "labels": {"app": "story"}}, "data": {"a": value}}
    return cluster.request("POST", MAPS, json=body)["metadata"]["resourceVersion"]


def end(stream):
    """The status of the close frame, and whether nothing follows it."""
    code, data = stream.recv_data(control_frame=True)
    if code != websocket.ABNF.OPCODE_CLOSE:
        raise RuntimeError((code, data))
    return int.from_bytes(data, "big")


def changes(cluster):
    """Changes as they are made, with pings and words of the client in between."""
    version = cluster.request("GET", MAPS)["metadata"]["resourceVersion"]
    stream = cluster.open(f"{MAPS}?watch=true&labelSelector=app=story&resourceVersion={version}")
    seen = []
    put(cluster, "first", "1")
    seen.append(told(stream)[0])
    stream.ping("here?")
    code, frame = stream.recv_data_frame(control_frame=True)
    seen.append([websocket.ABNF.OPCODE_MAP[code], frame.data.decode()])
    stream.send("nobody listens")
    stream.send_binary(b"\x00\xff")
    body = {"data": {"a": "2"}}
    patch = {"Content-Type": "application/merge-patch+json", "Authorization": f"Bearer {cluster.token}"}
    requests.patch(
        f"{cluster.endpoint}{MAPS}/first", json=body, headers=patch, verify=cluster.ready["ca_bundle"], timeout=TIME
    ).raise_for_status()
    seen.append(told(stream)[0])
    cluster.request("DELETE", f"{MAPS}/first")
    seen.append(told(stream)[0])
    stream.send_close(1001)
    seen.append(end(stream))
    stream.shutdown()
    return seen


def representations(cluster):
    """Bookmarks behind what is there, tables and metadata."""
    put(cluster, "second", "1")
    initial = f"{MAPS}?watch=1&labelSelector=app=story&allowWatchBookmarks=true{PRESENT}"
    seen = {}
    stream = cluster.open(initial)
    seen["initial"] = [told(stream)[0], told(stream)[0]]
    stream.close()
    accept = {"Accept": "application/json;as=Table;v=v1;g=meta.k8s.io,application/json"}
    stream = cluster.open(initial, header=accept)
    words, table = told(stream)
    seen["table"] = [words, [column["name"] for column in table["columnDefinitions"]], table["rows"][0]["cells"][:2]]
    stream.close()
    accept = {"Accept": "application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io,application/json"}
    stream = cluster.open(initial, header=accept)
    words, shown = told(stream)
    seen["metadata"] = [words, sorted(shown)]
    stream.close()
    stream = cluster.open(f"{MAPS}?watch=1&timeoutSeconds=1&resourceVersion=999999999")
    seen["time"] = end(stream)
    stream.shutdown()
    return seen


def protocols(cluster, unmapped):
    """The token among the protocols, and which protocol is answered."""

    def named(token):
        encoded = base64.urlsafe_b64encode(token.encode()).decode().rstrip("=")
        return f"base64url.bearer.authorization.k8s.io.{encoded}"

    def accepted(protocols, **changed):
        stream = cluster.open(f"{MAPS}?watch=1&labelSelector=app=story", subprotocols=protocols, **changed)
        seen = [stream.getsubprotocol(), told(stream)[0]]
        stream.close()
        return seen

    watch = f"{MAPS}?watch=1"
    token = named(cluster.token)
    return {
        "one": accepted(["base64.channel.k8s.io"]),
        "token": accepted([token, "base64.binary.k8s.io"], token=""),
        # The header is not good, the protocol is.
        "both": accepted([token, "binary.k8s.io"], token=unmapped),
        "two": cluster.refused(watch, subprotocols=["a", "b"]),
        "alone": cluster.refused(watch, token="", subprotocols=[token]),
        "twice": cluster.refused(watch, token="", subprotocols=[token, token, "a"]),
        "unmapped": cluster.refused(watch, token="", subprotocols=[named(unmapped), "a"]),
    }


def refusals(cluster, unmapped):
    """What is no WebSocket in the end."""
    watch = f"{MAPS}?watch=1"
    pod = {"metadata": {"name": "web"}, "spec": {"containers": [{"name": "web", "image": "web:1"}]}}
    cluster.request("POST", "/api/v1/namespaces/default/pods", json=pod)
    return {
        "nobody": cluster.refused(watch, token=""),
        "unmapped": cluster.refused(watch, token=unmapped),
        "forbidden": cluster.refused(
            "/api/v1/secrets?watch=1", header={"Impersonate-User": "jane", "Impersonate-Group": "readers"}
        ),
        "version": cluster.refused(f"{watch}&resourceVersion=x"),
        "match": cluster.refused(f"{watch}&resourceVersionMatch=Exact"),
        "missing": cluster.refused("/api/v1/namespaces/default/nosuch?watch=1"),
        "origin": cluster.refused(watch, suppress_origin=True),
        "draft": cluster.refused(watch, header={"Sec-WebSocket-Version": "8"}),
        "list": cluster.refused(MAPS),
        "exec": cluster.refused("/api/v1/namespaces/default/pods/web/exec?command=ls"),
    }


def main():
    ready, token, unmapped = sys.argv[1:]
    cluster = Cluster(ready, token)
    seen = {
        "changes": changes(cluster),
        **representations(cluster),
        "protocols": protocols(cluster, unmapped),
        "refused": refusals(cluster, unmapped),
    }
    print(json.dumps(seen))


main()
