"""TLS before a provider that speaks none, with whichever certificate a test gives it."""
import socket
import ssl
import threading

from tokens import openssl

KEY = "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"
PIECE = 65536


class Authority:
    """Signs what it is asked to."""

    def __init__(self, folder, name):
        self.folder, self.name, self.file = folder, name, folder / f"{name}.pem"
        openssl("req", "-x509", *KEY, "-keyout", folder / f"{name}.key", "-out", self.file, "-subj", f"/CN={name}", "-days", "1")

    def certificate(self, host):
        """The files of a certificate of this host, and its key."""
        key, request, chain, names = (self.folder / f"{self.name}-{host}.{ending}" for ending in ("key", "csr", "pem", "cnf"))
        names.write_text(f"subjectAltName=DNS:{host}\n")
        openssl("req", *KEY, "-keyout", key, "-out", request, "-subj", f"/CN={host}")
        openssl("x509", "-req", "-in", request, "-CA", self.file, "-CAkey", self.folder / f"{self.name}.key", "-CAcreateserial", "-days", "1",
                "-extfile", names, "-out", chain)
        return chain, key


class Front:
    def __init__(self, upstream):
        self.upstream, self.open, self.lock = upstream, [], threading.Lock()
        self.names, self.received = [], 0  # names that clients asked for, and the bytes that they sent
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def present(self, certificate):
        """From now on, and to new connections alone: those that are open end."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*certificate)
        context.sni_callback = lambda _, name, __: self.names.append(name)
        self.context = context
        with self.lock:
            ended, self.open = self.open, []
        for one in ended:
            close(one)
        self.names, self.received = [], 0

    def accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.serve, args=[client], daemon=True).start()

    def serve(self, client):
        try:
            client = self.context.wrap_socket(client, server_side=True)
            server = socket.create_connection(("127.0.0.1", self.upstream))
        except OSError:
            return close(client)
        with self.lock:
            self.open += [client, server]
        back = threading.Thread(target=pass_on, args=[server, client], daemon=True)
        back.start()
        pass_on(client, server, self.count)
        back.join()

    def count(self, piece):
        self.received += len(piece)

    def stop(self):
        close(self.listener)
        for one in self.open:
            close(one)


def pass_on(source, target, seen=lambda piece: None):
    try:
        while piece := source.recv(PIECE):
            seen(piece)
            target.sendall(piece)
    except OSError:
        """One of the two is gone, and so is the other."""
    close(source)
    close(target)


def close(one):
    try:
        one.shutdown(socket.SHUT_RDWR)
    except OSError:
        """It was not connected, or is closed already."""
    one.close()
