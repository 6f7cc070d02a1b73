"""Runs a command while a fleet and an Envoy stand ready, and ends them with it.

    python3 through.py [--config envoy-configs/suite.yaml] -- COMMAND...

The command finds PENSTOCK_URL (Envoy), PENSTOCK_ADMIN (its admin page) and PENSTOCK_SIM (the fleet) in its environment.
"""
import argparse
import os
import signal
import subprocess
import sys

from stack import Stack


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--config", default="envoy-configs/suite.yaml")
    parser.add_argument("command", nargs="+")
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    with Stack(options.config) as stack:
        found = {"PENSTOCK_URL": stack.url, "PENSTOCK_ADMIN": stack.admin, "PENSTOCK_SIM": stack.sim}
        status = subprocess.run(options.command, env=os.environ | found).returncode
        if status:
            print(f"-- Envoy's last words:\n{stack.programs[-1].tail()}", file=sys.stderr)
        return status


if __name__ == "__main__":
    sys.exit(main())
