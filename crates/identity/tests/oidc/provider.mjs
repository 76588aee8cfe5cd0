// A real OpenID Connect provider on a free port of this machine, for the tests of federation.
//
//   node provider.mjs REDIRECT_URI AUDIENCE
//
// Prints its issuer in one line, and ends when its standard input does. Whoever signs in as NAME is known as NAME, with the
// address NAME@example.org, which it vouches for unless NAME begins with "unverified".
import { createServer } from "node:http";
import { generateKeyPairSync } from "node:crypto";
import Provider from "oidc-provider";

const [redirectUri, audience] = process.argv.slice(2);
const key = (type, options, use) => ({ ...generateKeyPairSync(type, options).privateKey.export({ format: "jwk" }), use: "sig", ...use });

const server = createServer();
server.listen(0, "127.0.0.1", () => {
  const issuer = `http://127.0.0.1:${server.address().port}`;
  const provider = new Provider(issuer, {
    clients: [
      {
        client_id: "mindvibe",
        client_secret: "a secret that only tests know",
        redirect_uris: [redirectUri],
        grant_types: ["authorization_code", "client_credentials"],
        token_endpoint_auth_method: "client_secret_basic",
      },
    ],
    cookies: { keys: ["only for tests"] },
    claims: { openid: ["sub"], email: ["email", "email_verified"], profile: ["name"] },
    features: {
      devInteractions: { enabled: true },
      clientCredentials: { enabled: true },
      resourceIndicators: {
        enabled: true,
        getResourceServerInfo: (_, resource) => ({
          scope: "",
          audience: resource === "https://mind.example/" ? audience : "https://other.example",
          accessTokenFormat: "jwt",
          jwt: { sign: { alg: "ES256" } },
        }),
      },
    },
    findAccount: (_, id) => ({
      accountId: id,
      claims: () => ({
        sub: id,
        email: `${id}@example.org`,
        email_verified: !id.startsWith("unverified"),
        name: `Name of ${id}`,
      }),
    }),
    jwks: {
      keys: [
        key("rsa", { modulusLength: 2048 }, { kid: "rsa", alg: "RS256" }),
        key("ec", { namedCurve: "P-256" }, { kid: "ec", alg: "ES256" }),
      ],
    },
    pkce: { required: () => true },
  });
  server.on("request", provider.callback());
  console.log(issuer);
});
process.stdin.resume();
process.stdin.on("end", () => process.exit(0));
