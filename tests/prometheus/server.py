"""A real Prometheus that scrapes Envoys."""
import json
import pathlib
import subprocess
import tempfile
import time
import urllib.parse

import stack

CONFIG = """\
global: {{scrape_interval: 1s, scrape_timeout: 1s}}
scrape_configs:
- job_name: envoy
  metrics_path: /stats/prometheus
  static_configs: {targets}
"""


class Prometheus:
    def __init__(self, *admins):
        self.home = tempfile.TemporaryDirectory(prefix="penstock-prometheus-")
        folder = pathlib.Path(self.home.name)
        # With the labels that a scrape of pods has.
        targets = [{"targets": [admin.removeprefix("http://")], "labels": {"namespace": "demo", "pod": f"gateway-{number}"}} for number, admin in enumerate(admins)]
        (folder / "prometheus.yml").write_text(CONFIG.format(targets=json.dumps(targets)))
        port = stack.free_port()
        self.url = f"http://127.0.0.1:{port}"
        self.program = stack.Program("prometheus", [
            binary(), f"--config.file={folder}/prometheus.yml", f"--storage.tsdb.path={folder}/data",
            f"--web.listen-address=127.0.0.1:{port}", "--log.level=warn"], folder)

    def __enter__(self):
        self.until(lambda: stack.get(f"{self.url}/-/ready"), "Prometheus is ready")
        return self

    def __exit__(self, *_):
        self.program.stop()
        self.home.cleanup()

    def get(self, path, **fields):
        """What a page of its API says."""
        return json.loads(stack.get(f"{self.url}/api/v1/{path}?{urllib.parse.urlencode(fields)}"))["data"]

    def ask(self, query):
        """[(labels, value)] of an instant query."""
        return [(one["metric"], float(one["value"][1])) for one in self.get("query", query=query)["result"]]

    def course(self, query, start, end, step):
        """[(labels, [(time, value)])] of a range query."""
        result = self.get("query_range", query=query, start=start, end=end, step=step)["result"]
        return [(one["metric"], [(at, float(value)) for at, value in one["values"]]) for one in result]

    def number(self, query):
        return sum(value for _, value in self.ask(query))

    def until(self, attempt, what, within_s=120):
        """Waits until `attempt` says something true."""
        end = time.monotonic() + within_s
        while True:
            self.program.check()
            try:
                if attempt():
                    return
            except OSError:
                pass
            if time.monotonic() > end:
                raise AssertionError(f"not within {within_s} s: {what}")
            time.sleep(0.1)


def binary():
    made = subprocess.run([stack.ROOT / "tools/prometheus.sh"], stdout=subprocess.PIPE, text=True, check=True)
    return made.stdout.strip()
