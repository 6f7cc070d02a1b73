"""Starts a real model server on the scripted model and stops it again.

    python3 serve.py llama|ollama [PORT]      # prints its URL when ready, runs until interrupted

or, in Python, `with serve.Server("llama") as server: ... server.url`.
"""
import hashlib
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

import make_model
import wire

HERE = pathlib.Path(__file__).parent
READY_WITHIN_S = 60
PARALLEL = 4  # requests that each server answers at a time; also the most choices of one request


def cache():
    return pathlib.Path(os.environ.get("PENSTOCK_CACHE") or pathlib.Path.home() / ".cache/penstock")


def binary(name):
    """Builds the server if it is not cached; build.sh tells what it does on stderr."""
    made = subprocess.run([HERE / "build.sh", name], stdout=subprocess.PIPE, text=True)
    if made.returncode:
        sys.exit(made.returncode)
    return made.stdout.strip()


def model():
    """The folder with the model and its oracle, made if the scripts changed."""
    sources = [HERE / "make_model.py", HERE / "gguf_file.py"]
    version = hashlib.sha256(b"".join(source.read_bytes() for source in sources)).hexdigest()[:12]
    folder = cache() / f"model-{version}"
    if not folder.exists():
        folder.parent.mkdir(parents=True, exist_ok=True)
        new = pathlib.Path(tempfile.mkdtemp(dir=folder.parent, prefix="model-new-"))
        make_model.main(new)
        try:
            new.rename(folder)
        except OSError:  # another process was first
            shutil.rmtree(new)
    return folder


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def llama_command(port):
    context = make_model.CONTEXT * PARALLEL
    return [binary("llama"), "-m", model() / "scripted.gguf", "--alias", make_model.ALIAS, "--host", "127.0.0.1", "--port", port,
            "--offline", "--jinja", "--metrics", "--slots", "-np", PARALLEL, "-c", context, "-t", 1, "-tb", 1, "--embeddings", "--pooling", "mean"]


def ollama_command(_port):
    return [binary("ollama"), "serve"]


class Server:
    """A running server; `url` is its address. Its files live in a folder that goes with it."""

    def __init__(self, name, port=None, options=()):
        self.name, self.port = name, port or free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        command = {"llama": llama_command, "ollama": ollama_command}[name](self.port) + list(options)
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix=f"penstock-{name}-"))
        self.log = self.folder / "log"
        with self.log.open("wb") as log:
            self.process = subprocess.Popen([str(word) for word in command], stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                            env=self.environment(), start_new_session=True)
        try:
            self.wait()
            if name == "ollama":
                self.create_models(command[0])
        except BaseException:
            self.stop()
            raise

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    def environment(self):
        """HOME is our own: Ollama writes a key pair there."""
        return os.environ | {
            "HOME": str(self.folder), "OLLAMA_HOST": f"127.0.0.1:{self.port}", "OLLAMA_MODELS": str(self.folder / "models"),
            "OLLAMA_NUM_PARALLEL": str(PARALLEL), "OLLAMA_MAX_LOADED_MODELS": "8", "OLLAMA_KEEP_ALIVE": "30m",
            "OLLAMA_CONTEXT_LENGTH": str(make_model.CONTEXT), "OLLAMA_NOPRUNE": "1",
        }

    def wait(self):
        path = {"llama": "/health", "ollama": "/api/version"}[self.name]
        for _ in range(READY_WITHIN_S * 20):
            if self.process.poll() is not None:
                sys.exit(f"{self.name} ended with code {self.process.returncode}:\n{self.tail()}")
            try:
                if wire.ask(self.url, path).status == 200:
                    return
            except OSError:
                pass
            time.sleep(0.05)
        sys.exit(f"{self.name} was not ready within {READY_WITHIN_S} s:\n{self.tail()}")

    def tail(self):
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-15:])

    def create_models(self, program):
        for file in sorted(model().glob("*.modelfile")):
            made = subprocess.run([program, "create", file.stem, "-f", file], env=self.environment(), cwd=model(),
                                  stdin=subprocess.DEVNULL, capture_output=True, text=True)
            if made.returncode:
                sys.exit(f"ollama create {file.stem}: {made.stderr.strip()[-300:]}")

    def stop(self):
        """The whole process group: Ollama runs each model in a child."""
        for sign in (signal.SIGTERM, signal.SIGKILL):
            try:
                os.killpg(self.process.pid, sign)
                self.process.wait(timeout=5)
            except (ProcessLookupError, subprocess.TimeoutExpired):
                pass
        shutil.rmtree(self.folder, ignore_errors=True)


def main(arguments):
    if not arguments or arguments[0] not in ("llama", "ollama"):
        sys.exit(f"usage: {sys.argv[0]} llama|ollama [PORT]")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    with Server(arguments[0], int(arguments[1]) if len(arguments) > 1 else None) as server:
        print(server.url, flush=True)
        try:
            sys.exit(f"{server.name} ended with code {server.process.wait()}:\n{server.tail()}")
        except KeyboardInterrupt:
            pass


if __name__ == "__main__":
    main(sys.argv[1:])
