"""What a module is made of, as CycloneDX documents of cargo-cyclonedx.

That tool asks `cargo metadata`, which answers for the workspace as a whole: crates that only another program or another feature
wants are in its lists. `cargo tree` answers for one module, and what it does not name is taken out again.
"""

import json
import os
import pathlib
import re
import subprocess

ROOT = pathlib.Path(__file__).resolve().parent.parent
TARGET = "wasm32-wasip1"
# cargo-cyclonedx writes beside each Cargo.toml of the workspace.
SCRATCH = "penstock-sbom"


def crates(package):
    """Names and versions of the crates whose code is in the module: nothing of tests, builds and macros."""
    tree = ["cargo", "tree", "--locked", "--quiet", "--package", package, "--target", TARGET,
            "--edges", "normal,no-proc-macro", "--prefix", "none", "--format", "{p}"]
    lines = subprocess.run(tree, cwd=ROOT, check=True, capture_output=True, text=True).stdout.splitlines()
    return {(name, version) for name, version in re.findall(r"^(\S+) v(\S+)", "\n".join(lines), re.M)}


def documents(packages, epoch):
    """The document of each package, as bytes: the same whenever and wherever they are made from the same sources."""
    environment = {**os.environ, "SOURCE_DATE_EPOCH": str(epoch)}
    tool = subprocess.run([ROOT / "tools/cyclonedx.sh"], check=True, stdout=subprocess.PIPE, text=True).stdout.strip()
    command = [tool, "cyclonedx", "--quiet", "--format", "json", "--spec-version", "1.5", "--target", TARGET, "--override-filename", SCRATCH]
    try:
        subprocess.run(command, cwd=ROOT, env=environment, check=True)
        written = {path: json.loads(path.read_text()) for path in scratch()}
    finally:
        for path in scratch():
            path.unlink()
    by_name = {document["metadata"]["component"]["name"]: document for document in written.values()}
    return {package: encoded(pruned(by_name[package], crates(package))) for package in packages}


def scratch():
    folders = ("cli", "filters", "shared", "tests")
    return [path for folder in folders for path in (ROOT / folder).rglob(f"{SCRATCH}.json")]


def pruned(document, wanted):
    """The document with the `wanted` crates alone."""
    components = [each for each in document["components"] if (each["name"], each["version"]) in wanted]
    own = document["metadata"]["component"]
    missing = wanted - {(each["name"], each["version"]) for each in [own, *components]}
    if missing:
        raise SystemExit(f"error: crates that the list of {own['name']} lacks: {sorted(missing)}")
    kept = {each["bom-ref"] for each in [own, *components]}
    dependencies = [
        {**each, "dependsOn": [ref for ref in each["dependsOn"] if ref in kept]} if "dependsOn" in each else each
        for each in document["dependencies"] if each["ref"] in kept]
    return {**document, "components": components, "dependencies": dependencies}


def encoded(document):
    """Without the folder in which the sources happen to lie."""
    text = json.dumps(document, indent=2, ensure_ascii=False).replace(ROOT.as_uri(), "file://")
    return (text + "\n").encode()
