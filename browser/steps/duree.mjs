// How a session ends: told before, put off without script, and without loss of what was typed.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { dirname, join } from "node:path";

const HOSTILE = "l’été <b>x</b> {{7*7}} \u202egauche 🧓 =1+1";

export async function run(tour) {
  const { base, portal, config } = tour.scenario;

  // Lets 31 minutes pass for every session of the families.
  const pass = () => {
    const program = "import sqlite3,sys\nd=sqlite3.connect(sys.argv[1],timeout=10)\nd.execute('UPDATE session SET vue_le = vue_le - 1860000')\nd.commit()";
    execFileSync("python3", ["-c", program, join(dirname(config), "vtpa.db")]);
  };
  const enter = async (page) => {
    await page.goto(`${portal}/`);
    await page.locator(`[data-dossier="${tour.dossier}"]`).getByRole("button").click();
    await page.waitForURL((url) => url.origin === base);
  };

  for (const javaScriptEnabled of [true, false]) {
    const how = javaScriptEnabled ? "" : ", with script switched off";
    await tour.step(`« Rester connecté » answers in another window and leaves what is half typed${how}`, async () => {
      const page = await tour.visitor({ javaScriptEnabled });
      await enter(page);
      await page.goto(`${base}/dossier/medical/medecin`);
      const field = page.locator("main input[type=text], main input:not([type]), main textarea").first();
      await field.fill(HOSTILE);
      const [other] = await Promise.all([page.context().waitForEvent("page"), page.getByRole("button", { name: /^Rester connecté/ }).click()]);
      await other.waitForLoadState();
      assert.match(await other.locator("h1").innerText(), /reste ouvert/);
      assert.match(await other.locator("main").innerText(), /\d{1,2}\sh\s\d{2}/);
      if (javaScriptEnabled) {
        await tour.watch(other);
        await other.reload().catch(() => {});
        await tour.picture(other, "dossier-reste-ouvert");
      }
      await other.close();
      assert.equal(await field.inputValue(), HOSTILE);
      await page.context().close();
    });
  }

  await tour.step("after 25 minutes the page says by itself that the end is near", async () => {
    const page = await tour.visitor();
    await enter(page);
    const bar = page.locator(".bientot");
    assert.equal(await bar.evaluate((element) => element.checkVisibility({ visibilityProperty: true })), false);
    await page.evaluate(() => document.getAnimations().forEach((animation) => animation.finish()));
    assert.equal(await bar.evaluate((element) => element.checkVisibility({ visibilityProperty: true })), true);
    assert.match(await bar.innerText(), /25 minutes/);
    await tour.look(page, "dossier-bientot-ferme");
    await page.context().close();
  });

  await tour.step("what is sent too late is kept, and offered again to whoever comes back", async () => {
    const page = await tour.visitor();
    await enter(page);
    await page.goto(`${base}/dossier/medical/medecin`);
    const field = page.locator("main input[type=text], main input:not([type]), main textarea").first();
    const name = await field.getAttribute("name");
    await field.fill(HOSTILE);
    pass();
    await page.locator("main form button[type=submit], main form button:not([type])").first().click();
    assert.match(await page.locator("h1").innerText(), /votre texte est gardé/);
    assert.ok((await page.locator(`a[href^="${portal}"]`).count()) >= 1, "the way back");
    await tour.look(page, "texte-garde");
    await enter(page);
    assert.equal(new URL(page.url()).pathname, "/dossier/reprise");
    assert.ok((await page.locator("main").innerText()).includes("l’été <b>x</b> {{7*7}}"));
    await tour.look(page, "texte-a-reprendre");
    await page.getByRole("button", { name: "Envoyer ce texte" }).first().click();
    await page.goto(`${base}/dossier/medical/medecin`);
    assert.equal(await page.locator(`[name="${name}"]`).inputValue(), HOSTILE.trim());
    await page.goto(`${base}/dossier`);
    assert.equal(new URL(page.url()).pathname, "/dossier");
    await page.context().close();
  });

  await tour.step("the mentions of the law lead back", async () => {
    const page = await tour.visitor();
    await enter(page);
    for (const [name, address] of [[/^Accessibilité/, "/accessibilite"], [/données personnelles/, "/confidentialite"]]) {
      await page.getByRole("contentinfo").getByRole("link", { name }).click();
      assert.equal(new URL(page.url()).pathname, address);
      await tour.look(page, address.slice(1));
      await page.getByRole("link", { name: "Revenir au dossier" }).click();
      assert.equal(new URL(page.url()).pathname, "/dossier");
    }
    await page.goto(`${portal}/accessibilite`);
    await tour.look(page, "portail-accessibilite");
    await page.context().close();
  });
}
