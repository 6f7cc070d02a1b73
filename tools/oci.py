#!/usr/bin/env python3
"""Makes OCI images of the modules: python3 tools/oci.py [--modules FOLDER] [--out FOLDER] [--source URL]

For each module one OCI image layout (https://github.com/opencontainers/image-spec/blob/main/image-layout.md), OUT/NAME/, with

* the image, whose last layer is a tar+gzip with `plugin.wasm`, under the name VERSION,
* the artifact of two layers, the module and what it is for, under the name VERSION-artifact,
* for each of them what refers to it: the list of crates (CycloneDX) and the JSON Schema of the configuration,

and beside it NAME.cdx.json, NAME.schema.json and SHA256SUMS. The same modules give the same bytes.
"""

import argparse
import datetime
import hashlib
import io
import json
import pathlib
import re
import shutil
import subprocess
import tarfile
import zlib

import sbom

ROOT = pathlib.Path(__file__).resolve().parent.parent
FILTERS = ["cluster-picker", "pii-redactor", "prompt-guard", "token-meter"]

MANIFEST = "application/vnd.oci.image.manifest.v1+json"
INDEX = "application/vnd.oci.image.index.v1+json"
IMAGE_CONFIG = "application/vnd.oci.image.config.v1+json"
IMAGE_LAYER = "application/vnd.oci.image.layer.v1.tar+gzip"
WASM_CONFIG = "application/vnd.module.wasm.config.v1+json"
WASM_LAYER = "application/vnd.module.wasm.content.layer.v1+wasm"
EMPTY = "application/vnd.oci.empty.v1+json"
CYCLONEDX = "application/vnd.cyclonedx+json"
SCHEMA = "application/schema+json"


def encoded(value):
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode()


def digest(data):
    return "sha256:" + hashlib.sha256(data).hexdigest()


def gzipped(data):
    """As `gzip -9n`. Python's own writes a header that differs between its versions."""
    deflate = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    body = deflate.compress(data) + deflate.flush()
    tail = zlib.crc32(data).to_bytes(4, "little") + (len(data) & 0xFFFFFFFF).to_bytes(4, "little")
    return b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\xff" + body + tail


def tarred(name, data):
    """A tar of one file, that belongs to root and was never changed."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        entry = tarfile.TarInfo(name)
        entry.size, entry.mode = len(data), 0o644
        tar.addfile(entry, io.BytesIO(data))
    return out.getvalue()


class Layout:
    """An OCI image layout that is being written."""

    def __init__(self, folder):
        self.folder, self.manifests = folder, []
        (folder / "blobs/sha256").mkdir(parents=True)
        (folder / "oci-layout").write_bytes(encoded({"imageLayoutVersion": "1.0.0"}))

    def blob(self, media_type, data):
        name = digest(data)
        (self.folder / "blobs" / name.replace(":", "/")).write_bytes(data)
        return {"mediaType": media_type, "digest": name, "size": len(data)}

    def manifest(self, config, layers, annotations, **more):
        """Adds a manifest. `more` is what it has beside, such as `subject`; `ref` is its name in the layout."""
        ref = more.pop("ref", None)
        manifest = {"schemaVersion": 2, "mediaType": MANIFEST, **more, "config": config, "layers": layers, "annotations": annotations}
        descriptor = self.blob(MANIFEST, encoded(manifest))
        named = {"annotations": {"org.opencontainers.image.ref.name": ref}} if ref else {"artifactType": more["artifactType"]}
        self.manifests.append({**descriptor, **named})
        return descriptor

    def close(self):
        (self.folder / "index.json").write_bytes(encoded({"schemaVersion": 2, "mediaType": INDEX, "manifests": self.manifests}))


def image(layout, module, labels, version):
    raw = tarred("plugin.wasm", module)
    config = {
        "created": labels["org.opencontainers.image.created"], "architecture": "wasm", "os": "wasi", "config": {"Labels": labels},
        "rootfs": {"type": "layers", "diff_ids": [digest(raw)]}}
    layer = layout.blob(IMAGE_LAYER, gzipped(raw))
    return layout.manifest(layout.blob(IMAGE_CONFIG, encoded(config)), [layer], labels, ref=version)


def artifact(layout, module, labels, version):
    """Two layers: with one alone Istio's agent refuses it."""
    config = layout.blob(WASM_CONFIG, encoded({"type": "envoy_proxy", "abiVersions": ["v0.2.1"]}))
    layers = [layout.blob(WASM_LAYER, module), config]
    return layout.manifest(config, layers, labels, ref=f"{version}-artifact")


def refer(layout, subject, media_type, data, title, created):
    """What belongs to an image, found in a registry by its digest (OCI's referrers)."""
    layer = {**layout.blob(media_type, data), "annotations": {"org.opencontainers.image.title": title}}
    layout.manifest(layout.blob(EMPTY, b"{}"), [layer], {"org.opencontainers.image.created": created}, artifactType=media_type, subject=subject)


def git(*command):
    done = subprocess.run(["git", *command], cwd=ROOT, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"error: images are labelled with the commit: git {command[0]}: {done.stderr.strip()}")
    return done.stdout.strip()


def revision():
    """The commit, and whether the sources differ from it."""
    return git("rev-parse", "HEAD") + ("-dirty" if git("status", "--porcelain", "--untracked-files=no") else "")


def schemas():
    """The schema of each module's configuration: the engine's part, and those of the filters in it."""
    command = ["cargo", "run", "--quiet", "--package", "penstock-cli", "--", "schema", "document"]
    document = json.loads(subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE).stdout)

    def part(keys):
        kept = {name: {key: document[name][key] for key in document[name] if key in keys} for name in ("properties", "$defs")}
        return (json.dumps({**document, **kept}, indent=2, ensure_ascii=False) + "\n").encode()

    alone = {name: part({"exchange", name.replace("-", "_")}) for name in FILTERS}
    return {**alone, "suite": part(set(document["properties"]))}


def packages():
    """What Cargo knows of the modules, by name."""
    command = ["cargo", "metadata", "--no-deps", "--locked", "--format-version", "1"]
    known = json.loads(subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE).stdout)
    return {package["name"]: package for package in known["packages"]}


def about(package, created, revision, schema, source):
    """Labels of the image, annotations of its manifests."""
    labels = {
        "org.opencontainers.image.title": package["name"],
        "org.opencontainers.image.description": package["description"],
        "org.opencontainers.image.created": created,
        "org.opencontainers.image.version": package["version"],
        "org.opencontainers.image.revision": revision,
        "org.opencontainers.image.source": source,
        "org.opencontainers.image.licenses": package["license"],
        # The blob of the schema has this digest, in the same repository.
        "dev.penstock.config.schema": digest(schema),
    }
    return {key: value for key, value in labels.items() if value}


def make(folder, name, module, crates, schema, labels):
    """The layout of a module, and its documents beside it."""
    layout, created, version = Layout(folder / name), labels["org.opencontainers.image.created"], labels["org.opencontainers.image.version"]
    for form in (image, artifact):
        subject = form(layout, module, labels, version)
        refer(layout, subject, CYCLONEDX, crates, f"{name}.cdx.json", created)
        refer(layout, subject, SCHEMA, schema, f"{name}.schema.json", created)
    layout.close()
    (folder / f"{name}.cdx.json").write_bytes(crates)
    (folder / f"{name}.schema.json").write_bytes(schema)


def checksums(folder):
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    lines = [f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.relative_to(folder)}\n" for path in files]
    (folder / "SHA256SUMS").write_text("".join(lines))


def source(url):
    """Where the sources are: what was said, else the remote where it is one that everybody can read."""
    if url:
        return url
    remote = subprocess.run(["git", "remote", "get-url", "origin"], cwd=ROOT, capture_output=True, text=True).stdout.strip()
    return remote if re.fullmatch(r"https://[^@\s]+", remote) else ""


def arguments():
    parser = argparse.ArgumentParser(description="Makes OCI images of the modules.")
    parser.add_argument("--modules", type=pathlib.Path, default=ROOT / "target/wasm32-wasip1/release", help="the folder of the modules")
    parser.add_argument("--out", type=pathlib.Path, default=ROOT / "target/oci")
    parser.add_argument("--source", help="where the sources are, an https:// URL (default: the git remote `origin`)")
    return parser.parse_args()


def main():
    options = arguments()
    modules = {name: options.modules / f"penstock-{name}.wasm" for name in [*FILTERS, "suite"]}
    if missing := [str(path) for path in modules.values() if not path.exists()]:
        raise SystemExit(f"error: not built: {', '.join(missing)}; `make build` makes them")
    epoch = int(git("show", "--no-patch", "--format=%ct", "HEAD"))
    created = datetime.datetime.fromtimestamp(epoch, datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
    commit, url = revision(), source(options.source)
    cargo, schema, crates = packages(), schemas(), sbom.documents([path.stem for path in modules.values()], epoch)

    new = options.out.with_name(options.out.name + ".new")
    shutil.rmtree(new, ignore_errors=True)
    for name, path in modules.items():
        labels = about(cargo[path.stem], created, commit, schema[name], url)
        make(new, name, path.read_bytes(), crates[path.stem], schema[name], labels)
    checksums(new)
    shutil.rmtree(options.out, ignore_errors=True)
    new.rename(options.out)
    for name in modules:
        manifests = json.loads((options.out / name / "index.json").read_text())["manifests"]
        print(f"{name:15} {manifests[0]['digest']}")


if __name__ == "__main__":
    main()
