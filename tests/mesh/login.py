"""Browsers log in at a real OpenID Connect provider, come back, and are the tenant that the provider says; nobody else comes in by cookies."""
import secrets
import ssl
import time
import urllib.parse

import audit
from browser import Browser
from components import changed, eventually
from proofs import Site
import resources
import stack
from tenants import CLAIM
import tokens

CONFIG = {"token_meter": {"tenant": CLAIM, "filter_state": "all"}, "prompt_guard": {"tenant": CLAIM}}
CLIENT, ACCOUNT = "llm", "bob@acme"
OAUTH = "/spec/configPatches/0/patch/value/typed_config/config"
SECRET = """resources:
- "@type": type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.Secret
  name: {name}
  generic_secret: {{secret: {{inline_string: "{value}"}}}}
"""
COOKIES = "IdToken", "OauthExpires", "OauthHMAC"


class Provider:
    """npm's oidc-provider, with the gateway as its client."""

    def __init__(self, folder, redirect_uri):
        tools, self.port, self.secret = stack.tool("tools/oidc.sh"), stack.free_port(), secrets.token_hex(16)
        self.url = f"http://127.0.0.1:{self.port}"
        self.program = stack.Program("oidc-provider", [
            f"{tools}/bin/node", stack.ROOT / "tests/oidc/provider.mjs", tools, self.port, CLIENT, self.secret, redirect_uri], folder)
        stack.until(lambda: stack.get(f"{self.url}/.well-known/openid-configuration"), "the OpenID Connect provider", [self.program])

    def stop(self):
        self.program.stop()


class Login:
    def __init__(self, stand):
        self.stand, self.mesh, self.proxy = stand, stand.mesh, stand.world.proxies["gateway"]
        self.folder = self.mesh.folder / "login"
        self.folder.mkdir()
        self.port = stack.free_port()
        self.url = f"https://localhost:{self.port}"
        self.certificate()
        self.provider = self.mesh.add(Provider(self.folder, f"{self.url}/oauth2/callback"))
        for name, value in ("client", self.provider.secret), ("hmac", secrets.token_hex(32)):
            (self.folder / f"{name}.yaml").write_text(SECRET.format(name=f"login-{name}", value=value))
        self.trust = ssl.create_default_context(cafile=self.folder / "gateway.crt")
        self.browser = Browser(self.trust)
        self.site, self.stranger = (
            Site(self.proxy, self.mesh.fleet, self.url, f"localhost:{self.port}", opener) for opener in (self.browser.opener, self.browser.stranger))
        self.machines, self.forger = (tokens.Login(self.folder, name) for name in ("machines", "forger"))

    def certificate(self):
        tokens.openssl(
            "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost",
            "-keyout", self.folder / "gateway.key", "-out", self.folder / "gateway.crt")

    def component(self):
        endpoint = [{"address": "127.0.0.1", "ports": {"https": self.provider.port}}]
        files = {f"{OAUTH}/credentials/{name}/sds_config/path_config_source": {
            "path": f"{self.folder}/{file}.yaml", "watched_directory": {"path": str(self.folder)}}
            for name, file in (("token_secret", "client"), ("hmac_secret", "hmac"))}
        return self.stand.component(
            "login",
            changed("ServiceEntry", "penstock-login", {"/spec/resolution": "STATIC", "/spec/endpoints": endpoint}),
            changed("DestinationRule", "penstock-login", {"/spec/trafficPolicy/tls": {"mode": "DISABLE"}}),
            changed("RequestAuthentication", "penstock-login", {
                "/spec/jwtRules/0/issuer": self.provider.url, "/spec/jwtRules/0/jwksUri": f"{self.provider.url}/jwks"}),
            changed("EnvoyFilter", "penstock-login", files | {
                f"{OAUTH}/authorization_endpoint": f"{self.provider.url}/auth", f"{OAUTH}/redirect_uri": f"{self.url}/oauth2/callback",
                f"{OAUTH}/allowed_redirect_domains": ["localhost"]}))

    def tenants(self):
        """Programs have the component's issuer, people this provider: the first rule is for both."""
        return self.stand.component(
            "tenants",
            changed("RequestAuthentication", "penstock-tenants", {"/spec/jwtRules/0/jwksUri": None, "/spec/jwtRules/0/jwks": self.machines.keys()}),
            changed("AuthorizationPolicy", "penstock-tenants", {"/spec/rules/0/from/0/source/requestPrincipals/1": f"{self.provider.url}/*"}))

    def manifests(self):
        gateway = resources.gateway("edge-tls", self.proxy.labels, self.port)
        gateway["spec"]["servers"][0] = {
            "port": {"number": self.port, "name": "https", "protocol": "HTTPS"}, "hosts": ["*"],
            "tls": {"mode": "SIMPLE", "serverCertificate": f"{self.folder}/gateway.crt", "privateKey": f"{self.folder}/gateway.key"}}
        routes = resources.routes("llm-tls", "edge-tls", "llm.demo.internal")
        return gateway, routes, self.component(), self.tenants(), self.stand.component("audit-log"), self.stand.filters(CONFIG)

    def attempts(self):
        with self.stand.having(*self.manifests()):
            yield "the filters behind the login", self.stand.loaded(CONFIG)
            yield "in the proxy, field by field", self.stand.kept(self.component(), self.proxy)
            yield "a page without a login: 302 to the provider", eventually(self.sent_to_log_in)
            yield "a prompt without a login: 401, and no redirect", self.told()
            yield "through the provider's pages, and back to the page that was asked for", self.logs_in()
            yield "a prompt with the login's cookies: 200, and the log has its tenant and subject", eventually(self.prompt)
            yield "neither cookies nor tokens reach the server", self.kept_here()
            yield "forged cookies do not come in", self.forged()
            yield "neither does a header in the place of a login's token, or of its tenant", self.spoofed()
            yield "a program with a token needs no login; with a wrong one it is told 401", self.program()
            yield "a login that somebody else began is not finished here", self.others_login()
            yield "after the logout: 401", self.logs_out()

    def sent_to_log_in(self):
        page = self.browser.visit_as_stranger(f"{self.url}/v1/models")
        to = urllib.parse.urlsplit(page.headers.get("location", ""))
        asked = urllib.parse.parse_qs(to.query)
        want = {"client_id": [CLIENT], "redirect_uri": [f"{self.url}/oauth2/callback"], "response_type": ["code"], "scope": ["openid"]}
        right = page.status == 302 and f"{to.scheme}://{to.netloc}{to.path}" == f"{self.provider.url}/auth" and want.items() <= asked.items()
        return "" if right else f"{page.status} {to.geturl()}"

    def told(self):
        answer = self.stranger.ask("What is a fern?")
        return "" if answer.status == 401 and not answer.record() else f"not 401: {answer}"

    def logs_in(self):
        page = self.browser.log_in(f"{self.url}/v1/models", ACCOUNT)
        return "" if page.status == 200 and page.url == f"{self.url}/v1/models" and "data" in page.text else str(page)

    def prompt(self):
        answer = self.site.ask("What is a fern?", cookie=f"theme=dark; {self.browser.cookies(COOKIES)}")
        if answer.status != 200:
            return str(answer)
        self.answered = answer
        return audit.differs(self.proxy, answer, {"tenant": "acme", "subject": ACCOUNT, "status": 200, "outcome": "complete"})

    def kept_here(self):
        sent = self.answered.record()["request_headers"]
        wrong = {"cookie", "authorization", "x-id-token"} & set(sent) or sent.get("x-tenant") != "acme"
        return f"the server was sent {sorted(sent.items())}" if wrong else ""

    def forged(self):
        """Each differs from what comes in by one thing, and the last is all made up."""
        good = {name: self.browser.cookies([name]).partition("=")[2] for name in COOKIES}
        token = self.forger.token("acme")
        for what, forged in {
                "another token": good | {"IdToken": token}, "a token with another end": good | {"IdToken": other_end(good["IdToken"])},
                "more time": good | {"OauthExpires": str(int(time.time()) + 10 ** 6)}, "no signature": good | {"OauthHMAC": ""},
                "another signature": good | {"OauthHMAC": other_end(good["OauthHMAC"])},
                "all made up": {"IdToken": token, "OauthExpires": str(int(time.time()) + 3600), "OauthHMAC": tokens.base64url(token.encode()[:32])}}.items():
            answer = self.stranger.ask("What is a fern?", cookie="; ".join(f"{name}={value}" for name, value in forged.items()))
            if answer.status != 401 or answer.record():
                return f"{what}: {answer}"
        return ""

    def spoofed(self):
        """Alone it is nobody's; beside a good token, and beside a login, these are who asks."""
        headers = {"x-id-token": self.forger.token("globex"), "x-tenant": "globex"}
        alone = self.stranger.ask("What is a fern?", **headers)
        if alone.status != 401 or alone.record():
            return f"not 401: {alone}"
        program, browser = self.stranger.ask("What is a fern?", **headers, **self.machines.bearer("acme")), self.site.ask("What is a fern?", **headers)
        for answer, subject in (program, "ana@acme"), (browser, ACCOUNT):
            if answer.status != 200 or answer.record()["request_headers"].get("x-tenant") != "acme":
                return f"not 200 for acme: {answer}"
            if wrong := audit.differs(self.proxy, answer, {"tenant": "acme", "subject": subject}):
                return wrong
        return ""

    def program(self):
        good, wrong = (self.stranger.ask("What is a fern?", **login.bearer("acme")) for login in (self.machines, self.forger))
        if good.status != 200 or wrong.status != 401 or wrong.record():
            return f"{good}, {wrong}"
        return audit.differs(self.proxy, good, {"tenant": "acme", "subject": "ana@acme", "status": 200})

    def others_login(self):
        """A link that would log the one who opens it in as somebody else: it is good only where its login began."""
        other, victim = Browser(self.trust), Browser(self.trust)
        link = other.log_in(f"{self.url}/v1/models", "mallory@acme", not_to=f"{self.url}/oauth2/callback").headers.get("location", "no link")
        if not link.startswith(f"{self.url}/oauth2/callback?"):
            return f"there is no such link: {link}"
        page = victim.visit(link)
        other.follows.not_to = None
        mine = other.visit(link)
        return "" if page.status == 401 and not victim.cookies(COOKIES) and mine.status == 200 else f"{page}, and where it began {mine}"

    def logs_out(self):
        self.browser.follows.not_to = self.provider.url
        self.browser.visit(f"{self.url}/oauth2/logout")
        answer = self.site.ask("What is a fern?")
        return "" if answer.status == 401 and not self.browser.cookies(COOKIES) else f"not 401: {answer}"


def other_end(text):
    """The same but for its last letters."""
    return text[:-8] + text[-8:][::-1].swapcase()


def attempts(stand):
    yield from Login(stand).attempts()
