"""Holds an answer, as it came over the wire, against the output shape of botocore's model: what no parser complains of."""

import json
import re
import xml.etree.ElementTree as ElementTree

ISO8601 = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z")
# 2001 and 2286: no number of milliseconds since 1970 that is meant is between them.
SECONDS = (1e9, 1e10)


def constraints(shape, value, path):
    """What a text, number, list or map has against the bounds of its shape."""
    bounds = shape.metadata
    size = value if isinstance(value, (int, float)) else len(value)
    # Lists and maps that are to have an item come back empty all the same: an EKS cluster without tags has `tags: {}`.
    low = "min" in bounds and isinstance(value, (int, float, str)) and size < bounds["min"]
    if low or "max" in bounds and size > bounds["max"]:
        yield f"{path}: {size} is out of {bounds.get('min')}..{bounds.get('max')}"
    if not isinstance(value, str):
        return
    enum = bounds.get("enum")
    if enum and value not in enum:
        yield f"{path}: {value!r} is none of {', '.join(enum)}"
    if "pattern" in bounds:
        try:
            pattern = re.compile(bounds["pattern"])
        except re.error:
            # Java knows classes of characters that Python does not.
            return
        if not pattern.fullmatch(value):
            yield f"{path}: {value!r} does not match {bounds['pattern']}"


def name_on_wire(name, member):
    return member.serialization.get("name", name)


def json_value(shape, value, path):
    """What a JSON value has against a shape. An explicit null stands for a member that is absent."""
    kind = shape.type_name
    wrong = f"{path}: {json.dumps(value)[:60]} is no {kind}"
    if kind == "structure":
        if not isinstance(value, dict):
            yield wrong
            return
        yield from json_members(shape, shape.members, value, path)
    elif kind == "list":
        if not isinstance(value, list):
            yield wrong
            return
        yield from constraints(shape, value, path)
        for at, item in enumerate(value):
            yield from json_value(shape.member, item, f"{path}[{at}]")
    elif kind == "map":
        if not isinstance(value, dict):
            yield wrong
            return
        yield from constraints(shape, value, path)
        for key, item in value.items():
            yield from constraints(shape.key, key, f"{path} key")
            yield from json_value(shape.value, item, f"{path}.{key}")
    elif kind in ("string", "blob"):
        if not isinstance(value, str):
            yield wrong
        elif kind == "string":
            yield from constraints(shape, value, path)
    elif kind == "boolean":
        if not isinstance(value, bool):
            yield wrong
    elif kind == "timestamp":
        form = shape.serialization.get("timestampFormat", "unixTimestamp")
        if form == "iso8601":
            if not isinstance(value, str) or not ISO8601.fullmatch(value):
                yield f"{path}: {value!r} is no time as ISO 8601"
        elif isinstance(value, bool) or not isinstance(value, (int, float)):
            yield f"{path}: {value!r} is no number of seconds"
        elif not SECONDS[0] < value < SECONDS[1]:
            yield f"{path}: {value} is no plausible number of seconds"
    elif isinstance(value, bool) or not isinstance(value, (int, float)):
        yield wrong
    elif kind in ("integer", "long") and not isinstance(value, int):
        yield wrong
    else:
        yield from constraints(shape, value, path)


def json_members(shape, members, value, path):
    names = {name_on_wire(name, member): member for name, member in members.items()}
    for name, item in value.items():
        if name not in names:
            yield f"{path}.{name}: the model has no such member"
        elif item is not None:
            yield from json_value(names[name], item, f"{path}.{name}")
    for name in shape.required_members:
        if name in members and value.get(name_on_wire(name, members[name])) is None:
            yield f"{path}.{name}: required, and missing"


def local(element):
    return element.tag.rpartition("}")[2]


def xml_value(shape, element, path):
    """What an XML element has against a shape."""
    kind = shape.type_name
    children = list(element)
    if kind in ("structure", "list", "map"):
        if (element.text or "").strip():
            yield f"{path}: text in a {kind}"
    elif children:
        yield f"{path}: elements in a {kind}"
    text = element.text or ""
    if kind == "structure":
        yield from xml_members(shape, children, path)
    elif kind == "list":
        yield from constraints(shape, children, path)
        wanted = shape.member.serialization.get("name", "member")
        for at, child in enumerate(children):
            if local(child) != wanted:
                yield f"{path}: <{local(child)}> in a list of <{wanted}>"
            else:
                yield from xml_value(shape.member, child, f"{path}[{at}]")
    elif kind == "map":
        for entry in children:
            parts = {local(child): child for child in entry}
            names = [shape.key.serialization.get("name", "key"), shape.value.serialization.get("name", "value")]
            if local(entry) != "entry" or sorted(parts) != sorted(names):
                yield f"{path}: <{local(entry)}> with {sorted(parts)} in a map"
            else:
                yield from xml_value(shape.key, parts[names[0]], f"{path} key")
                yield from xml_value(shape.value, parts[names[1]], f"{path} value")
    elif kind == "string":
        yield from constraints(shape, text, path)
    elif kind == "boolean":
        if text not in ("true", "false"):
            yield f"{path}: {text!r} is no boolean"
    elif kind == "timestamp":
        if not ISO8601.fullmatch(text):
            yield f"{path}: {text!r} is no time as ISO 8601"
    elif kind in ("integer", "long"):
        if not re.fullmatch(r"-?\d+", text):
            yield f"{path}: {text!r} is no {kind}"
        else:
            yield from constraints(shape, int(text), path)


def xml_members(shape, children, path):
    names = {}
    for name, member in shape.members.items():
        if member.serialization.get("flattened"):
            # Each item stands for itself, under the name of the items or of the member.
            item = member.member.serialization.get("name") if member.type_name == "list" else None
            names[item or name_on_wire(name, member)] = member.member if member.type_name == "list" else member
        else:
            names[name_on_wire(name, member)] = member
    seen = set()
    for child in children:
        name = local(child)
        if name not in names:
            yield f"{path}.{name}: the model has no such member"
            continue
        if name in seen and not any(member.serialization.get("flattened") for member in shape.members.values()):
            yield f"{path}.{name}: twice"
        seen.add(name)
        yield from xml_value(names[name], child, f"{path}.{name}")
    for name in shape.required_members:
        if name_on_wire(name, shape.members[name]) not in seen:
            yield f"{path}.{name}: required, and missing"


def parse_json(body):
    try:
        return json.loads(body or b"{}"), None
    except ValueError as error:
        return None, f"no JSON: {error}"


def answer(operation, response):
    """What the good answer to an operation has against the model."""
    model, shape = operation.service_model, operation.output_shape
    headers, body = response["headers"], response["body"]
    if not headers.get("x-amzn-requestid"):
        yield "no x-amzn-requestid"
    wanted = operation.http.get("responseCode", 200)
    if response["status_code"] != wanted:
        yield f"status {response['status_code']}, not {wanted}"
    protocol = model.resolved_protocol if hasattr(model, "resolved_protocol") else model.protocol
    if protocol == "query":
        yield from query_answer(operation, body)
        return
    if protocol == "ec2":
        yield from ec2_answer(operation, body)
        return
    if operation.has_event_stream_output:
        return
    kind = headers.get("content-type", "")
    wanted = "application/json" if protocol == "rest-json" else f"application/x-amz-json-{model.metadata['jsonVersion']}"
    if kind.split(";")[0] != wanted and body:
        yield f"content type {kind}, not {wanted}"
    if shape is None:
        if body not in (b"", b"{}"):
            yield f"a body where the model has none: {body[:60]}"
        return
    value, problem = parse_json(body)
    if problem:
        yield problem
        return
    in_body = {name: member for name, member in shape.members.items() if "location" not in member.serialization}
    payload = shape.serialization.get("payload")
    if payload:
        yield from json_value(shape.members[payload], value, payload)
    elif not isinstance(value, dict):
        yield "no JSON object"
    else:
        yield from json_members(shape, in_body, value, "")


def query_answer(operation, body):
    model, shape = operation.service_model, operation.output_shape
    try:
        root = ElementTree.fromstring(body)
    except ElementTree.ParseError as error:
        yield f"no XML: {error}"
        return
    namespace = model.metadata["xmlNamespace"]
    if root.tag != f"{{{namespace}}}{operation.name}Response":
        yield f"root {root.tag}, not {operation.name}Response in {namespace}"
    children = {local(child): child for child in root}
    metadata = children.pop("ResponseMetadata", None)
    if metadata is None or [local(child) for child in metadata] != ["RequestId"]:
        yield "no ResponseMetadata with a RequestId"
    wrapper = shape.serialization.get("resultWrapper") if shape is not None else None
    result = children.pop(wrapper, None) if wrapper else None
    for name in children:
        yield f"<{name}>: the model has no such element"
    if wrapper and result is None:
        yield f"no {wrapper}"
    elif wrapper:
        yield from xml_members(shape, list(result), "")


def ec2_answer(operation, body):
    model, shape = operation.service_model, operation.output_shape
    try:
        root = ElementTree.fromstring(body)
    except ElementTree.ParseError as error:
        yield f"no XML: {error}"
        return
    # EC2 answers with a slash that the model has not.
    if root.tag != f"{{{model.metadata['xmlNamespace'].rstrip('/')}/}}{operation.name}Response":
        yield f"root {root.tag}, not {operation.name}Response"
    children = list(root)
    if not children or local(children[0]) != "requestId" or not children[0].text:
        yield "no requestId"
    yield from xml_members(shape, children[1:], "")


def error(operation, response):
    """What the answer to an operation that failed has against the model."""
    model = operation.service_model
    protocol = model.resolved_protocol if hasattr(model, "resolved_protocol") else model.protocol
    headers, body, status = response["headers"], response["body"], response["status_code"]
    if not headers.get("x-amzn-requestid"):
        yield "no x-amzn-requestid"
    if protocol == "ec2":
        # No error of EC2's is in its model.
        root = ElementTree.fromstring(body)
        parts = [local(part) for part in root.iter()]
        if parts != ["Response", "Errors", "Error", "Code", "Message", "RequestID"]:
            yield f"an error in another form: {body[:200]}"
        return
    if protocol == "query":
        root = ElementTree.fromstring(body)
        tree = {local(child): [local(part) for part in child] for child in root}
        if local(root) != "ErrorResponse" or tree != {"Error": ["Type", "Code", "Message"], "RequestId": []}:
            yield f"an error in another form: {body[:200]}"
            return
        code, members = root[0][1].text, {}
    else:
        members, problem = parse_json(body)
        if problem:
            yield problem
            return
        code = headers.get("x-amzn-errortype") if protocol == "rest-json" else members.pop("__type", None)
        if not code:
            yield "no error code"
            return
        code = code.partition(":")[0].rpartition("#")[2]
    for shape in operation.error_shapes:
        if code in (shape.name, shape.metadata.get("error", {}).get("code")):
            # The message is sent whether the model has it, as that of EKS does, or not, as that of CloudWatch Logs.
            known = {name: value for name, value in members.items() if name != "message" or name in shape.members}
            yield from json_members(shape, shape.members, {} if protocol == "query" else known, code)
            # Services of the other protocol answer 400 whatever the model says.
            wanted = 400 if protocol == "json" else shape.metadata.get("error", {}).get("httpStatusCode", status)
            if status != wanted:
                yield f"{code} with status {status}, not {wanted}"
            return
    for name in members:
        if name.lower() != "message":
            yield f"{code}.{name}: an error that is not modelled has no such member"


def self_test():
    """Each kind of mistake is found, and none where there is none."""
    from botocore.model import ServiceModel

    shapes = {
        "Out": {
            "type": "structure",
            "required": ["Name"],
            "members": {
                "Name": {"shape": "Text"},
                "At": {"shape": "Time"},
                "Count": {"shape": "Number"},
                "On": {"shape": "Flag"},
                "Items": {"shape": "Texts"},
                "Tags": {"shape": "Tags"},
            },
        },
        "Text": {"type": "string", "max": 5, "pattern": "[a-z]+"},
        "Time": {"type": "timestamp"},
        "Number": {"type": "integer", "max": 9},
        "Flag": {"type": "boolean"},
        "Texts": {"type": "list", "member": {"shape": "Text"}},
        "Tags": {"type": "map", "key": {"shape": "Text"}, "value": {"shape": "Text"}},
    }
    shape = ServiceModel({"metadata": {"protocol": "json"}, "shapes": shapes}).shape_for("Out")
    good = {"Name": "abc", "At": 1.7e9, "Count": 9, "On": True, "Items": ["a"], "Tags": {"a": "b"}}
    bad = [
        {},
        {"Name": None},
        {**good, "Name": 1},
        {**good, "Name": "abcdef"},
        {**good, "Name": "A"},
        {**good, "At": "2026-01-01T00:00:00Z"},
        {**good, "At": 1.7e12},
        {**good, "Count": "9"},
        {**good, "Count": 10},
        {**good, "Count": 1.5},
        {**good, "Count": True},
        {**good, "On": "true"},
        {**good, "Items": "a"},
        {**good, "Items": [1]},
        {**good, "Tags": [{"Key": "a"}]},
        {**good, "Other": 1},
    ]
    assert not list(json_value(shape, good, "")), list(json_value(shape, good, ""))
    for value in bad:
        assert len(list(json_value(shape, value, ""))) == 1, value
    good = (
        "<Name>abc</Name><At>2026-01-01T00:00:00Z</At><Count>9</Count><On>true</On>"
        "<Items><member>a</member></Items><Tags><entry><key>a</key><value>b</value></entry></Tags>"
    )
    bad = [
        good.replace("<Name>abc</Name>", ""),
        good.replace("abc", "ABC"),
        good.replace("2026-01-01T00:00:00Z", "1700000000"),
        good.replace("<Count>9", "<Count>x"),
        good.replace("<On>true", "<On>True"),
        good.replace("member>", "item>"),
        good.replace("entry>", "member>"),
        good.replace("<Items>", "<Items>x"),
        good + "<Other/>",
        good + "<On>true</On>",
    ]

    def findings(text):
        return list(xml_value(shape, ElementTree.fromstring(f"<Out>{text}</Out>"), ""))

    assert not findings(good), findings(good)
    for text in bad:
        assert len(findings(text)) == 1, (text, findings(text))


if __name__ == "__main__":
    self_test()
