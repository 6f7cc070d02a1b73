"""Two Envoys that share budgets: envoy-configs/global.yaml twice, Envoy's rate limit service, a real Redis, one simulated fleet.

    with Proxies() as proxies: ... proxies.envoys[0].url, proxies.redis.ask("GET", key), proxies.service.metrics()

All take free ports unless told otherwise. Each part can be killed and started again on its port.
"""
import contextlib
import os
import pathlib
import socket
import subprocess
import sys
import tempfile
import time

import stack

CONFIG, LIMITS = "envoy-configs/global.yaml", stack.ROOT / "envoy-configs/ratelimit"
SERVICE = 8081  # the port that stands in the configuration
READY_WITHIN_S = 60


def fetched(script, *words):
    """The path that a script of tools/ prints; it says itself what is wrong."""
    made = subprocess.run([stack.ROOT / "tools" / script, *words], stdout=subprocess.PIPE, text=True)
    return made.stdout.strip() if made.returncode == 0 else sys.exit(made.returncode)


def fetch():
    """Sees to it that both programs are there: one may take minutes."""
    return fetched("redis.sh"), fetched("gomod.sh", "ratelimit")


class Part:
    """A server that can be killed and started again, with the same port and the same files."""

    def start(self):
        self.program = stack.Program(self.name, self.command, self.folder, env=os.environ | self.environment)
        until = time.monotonic() + READY_WITHIN_S
        while not self.is_ready():
            self.program.check()
            if time.monotonic() > until:
                sys.exit(f"error: {self.name} is not ready after {READY_WITHIN_S} s:\n{self.program.tail()}")
            time.sleep(0.05)

    def kill(self):
        self.program.process.kill()
        self.program.process.wait()


class Redis(Part):
    name, environment = "redis", {}

    def __init__(self, folder, port=None):
        self.folder, self.port = folder, port or stack.free_port()
        # Appended to a file: a Redis that is killed comes back with all that it had confirmed.
        self.command = [fetched("redis.sh"), "--bind", "127.0.0.1", "--port", self.port, "--dir", folder, "--appendonly", "yes", "--save", ""]
        self.start()

    def is_ready(self):
        try:
            return self.ask("PING") == "PONG"
        except (OSError, EOFError):
            return False

    @contextlib.contextmanager
    def session(self, *words):
        """Sends one command over a connection of its own, and gives what is to be read from it."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=READY_WITHIN_S) as connection:
            parts = [str(word).encode() for word in words]
            connection.sendall(b"*%d\r\n" % len(parts) + b"".join(b"$%d\r\n%s\r\n" % (len(part), part) for part in parts))
            yield connection.makefile("rb")

    def ask(self, *words):
        with self.session(*words) as answer:
            return self.read(answer)

    def read(self, answer):
        line = answer.readline()
        if not line.endswith(b"\r\n"):
            raise EOFError("Redis hung up")
        kind, rest = line[:1], line[1:-2].decode()
        match kind:
            case b"$" if rest == "-1":
                return None
            case b"$":
                return answer.read(int(rest) + 2)[:-2].decode()
            case b"*":
                return [self.read(answer) for _ in range(int(rest))]
            case b":":
                return int(rest)
            case b"+":
                return rest
        raise OSError(f"Redis says: {rest}")  # such as that it is still loading its file

    def spent(self, budget, tenant):
        """What is booked for a tenant, in all windows."""
        keys = self.ask("KEYS", f"penstock_budget_{budget}_tenant_{tenant}_*")
        return sum(int(self.ask("GET", key) or 0) for key in keys)


class Service(Part):
    name = "ratelimit"

    def __init__(self, folder, redis, port=None, metrics_port=None, limits=LIMITS):
        self.folder, self.port, self.metrics_port = folder, port or stack.free_port(), metrics_port or stack.free_port()
        self.command = [fetched("gomod.sh", "ratelimit")]
        self.environment = {name: str(value) for name, value in {
            "RUNTIME_ROOT": limits.parent, "RUNTIME_SUBDIRECTORY": "", "RUNTIME_APPDIRECTORY": limits.name, "RUNTIME_WATCH_ROOT": "false",
            "REDIS_SOCKET_TYPE": "tcp", "REDIS_URL": f"127.0.0.1:{redis.port}", "REDIS_HEALTH_CHECK_ACTIVE_CONNECTION": "true",
            "USE_STATSD": "false", "USE_PROMETHEUS": "true", "PROMETHEUS_ADDR": f"127.0.0.1:{self.metrics_port}",
            "HOST": "127.0.0.1", "PORT": stack.free_port(), "DEBUG_HOST": "127.0.0.1", "DEBUG_PORT": stack.free_port(),
            "GRPC_HOST": "127.0.0.1", "GRPC_PORT": self.port}.items()}
        self.json = f"http://127.0.0.1:{self.environment['PORT']}/json"  # asks without gRPC
        self.start()

    def is_ready(self):
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def metrics(self):
        """{name with labels: value} of its Prometheus page."""
        lines = stack.get(f"http://127.0.0.1:{self.metrics_port}/metrics").splitlines()
        return {name: float(value) for name, _, value in (line.rpartition(" ") for line in lines if not line.startswith("#"))}


class Envoy(stack.Stack):
    def start_envoy(self):
        """It is ready once it knows that the service is well."""
        super().start_envoy()
        until = time.monotonic() + READY_WITHIN_S
        while not self.counted("cluster.ratelimit.membership_healthy"):
            if time.monotonic() > until:
                sys.exit(f"error: Envoy does not reach the rate limit service within {READY_WITHIN_S} s")
            time.sleep(0.05)

    def kill(self):
        envoy = self.programs.pop()
        envoy.process.kill()
        envoy.process.wait()

    def counted(self, name):
        """The sum of all statistics whose name has this in it."""
        lines = [line.rpartition(": ") for line in stack.get(f"{self.admin}/stats?filter={name}").splitlines()]
        return sum(int(value) for _, _, value in lines if value.isdigit())


class Proxies:
    def __init__(self, ports=((None, None, None), (None, None, None)), redis_port=None, service_ports=(None, None), folder=None,
                 limits=LIMITS, edit=lambda text: text):
        """`ports`: listener, admin and first backend of each Envoy; the second shares the first one's fleet. `limits`: the service's folder."""
        self.ends = contextlib.ExitStack()
        self.folder = pathlib.Path(folder or self.ends.enter_context(tempfile.TemporaryDirectory(prefix="penstock-")))
        try:
            self.redis = Redis(self.place("redis"), redis_port)
            self.ends.callback(lambda: self.redis.program.stop())
            self.service = Service(self.place("ratelimit"), self.redis, *service_ports, limits=limits)
            self.ends.callback(lambda: self.service.program.stop())
            self.envoys = []
            for number, chosen in enumerate(ports, 1):
                beside = self.envoys[0] if self.envoys else None
                self.envoys.append(self.ends.enter_context(Envoy(
                    CONFIG, beside=beside, ports=chosen, folder=self.place(f"envoy-{number}"), moved={SERVICE: self.service.port}, edit=edit)))
        except BaseException:
            self.ends.close()
            raise

    def place(self, name):
        folder = self.folder / name
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    @property
    def programs(self):
        return [self.redis.program, self.service.program, *(program for envoy in self.envoys for program in envoy.programs)]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.ends.close()
