"""Every manifest of istio/ on a real control plane: judged by Istio's and Envoy's own tools, run, and each filter proven in each form by requests;
then a guarded gateway under load while everything around it changes or breaks.

The policies around the filters are shown by requests, the troubles that docs/istio.md tells of are made on purpose, and two versions share a budget.

    python3 tests/mesh/run.py [--only PART] [--write] [--older FILE]            (make test-mesh builds what it needs)

Ends with `N passed, N failed`. The table of forms and filters must be the one in docs/istio.md; --write puts it there.
"""
import argparse
import asyncio
import pathlib
import re
import signal
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "demo")]
import forms  # noqa: E402  (found by the line above)
import kubernetes  # noqa: E402
import policies  # noqa: E402
import proving  # noqa: E402
import reading  # noqa: E402
import registry  # noqa: E402
import stack  # noqa: E402
import troubles  # noqa: E402
import turmoil  # noqa: E402
import versions  # noqa: E402
from mesh import Mesh  # noqa: E402
from world import World  # noqa: E402

PARTS = "reading", "forms", "policies", "troubles", "versions", "turmoil", "kubernetes"
PAGE = stack.ROOT / "docs/istio.md"
TABLE = re.compile(r"(?<=<!-- forms -->\n).*?(?=<!-- /forms -->)", re.S)


class Results:
    """What was tried, told as it happens."""

    def __init__(self):
        self.passed = self.failed = 0

    def add(self, name, wrong):
        print(f"FAIL {name}: {wrong}" if wrong else f"ok   {name}", flush=True)
        self.passed, self.failed = self.passed + (not wrong), self.failed + bool(wrong)


class Run:
    def __init__(self, world, results, options):
        self.world, self.mesh, self.results, self.write, self.older = world, world.mesh, results, options.write, options.older
        folder = stack.ROOT / stack.modules_elsewhere("target/wasm32-wasip1/release/")
        images = registry.published(self.mesh.registry.host, folder, self.mesh.folder)
        self.modules = {key: forms.Module(folder / f"penstock-{key[0]}.wasm", image) for key, image in images.items()}

    def reading(self):
        for name, wrong in reading.attempts(self.mesh, self.modules["suite", "image"]):
            self.results.add(name, wrong)

    def forms(self):
        cells = {}
        for form, one, wrong in proving.attempts(self.world, self.modules):
            cells[form.title, one.title] = wrong
            self.results.add(f"{form.title}: {one.title}", wrong)
        table = proving.table(cells) + "\n"
        print(table)
        if self.write:
            PAGE.write_text(TABLE.sub(lambda _: table, PAGE.read_text()))
        found = TABLE.search(PAGE.read_text())
        self.results.add("docs/istio.md has this table", "" if found and found[0] == table else "it has another; --write puts this one there")

    def policies(self):
        for name, wrong in policies.attempts(self.world, self.modules["suite", "image"]):
            self.results.add(name, wrong)

    def kubernetes(self):
        for name, wrong in kubernetes.attempts(self.mesh):
            self.results.add(name, wrong)

    def troubles(self):
        for name, wrong in troubles.attempts(self.world, self.modules["prompt-guard", "image"]):
            self.results.add(name, wrong)

    def turmoil(self):
        async def tell():
            async for name, wrong in turmoil.attempts(self.world, self.modules["prompt-guard", "image"]):
                self.results.add(name, wrong)
        asyncio.run(tell())

    def versions(self):
        older = self.modules["token-meter", "image"]
        if self.older:
            older = forms.Module(self.older, self.mesh.registry.push("penstock/token-meter:older", self.older.read_bytes()))
        for name, wrong in versions.attempts(self.world, older, self.modules["suite", "image"]):
            self.results.add(name, wrong)


def main():
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", choices=PARTS, help="one part")
    parser.add_argument("--write", action="store_true", help="put the table into docs/istio.md")
    parser.add_argument("--older", type=pathlib.Path, help="the token meter's module of an earlier release, for the part `versions`")
    options = parser.parse_args()
    results, begin = Results(), time.monotonic()
    with Mesh() as mesh:
        print(f"-- istiod and the Kubernetes API are up after {time.monotonic() - begin:.1f} s", flush=True)
        world = World(mesh)
        print(f"-- two gateways and a sidecar after {time.monotonic() - begin:.1f} s", flush=True)
        run = Run(world, results, options)
        for part in [options.only] if options.only else PARTS:
            getattr(run, part)()
        if results.failed:
            mesh.show_logs()
    print(f"{results.passed} passed, {results.failed} failed")
    return 1 if results.failed or not results.passed else 0


if __name__ == "__main__":
    sys.exit(main())
