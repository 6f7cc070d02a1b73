"""Clients that ask at a steady rate over kept connections. A third of the answers are streams, and some of the prompts are attacks."""
import asyncio
import collections
import contextlib
import json
import threading

from backends import read_message
import proofs

CONNECTIONS = 64
RATE = 40  # requests a second
STREAM, ATTACK = 3, 50  # each third, each fiftieth
WITHIN_S = 60
DONE = b"data: [DONE]\n\n"


class Load:
    def __init__(self, port):
        self.port, self.sent, self.streams, self.attacks, self.done = port, 0, 0, 0, False
        self.failed, self.idle = collections.Counter(), asyncio.Queue()
        for _ in range(CONNECTIONS):
            self.idle.put_nowait(None)

    async def run(self):
        begin, asks = asyncio.get_running_loop().time(), set()
        while not self.done:
            self.sent += 1
            asks.add(asyncio.create_task(self.ask(self.sent)))
            await asyncio.sleep(max(0, begin + self.sent / RATE - asyncio.get_running_loop().time()))
        await asyncio.gather(*asks)

    @contextlib.contextmanager
    def running(self):
        """In a thread, beside what is done meanwhile."""
        thread = threading.Thread(target=lambda: asyncio.run(self.run()))
        thread.start()
        try:
            yield
        finally:
            self.done = True
            thread.join()

    async def ask(self, number):
        connection = await self.idle.get()
        stream, attack = number % STREAM == 0, number % ATTACK == 0
        self.streams, self.attacks = self.streams + stream, self.attacks + attack
        try:
            connection = connection or await asyncio.open_connection("127.0.0.1", self.port)
            last = await asyncio.wait_for(exchange(*connection, number, stream, attack), WITHIN_S)
            if last:
                connection[1].close()
                connection = None
        except (OSError, asyncio.IncompleteReadError, asyncio.TimeoutError, ValueError) as error:
            self.failed[f"{type(error).__name__}: {error}"] += 1
            connection = None
        self.idle.put_nowait(connection)


async def exchange(reader, writer, number, stream, attack):
    """One request and its whole answer. Gives whether it was the connection's last."""
    prompt = proofs.ATTACK if attack else f"What is {number}?"
    body = json.dumps({"model": proofs.MODEL, "stream": stream, "messages": [{"role": "user", "content": prompt}]})
    # A stream lasts a second or two, so that most changes meet one.
    sim = "out=40; tpot=30" if stream else "out=5"
    writer.write((
        f"POST /v1/chat/completions HTTP/1.1\r\nhost: llm.example\r\ncontent-type: application/json\r\nx-sim: {sim}\r\n"
        f"content-length: {len(body)}\r\n\r\n{body}").encode())
    status, fields, answer = await read_message(reader)
    judge(status, answer, stream, attack)
    return fields.get("connection") == "close"


def judge(status, answer, stream, attack):
    if attack:
        if b"injection" not in answer or " 200 " in status:
            raise ValueError(f"an attack came through: {status}")
    elif " 200 " not in status:
        raise ValueError(f"{status}: {answer[:200]}")
    elif stream and not answer.endswith(DONE):
        raise ValueError(f"a stream was cut after {len(answer)} bytes")
    elif not stream and not json.loads(answer)["choices"]:
        raise ValueError("an answer without a choice")
