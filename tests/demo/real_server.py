"""Asks a real model server everything in tests/real-servers/cases.py through Envoy: same bytes as asked directly, true counters.

    python3 real_server.py llama|ollama [--config envoy-configs/suite.yaml]
"""
import argparse
import signal
import subprocess
import sys

import stack

REAL = stack.ROOT / "tests/real-servers"
sys.path.insert(0, str(REAL))
import serve  # noqa: E402  (found by the line above)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("server", choices=["llama", "ollama"])
    parser.add_argument("--config", default="envoy-configs/suite.yaml")
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    with serve.Server(options.server) as server, stack.Stack(options.config, upstream=server.port) as proxy:
        check = [sys.executable, REAL / "check.py", options.server, proxy.url, "--direct", server.url, "--stats", proxy.admin]
        return subprocess.run(check).returncode


if __name__ == "__main__":
    sys.exit(main())
