"""The OCI images: made twice, pushed to a real registry (`crane registry serve`), pulled back and compared byte for byte.

    python3 tests/oci/check.py        after `make build`
"""
import hashlib
import io
import json
import pathlib
import re
import subprocess
import sys
import tarfile
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "demo"))
import stack  # noqa: E402

ROOT = stack.ROOT
MODULES = ROOT / "target/wasm32-wasip1/release"
NAMES = ["cluster-picker", "pii-redactor", "prompt-guard", "suite", "token-meter"]
WASM_LAYER = "application/vnd.module.wasm.content.layer.v1+wasm"


def run(*command):
    return subprocess.run([str(word) for word in command], cwd=ROOT, stdin=subprocess.DEVNULL, capture_output=True, timeout=300)


def make(folder):
    done = run("python3", "tools/oci.py", "--out", folder, "--source", "https://example.org/penstock")
    assert done.returncode == 0, done.stderr.decode()
    return folder


def files(folder):
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


class Registry:
    """A registry that keeps its blobs in a folder."""

    def __init__(self, crane, folder):
        self.blobs, self.host = folder / "registry", f"127.0.0.1:{stack.free_port()}"
        self.blobs.mkdir()
        self.program = stack.Program("registry", [crane, "registry", "serve", "--address", self.host, "--disk", self.blobs], folder)
        for _ in range(400):
            self.program.check()
            try:
                stack.get(f"http://{self.host}/v2/")
                return
            except OSError:
                time.sleep(0.05)
        sys.exit(f"error: the registry does not answer:\n{self.program.tail()}")


class Ground:
    """What all checks look at: two sets of images from the same modules, a registry, and what pushing the first set printed."""

    def __init__(self, folder):
        self.folder = folder
        self.crane = run("tools/gomod.sh", "crane").stdout.decode().strip()
        self.images, self.again = make(folder / "images"), make(folder / "again")
        self.registry = Registry(self.crane, folder)
        self.target = f"{self.registry.host}/acme/penstock"
        done = self.push(self.target)
        assert done.returncode == 0, done.stderr.decode()
        rows = [line.split() for line in done.stdout.decode().splitlines()]
        self.pinned = {(name, tag): reference for name, tag, reference in rows}

    def push(self, target, *more):
        return run("python3", "tools/oci_push.py", target, "--images", self.images, *more)

    def manifest(self, reference):
        done = run(self.crane, "manifest", reference)
        assert done.returncode == 0, done.stderr.decode()
        return done.stdout

    def pulled(self, reference):
        """The manifest of a pinned reference."""
        manifest = self.manifest(reference)
        assert reference.endswith(hashlib.sha256(manifest).hexdigest())
        return json.loads(manifest)

    def versions(self, name):
        """The pinned references of the image and of the artifact."""
        tags = sorted(tag for known, tag in self.pinned if known == name)
        assert len(tags) == 2 and tags[1] == f"{tags[0]}-artifact", tags
        return [self.pinned[name, tag] for tag in tags]


def same_modules_same_bytes(ground):
    first, second = files(ground.images), files(ground.again)
    assert first == second, sorted(name for name in first | second if first.get(name) != second.get(name))
    done = subprocess.run(["sha256sum", "--check", "--quiet", "--strict", "SHA256SUMS"], cwd=ground.images, capture_output=True)
    assert done.returncode == 0, done.stdout.decode()


def the_image_holds_the_module(ground):
    for name in NAMES:
        image, _ = ground.versions(name)
        last = ground.pulled(image)["layers"][-1]
        layer = run(ground.crane, "blob", f"{image.split('@')[0]}@{last['digest']}").stdout
        with tarfile.open(fileobj=io.BytesIO(layer), mode="r:gz") as tar:
            assert tar.getnames() == ["plugin.wasm"]
            assert tar.extractfile("plugin.wasm").read() == (MODULES / f"penstock-{name}.wasm").read_bytes(), name


def the_artifact_has_two_layers(ground):
    for name in NAMES:
        _, artifact = ground.versions(name)
        layers = {layer["mediaType"]: layer["digest"] for layer in ground.pulled(artifact)["layers"]}
        assert len(layers) == 2 and WASM_LAYER in layers, layers
        module = run(ground.crane, "blob", f"{artifact.split('@')[0]}@{layers[WASM_LAYER]}").stdout
        assert module == (MODULES / f"penstock-{name}.wasm").read_bytes(), name


def labels_say_what_it_is(ground):
    commit = run("git", "rev-parse", "HEAD").stdout.decode().strip()
    for name in NAMES:
        image, artifact = ground.versions(name)
        labels = json.loads(run(ground.crane, "config", image).stdout)["config"]["Labels"]
        prefix = "org.opencontainers.image."
        assert labels[f"{prefix}revision"].removesuffix("-dirty") == commit
        assert labels[f"{prefix}title"] == f"penstock-{name}" and labels[f"{prefix}licenses"] == "Apache-2.0"
        assert labels[f"{prefix}source"] == "https://example.org/penstock" and re.fullmatch(r"\d+\.\d+\.\d+", labels[f"{prefix}version"])
        assert ground.pulled(image)["annotations"] == ground.pulled(artifact)["annotations"] == labels
        # The label names a blob of the same repository: the schema.
        schema = json.loads(run(ground.crane, "blob", f"{image.split('@')[0]}@{labels['dev.penstock.config.schema']}").stdout)
        own = set(schema["properties"]) - {"exchange"}
        assert own == ({each.replace("-", "_") for each in NAMES if each != "suite"} if name == "suite" else {name.replace("-", "_")}), own


def a_registry_lists_what_refers_to_it(ground):
    """This one has no page of referrers, so they are under a tag, as OCI's distribution spec has it."""
    for name in NAMES:
        for reference in ground.versions(name):
            index = json.loads(ground.manifest(reference.replace("@sha256:", ":sha256-")))
            kinds = sorted(manifest["artifactType"] for manifest in index["manifests"])
            assert kinds == ["application/schema+json", "application/vnd.cyclonedx+json"], kinds


def the_list_of_crates_is_that_of_the_module(ground):
    for name in NAMES:
        text = (ground.images / f"{name}.cdx.json").read_text()
        document = json.loads(text)
        crates = {component["name"] for component in document["components"]}
        assert {"penstock-wasm-host", "penstock-wire", "sha2"} <= crates, crates
        # What tests, native programs and macros want.
        assert not {"proptest", "schemars", "serde_derive", "penstock-fake-envoy"} & crates, crates
        assert ("penstock-prompt-guard" in crates) == (name == "suite") or name == "prompt-guard", name
        assert str(ROOT) not in text and document["metadata"]["component"]["name"] == f"penstock-{name}"
        known = {component["bom-ref"] for component in document["components"]} | {document["metadata"]["component"]["bom-ref"]}
        used = {ref for entry in document["dependencies"] for ref in [entry["ref"], *entry.get("dependsOn", [])]}
        assert used == known, used ^ known


def a_tag_of_ones_own(ground):
    done = ground.push(f"{ground.registry.host}/other", "--tag", "next")
    tags = {line.split()[1] for line in done.stdout.decode().splitlines()}
    assert done.returncode == 0 and tags == {"next", "next-artifact"}, (tags, done.stderr)
    # The same bytes have the same digest, wherever they are.
    digests = {line.split()[2].split("@")[1] for line in done.stdout.decode().splitlines()}
    assert digests == {reference.split("@")[1] for reference in ground.pinned.values()}


def refusal(done, *words):
    said = done.stderr.decode()
    assert done.returncode == 1 and said.startswith("error: ") and said.count("\n") == 1, said
    assert all(word in said for word in words), said


def an_unreachable_registry_is_named(ground):
    closed = f"127.0.0.1:{stack.free_port()}/acme"
    refusal(ground.push(closed), closed, "the registry does not answer")


def what_is_no_name_is_said_to_be_none(ground):
    refusal(ground.push(f"{ground.registry.host}/Acme"), "no name of an image")


def nothing_to_push_is_an_error(ground):
    refusal(run("python3", "tools/oci_push.py", ground.target, "--images", ground.folder / "nothing"), "make oci")
    refusal(run("python3", "tools/oci.py", "--modules", ground.folder, "--out", ground.folder / "none"), "make build")


def a_wrong_digest_is_refused(ground):
    image, _ = ground.versions("suite")
    done = run(ground.crane, "manifest", image[:-4] + ("0000" if image[-4:] != "0000" else "1111"))
    assert done.returncode != 0 and b"MANIFEST_UNKNOWN" in done.stderr, done.stderr


def bytes_that_changed_in_the_registry_are_seen(ground):
    image, _ = ground.versions("suite")
    layer = ground.pulled(image)["layers"][-1]["digest"].removeprefix("sha256:")
    kept = [path for path in ground.registry.blobs.rglob("*") if path.is_file() and layer in str(path)]
    assert kept, "the registry keeps blobs under their digest"
    for path in kept:
        path.write_bytes(path.read_bytes()[:-1] + b"x")
    refusal(ground.push(ground.target), layer[:12])


CHECKS = [
    same_modules_same_bytes, the_image_holds_the_module, the_artifact_has_two_layers, labels_say_what_it_is, a_registry_lists_what_refers_to_it,
    the_list_of_crates_is_that_of_the_module, a_tag_of_ones_own, an_unreachable_registry_is_named, what_is_no_name_is_said_to_be_none,
    nothing_to_push_is_an_error, a_wrong_digest_is_refused, bytes_that_changed_in_the_registry_are_seen]


def main():
    failed = 0
    with tempfile.TemporaryDirectory(prefix="penstock-") as folder:
        ground = Ground(pathlib.Path(folder))
        try:
            for check in CHECKS:
                name = check.__name__.replace("_", " ")
                try:
                    check(ground)
                    print(f"ok   {name}", flush=True)
                except (AssertionError, KeyError, OSError, ValueError) as error:
                    failed += 1
                    print(f"FAIL {name}: {type(error).__name__}: {error}", flush=True)
        finally:
            ground.registry.program.stop()
    print(f"{len(CHECKS) - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
