"""Runs each of envoy-configs/*.yaml with func-e, as a user would who has a folder with nothing but these files and the modules, and asks a
simulated model through it.

func-e (tools/gomod.sh func-e) is given the Envoy that is here already: it would fetch one otherwise.
"""
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import urllib.request

import stack
import validate

MODULES = "target/wasm32-wasip1/release"
BODY = json.dumps({"model": "gpt-4.1", "messages": [{"role": "user", "content": "hi"}]}).encode()
# func-e keeps what it runs and logs in folders of its own, wherever HOME is.
OWN = "FUNC_E_DATA_HOME", "FUNC_E_STATE_HOME", "FUNC_E_CONFIG_HOME", "FUNC_E_RUNTIME_DIR"
LAUNCHER = """\
#!/bin/sh
# What the page tells a user to type, in that folder.
cd '{folder}' && exec '{func_e}' run "$@"
"""


def func_e():
    made = subprocess.run([stack.ROOT / "tools/gomod.sh", "func-e"], stdout=subprocess.PIPE, text=True)
    return made.stdout.strip() if made.returncode == 0 else sys.exit(made.returncode)


def clean(folder):
    """A folder as a user has it: configurations and modules, and nothing else of this repository."""
    shutil.copytree(stack.ROOT / "envoy-configs", folder / "envoy-configs")
    (folder / MODULES).mkdir(parents=True)
    for module in pathlib.Path(os.environ.get("PENSTOCK_WASM") or stack.ROOT / MODULES).glob("penstock-*.wasm"):
        shutil.copy(module, folder / MODULES)


def launcher(folder, func_e):
    """A program that takes Envoy's place in a Stack."""
    file = folder / "launcher"
    file.write_text(LAUNCHER.format(folder=folder, func_e=func_e))
    file.chmod(0o755)
    return str(file)


def wrong_with(config):
    """Asks once; a filter must have seen it."""
    with stack.Stack(config) as running:
        request = urllib.request.Request(f"{running.url}/v1/chat/completions", BODY, {"content-type": "application/json"})
        with stack.DIRECT.open(request, timeout=30) as answer:
            said = json.load(answer)["choices"][0]["message"]["content"]
        seen = stack.get(f"{running.admin}/stats?filter=penstock_operations_total.*generate").strip()
    return "" if said and seen.endswith(": 1") else f"it answered {len(said)} characters, and counted {seen or 'nothing'}"


def main():
    passed, failed, envoy = 0, 0, stack.envoy_binary()
    with tempfile.TemporaryDirectory(prefix="penstock-func-e-") as folder:
        folder = pathlib.Path(folder)
        clean(folder)
        os.environ.update({name: str(folder / name.lower()) for name in OWN} | {"ENVOY_PATH": envoy, "ENVOY": launcher(folder, func_e())})
        os.environ.pop("PENSTOCK_WASM", None)
        for path in sorted((folder / "envoy-configs").glob("*.yaml")):
            if validate.version(envoy) < validate.SINCE.get(path.name, (0, 0)):
                print(f"skip {path.name}: this Envoy is too old for it")
                continue
            wrong = wrong_with(path)
            print(f"FAIL func-e run -c envoy-configs/{path.name}: {wrong}" if wrong else f"ok   func-e run -c envoy-configs/{path.name}", flush=True)
            passed, failed = passed + (not wrong), failed + bool(wrong)
    print(f"{passed} passed, {failed} failed")
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main())
