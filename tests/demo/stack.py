"""A simulated LLM fleet and a real Envoy on one of envoy-configs/, started and stopped together.

    with Stack("envoy-configs/token-meter.yaml") as stack: ... stack.url, stack.admin, stack.sim

Both take free ports unless told otherwise. Envoy runs the file as it stands but for its ports, and what `edit` makes of its text.
"""
import json
import os
import pathlib
import re
import select
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parents[2]
READY_WITHIN_S = 60
FLEET = ("fast", 2.0), ("even", 1.0), ("slow", 0.5)  # backends by name and speed
WORKERS = 2
# The ports that stand in the configurations: one server, or one for each backend of the picker.
LISTENER, ADMIN, UPSTREAM, BACKENDS = 10000, 9901, 11434, (8001, 8002, 8003)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def ensure_free(port, what, variable):
    """Ends with a clear message where somebody listens already: Envoy would share the port, or die in its log."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            sys.exit(f"error: port {port}, wanted for {what}, cannot be had ({error.strerror}); choose another with {variable}=...")


# Whatever proxy the environment names, these servers are here.
DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def get(url):
    with DIRECT.open(url, timeout=30) as page:
        return page.read().decode()


def tool(script, *words):
    """The path that one of our scripts prints, after fetching or building what it stands for."""
    made = subprocess.run([ROOT / script, *words], stdout=subprocess.PIPE, text=True)
    return made.stdout.strip() if made.returncode == 0 else sys.exit(made.returncode)


def envoy_binary():
    """ENVOY names one; else ENVOY_VERSION's, fetched where it is not here yet."""
    return os.environ.get("ENVOY") or tool("tools/envoy.sh", os.environ.get("ENVOY_VERSION", "1.40.0"))


def sim_binary():
    """`make` builds it in the dev profile: quick to compile, and fast enough to play a model."""
    folder = pathlib.Path(os.environ.get("CARGO_TARGET_DIR") or ROOT / "target")
    binary = pathlib.Path(os.environ.get("LLM_SIM") or folder / "debug/llm-sim")
    return binary if binary.exists() else sys.exit(f"error: {binary} is not built: cargo build -p llm-sim")


def configured(path, moved, upstreams):
    """The text of a configuration with other ports, before these upstreams."""
    text = before((ROOT / path).read_text(), upstreams)
    if not text:
        sys.exit(f"error: {path} has no endpoint on port {UPSTREAM} or {BACKENDS[0]}")
    for port, other in moved.items():
        text = re.sub(rf"port_value: {port}\b", f"port_value: {other}", text)
    return modules_elsewhere(text)


def before(text, upstreams):
    """One endpoint becomes as many as there are upstreams; backends that are named take an upstream each, also in the filter's configuration."""
    if f"port_value: {BACKENDS[0]}" in text:
        for port, other in zip(BACKENDS, upstreams):
            text = re.sub(rf"\b{port}\b", str(other), text)
        return text
    endpoint = re.search(rf"^ *- endpoint: .*port_value: {UPSTREAM}.*\n", text, re.M)
    return endpoint and text.replace(endpoint[0], "".join(endpoint[0].replace(str(UPSTREAM), str(port)) for port in upstreams))


def modules_elsewhere(text):
    """PENSTOCK_WASM names another folder of the modules."""
    folder = os.environ.get("PENSTOCK_WASM")
    return text.replace("target/wasm32-wasip1/release/", f"{folder}/") if folder else text


class Program:
    """A child process whose output goes to a file."""

    def __init__(self, name, command, folder, **options):
        self.name, self.log = name, folder / f"{name}.log"
        self.log.write_bytes(b"")
        # Appended to, for Envoy opens /dev/stdout anew: what goes to stderr would else be written over lines of its access log.
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [str(word) for word in command], stdin=subprocess.DEVNULL, stderr=log, **({"stdout": log, "cwd": ROOT} | options))

    def check(self):
        if self.process.poll() is not None:
            sys.exit(f"error: {self.name} ended with code {self.process.returncode}; its last words:\n{self.tail()}")

    def tail(self):
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-12:])

    def stop(self):
        for sign in (signal.SIGTERM, signal.SIGKILL):
            if self.process.poll() is None:
                self.process.send_signal(sign)
                try:
                    self.process.wait(timeout=5)
                except subprocess.TimeoutExpired:
                    pass


def until(attempt, what, programs, within_s=READY_WITHIN_S):
    """What `attempt` gives once it gives something. Ends with the words of the last program where one of them dies or time is up."""
    end = time.monotonic() + within_s
    while True:
        for program in programs:
            program.check()
        try:
            if found := attempt():
                return found
        except OSError:
            pass
        if time.monotonic() > end:
            sys.exit(f"error: {what} was not ready within {within_s} s:\n{programs[-1].tail()}")
        time.sleep(0.05)


class Fleet:
    """The simulated backends, on free ports or from `first_port` on. `url` is the first, which tells the truth about all of them."""

    def __init__(self, folder, first_port=None):
        command = [sim_binary()]
        for number, (name, speed) in enumerate(FLEET):
            port = first_port + number if first_port else 0
            command += ["--listen", f"127.0.0.1:{port},name={name},speed={speed}"]
        # A pipe for the one line that tells the ports; nothing else is ever written there.
        self.program = Program("llm-sim", command, folder, stdout=subprocess.PIPE)
        addresses = json.loads(self.first_line())["listening"]
        self.ports = [int(address.rpartition(":")[2]) for address in addresses]
        self.url = f"http://{addresses[0]}"

    def first_line(self):
        process = self.program.process
        readable, _, _ = select.select([process.stdout], [], [], READY_WITHIN_S)
        line = process.stdout.readline() if readable else b""
        if not line:
            self.program.stop()
            sys.exit(f"error: the fleet did not start:\n{self.program.tail()}")
        return line

    def stop(self):
        self.program.stop()


class Stack:
    def __init__(self, config, upstream=None, beside=None, ports=(None, None, None), folder=None, moved=None, edit=lambda text: text):
        """`upstream` is the port of a server that runs already, instead of a fleet; `beside` another stack, whose fleet this one shares.
        `ports`: listener, admin, first backend. `moved`: further ports that stand in the configuration, and what they become."""
        self.config, self.moved, self.edit = config, moved or {}, edit
        listener, admin, self.first_backend = ports
        self.listener, self.admin_port = listener or free_port(), admin or free_port()
        self.url, self.admin = f"http://127.0.0.1:{self.listener}", f"http://127.0.0.1:{self.admin_port}"
        self.upstreams, self.sim = [upstream], f"http://127.0.0.1:{upstream}"
        self.home = None if folder else tempfile.TemporaryDirectory(prefix="penstock-")
        self.folder = pathlib.Path(folder or self.home.name)
        self.programs = []
        try:
            if beside:
                self.upstreams, self.sim = beside.upstreams, beside.sim
            elif upstream is None:
                self.start_fleet()
            self.start_envoy()
        except BaseException:
            self.stop()
            raise

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    def stop(self):
        for program in reversed(self.programs):
            program.stop()
        if self.home:
            self.home.cleanup()

    def start_fleet(self):
        fleet = Fleet(self.folder, self.first_backend)
        self.programs.append(fleet.program)
        self.upstreams, self.sim = fleet.ports, fleet.url

    def start_envoy(self):
        file = self.folder / "envoy.yaml"
        moved = {LISTENER: self.listener, ADMIN: self.admin_port} | self.moved
        file.write_text(self.edit(configured(self.config, moved, self.upstreams)))
        command = [envoy_binary(), "-c", file, "--use-dynamic-base-id", "--concurrency", WORKERS, "-l", "warning",
                   "--component-log-level", "wasm:info", "--file-flush-interval-msec", 100]
        out = (self.folder / "ledger.jsonl").open("wb")
        envoy = Program("envoy", command, self.folder, stdout=out)
        self.programs.append(envoy)
        until(lambda: get(f"{self.admin}/ready").strip() == "LIVE", "Envoy", [envoy])

    def ledger(self):
        """The usage ledger so far, a dictionary a line."""
        lines = (self.folder / "ledger.jsonl").read_text().splitlines()
        return [json.loads(line) for line in lines if line.startswith("{")]
