"""An OCI registry on this machine."""
import io
import re
import subprocess
import sys
import tarfile

import stack


def published(host, modules, folder):
    """What `make oci` makes of a folder of modules and `make oci-push` pushes: references by name and layout."""
    run("python3", stack.ROOT / "tools/oci.py", "--modules", modules, "--out", folder / "oci")
    lines = run("python3", stack.ROOT / "tools/oci_push.py", f"{host}/penstock", "--images", folder / "oci").splitlines()
    words = [line.split() for line in lines]
    return {(name, "artifact" if tag.endswith("-artifact") else "image"): reference for name, tag, reference in words}


def run(*command):
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True, timeout=600)
    if done.returncode:
        sys.exit(f"error: {' '.join(map(str, command))}: {done.stderr.strip()}")
    return done.stdout


class Registry:
    def __init__(self, folder):
        self.crane, self.folder = stack.tool("tools/gomod.sh", "crane"), folder
        self.host = f"127.0.0.1:{stack.free_port()}"
        self.start()

    def start(self):
        (self.folder / "images").mkdir(exist_ok=True)
        self.program = stack.Program("registry", [
            self.crane, "registry", "serve", "--address", self.host, "--disk", self.folder / "images"], self.folder)
        stack.until(lambda: stack.get(f"http://{self.host}/v2/") is not None, "the registry", [self.program])

    def stop(self):
        self.program.stop()

    def push(self, name, module):
        """An image of one layer with `plugin.wasm`, and its address, digest and all."""
        layer = self.folder / f"{name.replace('/', '-').replace(':', '-')}.tar"
        with tarfile.open(layer, "w") as tar:
            entry = tarfile.TarInfo("plugin.wasm")
            entry.size, entry.mode = len(module), 0o644
            tar.addfile(entry, io.BytesIO(module))
        told = run(self.crane, "append", "--oci-empty-base", "--new_layer", layer, "--new_tag", f"{self.host}/{name}")
        digest = re.search(r"sha256:[0-9a-f]{64}", told)[0]
        return f"{self.host}/{name.split(':')[0]}@{digest}"
