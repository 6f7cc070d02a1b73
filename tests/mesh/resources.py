"""The mesh around the filters, as dictionaries: who may be called, and where clients come in."""
ISTIO_GROUPS = ["security.istio.io", "networking.istio.io", "telemetry.istio.io", "extensions.istio.io"]


def resource(api, kind, name, spec, namespace="demo"):
    return {"apiVersion": api, "kind": kind, "metadata": {"name": name, "namespace": namespace}, "spec": spec}


def networking(kind, name, spec):
    return resource("networking.istio.io/v1", kind, name, spec)


def service_entry(name, host, ports, location="MESH_INTERNAL", number=80, protocol="HTTP"):
    """A host behind which servers listen on these ports of 127.0.0.1, as a Service is in a cluster. For the mesh it is port `number` of the host."""
    kind = protocol.lower()
    endpoints = [{"address": "127.0.0.1", "ports": {kind: port}} for port in ports]
    return networking("ServiceEntry", name, {
        "hosts": [host], "location": location, "resolution": "STATIC", "endpoints": endpoints,
        "ports": [{"number": number, "name": kind, "protocol": protocol}]})


def plain(name, host):
    """The servers behind the host have no proxy, and so no mutual TLS. Streams are many and long."""
    pool = {"tcp": {"maxConnections": 10000}, "http": {"http1MaxPendingRequests": 10000, "http2MaxRequests": 10000, "maxRetries": 1000}}
    return networking("DestinationRule", name, {"host": host, "trafficPolicy": {"tls": {"mode": "DISABLE"}, "connectionPool": pool}})


def gateway(name, selector, port, hosts=("*",)):
    return networking("Gateway", name, {
        "selector": selector, "servers": [{"port": {"number": port, "name": "http", "protocol": "HTTP"}, "hosts": list(hosts)}]})


def routes(name, gateway, host, hosts=("*",)):
    """Everything that comes in there goes to `host`, on a route of the name `llm`."""
    return networking("VirtualService", name, {
        "hosts": list(hosts), "gateways": [gateway], "http": [{"name": "llm", "route": [{"destination": {"host": host, "port": {"number": 80}}}]}]})


def sidecar(name, labels, port, application):
    """A pod whose application listens on `application`, and whose proxy stands before it on `port`. No iptables: the port is named."""
    inbound = {
        "port": {"number": port, "protocol": "HTTP", "name": "http"}, "bind": "127.0.0.1", "captureMode": "NONE",
        "defaultEndpoint": f"127.0.0.1:{application}"}
    return networking("Sidecar", name, {"workloadSelector": {"labels": labels}, "ingress": [inbound], "egress": [{"hosts": ["./*"]}]})


def webhook(url, bundle):
    """istiod judges every resource of its own kinds, as `istioctl install` sets it up."""
    rule = {"operations": ["CREATE", "UPDATE"], "apiGroups": ISTIO_GROUPS, "apiVersions": ["*"], "resources": ["*"]}
    return {
        "apiVersion": "admissionregistration.k8s.io/v1", "kind": "ValidatingWebhookConfiguration", "metadata": {"name": "istio-validator"},
        "webhooks": [{
            "name": "validation.istio.io", "clientConfig": {"url": url, "caBundle": bundle}, "rules": [rule], "failurePolicy": "Fail",
            "sideEffects": "None", "admissionReviewVersions": ["v1"]}]}


def impossible():
    """What the schema allows and istiod does not: a route to nowhere."""
    return networking("VirtualService", "impossible", {"hosts": ["*"], "http": [{"name": "nowhere"}]})
