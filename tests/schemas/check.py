"""What is made for programs that are not run in these tests is at least what they read: Grafana's dashboards, Docker Compose's file, and
manifests for the Gateway API and Envoy Gateway, and what `penstock istio` renders.

    $(tools/python.sh tests/schemas/requirements.txt) tests/schemas/check.py

The dashboards go through the types of Grafana's own SDK, Compose's file through its own parser, and manifests through the CRDs of the pinned
releases, whose rules in CEL are not evaluated. A spoiled copy of each must be refused.
"""
import copy
import json
import pathlib
import re
import subprocess
import sys

import jsonschema
import yaml
from grafana_foundation_sdk.cog import plugins
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models.dashboard import Dashboard

ROOT = pathlib.Path(__file__).resolve().parents[2]
COMPOSE = ROOT / "envoy-configs/compose"
SPOILED = "noSuchField"
# Kinds of Kubernetes itself have no CRD.
BUILT_IN = {"Namespace"}


def gomod(name):
    made = subprocess.run([ROOT / "tools/gomod.sh", name], stdout=subprocess.PIPE, text=True)
    return pathlib.Path(made.stdout.strip()) if made.returncode == 0 else sys.exit(made.returncode)


def lost(ours, theirs, path=""):
    """Paths of what a reader has dropped or changed; it may add defaults, and leave out nulls."""
    if isinstance(ours, dict) and isinstance(theirs, dict):
        for key, value in ours.items():
            if value is not None:
                yield from lost(value, theirs[key], f"{path}.{key}") if key in theirs else [f"{path}.{key}"]
    elif isinstance(ours, list) and isinstance(theirs, list) and len(ours) == len(theirs):
        for number, pair in enumerate(zip(ours, theirs)):
            yield from lost(*pair, f"{path}[{number}]")
    elif ours != theirs:
        yield path


def grafana(document):
    """What Grafana's types know nothing of."""
    read = json.loads(JSONEncoder().encode(Dashboard.from_json(document)))
    return ", ".join(lost(document, read))


def dashboards():
    plugins.register_default_plugins()
    for path in sorted((ROOT / "dashboards").glob("*.json")):
        document = json.loads(path.read_text())
        yield f"dashboards/{path.name} is Grafana's", grafana(document)
        document["panels"][1]["fieldConfig"]["defaults"][SPOILED] = 1
        yield f"dashboards/{path.name} with an unknown field is not", "" if SPOILED in grafana(document) else "nobody saw it"


def compose(text):
    """The project as Compose understands it, or what it says against it."""
    done = subprocess.run([gomod("compose-spec"), "-format", "json", "/dev/stdin"], input=text, cwd=COMPOSE, capture_output=True, text=True)
    return (json.loads(done.stdout), "") if done.returncode == 0 else ({}, done.stderr.strip())


def composed():
    text = (COMPOSE / "docker-compose.yaml").read_text()
    project, wrong = compose(text)
    yield "compose: the file is Compose's", wrong
    yield "compose: with an unknown field it is not", "" if SPOILED in compose(text.replace("restart:", f"{SPOILED}:", 1))[1] else "nobody saw it"
    binds = [one["source"] for service in project["services"].values() for one in service["volumes"] if one["type"] == "bind"]
    missing = [path for path in binds if not pathlib.Path(path).exists() and "/target/" not in path]
    yield f"compose: its {len(binds)} files are there", ", ".join(missing)
    yield "compose: Envoy listens where Docker can reach it", listens(project["services"]["envoy"]["command"][0])


def listens(command):
    """Runs what the container runs but for Envoy itself, and looks at the file that it makes."""
    made = subprocess.run(["sh", "-c", re.sub(r" > \S+ && .*", "", command)], cwd=ROOT, capture_output=True, text=True)
    before, after = ((ROOT / "envoy-configs/suite.yaml").read_text()), made.stdout
    changed = [line for line in after.splitlines() if line not in before.splitlines()]
    return "" if len(changed) == 1 and "0.0.0.0" in changed[0] else made.stderr or f"changed lines: {changed}"


def crds():
    """{(API version, kind): JSON Schema}, closed: what a schema does not name is an error, as it is for the API server."""
    found = {}
    for name in "gateway-api", "envoy-gateway", "istio-crds":
        for path in gomod(name).glob("*.yaml"):
            for crd in yaml.safe_load_all(path.read_text()):
                if crd and crd.get("kind") == "CustomResourceDefinition":
                    spec = crd["spec"]
                    for version in spec["versions"]:
                        found[f"{spec['group']}/{version['name']}", spec["names"]["kind"]] = closed(version["schema"]["openAPIV3Schema"])
    return found


def closed(schema):
    schema = copy.deepcopy(schema)
    schema["properties"] |= {"apiVersion": {"type": "string"}, "kind": {"type": "string"}, "metadata": {"type": "object"}}
    close(schema)
    return schema


def close(node):
    if isinstance(node, dict):
        if isinstance(node.get("properties"), dict) and not node.get("x-kubernetes-preserve-unknown-fields"):
            node.setdefault("additionalProperties", False)
        for value in node.values():
            close(value)
    elif isinstance(node, list):
        for value in node:
            close(value)


def refused(document, schemas):
    kind = document["apiVersion"], document["kind"]
    if kind not in schemas:
        return f"no CRD has {kind}"
    errors = jsonschema.Draft202012Validator(schemas[kind]).iter_errors(document)
    return "; ".join(f"{error.json_path}: {error.message[:200]}" for error in errors)


def rendered():
    """What `penstock istio` makes of the values of its tests."""
    return [path for path in sorted((ROOT / "cli/tests/istio").glob("*.yaml")) if not path.name.endswith(".values.yaml")]


def manifests():
    schemas = crds()
    for path in [*sorted((ROOT / "envoy-gateway").glob("*.yaml")), *rendered()]:
        for document in filter(None, yaml.safe_load_all(path.read_text())):
            name = f"{path.parent.name}/{path.name}: {document['kind']} {document['metadata']['name']}"
            if document["kind"] in BUILT_IN:
                continue
            yield name, refused(document, schemas)
            document["spec"][SPOILED] = 1
            yield f"{name} with an unknown field is refused", "" if SPOILED in refused(document, schemas) else "it is not"


def main():
    passed = failed = 0
    for part in dashboards, composed, manifests:
        for name, wrong in part():
            print(f"FAIL {name}: {wrong}" if wrong else f"ok   {name}", flush=True)
            passed, failed = passed + (not wrong), failed + bool(wrong)
    print(f"{passed} passed, {failed} failed")
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main())
