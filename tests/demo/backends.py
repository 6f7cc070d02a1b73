"""Servers of a chat API that can be restarted, and clients that notice everything; both in one event loop."""
import asyncio
import collections
import json

TOKENS = 5
TOKEN_S = 0.002  # for one answer at a time; more take turns
LAST_WORDS_S = 0.3  # how long a server that goes still answers on connections that it has

CHUNK = 'data: {"id":"c","object":"chat.completion.chunk","choices":[{"index":0,"delta":{"content":"a"},"finish_reason":null}]}\n\n'
LAST = 'data: {"id":"c","object":"chat.completion.chunk","choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n'
WHOLE = json.dumps({
    "id": "c", "object": "chat.completion", "choices": [{"index": 0, "message": {"role": "assistant", "content": "a"}, "finish_reason": "stop"}],
    "usage": {"prompt_tokens": 9, "completion_tokens": TOKENS, "total_tokens": 9 + TOKENS}})


async def read_message(reader):
    """First line, and the body."""
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower().split("\r\n")
    fields = dict(line.split(": ", 1) for line in head[1:] if line)
    if fields.get("transfer-encoding") != "chunked":
        return head[0], fields, await reader.readexactly(int(fields.get("content-length", 0)))
    body = b""
    while size := int(await reader.readline(), 16):
        body += await reader.readexactly(size)
        await reader.readline()
    await reader.readline()
    return head[0], fields, body


class Backend:
    """It goes as servers should: it takes no new connection, finishes what it has, and says on each that it is the last."""

    def __init__(self):
        self.port, self.server, self.served = 0, None, 0
        self.going, self.open = False, set()

    async def start(self):
        self.going = False
        self.server = await asyncio.start_server(self.connection, "127.0.0.1", self.port, limit=1 << 20)
        self.port = self.server.sockets[0].getsockname()[1]
        return self

    async def stop(self):
        self.going = True
        self.server.close()
        await asyncio.sleep(LAST_WORDS_S)
        while busy := [writer for writer in self.open if writer.busy]:
            await asyncio.sleep(0.01 * len(busy))
        for writer in list(self.open):
            writer.close()

    async def connection(self, reader, writer):
        self.open.add(writer)
        writer.busy = False
        try:
            while True:
                writer.busy = False
                _, _, body = await read_message(reader)
                writer.busy = True
                self.served += 1
                last = self.going
                await self.answer(writer, json.loads(body or b"{}").get("stream"), last)
                if last:
                    break
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            self.open.discard(writer)
            writer.close()

    async def think(self, tokens):
        await asyncio.sleep(tokens * TOKEN_S * sum(writer.busy for writer in self.open))

    async def answer(self, writer, streams, last):
        close = "connection: close\r\n" if last else ""
        report = "endpoint-load-metrics: TEXT named_metrics.num_requests_waiting=0\r\n"
        if not streams:
            await self.think(TOKENS)
            head = f"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n{report}{close}content-length: {len(WHOLE)}\r\n\r\n"
            writer.write((head + WHOLE).encode())
            return await writer.drain()
        writer.write(f"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n{report}{close}transfer-encoding: chunked\r\n\r\n".encode())
        for piece in [CHUNK] * TOKENS + [LAST]:
            await self.think(1)
            writer.write(f"{len(piece):x}\r\n{piece}\r\n".encode())
            await writer.drain()
        writer.write(b"0\r\n\r\n")
        await writer.drain()


class Clients:
    """Each asks again as soon as it has its answer."""

    def __init__(self, port, count):
        self.port, self.answered, self.failed, self.done = port, 0, collections.Counter(), False
        self.tasks = [asyncio.create_task(self.client(number)) for number in range(count)]

    async def client(self, number):
        connection, turn = None, number
        while not self.done:
            turn += 1
            body = json.dumps({"model": "m", "stream": bool(turn % 3), "messages": [{"role": "user", "content": f"{number} {turn} " + "x" * 900}]})
            try:
                connection = connection or await asyncio.open_connection("127.0.0.1", self.port)
                await asyncio.wait_for(self.ask(*connection, body, bool(turn % 3)), 10)
                self.answered += 1
            except (OSError, asyncio.IncompleteReadError, asyncio.TimeoutError, ValueError) as error:
                self.failed[f"{type(error).__name__}: {error}"] += 1
                connection = None

    async def ask(self, reader, writer, body, streams):
        head = f"POST /v1/chat/completions HTTP/1.1\r\nhost: llm\r\ncontent-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n"
        writer.write((head + body).encode())
        status, fields, answer = await read_message(reader)
        if " 200 " not in status:
            raise ValueError(f"{status}: {answer[:200]}")
        if answer.decode() != (CHUNK * TOKENS + LAST if streams else WHOLE):
            raise ValueError(f"an answer of {len(answer)} bytes that is not the server's")
        if "endpoint-load-metrics" in fields:
            raise ValueError("a report that is none of the client's business")

    async def end(self):
        self.done = True
        await asyncio.gather(*self.tasks)
