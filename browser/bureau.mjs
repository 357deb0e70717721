// The establishments' staff at their desks: what several steps do there.

import assert from "node:assert/strict";
import { createHmac } from "node:crypto";

// The demonstration's three desks (crates/vtpa/src/demo/seed.rs): login and FINESS number.
export const PASSWORD = "quatre mots pour essayer";
export const DESKS = { glycines: "010990018", jardins: "380990044", tisserands: "420990053" };

const BUTTONS = {
  "proposition": "Proposer une place",
  "liste-attente": "Inscrire sur la liste d’attente",
  "retour-liste-attente": "Remettre sur la liste d’attente",
  "admission": "Confirmer l’admission",
  "refus": "Refuser la demande",
};

// Someone's own browser, entered at a desk.
export async function enter(tour, login, options = {}, password = PASSWORD) {
  const page = await tour.visitor(options);
  await signIn(tour, page, login, password);
  await page.waitForURL(`${tour.scenario.base}/etablissement`);
  return page;
}

export async function signIn(tour, page, login, password = PASSWORD) {
  await page.goto(`${tour.scenario.base}/etablissement/connexion`);
  await page.getByLabel("Identifiant").fill(login);
  await page.getByLabel("Mot de passe", { exact: true }).fill(password);
  await page.getByRole("button", { name: "Entrer", exact: true }).click();
}

// From the list of every state to a demande, by its link.
export async function open(tour, page, demande) {
  await page.goto(`${tour.scenario.base}/etablissement?etat=toutes&tri=recentes`);
  const address = `${tour.scenario.base}/etablissement/demandes/${demande}`;
  const answered = page.waitForResponse((response) => response.url() === address);
  await page.locator(`[data-demande="${demande}"]`).getByRole("link").click();
  const answer = await answered;
  await page.waitForURL(address);
  assert.equal(answer.status(), 200, await page.locator("main").innerText());
}

// From a demande's page to the form of a decision.
export async function begin(page, action) {
  await page.locator("section.etape").getByRole("link", { name: BUTTONS[action], exact: true }).click();
  await page.waitForURL((url) => url.pathname.endsWith(`/${action}`));
}

export async function fill(page, { motif, remarque }) {
  if (motif) await page.getByLabel(motif).check();
  if (remarque) await page.getByLabel("Message à la famille").fill(remarque);
  const confirmation = page.locator("#confirmation");
  if (await confirmation.count()) await confirmation.check();
}

export const button = (page, action) => page.getByRole("button", { name: BUTTONS[action], exact: true });

// Decides, and is told so.
export async function decide(page, action, words = {}) {
  await begin(page, action);
  await fill(page, words);
  await button(page, action).click();
  await page.waitForURL((url) => url.searchParams.get("fait") === action);
  assert.match(await page.getByRole("status").innerText(), /^C’est enregistré/);
}

// A desk enters, opens a demande, and decides so often.
export async function answer(tour, login, demande, decisions) {
  const page = await enter(tour, login);
  await open(tour, page, demande);
  for (const [action, words] of decisions) await decide(page, action, words);
  await page.context().close();
}

export const state = (page) => page.locator("section.etape[data-statut]").getAttribute("data-statut");

// What happened, the latest first.
export const history = (page) => page.locator(".histoire li").evaluateAll((found) => found.map((one) => one.innerText.replace(/\s+/g, " ").trim()));

// The authenticator on the telephone (RFC 6238), so many steps of 30 seconds from now.
export function code(base32, ahead = 0) {
  const bits = [...base32.replace(/\s/g, "")].map((letter) => "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".indexOf(letter).toString(2).padStart(5, "0")).join("");
  const key = Buffer.from(bits.match(/.{8}/g).map((byte) => parseInt(byte, 2)));
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(Math.floor(Date.now() / 30_000) + ahead));
  const tag = createHmac("sha1", key).update(counter).digest();
  const number = (tag.readUInt32BE(tag[19] & 0xf) & 0x7fff_ffff) % 1_000_000;
  return String(number).padStart(6, "0");
}
