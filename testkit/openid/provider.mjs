// An OpenID Connect provider that is not ours (oidc-provider), as Pro Santé Connect is set up: one client with a secret, PKCE
// obligatory, acr eidas1, the person's number in userinfo. Whoever types a number is that person.
//
//   node provider.mjs CERTIFICATE KEY RETURN_ADDRESS LOGOUT_ADDRESS
//
// Says « ready ISSUER » once it listens, and ends with its standard input.
import { generateKeyPairSync } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:https';

const [certificate, key, back, left] = process.argv.slice(2);
const server = createServer({ cert: readFileSync(certificate), key: readFileSync(key) });
await new Promise((listening) => server.listen(0, '127.0.0.1', listening));
const issuer = `https://localhost:${server.address().port}`;

// what it says of how it is set up belongs to nobody's test
console.warn = console.info = () => {};
const { Provider } = await import('oidc-provider');

const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
const provider = new Provider(issuer, {
  clients: [
    {
      client_id: 'vtpa',
      client_secret: 'a secret: of 100 %',
      redirect_uris: [back],
      post_logout_redirect_uris: [left],
      response_types: ['code'],
      grant_types: ['authorization_code'],
    },
  ],
  jwks: { keys: [{ ...privateKey.export({ format: 'jwk' }), kid: 'one', use: 'sig', alg: 'RS256' }] },
  cookies: { keys: ['of tests'] },
  pkce: { required: () => true },
  acrValues: ['eidas1'],
  scopes: ['openid', 'scope_all'],
  claims: { openid: ['sub'], scope_all: ['SubjectNameID'], acr: null },
  features: { devInteractions: { enabled: false } },
  interactions: { url: (_, interaction) => `/interaction/${interaction.uid}` },
  findAccount: (_, id) => ({
    accountId: id,
    claims: () => ({ sub: id, SubjectNameID: id.replace('f:test:', '') }),
  }),
});

async function interaction(request, response) {
  const details = await provider.interactionDetails(request, response);
  if (request.method !== 'POST') {
    response.setHeader('content-type', 'text/html; charset=utf-8');
    response.end('<!doctype html><title>Sign in</title><form method="post"><input name="number"><button>Sign in</button></form>');
    return;
  }
  let body = '';
  for await (const chunk of request) body += chunk;
  const accountId = `f:test:${new URLSearchParams(body).get('number')}`;
  const grant = new provider.Grant({ accountId, clientId: details.params.client_id });
  grant.addOIDCScope('openid scope_all');
  const consent = { grantId: await grant.save() };
  await provider.interactionFinished(request, response, { login: { accountId, acr: 'eidas1' }, consent });
}

const rest = provider.callback();
server.on('request', (request, response) => {
  if (!request.url.startsWith('/interaction/')) return rest(request, response);
  interaction(request, response).catch((error) => {
    response.statusCode = 500;
    response.end(String(error));
  });
});

process.stdin.resume();
process.stdin.on('end', () => process.exit(0));
console.log(`ready ${issuer}`);
