// Every page of the establishment's desk, in every state; colleagues, double clicks, the back button; the keyboard alone.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import * as bureau from "../bureau.mjs";

const HOSTILE = "l’été <b>x</b> {{7*7}} \u202egauche 🧓 =1+1";
// The desk whose list is looked at.
const LOGIN = "jardins";
const FINESS = bureau.DESKS[LOGIN];
// A desk that no one has asked for anything.
const EMPTY = "690990064";

// Who asks it: first name, birth name, day of birth, commune, kind of stay, urgency, for how many days, what became of it.
const PEOPLE = [
  ["MME", "Suzanne", "Bertrand", "1934-03-02", "38185", "Permanent", "Immediat", 0, []],
  ["M", "Marcel", "Lefèvre", "1931-11-20", "73065", "Permanent", "SixMois", 1, []],
  ["MME", "Odette", "Dubois-Martin", "1938-07-14", "38185", "Temporaire", "Immediat", 3, []],
  ["M", "René", "L’Hostis", "1929-01-30", "26362", "Permanent", "SixMois", 9, ["RECUE"]],
  ["MME", "Yvette", "Œuvrard", "1940-12-05", "01053", "Permanent", "Eloigne", 16, ["RECUE", "LISTE_ATTENTE"]],
  ["M", "André", "Ñuñez", "1936-05-22", "38185", "Permanent", "SixMois", 95, ["RECUE", "LISTE_ATTENTE"]],
  ["MME", "Simone", "Çetin", "1933-09-09", "69266", "Permanent", "Immediat", 4, ["RECUE", "ADMISSION_PROPOSEE"]],
  ["M", "Lucien", "Morel", "1935-02-17", "38185", "Permanent", "Immediat", 2, ["RECUE", "ADMISSION_PROPOSEE", "ADMISSION_ACCEPTEE"]],
  ["MME", "Germaine", "Faure", "1930-06-28", "74010", "Permanent", "SixMois", 40, ["RECUE", "ADMISSION_PROPOSEE", "ADMISSION_ACCEPTEE", "ADMISSION_EFFECTUEE"]],
  ["M", "Roger", "Vidal", "1937-10-11", "38185", "Permanent", "SixMois", 21, ["RECUE", "REFUSEE"]],
  ["MME", "Jeanne", "Perrin", "1936-08-19", "38185", "Permanent", "SixMois", 5, ["RECUE"]],
  ["MME", "Paulette", "Garnier", "1932-04-03", "38185", "Permanent", "SixMois", 33, ["RECUE", "ANNULEE"]],
];

export async function run(tour) {
  await entering(tour);
  const demandes = await asked(tour);
  await lists(tour, demandes);
  await decisions(tour, demandes);
  await colleagues(tour, demandes);
  await endings(tour, demandes);
  await keyboard(tour, demandes);
}

async function entering(tour) {
  const { base } = tour.scenario;
  const page = await tour.visitor();

  await tour.step("the desk's pages are closed to whoever has not entered", async () => {
    for (const path of ["", "/demandes/1", "/demandes/1/refus", "/compte", "/demandes.csv", "/code", "/second-facteur", "/mot-de-passe"]) {
      await page.goto(`${base}/etablissement${path}`);
      assert.equal(new URL(page.url()).pathname, "/etablissement/connexion", path);
    }
    await tour.look(page, "bureau-connexion");
    for (const [login, password] of [["glycines", "pas le bon mot"], ["personne", bureau.PASSWORD]]) {
      await bureau.signIn(tour, page, login, password);
      assert.match(await page.getByRole("alert").innerText(), /n’est pas le bon/);
      assert.equal(await page.getByLabel("Identifiant").inputValue(), login);
    }
    await tour.look(page, "bureau-connexion-erreur");
  });

  const password = "cheval agrafe pile correcte";
  let first;
  await tour.step("the operator's password opens nothing but the choice of one's own", async () => {
    first = tour.vtpa("etablissement", "account", "add", "a.leroy", "--finess", EMPTY, "--name", "Alice Leroy");
    await bureau.signIn(tour, page, "a.leroy", first);
    await page.waitForURL(`${base}/etablissement/mot-de-passe`);
    await tour.look(page, "bureau-premier-mot-de-passe");
    await page.getByLabel("Mot de passe provisoire").fill(first);
    await page.getByLabel("Nouveau mot de passe").fill("court");
    await page.getByLabel("Le même, une seconde fois").fill("autre");
    await page.getByRole("button", { name: "Enregistrer" }).click();
    assert.match(await page.title(), /^Erreur/);
    await page.getByRole("alert").getByRole("link").first().click();
    assert.equal(await page.evaluate(() => document.activeElement.name), "nouveau");
    await tour.look(page, "bureau-mot-de-passe-erreur");
    await page.getByLabel("Mot de passe provisoire").fill(first);
    await page.getByLabel("Nouveau mot de passe").fill(password);
    await page.getByLabel("Le même, une seconde fois").fill(password);
    await page.getByRole("button", { name: "Enregistrer" }).click();
    await page.waitForURL(`${base}/etablissement/compte?fait=mot-de-passe`);
    await tour.look(page, "bureau-compte");
  });

  let secret;
  await tour.step("a second factor is set up by the code of an authenticator", async () => {
    await page.getByRole("link", { name: "Le mettre en place" }).click();
    const picture = page.locator("img.qr");
    assert.ok(await picture.evaluate((image) => image.complete && image.naturalWidth > 100));
    await tour.look(page, "bureau-second-facteur");
    secret = await page.locator(".cle").innerText();
    await page.getByLabel("Code à six chiffres").fill("000000");
    await page.getByRole("button", { name: "Mettre en place" }).click();
    assert.match(await page.getByRole("alert").innerText(), /n’est pas le bon/);
    assert.equal(await page.locator(".cle").innerText(), secret, "the key that the telephone has stays good");
    await tour.look(page, "bureau-second-facteur-erreur");
    await page.getByLabel("Code à six chiffres").fill(bureau.code(secret));
    await page.getByRole("button", { name: "Mettre en place" }).click();
    await page.waitForURL(`${base}/etablissement/compte?fait=second-facteur`);
    await page.goto(`${base}/etablissement/compte`);
    assert.match(await page.locator("main").innerText(), /Second facteur\s+En place/);
    await page.getByRole("button", { name: "Quitter" }).click();
    assert.match(await page.getByRole("status").innerText(), /quitté le bureau/);
    await tour.look(page, "bureau-quitte");
  });

  await tour.step("password and code together open the desk, neither alone; an empty list says so", async () => {
    await bureau.signIn(tour, page, "a.leroy", first);
    await page.getByRole("alert").waitFor();
    await bureau.signIn(tour, page, "a.leroy", password);
    await page.waitForURL(`${base}/etablissement/code`);
    await page.goto(`${base}/etablissement`);
    await page.waitForURL(`${base}/etablissement/code`);
    await tour.look(page, "bureau-code");
    await page.getByLabel("Code à six chiffres").fill("000000");
    await page.getByRole("button", { name: "Continuer" }).click();
    assert.match(await page.getByRole("alert").innerText(), /n’est pas le bon/);
    await tour.look(page, "bureau-code-erreur");
    // the present one was used above: the next is accepted as well
    await page.getByLabel("Code à six chiffres").fill(bureau.code(secret, 1));
    await page.getByRole("button", { name: "Continuer" }).click();
    await page.waitForURL(`${base}/etablissement`);
    assert.match(await page.locator("main").innerText(), /Tout est traité/);
    await tour.look(page, "bureau-liste-vide");
    await page.goto(`${base}/etablissement?etat=toutes`);
    assert.match(await page.locator("main").innerText(), /Aucune famille/);
    await page.context().close();
  });
}

// Twelve people's demandes at one desk, in all states and of all ages; their numbers by birth name.
async function asked(tour) {
  const { base, ca, config, vtpa } = tour.scenario;
  const folder = dirname(config);
  const demandes = {};
  await tour.step("twelve people ask one establishment, and stand in every state", async () => {
    const who = ["--profile", "x509", "--url", base, "--ca", ca, "--cert", join(folder, "partner.pem"), "--key", join(folder, "partner.key")];
    const ages = [];
    for (const [civilite, prenom, nom, naissance, commune, hebergement, urgence, days, states] of PEOPLE) {
      const file = join(folder, "personne.json");
      const adresse = { NumeroVoie: "4", TypeVoie: "R", LibelleVoie: "des Écoles", CodePostal: { Code: `${commune.slice(0, 2)}000` }, Localite: { Code: commune } };
      const demandeur = { Civilite: { Code: civilite }, NomNaissance: nom, Prenom: prenom, DateNaissance: naissance, Mail: "famille@exemple.fr", TelephonePortable: "06 00 00 00 14", Adresse: adresse };
      writeFileSync(file, JSON.stringify({ IdLocal: "usager-3", Demandeur: demandeur }));
      const created = JSON.parse(execFileSync(vtpa, ["call", "creer", file, "--json", ...who], { encoding: "utf8" }));
      const demande = tour.vtpa("demande", "add", created.IdDossier, "--finess", FINESS, "--hebergement", hebergement, "--urgence", urgence);
      for (const state of ["ENVOYEE", ...states]) {
        const words = { REFUSEE: ["--motif", "2", "--remarque", "Nous n’avons pas d’unité protégée."], ANNULEE: ["--motif", "11"] }[state] ?? [];
        tour.vtpa("demande", "status", demande, state, ...words);
      }
      demandes[nom] = demande;
      ages.push([days, demande]);
    }
    // so many days pass
    const program = `import json,sqlite3,sys
d=sqlite3.connect(sys.argv[1],timeout=10)
for days,demande in json.loads(sys.argv[2]):
    d.execute('UPDATE demande SET statut_le=statut_le-?, cree_le=cree_le-? WHERE id=?',(days*86400000,days*86400000,demande))
    d.execute('UPDATE demande_historique SET le=le-? WHERE demande=?',(days*86400000,demande))
d.commit()`;
    execFileSync("python3", ["-c", program, join(folder, "vtpa.db"), JSON.stringify(ages)]);
  });
  return demandes;
}

async function lists(tour, demandes) {
  const { base } = tour.scenario;
  const page = await bureau.enter(tour, LOGIN);

  await tour.step("the list shows what waits, the longest waiting first, and how many they are", async () => {
    const shown = await page.locator("[data-demande]").evaluateAll((all) => all.map((one) => one.dataset.demande));
    const expected = ["L’Hostis", "Dubois-Martin", "Morel", "Lefèvre", "Bertrand"].map((nom) => demandes[nom]);
    assert.deepEqual(shown.filter((one) => expected.includes(one)), expected);
    assert.equal(await page.locator("[data-attendent]").getAttribute("data-attendent"), String(shown.length));
    assert.match(await page.locator(`[data-demande="${demandes["L’Hostis"]}"]`).innerText(), /À étudier\s+il y a 9 jours[\s\S]*Valence/);
    await tour.look(page, "bureau-liste");
    await page.getByRole("link", { name: "Voir les plus récentes d’abord" }).click();
    const turned = await page.locator("[data-demande]").evaluateAll((all) => all.map((one) => one.dataset.demande));
    assert.deepEqual(turned, shown.reverse());
  });

  await tour.step("each state has its list", async () => {
    for (const [tab, nom] of [["Nouvelles", "Bertrand"], ["À étudier", "L’Hostis"], ["Liste d’attente", "Ñuñez"], ["Place proposée", "Çetin"], ["Place acceptée", "Morel"], ["Accueillies", "Faure"], ["Refusées", "Vidal"], ["Annulées ou classées", "Garnier"]]) {
      await page.getByRole("navigation", { name: "États" }).getByRole("link", { name: tab }).click();
      assert.equal(await page.getByRole("heading", { level: 2 }).innerText(), tab);
      await page.locator(`[data-demande="${demandes[nom]}"]`).waitFor();
    }
    await page.getByRole("navigation", { name: "États" }).getByRole("link", { name: "Toutes" }).click();
    await tour.look(page, "bureau-liste-toutes");
  });

  await tour.step("the list is taken along for a spreadsheet", async () => {
    await page.goto(`${base}/etablissement?etat=toutes`);
    const [file] = await Promise.all([page.waitForEvent("download"), page.getByRole("link", { name: /tableur/ }).click()]);
    assert.match(file.suggestedFilename(), /^demandes-380990044-\d{4}-\d\d-\d\d\.csv$/);
    const text = readFileSync(await file.path(), "utf8");
    assert.ok(text.startsWith("\ufeff\"Demande\";\"Dossier\""));
    for (const nom of Object.keys(demandes)) assert.ok(text.includes(`"${nom}"`), nom);
    assert.equal(text.trim().split("\r\n").length - 1, Number(await page.locator(".onglets [aria-current] .nombre").innerText()));
  });

  await tour.step("another's demande, an address that is none and a form of another page say what they are", async () => {
    for (const path of ["/etablissement/demandes/999999", "/etablissement/demandes/x/refus"]) {
      assert.equal((await page.goto(`${base}${path}`)).status(), 404);
      assert.match(await page.locator("h1").innerText(), /n’existe pas/);
    }
    await tour.look(page, "bureau-demande-inconnue");
    await page.goto(`${base}/etablissement/mot-de-passe`);
    await tour.look(page, "bureau-mot-de-passe");
    await page.locator('main input[name="jeton"]').evaluate((field) => { field.value = "AAAA"; });
    for (const label of ["Mot de passe actuel", "Nouveau mot de passe", "Le même, une seconde fois"]) await page.getByLabel(label).fill("x");
    await page.getByRole("button", { name: "Enregistrer" }).click();
    assert.match(await page.locator("h1").innerText(), /n’est plus valable/);
    await tour.look(page, "bureau-formulaire-perime");
  });

  await tour.step("one's sessions are listed, and closed one by one", async () => {
    const other = await bureau.enter(tour, LOGIN);
    await page.goto(`${base}/etablissement/compte`);
    await tour.look(page, "bureau-sessions");
    const cards = page.locator("li.carte");
    const before = await cards.count();
    await cards.filter({ hasNotText: "(cette page)" }).first().getByRole("button").click();
    await page.waitForURL(`${base}/etablissement/compte?fait=session`);
    assert.equal(await cards.count(), before - 1);
    await other.goto(`${base}/etablissement`);
    assert.equal(new URL(other.url()).pathname, "/etablissement/connexion");
    await other.context().close();
  });
  await page.context().close();
}

async function decisions(tour, demandes) {
  const { base } = tour.scenario;
  const page = await bureau.enter(tour, LOGIN);
  const goto = (nom) => page.goto(`${base}/etablissement/demandes/${demandes[nom]}`);

  await tour.step("a demande of each state says what it is, what comes next and what can be done", async () => {
    for (const [nom, state, name, actions] of [
      ["Bertrand", "RECUE", "bureau-demande-nouvelle", ["Proposer une place", "Inscrire sur la liste d’attente", "Refuser la demande"]],
      ["Ñuñez", "LISTE_ATTENTE", "bureau-demande-liste-attente", ["Proposer une place", "Refuser la demande"]],
      ["Çetin", "ADMISSION_PROPOSEE", "bureau-demande-proposee", ["Remettre sur la liste d’attente"]],
      ["Morel", "ADMISSION_ACCEPTEE", "bureau-demande-acceptee", ["Confirmer l’admission"]],
      ["Faure", "ADMISSION_EFFECTUEE", "bureau-demande-accueillie", []],
      ["Vidal", "REFUSEE", "bureau-demande-refusee", []],
      ["Garnier", "ANNULEE", "bureau-demande-annulee", []],
    ]) {
      await goto(nom);
      assert.equal(await bureau.state(page), state);
      const shown = await page.locator("section.etape a").allInnerTexts();
      assert.deepEqual(actions.filter((action) => !shown.includes(action)), [], `${nom}: ${shown}`);
      const closed = ["REFUSEE", "ANNULEE"].includes(state);
      assert.equal(await page.locator("[data-champ]").count() === 0, closed, `${nom}: what is over shows no dossier any more`);
      await tour.look(page, name);
    }
  });

  await tour.step("each decision has its form", async () => {
    for (const [nom, action] of [["Bertrand", "proposition"], ["Bertrand", "liste-attente"], ["Bertrand", "refus"], ["Çetin", "retour-liste-attente"], ["Morel", "admission"]]) {
      await goto(nom);
      await bureau.begin(page, action);
      await tour.look(page, `bureau-${action}`);
    }
  });

  await tour.step("a refusal without motive, unconfirmed and too long is told at its fields, and nothing typed is lost", async () => {
    await goto("Bertrand");
    await bureau.begin(page, "refus");
    const long = `${HOSTILE} ${"a".repeat(1001)}`;
    await page.getByLabel("Message à la famille").fill(long);
    await bureau.button(page, "refus").click();
    assert.match(await page.title(), /^Erreur/);
    assert.equal(await page.getByRole("alert").getByRole("link").count(), 3);
    for (const [link, name] of [[0, "motif"], [1, "remarque"], [2, "confirmation"]]) {
      await page.getByRole("alert").getByRole("link").nth(link).click();
      assert.equal(await page.evaluate(() => document.activeElement.name), name);
    }
    assert.equal(await page.getByLabel("Message à la famille").inputValue(), long);
    await tour.step("page bureau-refus-trop-long: accessible, readable, 320 px wide", () => tour.inspect(page));
    await page.getByLabel("Message à la famille").fill("Nous n’avons pas d’unité protégée.");
    await bureau.button(page, "refus").click();
    assert.equal(await page.getByRole("alert").getByRole("link").count(), 2);
    await tour.look(page, "bureau-refus-erreur");
    await page.getByRole("link", { name: "Ne rien changer" }).click();
    assert.equal(await bureau.state(page), "RECUE");
  });

  await tour.step("a demande with a whole dossier is read on one page, its parts opened", async () => {
    // what the chain left there
    const other = await bureau.enter(tour, "tisserands");
    await other.goto(`${base}/etablissement?etat=liste-attente`);
    await other.locator('[data-statut="LISTE_ATTENTE"]').first().getByRole("link").click();
    for (const summary of await other.locator(".volet-lu > summary").all()) await summary.click();
    assert.match(await other.locator("main").innerText(), /GIR estimé\s: [1-6]/);
    // the focus begins at the top again
    await other.reload();
    await other.locator(".volet-lu").evaluateAll((all) => all.forEach((details) => { details.open = true; }));
    await tour.look(other, "bureau-dossier-lu");
    await other.context().close();
  });
  await page.context().close();
}

async function colleagues(tour, demandes) {
  const { base } = tour.scenario;
  const address = (nom) => `${base}/etablissement/demandes/${demandes[nom]}`;

  await tour.step("of two colleagues on one demande the second is told, and overwrites nothing", async () => {
    const [anne, bruno] = [await bureau.enter(tour, LOGIN), await bureau.enter(tour, LOGIN)];
    for (const page of [anne, bruno]) {
      await page.goto(address("Lefèvre"));
      await bureau.begin(page, page === anne ? "proposition" : "refus");
    }
    await bureau.fill(anne, { remarque: "Une chambre est libre." });
    await bureau.fill(bruno, { motif: /soins requis/i, remarque: "Nous n’avons pas d’unité <b>protégée</b>." });
    await bureau.button(anne, "proposition").click();
    await anne.waitForURL((url) => url.searchParams.get("fait") === "proposition");
    const before = await bureau.history(anne);
    await bureau.button(bruno, "refus").click();
    assert.match(await bruno.locator("h1").innerText(), /a changé entre-temps/);
    const told = await bruno.locator("main").innerText();
    for (const words of ["Rien n’a été enregistré", "Place proposée", "par Bruno Martin", "Une chambre est libre.", "d’unité <b>protégée</b>."]) {
      assert.ok(told.includes(words), `${words} in ${told}`);
    }
    await tour.look(bruno, "bureau-depassee");
    await bruno.getByRole("link", { name: "Relire la demande" }).click();
    assert.equal(await bureau.state(bruno), "ADMISSION_PROPOSEE");
    assert.deepEqual(await bureau.history(bruno), before);
    await Promise.all([anne, bruno].map((page) => page.context().close()));
  });

  await tour.step("of two tabs of one session the second is told as well", async () => {
    const page = await bureau.enter(tour, LOGIN);
    const other = await page.context().newPage();
    await page.goto(address("Dubois-Martin"));
    await other.goto(address("Dubois-Martin"));
    await bureau.decide(page, "liste-attente", { remarque: "Six mois." });
    const before = await bureau.history(page);
    // its page still shows the button of before
    await other.getByRole("link", { name: "Refuser la demande" }).click();
    assert.match(await other.locator("h1").innerText(), /a changé entre-temps/);
    await page.goto(address("Dubois-Martin"));
    assert.deepEqual(await bureau.history(page), before);
    await page.context().close();
  });

  await tour.step("a double click and the back button have one effect", async () => {
    const page = await bureau.enter(tour, LOGIN);
    const count = async () => (await bureau.history(page)).length;
    await page.goto(address("L’Hostis"));
    const before = await count();
    await bureau.begin(page, "liste-attente");
    await bureau.fill(page, { remarque: "Trois mois." });
    await bureau.button(page, "liste-attente").dblclick();
    await page.waitForURL((url) => url.searchParams.get("fait") === "liste-attente");
    assert.equal(await count(), before + 1, "a double click");
    await page.goBack();
    await page.waitForURL(/\/liste-attente/);
    const again = bureau.button(page, "liste-attente");
    if (await again.count()) {
      await bureau.fill(page, { remarque: "Trois mois." });
      await again.click();
      await page.waitForLoadState();
    }
    await page.goto(address("L’Hostis"));
    assert.equal(await bureau.state(page), "LISTE_ATTENTE");
    assert.equal(await count(), before + 1, "the back button, and sending again");
    // sending again by reloading what came of it asks for the page alone
    await page.reload();
    assert.equal(await count(), before + 1);
    await page.context().close();
  });
}

// How a session of the desk ends, and what makes it last.
async function endings(tour, demandes) {
  const { base, config } = tour.scenario;
  const enter = async (javaScriptEnabled, remarque = HOSTILE, nom = "Bertrand") => {
    const page = await bureau.enter(tour, LOGIN, { javaScriptEnabled });
    await page.goto(`${base}/etablissement/demandes/${demandes[nom]}`);
    await bureau.begin(page, "liste-attente");
    await page.getByLabel("Message à la famille").fill(remarque);
    return page;
  };

  for (const javaScriptEnabled of [true, false]) {
    await tour.step(`« Rester connecté » keeps the desk open and leaves what is half typed${javaScriptEnabled ? "" : ", with script switched off"}`, async () => {
      const page = await enter(javaScriptEnabled);
      const [other] = await Promise.all([page.context().waitForEvent("page"), page.getByRole("button", { name: /^Rester connecté/ }).click()]);
      await other.waitForLoadState();
      assert.match(await other.locator("h1").innerText(), /Le bureau reste ouvert/);
      assert.match(await other.locator("main").innerText(), /\d{1,2}\sh\s\d{2}/);
      if (javaScriptEnabled) await tour.picture(other, "bureau-reste-ouvert");
      await other.close();
      assert.equal(await page.getByLabel("Message à la famille").inputValue(), HOSTILE);
      await page.context().close();
    });
  }

  await tour.step("after 25 minutes the desk's page says by itself that the end is near", async () => {
    const page = await enter(true, "Comptez environ six mois d’attente.");
    const bar = page.locator(".bientot");
    assert.equal(await bar.evaluate((element) => element.checkVisibility({ visibilityProperty: true })), false);
    await page.evaluate(() => document.getAnimations().forEach((animation) => animation.finish()));
    assert.equal(await bar.evaluate((element) => element.checkVisibility({ visibilityProperty: true })), true);
    await tour.look(page, "bureau-bientot-ferme");
    await page.context().close();
  });

  await tour.step("what is typed too late is kept, shown to whoever typed it, and sent after all", async () => {
    const page = await enter(true, "Comptez environ <b>six</b> mois d’attente.", "Perrin");
    const program = "import sqlite3,sys\nd=sqlite3.connect(sys.argv[1],timeout=10)\nd.execute('UPDATE session_bureau SET vue_le = vue_le - 1860000')\nd.commit()";
    execFileSync("python3", ["-c", program, join(dirname(config), "vtpa.db")]);
    await bureau.button(page, "liste-attente").click();
    assert.match(await page.locator("h1").innerText(), /s’est fermé/);
    assert.ok((await page.locator("main").innerText()).includes("environ <b>six</b> mois"));
    await tour.look(page, "bureau-ferme");
    await bureau.signIn(tour, page, LOGIN);
    await page.waitForURL(`${base}/etablissement/reprise`);
    assert.ok((await page.locator("main").innerText()).includes("environ <b>six</b> mois"));
    await tour.look(page, "bureau-texte-a-reprendre");
    await page.getByRole("button", { name: "Envoyer ce texte" }).first().click();
    await page.waitForURL((url) => url.searchParams.get("fait") === "liste-attente");
    assert.ok((await bureau.history(page))[0].includes("environ <b>six</b> mois"));
    await page.context().close();
  });
}

async function keyboard(tour, demandes) {
  const { base } = tour.scenario;

  await tour.step("the keyboard alone enters, opens a demande and answers it", async () => {
    const page = await tour.visitor();
    // Tab until the wanted element has the focus, which is to be seen at each stop
    const until = async (wanted) => {
      for (let stop = 0; stop < 80; stop += 1) {
        await page.keyboard.press("Tab");
        const { found, outline, where } = await page.evaluate(
          `(({ activeElement }) => ({ found: (${wanted})(activeElement), outline: ["MAIN", "BODY"].includes(activeElement.tagName) ? 9 : parseFloat(getComputedStyle(activeElement).outlineWidth) || 0, where: activeElement.outerHTML.slice(0, 120) }))(document)`,
        );
        assert.ok(outline >= 2, `focus not visible: ${where}`);
        if (found) return;
      }
      assert.fail(`not reached: ${wanted}`);
    };
    await page.goto(`${base}/etablissement/connexion`);
    await until((element) => element.name === "identifiant");
    await page.keyboard.type(LOGIN);
    await until((element) => element.name === "mot_de_passe");
    await page.keyboard.type(bureau.PASSWORD);
    await page.keyboard.press("Enter");
    await page.waitForURL(`${base}/etablissement`);
    await until(`(element) => element.tagName === "A" && element.textContent === "Suzanne Bertrand"`);
    await page.keyboard.press("Enter");
    await page.waitForURL(`${base}/etablissement/demandes/${demandes.Bertrand}`);
    await until((element) => element.textContent === "Refuser la demande");
    await page.keyboard.press("Enter");
    await page.waitForURL(/\/refus/);
    await until((element) => element.name === "motif");
    await page.keyboard.press("ArrowDown");
    await until((element) => element.name === "confirmation");
    await page.keyboard.press("Space");
    await until((element) => element.tagName === "BUTTON" && element.textContent === "Refuser la demande");
    await page.keyboard.press("Enter");
    await page.waitForURL(/fait=refus/);
    assert.equal(await bureau.state(page), "REFUSEE");
    await page.context().close();
  });
}
