"""Changes a fleet behind a real Envoy with the picker while clients ask without pause: not one request may fail.

The picker's configuration comes over ECDS and the cluster's hosts over EDS, both from files. It is done with the backends configured in the
picker, and with backends that it learns.
"""
import asyncio
import json
import os
import pathlib
import sys
import tempfile

import backends
import stack

CLIENTS, FEW, MANY = 16, 4, 16
TYPE = "type.googleapis.com/envoy"
MODULE = "target/wasm32-wasip1/release/penstock-cluster-picker.wasm"


def extension(kind, **fields):
    return {"@type": f"{TYPE}.{kind}", **fields}


def from_file(path):
    return {"resource_api_version": "V3", "path_config_source": {"path": str(path)}}


def local(port):
    return {"socket_address": {"address": "127.0.0.1", "port_value": port}}


def policy(name, kind, **fields):
    name, kind = f"envoy.load_balancing_policies.{name}", f"extensions.load_balancing_policies.{kind}"
    return {"policies": [{"typed_extension_config": {"name": name, "typed_config": extension(kind, **fields)}}]}


def bootstrap(port, admin, folder):
    other = extension("extensions.retry.host.previous_hosts.v3.PreviousHostsPredicate")
    route = {"cluster": "llm", "timeout": "0s", "retry_policy": {
        "retry_on": "connect-failure,refused-stream,reset-before-request", "num_retries": 2,
        "retry_back_off": {"base_interval": "0.010s", "max_interval": "0.1s"}, "host_selection_retry_max_attempts": 8,
        "retry_host_predicate": [{"name": "envoy.retry_host_predicates.previous_hosts", "typed_config": other}]}}
    filters = [
        {"name": "penstock", "config_discovery": {
            "config_source": from_file(folder / "filter.json"), "type_urls": [f"{TYPE}.extensions.filters.http.wasm.v3.Wasm"]}},
        {"name": "router", "typed_config": extension("extensions.filters.http.router.v3.Router")}]
    manager = extension(
        "extensions.filters.network.http_connection_manager.v3.HttpConnectionManager", stat_prefix="llm", http_filters=filters,
        route_config={"virtual_hosts": [{"name": "llm", "domains": ["*"], "routes": [{"match": {"prefix": "/"}, "route": route}]}]})
    fallback = policy("least_request", "least_request.v3.LeastRequest")
    named = policy(
        "override_host", "override_host.v3.OverrideHost",
        override_host_sources=[{"header": "x-gateway-destination-endpoint"}], fallback_policy=fallback)
    cluster = {
        "name": "llm", "type": "EDS", "connect_timeout": "1s", "load_balancing_policy": named,
        "circuit_breakers": {"thresholds": [{"max_retries": 1000}]},  # the default is 3 at a time: fewer than a lost backend needs
        "eds_cluster_config": {"eds_config": from_file(folder / "hosts.json")}}
    listener = {"name": "llm", "address": local(port), "filter_chains": [
        {"filters": [{"name": "http", "typed_config": manager}]}]}
    return {
        "node": {"id": "test", "cluster": "test"}, "admin": {"address": local(admin)},
        "static_resources": {"listeners": [listener], "clusters": [cluster]}}


class Proxy:
    """Envoy, and the two files that it follows."""

    def __init__(self, folder, configured):
        self.folder, self.configured, self.version = folder, configured, 0
        self.port, self.admin = stack.free_port(), stack.free_port()

    def write(self, name, resource):
        """Envoy looks when a file is moved into its place."""
        self.version += 1
        new = self.folder / f"{name}.new"
        new.write_text(json.dumps({"version_info": str(self.version), "resources": [resource]}))
        os.replace(new, self.folder / name)

    def hosts(self, fleet):
        endpoints = [{"endpoint": {"address": local(backend.port)}} for backend in fleet]
        self.write("hosts.json", extension(
            "config.endpoint.v3.ClusterLoadAssignment", cluster_name="llm", endpoints=[{"lb_endpoints": endpoints}]))

    def picker(self, fleet, **more):
        known = {"backends": [{"address": f"127.0.0.1:{backend.port}"} for backend in fleet]} if self.configured else {"learn": True}
        code = {"local": {"filename": str(stack.ROOT / stack.modules_elsewhere(MODULE))}}
        document = json.dumps({"cluster_picker": {**known, "tuning": {"slow_start_s": 1}, **more}})
        config = {
            "name": "penstock", "root_id": "penstock", "failure_policy": "FAIL_RELOAD", "allow_on_headers_stop_iteration": True,
            "vm_config": {"vm_id": "penstock", "runtime": "envoy.wasm.runtime.v8", "code": code},
            "configuration": {"@type": "type.googleapis.com/google.protobuf.StringValue", "value": document}}
        wasm = extension("extensions.filters.http.wasm.v3.Wasm", config=config)
        self.write("filter.json", extension("config.core.v3.TypedExtensionConfig", name="penstock", typed_config=wasm))

    async def start(self):
        path = self.folder / "envoy.json"
        path.write_text(json.dumps(bootstrap(self.port, self.admin, self.folder)))
        command = [stack.envoy_binary(), "-c", path, "--use-dynamic-base-id", "--concurrency", "2", "-l", "warning"]
        self.program = stack.Program("envoy", command, self.folder)
        for _ in range(300):
            self.program.check()
            try:
                if (await asyncio.to_thread(stack.get, f"http://127.0.0.1:{self.admin}/ready")).strip() == "LIVE":
                    return
            except OSError:
                pass
            await asyncio.sleep(0.1)
        sys.exit(f"error: Envoy is not ready:\n{self.program.tail()}")

    def clusters(self):
        return stack.get(f"http://127.0.0.1:{self.admin}/clusters")

    async def counted(self, name):
        page = await asyncio.to_thread(stack.get, f"http://127.0.0.1:{self.admin}/stats?filter={name}")
        return sum(int(line.rsplit(":", 1)[1]) for line in page.splitlines() if line.rsplit(":", 1)[1].strip().isdigit())


async def reload(proxy, fleet):
    for candidates in (3, 4, 2, 5, 3):
        proxy.picker(fleet[:FEW], candidates=candidates)
        await asyncio.sleep(0.6)


async def restart(proxy, fleet):
    for backend in fleet[:FEW]:
        await backend.stop()
        await asyncio.sleep(0.4)
        await backend.start()
        await asyncio.sleep(0.4)


async def scale(proxy, fleet):
    for backend in fleet[FEW:]:
        await backend.start()
    proxy.hosts(fleet)
    proxy.picker(fleet)

    def idle():
        return sum(not backend.served for backend in fleet)
    # Those clients do not need all of them.
    asked = await until(lambda: idle() <= MANY // 2)
    proxy.picker(fleet[:FEW])
    proxy.hosts(fleet[:FEW])
    # Workers learn of it a moment after the main thread.
    gone = await until(lambda: not any(f"127.0.0.1:{backend.port}::" in proxy.clusters() for backend in fleet[FEW:]))
    await asyncio.sleep(0.5)
    await asyncio.gather(*(backend.stop() for backend in fleet[FEW:]))
    await asyncio.sleep(1)
    return "" if asked and gone else f"{idle()} of {MANY} backends were never asked" if gone else "Envoy keeps hosts that were taken away"


async def until(condition):
    """Whether it holds, at the latest after a minute."""
    for _ in range(300):
        if await asyncio.to_thread(condition):
            return True
        await asyncio.sleep(0.2)
    return False


async def attempts(configured):
    """Pairs of what was done and what is wrong, or nothing."""
    how = "configured" if configured else "learned"
    with tempfile.TemporaryDirectory() as folder:
        proxy = Proxy(pathlib.Path(folder), configured)
        fleet = [backends.Backend() for _ in range(MANY)]
        for backend in fleet[:FEW]:
            await backend.start()
        proxy.hosts(fleet[:FEW])
        proxy.picker(fleet[:FEW])
        await proxy.start()
        clients = backends.Clients(proxy.port, CLIENTS)
        try:
            await asyncio.sleep(1)
            for step in (reload, restart, scale):
                before = clients.answered
                wrong = await step(proxy, fleet) or ""
                failures, answered = dict(clients.failed), clients.answered - before
                clients.failed.clear()
                yield f"{step.__name__} with {how} backends: {answered} answered", f"{failures} {wrong}".strip("{} ")
            picked, left = await proxy.counted("picks_total"), await proxy.counted("unpicked_total")
            yield f"{picked} picked with {how} backends, {left} left to Envoy", "" if picked > 4 * left else "too few picked"
        finally:
            await clients.end()
            proxy.program.stop()
            for backend in fleet[:FEW]:
                await backend.stop()


async def main():
    passed = failed = 0
    for configured in (True, False):
        async for name, wrong in attempts(configured):
            print(f"FAIL {name}: {wrong}" if wrong else f"ok   {name}", flush=True)
            passed, failed = passed + (not wrong), failed + bool(wrong)
    print(f"{passed} passed, {failed} failed")
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
