#!/usr/bin/env python3
"""Pushes what tools/oci.py made: python3 tools/oci_push.py REGISTRY/PATH [--tag TAG] [--images FOLDER]

Prints one line for each image and artifact: its name, its tag, and the reference that manifests pin, `REGISTRY/PATH/NAME@sha256:...`.
Every one of them is read back and compared. Logins are those of `docker login` and `crane auth login`.
"""

import argparse
import json
import pathlib
import re
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
REF = "org.opencontainers.image.ref.name"
# How registries and Go's network code say no, and what it means for who reads it.
MEANINGS = [
    (r"connection refused|no such host|i/o timeout|network is unreachable|no route to host", "the registry does not answer"),
    (r"UNAUTHORIZED: |DENIED: |status code 40[13]", "the registry wants a login that may push there: `crane auth login` or `docker login`"),
    (r"MANIFEST_UNKNOWN: |NAME_UNKNOWN: |status code 404", "the registry has nothing of that name or digest"),
    (r"x509|certificate", "the registry's certificate is not trusted here"),
    (r"could not parse reference|repository can only contain|tag can only contain", "that is no name of an image"),
]


class Refused(Exception):
    """What crane could not do, in words."""


class Crane:
    def __init__(self):
        self.path = subprocess.run([ROOT / "tools/gomod.sh", "crane"], check=True, stdout=subprocess.PIPE, text=True).stdout.strip()

    def run(self, *command):
        done = subprocess.run([self.path, *command], capture_output=True)
        if done.returncode == 0:
            return done.stdout
        said = done.stderr.decode(errors="replace").strip().splitlines() or [f"exit code {done.returncode}"]
        meaning = next((text for pattern, text in MEANINGS if re.search(pattern, said[-1])), "crane failed")
        raise Refused(f"{command[-1]}: {meaning} ({said[-1]})")

    def push(self, layout, descriptor, reference):
        """One manifest of a layout, and the blobs that it names."""
        with tempfile.TemporaryDirectory() as scratch:
            alone = pathlib.Path(scratch)
            (alone / "oci-layout").write_bytes((layout / "oci-layout").read_bytes())
            (alone / "index.json").write_text(json.dumps({"schemaVersion": 2, "manifests": [descriptor]}))
            (alone / "blobs").symlink_to((layout / "blobs").resolve())
            self.run("push", scratch, reference)

    def compare(self, layout, descriptor, repository):
        """Reads everything back by its digest; the bytes are those of the layout."""
        reference = f"{repository}@{descriptor['digest']}"
        read = {descriptor["digest"]: self.run("manifest", reference)}
        manifest = json.loads(read[descriptor["digest"]])
        for blob in [manifest["config"], *manifest["layers"]]:
            read[blob["digest"]] = self.run("blob", f"{repository}@{blob['digest']}")
        for digest, data in read.items():
            if data != (layout / "blobs" / digest.replace(":", "/")).read_bytes():
                raise Refused(f"{repository}@{digest}: the registry gives other bytes than were pushed")
        return reference


def publish(crane, layout, repository, tag):
    """Pushes a layout; yields the tag and the pinned reference of the image and of the artifact."""
    for descriptor in json.loads((layout / "index.json").read_text())["manifests"]:
        version = descriptor.get("annotations", {}).get(REF)
        if version is None:
            crane.push(layout, descriptor, f"{repository}@{descriptor['digest']}")
            crane.compare(layout, descriptor, repository)
            continue
        name = version if tag is None else tag + ("-artifact" if version.endswith("-artifact") else "")
        crane.push(layout, descriptor, f"{repository}:{name}")
        yield name, crane.compare(layout, descriptor, repository)


def main():
    parser = argparse.ArgumentParser(description="Pushes the OCI images of the modules, and prints what manifests pin.")
    parser.add_argument("registry", help="where to, such as ghcr.io/acme/penstock")
    parser.add_argument("--tag", help="default: the version; the artifact's has -artifact behind it")
    parser.add_argument("--images", type=pathlib.Path, default=ROOT / "target/oci")
    options = parser.parse_args()
    if "/" not in options.registry.strip("/"):
        parser.error("a registry and a path are wanted, such as ghcr.io/acme/penstock (make oci-push REGISTRY=...)")
    layouts = sorted(path.parent for path in options.images.glob("*/index.json"))
    if not layouts:
        raise SystemExit(f"error: no images in {options.images}; `make oci` makes them")
    crane = Crane()
    try:
        for layout in layouts:
            for tag, reference in publish(crane, layout, f"{options.registry.rstrip('/')}/{layout.name}", options.tag or None):
                print(f"{layout.name:15} {tag:15} {reference}", flush=True)
    except Refused as refused:
        sys.exit(f"error: {refused}")


if __name__ == "__main__":
    main()
