// The whole chain: a partner's portal, the family's dossier, three desks that answer differently, the family's own answer,
// the admission; and at each stage ConsulterDossierPA tells what the pages tell. Then once more on the narrowest screen,
// with script switched off.

import assert from "node:assert/strict";
import * as bureau from "../bureau.mjs";
import { enter, fill } from "./famille.mjs";

// What each desk is asked for and says: FINESS number, how the family finds it, decision.
const ANSWERS = {
  tisserands: ["Commune ou code postal", "42", "liste-attente", { remarque: "Comptez environ six mois d’attente." }, "LISTE_ATTENTE"],
  glycines: ["Nom de l’établissement", "Glycines", "proposition", { remarque: "Une chambre au jardin se libère le 1er mars. Venez la visiter." }, "ADMISSION_PROPOSEE"],
  jardins: ["Commune ou code postal", "Grenoble", "refus", { motif: /soins requis/i, remarque: "Nous n’avons pas d’unité protégée." }, "REFUSEE"],
};
const USER = "usager-1";

export async function run(tour) {
  await chain(tour, "", {});
  await chain(tour, ", with script switched off, at 320 px", { javaScriptEnabled: false, viewport: { width: 320, height: 640 } });
}

async function chain(tour, how, options) {
  const { base } = tour.scenario;
  const desks = {};
  let family;
  let dossier;
  let demandes;

  await tour.step(`from the portal to the three parts of the dossier, filled in${how}`, async () => {
    family = await enter(tour, options);
    dossier = await tour.value(family, "IdDossier");
    for (const part of ["administratif", "autonomie", "medical"]) {
      await family.goto(`${base}/dossier/${part}`);
      const next = family.getByRole("link", { name: /^(Commencer|Continuer) :/ });
      for (let pages = 0; await next.count(); pages += 1) {
        assert.ok(pages < 12, "it goes on");
        await next.click();
        await fill(family);
        await family.locator("button.bouton").click();
        assert.equal(await family.getByRole("alert").count(), 0, await family.locator("main").innerText());
        await family.goto(`${base}/dossier/${part}`);
      }
    }
    await family.goto(`${base}/dossier`);
    await agree(tour, family, dossier);
    for (const part of ["Admin", "Autonomie", "Medical"]) assert.equal(await tour.value(family, `EstRenseigneVolet${part}`), "true");
  });

  await tour.step(`three establishments are chosen and asked${how}`, async () => {
    for (const [desk, [label, text]] of Object.entries(ANSWERS)) {
      await family.goto(`${base}/dossier/etablissements`);
      await family.getByLabel(label).fill(text);
      await family.getByRole("button", { name: "Chercher" }).click();
      await family.locator(`[data-finess="${bureau.DESKS[desk]}"]`).getByRole("link", { name: /^Ajouter/ }).click();
      await family.getByLabel("Pour y vivre").check();
      await family.getByLabel("Dans les six mois").check();
      await family.getByRole("button", { name: "Ajouter à ma liste" }).click();
      await family.waitForURL(/#choisis$/);
    }
    await family.getByRole("link", { name: "Vérifier et envoyer" }).click();
    await family.getByRole("button", { name: "Envoyer les 3 demandes" }).click();
    await family.waitForURL(`${base}/dossier?fait=envoi`);
    const found = await family.locator("[data-demande]").evaluateAll((all) => all.map((one) => [one.dataset.finess, one.dataset.demande]));
    demandes = Object.fromEntries(found);
    assert.equal(found.length, 3);
    await agree(tour, family, dossier);
    assert.equal(await tour.value(family, "StatutDossier"), "ENVOYEE");
  });

  for (const [desk, [, , action, words, expected]] of Object.entries(ANSWERS)) {
    await tour.step(`the desk of ${desk} opens the demande and answers: ${action}${how}`, async () => {
      const demande = demandes[bureau.DESKS[desk]];
      const page = (desks[desk] = await bureau.enter(tour, desk, options));
      const waiting = Number(await page.locator("[data-attendent]").getAttribute("data-attendent"));
      assert.ok(waiting > 0, "it is counted among what waits");
      assert.equal(await page.locator(`[data-demande="${demande}"]`).getAttribute("data-statut"), "ENVOYEE", "a list opens nothing");
      await bureau.open(tour, page, demande);
      assert.equal(await bureau.state(page), "RECUE");
      // the other establishments are not its business, nor is the social security number
      const text = await page.content();
      for (const [other, number] of Object.entries(bureau.DESKS)) assert.ok(other === desk || !text.includes(number), other);
      assert.ok(!text.includes("237056912300182"));
      await family.goto(`${base}/dossier`);
      await agree(tour, family, dossier);
      await family.goto(`${base}/dossier/demandes/${demande}`);
      assert.equal(await tour.value(family, "DemandeLue"), "true");
      await bureau.decide(page, action, words);
      assert.equal(await bureau.state(page), expected);
      await page.goto(`${base}/etablissement`);
      assert.equal(await page.locator("[data-attendent]").getAttribute("data-attendent"), String(waiting - 1));
    });
  }

  await tour.step(`the family sees the three answers, and ConsulterDossierPA tells them${how}`, async () => {
    for (const [desk, [, , , { motif, remarque }, expected]] of Object.entries(ANSWERS)) {
      const demande = demandes[bureau.DESKS[desk]];
      await family.goto(`${base}/dossier`);
      await family.locator(`[data-demande="${demande}"]`).getByRole("link").first().click();
      await family.waitForURL(`${base}/dossier/demandes/${demande}`);
      assert.equal(await tour.value(family, "StatutDemande"), expected);
      assert.equal(await tour.value(family, "DernierEchange"), remarque);
      if (motif) assert.match(await family.locator("main").innerText(), /Motif donné\s: .*soins requis/i);
      if (motif) assert.equal(await tour.value(family, "MotifDernierEchange.Code"), "2");
      await sameDays(tour, family, desks[desk], demande);
    }
    await family.goto(`${base}/dossier`);
    const told = await agree(tour, family, dossier);
    assert.equal(told.StatutDossier, "ADMISSION_PROPOSEE");
    assert.match(await family.locator("section.etape").first().innerText(), /C’est à vous d’agir/);
  });

  await tour.step(`the family accepts the place; the desk is told${how}`, async () => {
    const demande = demandes[bureau.DESKS.glycines];
    await family.getByRole("link", { name: "Répondre à la proposition" }).first().click();
    await family.getByLabel("Oui, nous prenons cette place").check();
    await family.getByLabel("Un message pour l’établissement").fill("Merci. Nous venons la voir samedi.");
    await family.getByRole("button", { name: "Envoyer ma réponse" }).click();
    await family.waitForURL(`${base}/dossier?fait=acceptee`);
    const told = await agree(tour, family, dossier);
    assert.equal(told.StatutDossier, "ADMISSION_ACCEPTEE");
    const desk = desks.glycines;
    await desk.goto(`${base}/etablissement`);
    assert.equal(await desk.locator(`[data-demande="${demande}"]`).getAttribute("data-statut"), "ADMISSION_ACCEPTEE", "it waits again");
    await bureau.open(tour, desk, demande);
    assert.match(await desk.locator("main").innerText(), /Merci\. Nous venons la voir samedi\./);
  });

  await tour.step(`the desk records the admission; the family and ConsulterDossierPA see it${how}`, async () => {
    const demande = demandes[bureau.DESKS.glycines];
    await bureau.decide(desks.glycines, "admission", { remarque: "Bienvenue chez nous." });
    assert.equal(await bureau.state(desks.glycines), "ADMISSION_EFFECTUEE");
    await family.goto(`${base}/dossier`);
    assert.equal(await tour.value(family.locator(`[data-demande="${demande}"]`), "StatutDemande"), "ADMISSION_EFFECTUEE");
    const told = await agree(tour, family, dossier);
    assert.equal(told.StatutDossier, "ADMISSION_EFFECTUEE");
    await family.goto(`${base}/dossier/demandes/${demande}`);
    await sameDays(tour, family, desks.glycines, demande);
    await Promise.all([family, ...Object.values(desks)].map((page) => page.context().close()));
  });
}

// What the dossier's pages and ConsulterDossierPA tell is the same: states, dates, motives and messages of everything.
async function agree(tour, family, dossier) {
  const told = tour.consult(dossier, USER);
  for (const champ of ["StatutDossier", "EstAnnule", "EstRenseigneVoletAdmin", "EstRenseigneVoletAutonomie", "EstRenseigneVoletMedical"]) {
    assert.equal(await tour.value(family, champ), String(told[champ]), champ);
  }
  const demandes = told.DemandesEtablissement ?? [];
  const shown = await family.locator("[data-demande]").evaluateAll((all) =>
    Object.fromEntries(all.map((one) => [one.dataset.demande, one.querySelector('[data-champ="StatutDemande"]').value])),
  );
  assert.deepEqual(shown, Object.fromEntries(demandes.map((one) => [one.IdDemande, one.StatutDemande])));
  for (const demande of demandes) {
    await family.goto(`${tour.scenario.base}/dossier/demandes/${demande.IdDemande}`);
    const values = await family.locator("main [data-champ]").evaluateAll((all) => all.map((one) => [one.dataset.champ, one.textContent.trim()]));
    const page = Object.fromEntries(values);
    const expected = {
      ...Object.fromEntries(["StatutDemande", "EstAnnule", "DemandeLue", "DernierEchange", "DateDemande", "TypeHebergement", "Urgence"].map((name) => [name, demande[name]])),
      "Etablissement.NumFINISS": demande.Etablissement.NumFINISS,
      "MotifDernierEchange.Code": demande.MotifDernierEchange?.Code,
    };
    for (const [champ, value] of Object.entries(expected)) {
      assert.equal(page[champ], value === undefined || value === null ? undefined : String(value), `${demande.IdDemande}: ${champ}`);
    }
  }
  await family.goto(`${tour.scenario.base}/dossier`);
  return told;
}

// The family's page and the desk's tell the same days, of what both tell.
async function sameDays(tour, family, desk, demande) {
  const days = (page) => page.locator(".histoire time").evaluateAll((found) => found.map((one) => one.dateTime));
  await bureau.open(tour, desk, demande);
  const [here, there] = [await days(family), await days(desk)];
  assert.ok(there.length >= 3, there.join(" "));
  assert.deepEqual(here.slice(0, there.length), there);
}
