"""A small HTTP/1.1 client that keeps what libraries hide: chunk boundaries, the raw head, how the body ended."""
import dataclasses
import json
import socket
import urllib.parse

TIMEOUT_S = 60


@dataclasses.dataclass
class Answer:
    status: int
    headers: dict  # names in lower case; of repeated ones the last
    head: bytes  # as received, blank line included
    chunks: list  # bodies of the HTTP chunks; one element where the body was not chunked
    whole: bool  # False: the connection ended before the body did

    @property
    def body(self):
        return b"".join(self.chunks)

    def json(self):
        return json.loads(self.body)

    @property
    def streamed(self):
        return self.headers.get("content-type", "").startswith(("text/event-stream", "application/x-ndjson"))


def events(body):
    """The server-sent events of a body as (event name or None, data); comments are left out, `[DONE]` stays text."""
    for block in body.replace(b"\r\n", b"\n").split(b"\n\n"):
        name, data = None, []
        for line in block.split(b"\n"):
            field, _, value = line.partition(b":")
            if field == b"event":
                name = value.removeprefix(b" ").decode()
            elif field == b"data":
                data.append(value.removeprefix(b" ").decode())
        if data:
            yield name, "\n".join(data)


def lines(body):
    return [json.loads(line) for line in body.splitlines() if line]


class Exchange:
    """One request on a connection of its own. `read()` waits for the whole answer; `first(n)` and `close()` cancel it."""

    def __init__(self, url, path, body=None, headers=()):
        at = urllib.parse.urlsplit(url)
        self.socket = socket.create_connection((at.hostname, at.port or 80), timeout=TIMEOUT_S)
        self.file = self.socket.makefile("rb")
        payload = b"" if body is None else body.encode() if isinstance(body, str) else json.dumps(body).encode()
        head = [f"{'GET' if body is None else 'POST'} {at.path.rstrip('/')}{path} HTTP/1.1", f"host: {at.netloc}", "connection: close"]
        head += [f"{name}: {value}" for name, value in headers]
        if body is not None:
            head += ["content-type: application/json", f"content-length: {len(payload)}"]
        self.socket.sendall("\r\n".join(head).encode() + b"\r\n\r\n" + payload)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.file.close()
        self.socket.close()

    def head(self):
        raw = self.file.readline()
        if not raw:
            raise ConnectionError("closed without an answer")
        status, headers = int(raw.split()[1]), {}
        while (line := self.file.readline()) not in (b"\r\n", b""):
            raw += line
            name, _, value = line.decode("latin-1").partition(":")
            headers[name.lower()] = value.strip()
        return status, headers, raw + b"\r\n"

    def chunk(self):
        """The next HTTP chunk; b"" is the regular end, None an end that came too early."""
        size = self.file.readline().split(b";")[0].strip()
        if not size:
            return None
        data = self.file.read(int(size, 16))
        while not data and self.file.readline() not in (b"\r\n", b""):  # trailers
            pass
        if data:
            self.file.readline()
        return data if len(data) == int(size, 16) else None

    def body(self, headers):
        if headers.get("transfer-encoding") == "chunked":
            chunks = list(iter(self.safe_chunk, b""))
            return [chunk for chunk in chunks if chunk], None not in chunks
        if "content-length" in headers:
            data = self.file.read(int(headers["content-length"]))
            return [data], len(data) == int(headers["content-length"])
        return [self.file.read()], True

    def safe_chunk(self):
        """`chunk`, but an early end is reported once and then the iteration ends."""
        if getattr(self, "broken", False):
            return b""
        try:
            data = self.chunk()
        except (OSError, ValueError):
            data = None
        self.broken = data is None
        return data

    def read(self):
        status, headers, raw = self.head()
        chunks, whole = self.body(headers)
        return Answer(status, headers, raw, chunks, whole)

    def first(self, count):
        """Reads `count` chunks of the body and no more."""
        self.head()
        return [self.chunk() for _ in range(count)]


def ask(url, path, body=None, headers=()):
    with Exchange(url, path, body, headers) as exchange:
        return exchange.read()
