"""A login service's tokens: JWTs that it signs with RS256."""
import base64
import json
import subprocess
import time

ISSUER, AUDIENCE = "https://login.example", "llm"


class Login:
    def __init__(self, folder, name="login"):
        self.key = folder / f"{name}.key"
        openssl("genrsa", "-out", self.key, "2048")

    def keys(self):
        """Its public keys, as a JWKS."""
        modulus = openssl("rsa", "-in", self.key, "-noout", "-modulus").decode().strip().partition("=")[2]
        return json.dumps({"keys": [{"kty": "RSA", "kid": "1", "alg": "RS256", "use": "sig", "e": "AQAB", "n": base64url(bytes.fromhex(modulus))}]})

    def token(self, tenant, lasts_s=3600):
        claims = {"iss": ISSUER, "aud": AUDIENCE, "sub": f"ana@{tenant}", "tenant": tenant, "exp": int(time.time()) + lasts_s}
        signed = ".".join(base64url(json.dumps(part).encode()) for part in ({"alg": "RS256", "typ": "JWT", "kid": "1"}, claims))
        return f"{signed}.{base64url(openssl('dgst', '-sha256', '-sign', self.key, given=signed.encode()))}"

    def bearer(self, tenant, **options):
        return {"authorization": f"Bearer {self.token(tenant, **options)}"}


def openssl(*words, given=None):
    return subprocess.run(["openssl", *map(str, words)], input=given, capture_output=True, check=True).stdout


def base64url(value):
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode()
