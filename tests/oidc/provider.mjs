// An OpenID Connect provider with pages to log in and to consent: oidc-provider as it comes, with one client. Any account may log in, as NAME@TENANT.
//
//   $(tools/oidc.sh)/bin/node tests/oidc/provider.mjs $(tools/oidc.sh) PORT CLIENT SECRET REDIRECT_URI

import { generateKeyPairSync, randomBytes } from "node:crypto";
import { createRequire } from "node:module";

const [folder, port, client, secret, redirectUri] = process.argv.slice(2);
const { Provider } = createRequire(`${folder}/`)("oidc-provider");

const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });

const provider = new Provider(`http://127.0.0.1:${port}`, {
  clients: [{ client_id: client, client_secret: secret, redirect_uris: [redirectUri] }],
  jwks: { keys: [{ ...privateKey.export({ format: "jwk" }), kid: "test", use: "sig", alg: "RS256" }] },
  cookies: { keys: [randomBytes(16).toString("hex")] },
  findAccount: (_, accountId) => ({ accountId, claims: () => ({ sub: accountId, tenant: accountId.split("@")[1] }) }),
  claims: { openid: ["sub", "tenant"] },
  // Claims stand in the ID token, and need no second question.
  conformIdTokenClaims: false,
});

provider.listen(port, "127.0.0.1");
