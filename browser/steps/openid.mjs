// The desk entered by OpenID Connect, with a provider that others wrote and a server of this step's own: whether a browser
// keeps and sends the cookies that it should, across two sites, with script switched off.

import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { DESKTOP } from "../tour.mjs";

const PROVIDER = fileURLToPath(new URL("../../testkit/openid/provider.mjs", import.meta.url));
const FINESS = "010990018";
const RPPS = "899700218896";

export async function run(tour) {
  const demo = dirname(tour.scenario.config);
  const base = `https://localhost:${await freePort()}`;
  const own = [];
  try {
    const back = `${base}/etablissement/openid/retour`;
    const provider = await start(own, process.execPath, [PROVIDER, join(demo, "server.pem"), join(demo, "server.key"), back, `${base}/etablissement/connexion`]);
    const config = configure(demo, base, provider);
    await start(own, tour.scenario.vtpa, ["serve", "--config", config]);
    const vtpa = (...args) => execFileSync(tour.scenario.vtpa, ["etablissement", ...args, "--config", config], { encoding: "utf8" });
    vtpa("add", "--finess", FINESS, "--name", "EHPAD Les Glycines");
    vtpa("account", "add", "a.duval", "--finess", FINESS, "--name", "Anne Duval", "--subject", RPPS);
    // what a page of this server is held to is what the demonstration's pages are
    const here = Object.assign(Object.create(tour), { scenario: { ...tour.scenario, base } });
    await ways(here, base, provider);
    tour.pictures = here.pictures;
  } finally {
    for (const child of own) child.kill();
  }
}

async function ways(tour, base, provider) {
  const signIn = async (page, number) => {
    await page.goto(`${base}/etablissement`);
    await page.getByRole("link", { name: "S’identifier avec Pro Santé Connect" }).click();
    await page.waitForURL(`${provider}/**`);
    await page.locator("input[name=number]").fill(number);
    await page.getByRole("button", { name: "Sign in" }).click();
  };

  await tour.step("by the provider one enters, leaves, and leaves the provider; without script", async () => {
    const page = await visitor(tour, { javaScriptEnabled: false });
    await signIn(page, RPPS);
    await page.waitForURL(`${base}/etablissement`);
    assert.match(await page.locator("footer").innerText(), /Vous êtes Anne Duval/);
    await page.reload();
    assert.equal(new URL(page.url()).pathname, "/etablissement", "the session's cookie is there");
    const cookies = await page.context().cookies(base);
    const strict = Object.fromEntries(cookies.map(({ name, sameSite }) => [name, sameSite]));
    assert.equal(strict["__Host-bureau"], "Strict");
    assert.equal(strict["__Host-openid"], "Lax");
    await page.getByRole("button", { name: "Quitter" }).click();
    await page.getByRole("link", { name: "Se déconnecter aussi de Pro Santé Connect" }).click();
    await page.getByRole("button", { name: "Yes, sign me out" }).click();
    await page.waitForURL(`${base}/etablissement/connexion`);
    await page.goto(`${base}/etablissement`);
    assert.equal(new URL(page.url()).pathname, "/etablissement/connexion");
    await page.context().close();
  });

  const page = await visitor(tour);
  await tour.step("the door has both ways, and the provider's comes first by Tab", async () => {
    await page.goto(`${base}/etablissement/connexion`);
    const first = page.locator("main a, main input:not([type=hidden])").first();
    assert.equal(await first.innerText(), "S’identifier avec Pro Santé Connect");
    assert.equal(await page.getByLabel("Identifiant").count(), 1);
  });
  await tour.look(page, "bureau-openid-porte");
  await tour.step("whom the provider knows and no account is of stays outside", async () => {
    await signIn(page, "800000000001");
    await page.waitForURL(`${base}/etablissement/openid/retour?**`);
    assert.match(await page.locator("main").innerText(), /n’est pas connu de cet établissement/);
  });
  await tour.look(page, "bureau-openid-inconnu");
  await tour.step("a way back that is none says so, and leads to the door", async () => {
    await page.goto(`${base}/etablissement/openid/retour?code=a&state=b`);
    await page.getByRole("link", { name: "Revenir à l’entrée du bureau" }).click();
    await page.waitForURL(`${base}/etablissement/connexion`);
  });
  await page.context().close();
  await tour.step("what a person was shown after leaving is held to the same", async () => {
    const left = await visitor(tour);
    await signIn(left, RPPS);
    await left.waitForURL(`${base}/etablissement`);
    await left.getByRole("button", { name: "Quitter" }).click();
    await left.getByRole("status").waitFor();
    await tour.look(left, "bureau-openid-quitte");
    await left.context().close();
  });
  assert.deepEqual(tour.complaints, []);
}

// A browser that may go to the provider, too.
async function visitor(tour, options = {}) {
  const context = await tour.browser.newContext({ viewport: DESKTOP, locale: "fr-FR", timezoneId: "Europe/Paris", ...options });
  context.setDefaultTimeout(15_000);
  const page = await context.newPage();
  tour.watch(page);
  return page;
}

function configure(demo, base, provider) {
  const folder = join(demo, "openid");
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "secret"), "a secret: of 100 %\n", { mode: 0o600 });
  const file = join(folder, "vtpa.toml");
  const text = `public_url = "${base}"
[listen]
https = "127.0.0.1:${new URL(base).port}"
[database]
url = "sqlite:openid.db"
[at_rest]
key = "../vtpa.cle"
[tls]
certificate = "../server.pem"
key = "../server.key"
[signature]
certificate = "../server.pem"
key = "../server.key"
[trust]
anchors = ["../ca.pem"]
[openid]
issuer = "${provider}"
client_id = "vtpa"
client_secret_file = "secret"
claim = "SubjectNameID"
ca = "../ca.pem"
`;
  writeFileSync(file, text);
  return file;
}

// A program that says « ready ADDRESS » once it listens; it ends with this step.
function start(own, program, args) {
  const child = spawn(program, args, { stdio: ["pipe", "pipe", "ignore"] });
  own.push(child);
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("exit", (code) => reject(new Error(`${program} ended with ${code}`)));
    createInterface({ input: child.stdout }).on("line", (line) => {
      if (line.startsWith("ready ")) resolve(line.split(" ")[1]);
    });
  });
}

function freePort() {
  return new Promise((resolve) => {
    const server = createServer().listen(0, "127.0.0.1", () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}
