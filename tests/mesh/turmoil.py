"""What happens to a mesh in its life, while clients ask without pause: not one request may fail, no stream be cut, no attack come through."""
import asyncio
import json

import forms
from load import Load
import manifests
import proofs
import stack
from troubles import missing

LEAST = 2000  # requests that must have been sent
WITHIN_S = 60
FORM = forms.FORMS[0]
GUARD = {"prompt_guard": {}}


class Turmoil:
    """One guarded gateway. Each step changes something and gives what is wrong with its effect, or nothing."""

    def __init__(self, world, module):
        self.world, self.mesh, self.proxy, self.module = world, world.mesh, world.proxies["gateway"], module
        # The same code with a few bytes behind it: another image, another file.
        self.newer = self.push("newer", module.file.read_bytes() + custom_section(b"newer"))
        self.unseen = self.push_unseen()
        self.missing = missing(module)

    def push(self, tag, code):
        file = self.mesh.folder / f"{tag}.wasm"
        file.write_bytes(code)
        return forms.Module(file, self.mesh.registry.push(f"penstock/prompt-guard:{tag}", code))

    def push_unseen(self):
        return self.push("unseen", self.module.file.read_bytes() + custom_section(b"unseen"))

    def apply(self, config, module=None):
        self.mesh.apply(FORM.render(self.mesh, module or self.module, config))

    async def serves(self, config, what, module=None):
        """Applied, and in the proxy."""
        before = self.code()
        await asyncio.to_thread(self.apply, config, module)
        wrong = await until(lambda: self.runs(config), f"the proxy does not run {what}")
        if module and not wrong:
            wrong = await until(lambda: self.code() != before, f"the proxy does not run the code of {what}")
        return wrong

    async def refused(self, config, what, module=None):
        """Applied, and refused by the proxy, which goes on with what it has. Its dump shows the refused configuration all the same."""
        before = self.proxy.rejections()
        await asyncio.to_thread(self.apply, config, module)
        wrong = await until(lambda: self.proxy.rejections() > before, f"the proxy did not refuse {what}")
        return wrong or await asyncio.to_thread(proofs.denied, self.world.sites["gateway"])

    def plugins(self):
        return [node["config"] for node in manifests.objects(self.proxy.dump()) if node.get("@type", "").endswith("wasm.v3.Wasm") and "config" in node]

    def runs(self, config):
        want = FORM.config(config)
        return any(json.loads(plugin["configuration"]["value"]) == want for plugin in self.plugins())

    def code(self):
        return [plugin["vm_config"]["code"]["local"]["filename"] for plugin in self.plugins()]

    async def configs_change(self):
        for cap in (1000, 2000, 3000):
            if wrong := await self.serves(limited(cap), f"a limit of {cap}"):
                return wrong
            await asyncio.sleep(1)
        return ""

    async def image_rolls_over(self):
        return await self.serves(limited(3001), "the newer image", self.newer)

    async def image_rolls_back(self):
        return await self.serves(limited(3002), "the older image", self.module)

    async def istiod_restarts(self):
        await asyncio.to_thread(self.mesh.restart_istiod)
        return await self.serves(limited(4000), "what came after istiod's restart")

    async def registry_is_down(self):
        """A change of what is known comes through; an image that nobody has yet does not, and comes with the next change."""
        await asyncio.to_thread(self.mesh.registry.stop)
        wrong = await self.serves(limited(5000), "a change while the registry is down")
        wrong = wrong or await self.refused(limited(5001), "an image that cannot be pulled", self.unseen)
        await asyncio.to_thread(self.mesh.registry.start)
        await asyncio.to_thread(self.push_unseen)  # this registry keeps manifests in memory alone
        return wrong or await self.serves(limited(5002), "the image that could not be pulled", self.unseen)

    async def config_is_wrong(self):
        return await self.refused({"prompt_guard": {"no_such_field": 1}}, "a wrong configuration")

    async def image_is_missing(self):
        return await self.refused(limited(6000), "an image that is not there", self.missing)

    async def all_is_well(self):
        return await self.serves(limited(7000), "what is right again")

    STEPS = (configs_change, image_rolls_over, image_rolls_back, istiod_restarts, registry_is_down, config_is_wrong, image_is_missing, all_is_well)


def limited(series):
    """Configurations that differ, and refuse the same."""
    return {"prompt_guard": GUARD["prompt_guard"] | {"max_series": series}}


def custom_section(name):
    """A part of a module that means nothing: a kind, a length, and a name with its length."""
    return bytes([0, len(name) + 1, len(name)]) + name


async def until(condition, what):
    for _ in range(WITHIN_S * 10):
        if await asyncio.to_thread(condition):
            return ""
        await asyncio.sleep(0.1)
    return f"{what}, even after {WITHIN_S} s"


async def attempts(world, module):
    """Pairs of what was done and what is wrong, or nothing."""
    turmoil = Turmoil(world, module)
    yield "the guard before turmoil", await turmoil.serves(GUARD, "the guard")
    load = Load(turmoil.proxy.port)
    running = asyncio.create_task(load.run())
    for step in Turmoil.STEPS:
        begin, wrong = load.sent, await step(turmoil)
        await asyncio.sleep(2)
        failed = dict(load.failed)
        load.failed.clear()
        yield f"{step.__name__.replace('_', ' ')}: {load.sent - begin} requests", "; ".join(filter(None, [wrong, f"{failed}".strip("{}")]))
    while load.sent < LEAST:
        await asyncio.sleep(0.1)
    load.done = True
    await running
    told = f"{load.sent} requests, {load.streams} of them streams, {load.attacks} attacks"
    yield told, f"{dict(load.failed)}".strip("{}")
    yield "no stream was cut for the fleet", await asyncio.to_thread(cut, world.mesh.fleet)


def cut(fleet):
    """What the fleet had not sent to its end."""
    records = json.loads(stack.get(f"{fleet.url}/sim/truth?limit={LEAST}"))["requests"]
    broken = [record["outcome"] for record in records if record["outcome"] != "complete"]
    return f"{len(broken)} answers were not complete: {set(broken)}" if broken else ""
