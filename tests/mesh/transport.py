"""TLS from the egress gateway to the provider: by its name, and only to who has a certificate of that name by an authority that is trusted."""
import audit
from components import eventually
from front import Authority, Front


class Transport:
    """The egress gateway before a provider that speaks TLS."""

    def __init__(self, egress, host):
        self.egress, self.mesh, self.host = egress, egress.mesh, host
        folder = self.mesh.folder / "transport"
        folder.mkdir()
        trusted, stranger = Authority(folder, "trusted"), Authority(folder, "stranger")
        self.right, self.authority = trusted.certificate(host), trusted.file
        self.wrong = {"of another name": trusted.certificate("api.elsewhere.example"), "by an authority that is not trusted": stranger.certificate(host)}
        self.front = self.mesh.add(Front(self.mesh.fleet.ports[0]))

    def attempts(self):
        self.front.present(self.right)
        self.mesh.apply(*self.egress.manifests(transport=self))
        yield "TLS to the provider: answered, and asked for by its name", eventually(self.answered)
        for told, certificate in self.wrong.items():
            self.front.present(certificate)
            yield f"TLS to the provider: with a certificate {told} 503, and not a byte is sent", eventually(self.refused)
        self.front.present(self.right)
        yield "TLS to the provider: with the right one again, answered", eventually(self.answered)

    def answered(self):
        answer = self.egress.ask()
        if answer.status != 200 or not answer.record():
            return str(answer)
        return "" if self.front.received and set(self.front.names) == {self.host} else f"asked for {self.front.names}"

    def refused(self):
        self.front.received = 0
        answer = self.egress.ask()
        if answer.status != 503 or answer.record() or self.front.received:
            return f"{self.front.received} bytes were sent: {answer}"
        if not self.front.names:
            return "nobody has begun TLS"
        line = audit.line(self.egress.gateway, answer.id)
        return "" if "CERTIFICATE_VERIFY_FAILED" in line.get("details", "") else f"its line in the log: {line}"
