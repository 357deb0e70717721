// What the family sees of the establishments' answers, there and back again.

import assert from "node:assert/strict";
import * as bureau from "../bureau.mjs";

export async function run(tour) {
  const { portal, base } = tour.scenario;
  const page = tour.claire;

  await tour.step("the establishments' answers are on the page", async () => {
    const add = (finess) => tour.vtpa("demande", "add", tour.dossier, "--finess", finess, "--hebergement", "Permanent", "--urgence", "SixMois");
    const [proposed, refused, sent] = [bureau.DESKS.glycines, bureau.DESKS.jardins, "740990080"].map(add);
    for (const id of [proposed, refused, sent]) tour.vtpa("demande", "status", id, "ENVOYEE");
    await bureau.answer(tour, "glycines", proposed, [
      ["liste-attente", { remarque: "Il y a environ trois mois d’attente." }],
      ["proposition", { remarque: "Une chambre se libère le 1er décembre. <b>Venez</b> la voir." }],
    ]);
    await bureau.answer(tour, "jardins", refused, [["refus", { motif: /soins requis/i, remarque: "Nous n’avons pas d’unité protégée." }]]);
    tour.vtpa("dossier", "volet", tour.dossier, "--admin");
    await page.reload();
    const expected = { [proposed]: "ADMISSION_PROPOSEE", [refused]: "REFUSEE", [sent]: "ENVOYEE" };
    for (const [id, state] of Object.entries(expected)) {
      const demande = page.locator(`[data-demande="${id}"]`);
      assert.equal(await tour.value(demande, "StatutDemande"), state);
    }
    assert.equal(await tour.value(page, "StatutDossier"), "ADMISSION_PROPOSEE");
    assert.equal(await tour.value(page, "EstRenseigneVoletAdmin"), "true");
    await tour.look(page, "dossier-reponses");
    const words = { [proposed]: ["EHPAD Les Glycines", "<b>Venez</b> la voir", "trois mois d’attente"], [refused]: ["soins requis non assurés"], [sent]: ["a été envoyée"] };
    for (const [id, expected] of Object.entries(words)) {
      await page.locator(`[data-demande="${id}"]`).getByRole("link").first().click();
      await page.waitForURL(`${base}/dossier/demandes/${id}`);
      const text = await page.locator("main").innerText();
      for (const words of expected) assert.ok(text.toLowerCase().includes(words.toLowerCase()), words);
      if (id === String(proposed)) await tour.look(page, "dossier-demande");
      await page.goto(`${base}/dossier`);
    }
  });

  await tour.step("a telephone number is called by a touch", async () => {
    const calls = await page.locator('main a[href^="tel:"]').evaluateAll((links) => links.map((link) => link.getAttribute("href")));
    assert.ok(calls.includes("tel:0474000001"), calls.join(" "));
  });

  await tour.step("the page prints without buttons", async () => {
    await page.emulateMedia({ media: "print" });
    await tour.picture(page, "dossier-imprime");
    const visible = await page.locator("button").evaluateAll((buttons) => buttons.filter((button) => button.checkVisibility()).length);
    await page.emulateMedia({ media: null });
    assert.equal(visible, 0);
  });

  await tour.step("with text at 200 % nothing is lost", async () => {
    const before = page.viewportSize();
    await page.setViewportSize({ width: 640, height: 900 });
    await page.evaluate(() => { document.documentElement.style.fontSize = "225%"; });
    const width = await page.evaluate(() => document.documentElement.scrollWidth);
    assert.ok(width <= 640, `${width} px`);
    await tour.picture(page, "dossier-200-pour-cent");
    await page.setViewportSize(before);
    await page.reload();
  });

  await tour.step("the way back leads to the portal's list, which tells the same states", async () => {
    await page.locator(`a[href^="${portal}"]`).first().click();
    await page.waitForURL((url) => url.origin === portal);
    const card = page.locator(`[data-dossier="${tour.dossier}"]`);
    const text = await card.innerText();
    for (const words of ["Admission proposée", "Demande refusée", "Demande envoyée", "EHPAD Les Glycines"]) {
      assert.ok(text.includes(words), `${words} in ${text}`);
    }
    await tour.look(page, "portail-liste");
  });

  await tour.step("one enters again, with another token", async () => {
    const redirected = tour.redirection(page);
    await page.locator(`[data-dossier="${tour.dossier}"]`).getByRole("button").click();
    const again = (await redirected).url();
    await page.waitForURL(`${base}/dossier`);
    assert.notEqual(again, tour.usedToken);
    assert.equal(await tour.value(page, "IdDossier"), tour.dossier);
  });

  await tour.step("another user of the portal does not see the dossier", async () => {
    const other = await tour.visitor();
    await other.goto(`${portal}/`);
    await other.getByLabel("Vous êtes").selectOption("usager-2");
    await other.getByRole("button", { name: "Changer" }).click();
    assert.match(await other.locator("h1 + p").innerText(), /Lucien/);
    assert.equal(await other.locator(`[data-dossier="${tour.dossier}"]`).count(), 0);
    await other.getByLabel("Vous avez déjà un numéro").fill(tour.dossier);
    await other.getByRole("button", { name: "Ajouter à la liste" }).click();
    const card = other.locator(`[data-dossier="${tour.dossier}"]`);
    assert.match(await card.innerText(), /110/);
    assert.equal(await card.getByRole("button").count(), 0);
    await tour.look(other, "portail-autre-usager");
    await other.context().close();
  });
}
