"""Loads each of envoy-configs/*.yaml into a real Envoy (`--mode validate`: it builds the VM and configures the filter), as it stands.

That a wrong configuration is refused is tried too: else a check that checks nothing would go unseen.
"""
import pathlib
import re
import subprocess
import sys
import tempfile

import stack

SINCE = {"tracing.yaml": (1, 37), "global.yaml": (1, 40)}  # needs what older Envoys do not have
FILTERS = '"token_meter": {', '"pii_redactor": {', '"prompt_guard": {', '"cluster_picker": {'
SPOILED = '"no_such_field": 1, '


def validate(envoy, path):
    command = [envoy, "--mode", "validate", "-l", "error", "-c", path]
    return subprocess.run(command, cwd=stack.ROOT, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60)


def version(envoy):
    said = subprocess.run([envoy, "--version"], capture_output=True, text=True, timeout=60).stdout
    return tuple(map(int, re.search(r"/(\d+)\.(\d+)\.", said).groups()))


def attempts(envoy, folder):
    """Pairs of a name and what is wrong, or nothing."""
    for path in sorted((stack.ROOT / "envoy-configs").glob("*.yaml")):
        if version(envoy) < SINCE.get(path.name, (0, 0)):
            print(f"skip {path.name}: this Envoy is too old for it")
            continue
        file, text = folder / path.name, stack.modules_elsewhere(path.read_text())
        file.write_text(text)
        done = validate(envoy, file)
        yield path.name, done.stderr.strip() if done.returncode else ""
        for begin in [begin for begin in FILTERS if begin in text]:
            file.write_text(text.replace(begin, begin + SPOILED))
            done = validate(envoy, file)
            name = f"{path.name} with an unknown field in {begin.split(':')[0]} is refused"
            yield name, "" if done.returncode and "no_such_field" in done.stderr else "it is not"


def main():
    envoy, passed, failed = stack.envoy_binary(), 0, 0
    with tempfile.TemporaryDirectory() as folder:
        for name, wrong in attempts(envoy, pathlib.Path(folder)):
            print(f"FAIL {name}: {wrong}" if wrong else f"ok   {name}", flush=True)
            passed, failed = passed + (not wrong), failed + bool(wrong)
    print(f"{passed} passed, {failed} failed")
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main())
