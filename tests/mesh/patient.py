"""A server that, while it is told to, answers nobody: so as many requests are open as a test wants, for as long as it wants."""
import contextlib
import http.server
import threading


class Patient:
    def __init__(self):
        self.waiting, self.free, self.changed = 0, threading.Event(), threading.Condition()
        self.free.set()
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), answering(self.wait))
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @contextlib.contextmanager
    def holding(self):
        self.waiting = 0
        self.free.clear()
        try:
            yield
        finally:
            self.free.set()

    def wait(self):
        with self.changed:
            self.waiting += 1
            self.changed.notify_all()
        self.free.wait()

    def has(self, number, within_s):
        """Whether so many requests come here, in time."""
        with self.changed:
            return self.changed.wait_for(lambda: self.waiting >= number, within_s)

    def stop(self):
        self.free.set()
        self.server.shutdown()
        self.server.server_close()


def answering(wait):
    class Answering(http.server.BaseHTTPRequestHandler):
        """Gives back what it was sent."""
        protocol_version = "HTTP/1.1"

        def do_POST(self):
            body = self.rfile.read(int(self.headers["content-length"]))
            wait()
            self.send_response(200)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            """Silent."""
    return Answering
