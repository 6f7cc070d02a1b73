"""What can be known of a manifest by reading it: whether Istio's tools, Envoy and the proxy that runs it take every field as it is written."""
import itertools
import json
import re
import subprocess

import stack

TYPE = "type.googleapis.com/envoy"
# What istioctl says of everything that is right, and of every EnvoyFilter that there is.
HARMLESS = re.compile(r"is valid|has warnings: *$|No validation issues found|EnvoyFilter exposes internal implementation details")
DURATION = re.compile(r"(\d+(?:\.\d+)?)s")


def read_by_istioctl(mesh, file):
    """What `istioctl validate` and `istioctl analyze` hold against a file."""
    for words in (["validate", "-f", file], ["analyze", "--use-kube=false", file]):
        done = mesh.istioctl(*words)
        said = [line.strip() for line in (done.stdout + done.stderr).splitlines() if line.strip() and not HARMLESS.search(line)]
        if done.returncode or said:
            return f"istioctl {words[0]}: exit code {done.returncode}, {' '.join(said)}"
    return ""


def read_by_envoy(mesh, resources, module):
    """What `envoy --mode validate` holds against the patches: a field that Istio would drop in silence is an error there."""
    patches = [patch for one in resources if one["kind"] == "EnvoyFilter" for patch in one["spec"]["configPatches"]]
    if not patches:
        return ""
    file = mesh.folder / "bootstrap.json"
    file.write_text(json.dumps(bootstrap(patches, module)))
    command = [stack.envoy_binary(), "--mode", "validate", "-l", "error", "-c", file]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60)
    return f"envoy: {done.stderr.strip() or done.stdout.strip()}" if done.returncode else ""


def bootstrap(patches, module):
    """A configuration with these patches in it, at the places where istiod puts them."""
    manager = {
        "@type": f"{TYPE}.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager", "stat_prefix": "llm",
        "route_config": {"virtual_hosts": []}, "http_filters": []}
    listener = {"name": "llm", "address": local(1), "filter_chains": [{"filters": [{"name": "http", "typed_config": manager}]}]}
    cluster = {"name": "llm"}
    for patch in patches:
        value = patch["patch"]["value"]
        match patch["applyTo"]:
            case "LISTENER":
                merge(listener, value)
            case "NETWORK_FILTER":
                merge(manager, value["typed_config"])
            case "CLUSTER":
                merge(cluster, value)
            case "HTTP_FILTER" | "EXTENSION_CONFIG":
                manager["http_filters"].append(with_local_code(value, module))
            case other:
                raise ValueError(f"a patch of {other} is not known here")
    manager["http_filters"].append({"name": "router", "typed_config": {"@type": f"{TYPE}.extensions.filters.http.router.v3.Router"}})
    return {
        "node": {"id": "test", "cluster": "test"}, "static_resources": {"listeners": [listener], "clusters": [cluster, discovery()]},
        "dynamic_resources": {"ads_config": {"api_type": "GRPC", "grpc_services": [{"envoy_grpc": {"cluster_name": "ads"}}]}}}


def with_local_code(value, module):
    """As the agent leaves it: the code has become a file that is here."""
    value = json.loads(json.dumps(value))
    machine = value.get("typed_config", {}).get("config", {}).get("vm_config")
    if machine:
        machine["code"] = {"local": {"filename": str(module.file)}}
    return value


def discovery():
    http2 = {"@type": f"{TYPE}.extensions.upstreams.http.v3.HttpProtocolOptions", "explicit_http_config": {"http2_protocol_options": {}}}
    return {"name": "ads", "typed_extension_protocol_options": {f"{TYPE.partition('/')[2]}.extensions.upstreams.http.v3.HttpProtocolOptions": http2}}


def local(port):
    return {"socket_address": {"address": "127.0.0.1", "port_value": port}}


def merge(into, value):
    for name, one in value.items():
        if isinstance(one, dict) and isinstance(into.get(name), dict):
            merge(into[name], one)
        else:
            into[name] = one


def dropped(resources, dump):
    """What stands in the patches and not in what the proxy runs, as paths."""
    patches = [patch for one in resources if one["kind"] == "EnvoyFilter" for patch in one["spec"]["configPatches"]]
    nodes = list(objects(dump))
    return list(itertools.chain.from_iterable(lost(patch["patch"]["value"], nodes, patch["applyTo"]) for patch in patches))


def lost(value, nodes, path):
    """The fields of the nearest node: the one that lacks the fewest."""
    return min((list(missing(value, node, path)) for node in nodes), key=len)


def objects(value):
    """Every object in a JSON value."""
    if isinstance(value, dict):
        yield value
    for one in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from objects(one)


def missing(value, node, path):
    """Paths of leaves that `value` has and `node` has not, or has with another value."""
    if isinstance(value, dict) and isinstance(node, dict):
        for name, one in value.items():
            if name in ("remote", "local") and path.endswith("code"):
                continue  # the agent puts a file there
            if name not in node and default(one):
                continue
            yield from missing(one, node.get(name), f"{path}.{name}")
    elif isinstance(value, list) and isinstance(node, list) and len(value) == len(node):
        for number, (one, other) in enumerate(zip(value, node)):
            yield from missing(one, other, f"{path}[{number}]")
    elif normal(value) != normal(node):
        yield path


def default(value):
    """What a dump leaves out, because it says nothing."""
    return value in ("", 0, False) or value == {} or value == []


def normal(value):
    """A dump writes durations its own way, and whole numbers of 64 bits as texts."""
    found = DURATION.fullmatch(value) if isinstance(value, str) else None
    return float(found[1]) if found else str(value) if type(value) is int else value
