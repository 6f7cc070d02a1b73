"""Clients with certificates through Envoy: what a certificate says is the meter's tenant, each with a budget of its own."""
import json
import pathlib
import ssl
import subprocess
import sys
import tempfile
import urllib.error
import urllib.request

import stack

CONFIG = "envoy-configs/token-meter.yaml"
BODY = {"model": "gpt-4.1", "messages": [{"role": "user", "content": "hi"}]}
BUDGET = {"name": "calls", "key": ["tenant"], "unit": "requests", "limit": 1, "window": {"per": "day"}}
NAMES = {"ana": "spiffe://mesh/ns/apps/sa/ana", "bob": "spiffe://mesh/ns/apps/sa/bob"}


def certificates(folder):
    """An authority, a certificate of the proxy, and one for each client with its URI."""
    def openssl(*words):
        subprocess.run(["openssl", *words], cwd=folder, check=True, capture_output=True)

    key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    openssl("req", "-x509", *key, "-keyout", "ca.key", "-out", "ca.pem", "-subj", "/CN=authority", "-days", "1")
    names = {"proxy": "IP:127.0.0.1"} | {name: f"URI:{uri}" for name, uri in NAMES.items()}
    for name, san in names.items():
        (folder / f"{name}.cnf").write_text(f"subjectAltName={san}\nauthorityKeyIdentifier=keyid\n")
        openssl("req", *key, "-keyout", f"{name}.key", "-out", f"{name}.csr", "-subj", f"/CN={name}")
        openssl("x509", "-req", "-in", f"{name}.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-days", "1",
                "-extfile", f"{name}.cnf", "-out", f"{name}.pem")


def configuration(folder):
    """The meter's own, behind a listener that wants certificates."""
    def once(text, old, new):
        return text.replace(old, new) if text.count(old) == 1 else sys.exit(f"error: {CONFIG} has not one {old!r}")

    def file(name):
        return {"filename": str(folder / name)}

    common = {"tls_certificates": [{"certificate_chain": file("proxy.pem"), "private_key": file("proxy.key")}],
              "validation_context": {"trusted_ca": file("ca.pem")}}
    socket = {"name": "envoy.transport_sockets.tls", "typed_config": {
        "@type": "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext",
        "require_client_certificate": True, "common_tls_context": common}}
    text = (stack.ROOT / CONFIG).read_text()
    text = once(text, "    - filters:\n", f"    - transport_socket: {json.dumps(socket)}\n      filters:\n")
    text = once(text, '"tenant": {"header": "x-tenant", "cap": 100}', f'"tenant": {{"source_principal": "uri_san"}}, "budgets": [{json.dumps(BUDGET)}]')
    (folder / "mtls.yaml").write_text(text)
    return folder / "mtls.yaml"


def ask(url, folder, client):
    """Status and headers of an answer; a word where there is none. `client` is None for one without a certificate."""
    trust = ssl.create_default_context(cafile=folder / "ca.pem")
    if client:
        trust.load_cert_chain(folder / f"{client}.pem", folder / f"{client}.key")
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=trust))
    request = urllib.request.Request(f"{url}/v1/chat/completions", json.dumps(BODY).encode(), {"content-type": "application/json"})
    try:
        with opener.open(request, timeout=30) as answer:
            answer.read()
            return answer.status, answer.headers
    except urllib.error.HTTPError as error:
        return error.code, error.headers
    except OSError:
        return "refused", {}


def main():
    failed = []

    def check(what, found, wanted):
        print(f"ok   {what}" if found == wanted else f"FAIL {what}: {found}, not {wanted}")
        failed.append(found != wanted)

    with tempfile.TemporaryDirectory(prefix="penstock-") as folder:
        folder = pathlib.Path(folder)
        certificates(folder)
        with stack.Stack(configuration(folder)) as running:
            url = running.url.replace("http:", "https:")
            check("a client is served", ask(url, folder, "ana")[0], 200)
            status, headers = ask(url, folder, "ana")
            check("its second request is refused", (status, headers.get("x-ratelimit-remaining-requests")), (429, "0"))
            check("another client has a budget of its own", ask(url, folder, "bob")[0], 200)
            check("a client without a certificate gets nowhere", ask(url, folder, None)[0], "refused")
            running.programs[-1].stop()
            tenants = [line["who"] for line in running.ledger() if line.get("who")]
            check("the ledger names them", tenants, [NAMES["ana"], NAMES["ana"], NAMES["bob"]])
    print(f"{len(failed) - sum(failed)} passed, {sum(failed)} failed")
    return int(any(failed))


if __name__ == "__main__":
    sys.exit(main())
