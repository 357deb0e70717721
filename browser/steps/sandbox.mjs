// What a partner's developer reads: a message through every check, a cause of refusal explained.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

export async function run(tour) {
  const { base, config, vtpa } = tour.scenario;
  const page = await tour.visitor();

  await tour.step("the sandbox's page is there, and says what it is for", async () => {
    assert.equal((await page.goto(`${base}/bac-a-sable`)).status(), 200);
    await tour.look(page, "bac-a-sable");
  });

  await tour.step("a message that was changed after signing is refused for that, with the bytes that were digested", async () => {
    const file = (name) => join(dirname(config), name);
    const trace = mkdtempSync(join(tmpdir(), "vtpa-browser-"));
    // a dossier that is not there: code 460, status 3; its message is what is wanted
    const call = ["call", "consulter", "0000000000000:personne", "--profile", "x509", "--url", base, "--trace", trace];
    const who = ["--ca", file("ca.pem"), "--cert", file("partner.pem"), "--key", file("partner.key")];
    assert.equal(spawnSync(vtpa, [...call, ...who]).status, 3);
    const message = readFileSync(join(trace, "ConsulterDossierPA-request.xml"), "utf8").replace("personne", "quelqu'un");
    await page.getByLabel("ou le message lui-même").fill(message);
    await page.getByRole("button", { name: "Examiner" }).click();
    assert.match(await page.locator("h2#verdict + .statut").textContent(), /Ce message est refusé/);
    const refused = page.locator("li.vide");
    assert.equal(await refused.count(), 1);
    assert.equal(await refused.locator("h3").textContent(), "Signature et condensats");
    assert.match(await refused.locator("pre").textContent(), /quelqu'un/);
    await tour.look(page, "message-examine");
  });

  await tour.step("the cause leads to its page, in French, and to all others", async () => {
    await page.getByRole("link", { name: /^VTPA-SEC-\d+ :/ }).click();
    assert.match(page.url(), /\/explications\/VTPA-SEC-\d+$/);
    await page.getByRole("heading", { name: "Comment y remédier" }).waitFor();
    await tour.look(page, "explication");
    await page.getByRole("link", { name: "Toutes les causes de refus" }).click();
    assert.ok((await page.locator(".causes a").count()) > 70);
    await tour.look(page, "explications");
  });
  await page.context().close();
}
