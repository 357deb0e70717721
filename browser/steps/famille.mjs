// A family in its dossier: three parts, three establishments chosen and asked, their answers, the family's own.

import assert from "node:assert/strict";
import * as bureau from "../bureau.mjs";

// What Claire answers; of choices that are not here, the first.
const ANSWERS = {
  "enfants": "2",
  "precisions": "Elle est tombée deux fois cet hiver.\nSa fille habite à 200 km.",
  "mesure": "aucune",
  "confiance-nom": "Paul Vernoux, 06 00 00 00 13",
  "caisse": "CPAM de l’Ain",
  "mutuelle-nom": "Mutuelle des Pays de l’Ain",
  "retraite-caisses": "Carsat Rhône-Alpes, Agirc-Arrco",
  "ressources-mensuelles": "1 450",
  "payeur-nom": "Paul Vernoux, 06 00 00 00 13",
  "redacteur": "Claire Vernoux, sa fille",
  "situation-famille": "veuf",
  "medecin-nom": "Docteur Hélène Roux",
  "medecin-telephone": "04 74 00 00 30",
  "examen-date": "14/05/2026",
  "maladies": "Diabète de type 2\nArthrose des deux genoux",
  "infection": "non",
  "traitements": "Metformine 500 mg, matin et soir",
  "allergies": "oui",
  "allergies-precisions": "Pénicilline",
  "soins": "injections",
  "memoire": "legers",
  "comportement": "anxiete",
  "vue": "faible",
  "audition": "bonne",
};
const AUTONOMY = { "toilette-bas": "C", "toilette-haut": "C", "habillage-bas": "C", "habillage-moyen": "B", "exterieur": "C", "transferts": "B" };

export async function run(tour) {
  const { base } = tour.scenario;
  const page = await enter(tour);
  tour.family = page;
  const dossier = await tour.value(page, "IdDossier");

  await tour.step("the dossier says what to do first, and leads there", async () => {
    assert.match(await page.locator("section.etape").first().innerText(), /C’est à vous d’agir/);
    await page.getByRole("link", { name: "Remplir la partie administrative" }).click();
    await page.waitForURL(`${base}/dossier/administratif`);
    await tour.look(page, "famille-partie-vide");
    await page.getByRole("link", { name: /^Commencer/ }).click();
    await page.waitForURL(`${base}/dossier/administratif/identite`);
    await tour.look(page, "famille-identite");
  });

  await tour.step("what is wrong is said at its field, with the way there; what was typed stays", async () => {
    await page.goto(`${base}/dossier/administratif/ressources`);
    await page.getByLabel("Total des ressources").fill("beaucoup");
    await page.getByRole("button", { name: "Enregistrer et continuer", exact: true }).click();
    assert.match(await page.title(), /^Erreur/);
    assert.equal(await page.getByLabel("Total des ressources").inputValue(), "beaucoup");
    await page.getByRole("alert").getByRole("link").click();
    assert.equal(await page.evaluate(() => document.activeElement.name), "ressources-mensuelles");
    assert.match(await page.locator("#erreur-ressources-mensuelles").innerText(), /Par exemple : 1 450/);
    await tour.look(page, "famille-erreur");
  });

  await tour.step("name and address are corrected; what is wrong is said at its field", async () => {
    await page.goto(`${base}/dossier`);
    await page.getByRole("link", { name: "Corriger le nom, la naissance ou l’adresse" }).click();
    await page.waitForURL(`${base}/dossier/personne`);
    await tour.look(page, "famille-personne");
    await page.getByLabel("Code postal").fill("99999");
    await page.getByRole("button", { name: "Enregistrer" }).click();
    assert.match(await page.title(), /^Erreur/);
    await tour.look(page, "famille-personne-erreur");
    await page.getByLabel("Code postal").fill("38000");
    await page.getByLabel("Commune", { exact: true }).fill("grenoble");
    await page.getByLabel("Nom de la voie").fill("des Lilas");
    await page.getByRole("button", { name: "Enregistrer" }).click();
    await page.waitForURL(`${base}/dossier?fait=personne`);
    assert.equal(await tour.value(page, "Demandeur.Adresse.Localite.DisplayName"), "Grenoble");
    assert.equal(await tour.value(page, "Demandeur.Adresse.LibelleVoie"), "des Lilas");
  });

  await tour.step("a part is left and resumed where it was", async () => {
    await page.goto(`${base}/dossier/administratif/identite`);
    await fill(page);
    await page.getByRole("button", { name: "Enregistrer et continuer plus tard" }).click();
    await page.waitForURL(`${base}/dossier/administratif`);
    await page.goto(`${base}/dossier`);
    assert.match(await page.locator(".volets").innerText(), /Il reste/);
    await page.goto(`${base}/dossier/administratif`);
    assert.equal(await page.getByRole("link", { name: /^Continuer/ }).innerText(), "Continuer : Situation de famille et lieu de vie");
  });

  for (const [part, flag] of [["administratif", "Admin"], ["autonomie", "Autonomie"], ["medical", "Medical"]]) {
    await tour.step(`the part ${part} is filled in page by page`, async () => {
      await page.goto(`${base}/dossier/${part}`);
      let pages = 0;
      for (; await page.getByRole("link", { name: /^(Commencer|Continuer) :/ }).count(); pages += 1) {
        assert.ok(pages < 12, "it goes on");
        await page.getByRole("link", { name: /^(Commencer|Continuer) :/ }).click();
        await fill(page);
        if (["situation", "toilette", "soins"].includes(page.url().split("/").pop())) await tour.look(page, `famille-${page.url().split("/").pop()}`);
        await page.locator("button.bouton").click();
        assert.equal(await page.getByRole("alert").count(), 0, await page.locator("main").innerText());
        await page.goto(`${base}/dossier/${part}`);
      }
      await page.getByText("Elle est remplie").waitFor();
      await tour.look(page, `famille-${part}-rempli`);
      await page.goto(`${base}/dossier`);
      assert.equal(await tour.value(page, `EstRenseigneVolet${flag}`), "true");
      return `${pages} pages`;
    });
  }

  await tour.step("the GIR is computed and explained", async () => {
    await page.goto(`${base}/dossier/autonomie`);
    const gir = await page.locator("[data-gir]").getAttribute("data-gir");
    assert.match(gir, /^[1-6]$/);
    await page.getByText("Comment il est calculé").click();
    assert.ok(await page.getByText("annexe 2-2").isVisible());
    // the focus begins at the top again
    await page.reload();
    await page.locator("details").evaluate((details) => { details.open = true; });
    await tour.look(page, "famille-gir");
    return `GIR ${gir}`;
  });

  await tour.step("someone close is added, once, whatever is clicked", async () => {
    await page.goto(`${base}/dossier/proches`);
    await page.getByLabel("Nom (facultatif)", { exact: true }).fill("Vernoux <b>Claire</b>");
    await page.getByLabel("Prénom (facultatif)", { exact: true }).fill("Claire");
    await page.getByLabel("Une personne à contacter").check();
    await page.getByRole("button", { name: "Enregistrer" }).click();
    await page.waitForURL(`${base}/dossier?fait=proches`);
    assert.equal(await page.getByText("Vernoux <b>Claire</b>").count(), 1);
    await page.goBack();
    await page.goto(`${base}/dossier/proches`);
    await tour.look(page, "famille-proches");
  });

  await tour.step("three establishments are found by name, commune and postal code, and chosen", async () => {
    await page.goto(`${base}/dossier/etablissements`);
    await tour.look(page, "famille-choisir");
    for (const [label, text, finess] of [["Nom de l’établissement", "Glycines", "010990018"], ["Commune ou code postal", "Grenoble", "380990044"], ["Commune ou code postal", "42", "420990053"]]) {
      await page.goto(`${base}/dossier/etablissements`);
      await page.getByLabel(label).fill(text);
      await page.getByRole("button", { name: "Chercher" }).click();
      const found = page.locator(`[data-finess="${finess}"]`);
      if (finess === "010990018") await tour.look(page, "famille-resultats");
      await found.getByRole("link", { name: /^Ajouter/ }).click();
      await page.getByLabel("Pour y vivre").check();
      await page.getByLabel("Dans les six mois").check();
      if (finess === "010990018") await tour.look(page, "famille-ajouter");
      await page.getByRole("button", { name: "Ajouter à ma liste" }).click();
      await page.waitForURL(/#choisis$/);
    }
    assert.equal(await page.locator("[data-choisi]").count(), 3);
    await page.goto(`${base}/dossier/etablissements`);
    await tour.look(page, "famille-liste");
  });

  await tour.step("they are sent together, and the back button sends nothing again", async () => {
    await page.getByRole("link", { name: "Vérifier et envoyer" }).click();
    await tour.look(page, "famille-envoyer");
    await page.getByRole("button", { name: "Envoyer les 3 demandes" }).click();
    await page.waitForURL(`${base}/dossier?fait=envoi`);
    await tour.look(page, "famille-envoye");
    await page.goBack();
    const again = page.getByRole("button", { name: "Envoyer les 3 demandes" });
    if (await again.count()) await again.click();
    await page.goto(`${base}/dossier`);
    assert.equal(await page.locator('[data-champ="StatutDemande"][value="ENVOYEE"]').count(), 3);
    assert.equal(await tour.value(page, "StatutDossier"), "ENVOYEE");
  });

  await tour.step("establishments answer; a place is accepted, another demande withdrawn", async () => {
    await page.goto(`${base}/dossier`);
    const demandes = await page.locator("[data-demande]").evaluateAll((found) => found.map((one) => [one.dataset.finess, one.dataset.demande]));
    const of = Object.fromEntries(demandes);
    for (const [login, action, words] of [
      ["glycines", "proposition", { remarque: "Une chambre au jardin est libre le 1er décembre." }],
      ["jardins", "refus", { motif: /absence de place/i, remarque: "Nous n’avons plus de place." }],
      ["tisserands", "liste-attente", {}],
    ]) {
      await bureau.answer(tour, login, of[bureau.DESKS[login]], [[action, words]]);
    }
    await page.reload();
    await tour.look(page, "famille-proposition");
    await page.getByRole("link", { name: "Répondre à la proposition" }).first().click();
    await page.getByLabel("Oui, nous prenons cette place").check();
    await page.getByLabel("Un message pour l’établissement").fill("Merci. Nous venons la voir samedi.");
    await tour.look(page, "famille-repondre");
    await page.getByRole("button", { name: "Envoyer ma réponse" }).click();
    await page.waitForURL(`${base}/dossier?fait=acceptee`);
    const waiting = page.locator(`[data-demande="${of[bureau.DESKS.tisserands]}"]`);
    await waiting.getByRole("link").first().click();
    await tour.look(page, "famille-demande");
    await page.getByRole("link", { name: "Retirer la demande" }).click();
    await page.getByLabel("Une place a été trouvée ailleurs").check();
    await tour.look(page, "famille-retirer");
    await page.getByRole("button", { name: "Retirer la demande" }).click();
    await page.waitForURL(`${base}/dossier?fait=retiree`);
    const states = await page.locator('[data-demande] [data-champ="StatutDemande"]').evaluateAll((found) => found.map((one) => one.value));
    assert.deepEqual(states.sort(), ["ADMISSION_ACCEPTEE", "ANNULEE", "REFUSEE"]);
    await tour.look(page, "famille-acceptee");
  });

  await tour.step("everything prints on A4, without a button", async () => {
    await page.goto(`${base}/dossier/imprimer`);
    await tour.look(page, "famille-imprimer");
    await page.emulateMedia({ media: "print" });
    const shown = await page.locator("button, .bouton, .lien").evaluateAll((all) => all.filter((one) => one.checkVisibility()).length);
    const pdf = await page.pdf({ preferCSSPageSize: true });
    await page.emulateMedia({ media: null });
    assert.equal(shown, 0);
    const sheets = pdf.toString("latin1").match(/\/MediaBox ?\[[^\]]*\]/g) ?? [];
    assert.ok(sheets.length > 0 && sheets.every((box) => /59[45]\.\d* 84[12]\.\d*|595 842/.test(box)), sheets[0]);
    return `${sheets.length} sheets`;
  });

  await tour.step("the whole dossier is cancelled after a question", async () => {
    await page.goto(`${base}/dossier/annuler`);
    await tour.look(page, "famille-annuler");
    await page.getByRole("button", { name: "Annuler le dossier" }).click();
    assert.match(await page.title(), /^Erreur/);
    await page.getByLabel("Oui, j’annule tout le dossier").check();
    await page.getByRole("button", { name: "Annuler le dossier" }).click();
    await page.waitForURL(`${base}/dossier?fait=annule`);
    assert.equal(await tour.value(page, "EstAnnule"), "true");
    await tour.look(page, "famille-annule");
  });
  await page.context().close();

  await tour.step("without script, at 320 px: a part's page, an establishment chosen and sent", async () => {
    const narrow = await enter(tour, { javaScriptEnabled: false, viewport: { width: 320, height: 640 } });
    await narrow.goto(`${base}/dossier/autonomie`);
    await narrow.getByRole("link", { name: /^Commencer/ }).click();
    for (const question of await narrow.locator("fieldset.activite").all()) await question.getByText("Oui, seule").click();
    await narrow.getByRole("button", { name: "Enregistrer et continuer", exact: true }).click();
    await narrow.waitForURL(`${base}/dossier/autonomie/orientation`);
    await narrow.goto(`${base}/dossier/etablissements?nom=glycines`);
    await narrow.getByRole("link", { name: /^Ajouter/ }).first().click();
    await narrow.getByText("Pour y vivre").click();
    await narrow.getByText("Tout de suite", { exact: true }).click();
    await narrow.getByRole("button", { name: "Ajouter à ma liste" }).click();
    await narrow.getByRole("link", { name: "Vérifier et envoyer" }).click();
    await narrow.getByRole("button", { name: "Envoyer la demande" }).click();
    await narrow.waitForURL(`${base}/dossier?fait=envoi`);
    assert.equal(await tour.value(narrow, "StatutDossier"), "ENVOYEE");
    await narrow.context().close();
  });

  await tour.step("the keyboard alone fills in a page and sends it", async () => {
    const keys = await enter(tour);
    await keys.goto(`${base}/dossier/autonomie/transferts`);
    const until = async (wanted, key = "Tab") => {
      for (let stop = 0; stop < 60; stop += 1) {
        await keys.keyboard.press(key);
        if (await keys.evaluate(`(${wanted})(document.activeElement)`)) return;
      }
      assert.fail(`not reached: ${wanted}`);
    };
    await until((element) => element.type === "radio");
    await keys.keyboard.press("ArrowDown");
    assert.equal(await keys.evaluate(() => document.activeElement.value), "B");
    await until((element) => element.type === "checkbox");
    await keys.keyboard.press("Space");
    const outline = await keys.evaluate(() => parseFloat(getComputedStyle(document.activeElement).outlineWidth));
    assert.ok(outline >= 2, `focus ${outline} px`);
    await until((element) => element.textContent === "Enregistrer et continuer");
    await keys.keyboard.press("Enter");
    await keys.waitForURL(`${base}/dossier/autonomie/interieur`);
    await keys.context().close();
  });
  return dossier;
}

// A new dossier of the portal's user, entered.
export async function enter(tour, options = {}) {
  const { portal, base } = tour.scenario;
  const page = await tour.visitor(options);
  await page.goto(`${portal}/nouveau`);
  await page.getByRole("button", { name: "Créer le dossier" }).click();
  await page.getByRole("button", { name: "Entrer dans le dossier", exact: true }).first().click();
  await page.waitForURL(`${base}/dossier`);
  return page;
}

// Answers what the page asks.
export async function fill(page) {
  for (const field of await page.locator(".saisie .champ").all()) {
    const radios = field.locator('input[type="radio"]');
    const boxes = field.locator(':scope > fieldset > .choix input[type="checkbox"]');
    if (await radios.count()) {
      const name = await radios.first().getAttribute("name");
      const activity = (await field.locator(".activite").count()) > 0;
      const value = activity ? (AUTONOMY[name] ?? "A") : answer(name);
      const wanted = value ? field.locator(`input[type="radio"][value="${value}"]`) : radios.first();
      await wanted.check();
      if (value === "B") await field.locator('input[type="checkbox"]').nth(1).check();
    } else if (await boxes.count()) {
      const wanted = answer(await boxes.first().getAttribute("name"));
      await (wanted ? field.locator(`input[value="${wanted}"]`) : boxes.first()).check();
    } else {
      const input = field.locator("input, textarea");
      const value = answer(await input.getAttribute("name"));
      if (value !== undefined) await input.fill(value);
    }
  }
}

function answer(name) {
  return ANSWERS[name];
}
