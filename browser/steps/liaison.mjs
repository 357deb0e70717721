// A dossier that exists becomes one of another user of the portal: its code is shown, proved, and the portal sees it.

import assert from "node:assert/strict";

export async function run(tour) {
  const { portal, base } = tour.scenario;
  const page = tour.claire;
  let code;

  await tour.step("an access code is shown once, and never again", async () => {
    await page.goto(`${base}/dossier`);
    await page.getByRole("link", { name: /Voir les accès au dossier/ }).click();
    await tour.look(page, "partage");
    await page.getByRole("button", { name: "Créer un code" }).click();
    code = (await page.locator("#code-acces").innerText()).replaceAll(/\s/g, "");
    assert.match(code, /^[0-9A-Z]{12}$/);
    await tour.look(page, "partage-code");
    await page.goto(`${base}/dossier/partage`);
    assert.ok(!(await page.content()).replaceAll(/<[^>]*>|\s/g, "").includes(code));
    await page.getByRole("link", { name: /^Retirer l’accès/ }).first().click();
    await tour.look(page, "partage-retirer");
  });

  await tour.step("the portal sends its user to link the dossier; a wrong code links nothing", async () => {
    const other = tour.paul = await tour.visitor();
    await other.goto(`${portal}/`);
    await other.getByLabel("Vous êtes").selectOption("usager-2");
    await other.getByRole("button", { name: "Changer" }).click();
    await other.getByRole("button", { name: "Relier mon dossier" }).click();
    await other.waitForURL((url) => url.origin === base);
    await tour.look(other, "liaison");
    await prove(other, tour.dossier, "000000000000");
    assert.match(await other.locator("#faute").innerText(), /n’est pas encore relié/);
    await tour.look(other, "liaison-erreur");
  });

  await tour.step("with number and code the portal's user sees the dossier", async () => {
    const other = tour.paul;
    await prove(other, tour.dossier, code);
    await other.waitForURL((url) => url.origin === portal);
    assert.match(await other.locator('[role="status"]').innerText(), new RegExp(tour.dossier));
    const card = other.locator(`[data-dossier="${tour.dossier}"]`);
    assert.doesNotMatch(await card.innerText(), /110/);
    await tour.look(other, "portail-relie");
    await card.getByRole("button").click();
    await other.waitForURL(`${base}/dossier`);
    assert.equal(await tour.value(other, "IdDossier"), tour.dossier);
    await other.context().close();
  });
}

async function prove(page, number, code) {
  await page.getByLabel("Numéro du dossier").fill(number);
  await page.getByLabel("Code d’accès").fill(code);
  await page.getByLabel(/J’accepte/).check();
  await page.getByRole("button", { name: "Relier le dossier" }).click();
}
