// From the portal's empty list to the dossier.

import assert from "node:assert/strict";

export async function run(tour) {
  const { portal, base } = tour.scenario;
  const page = await tour.visitor();
  tour.claire = page;

  await tour.step("the portal's list is empty at first", async () => {
    await page.goto(`${portal}/`);
    assert.match(await page.locator("main").innerText(), /pas encore de dossier/);
    await tour.look(page, "portail-vide");
  });

  await tour.step("what the service refuses stands next to the field it names", async () => {
    await page.getByRole("link", { name: "Créer un dossier" }).click();
    await tour.look(page, "formulaire");
    const mail = page.getByLabel("Adresse électronique", { exact: true });
    await mail.fill("");
    await page.getByLabel("Nom de naissance").fill("");
    await page.getByRole("button", { name: "Créer le dossier" }).click();
    const refused = page.locator('[aria-invalid="true"]');
    assert.deepEqual(await refused.evaluateAll((fields) => fields.map((field) => field.name)), ["Demandeur.NomNaissance", "Demandeur.Mail"]);
    assert.match(await page.getByRole("alert").innerText(), /201/);
    assert.equal(await page.getByLabel("Prénom", { exact: true }).inputValue(), "Marguerite", "what was typed is kept");
    await page.getByRole("alert").getByRole("link", { name: "Nom de naissance" }).click();
    assert.equal(await page.evaluate(() => document.activeElement.name), "Demandeur.NomNaissance");
    await tour.look(page, "formulaire-refuse");
  });

  await tour.step("a dossier is created", async () => {
    await page.getByLabel("Adresse électronique", { exact: true }).fill("marguerite.vernoux@exemple.fr");
    await page.getByLabel("Nom de naissance").fill("Chastaing");
    await page.getByRole("button", { name: "Créer le dossier" }).click();
    tour.dossier = await tour.value(page, "IdDossier");
    assert.match(tour.dossier, /^\d{13}$/);
    await tour.look(page, "dossier-cree");
    return `IdDossier of ${tour.dossier.length} digits`;
  });

  await tour.step("the envelopes of each call are shown, as text", async () => {
    const calls = await page.locator(".echange").evaluateAll((calls) => calls.map((call) => call.dataset.operation));
    assert.deepEqual(calls, ["ConsulterDossierPA", "CreerDossierPA", "CreerDossierPA"]);
    const created = page.locator(".echange", { hasText: "CreerDossierPA" }).first();
    await created.locator("summary").click();
    const envelopes = await created.locator("pre").allInnerTexts();
    assert.equal(envelopes.length, 2);
    assert.match(envelopes[0], /Envelope[\s\S]*Signature[\s\S]*<NomNaissance>Chastaing<\/NomNaissance>/);
    assert.match(envelopes[1], new RegExp(`Signature[\\s\\S]*<IdDossier>${tour.dossier}</IdDossier>[\\s\\S]*<Code>999</Code>`));
    await tour.look(page, "ce-qui-a-circule");
  });

  await tour.step("the dossier opens by a token that leaves the address", async () => {
    const redirected = tour.redirection(page);
    await page.getByRole("button", { name: "Entrer dans le dossier", exact: true }).click();
    tour.usedToken = (await redirected).url();
    await page.waitForURL(`${base}/dossier`);
    assert.equal(await tour.value(page, "IdDossier"), tour.dossier);
    assert.equal(await tour.value(page, "Demandeur.NomNaissance"), "Chastaing");
    assert.equal(await tour.value(page, "StatutDossier"), "NON_ENVOYEE");
    const cookie = (await page.context().cookies(base)).find((cookie) => cookie.name.startsWith("__Host-"));
    assert.ok(cookie.httpOnly && cookie.secure && cookie.sameSite === "Lax" && cookie.path === "/", JSON.stringify({ ...cookie, value: "" }));
    await tour.look(page, "dossier-nouveau");
  });
}
