// The browser, the steps and their verdicts, and what every page is held to.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { X509Certificate, createHash } from "node:crypto";
import { readFileSync, readdirSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { connect } from "node:tls";
import { chromium } from "playwright-core";
import * as rules from "./rules.mjs";

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

export const DESKTOP = { width: 1280, height: 900 };
export const PHONE = { width: 360, height: 780 };

export class Tour {
  static async start(scenario) {
    const tour = new Tour();
    Object.assign(tour, { scenario, steps: [], pictures: 0, complaints: [], elsewhere: new Set() });
    // pictures of an earlier tour would pass for this one's
    for (const name of readdirSync(scenario.screenshots).filter((name) => name.endsWith(".png"))) {
      rmSync(join(scenario.screenshots, name));
    }
    const pin = await serverKey(scenario);
    tour.browser = await chromium.launch({
      executablePath: scenario.chromium,
      args: ["--no-sandbox", "--no-proxy-server", "--disable-quic", "--disable-background-networking", `--ignore-certificate-errors-spki-list=${pin}`],
    });
    return tour;
  }

  async close() {
    await this.browser.close();
  }

  // A person's browser: its own cookies.
  async visitor(options = {}) {
    const context = await this.browser.newContext({ viewport: DESKTOP, locale: "fr-FR", timezoneId: "Europe/Paris", ...options });
    context.setDefaultTimeout(15_000);
    const page = await context.newPage();
    page.on("console", (message) => {
      if (message.type() === "error" && !message.text().startsWith("Failed to load resource")) this.complaints.push(message.text());
    });
    this.watch(page);
    page.on("pageerror", (error) => this.complaints.push(String(error)));
    page.on("request", (request) => {
      const { origin } = new URL(request.url());
      if (![this.scenario.base, this.scenario.portal].includes(origin)) this.elsewhere.add(origin);
    });
    return page;
  }

  // Keeps the document of a page as it was sent, and the weight of its style sheets.
  watch(page) {
    page.vtpaSheets = new Map();
    page.on("response", (response) => {
      const { pathname } = new URL(response.url());
      if (pathname.endsWith(".css")) page.vtpaSheets.set(pathname, response.body().then((body) => body.length, () => 0));
      const own = response.request().isNavigationRequest() && response.frame() === page.mainFrame();
      if (own && ![204, 303].includes(response.status())) page.vtpaDocument = response.text().catch(() => undefined);
    });
  }

  async step(name, work) {
    const began = Date.now();
    let verdict = { step: name, ok: true, detail: "" };
    try {
      verdict.detail = (await work()) ?? "";
    } catch (error) {
      verdict = { step: name, ok: false, detail: String(error?.message ?? error).slice(0, 2000) };
    }
    this.steps.push(verdict);
    process.stderr.write(`${verdict.ok ? "ok  " : "FAIL"} ${name} (${Date.now() - began} ms)${verdict.ok ? "" : `\n     ${verdict.detail}`}\n`);
  }

  // The operator's command line, on the same database.
  vtpa(...args) {
    return execFileSync(this.scenario.vtpa, [...args, "--config", this.scenario.config], { encoding: "utf8" }).trim();
  }

  // What ConsulterDossierPA tells the portal of a dossier, as this user of it.
  consult(dossier, user) {
    const { base, ca, config, vtpa } = this.scenario;
    const key = (name) => join(dirname(config), name);
    const who = ["--profile", "x509", "--url", base, "--ca", ca, "--cert", key("partner.pem"), "--key", key("partner.key")];
    const [{ Dossier }] = JSON.parse(execFileSync(vtpa, ["call", "consulter", `${dossier}:${user}`, "--json", ...who], { encoding: "utf8" }));
    return Dossier;
  }

  // A page is held to its rules, and pictures of it are taken. A step of its own, so that the way goes on.
  async look(page, name) {
    await this.picture(page, name);
    await this.step(`page ${name}: accessible, readable, 320 px wide`, () => this.inspect(page));
    await this.step(`page ${name}: valid, in order without style, at 200 %, by Tab; light and plain`, () => this.hold(page));
  }

  // Beyond axe-core: rules.mjs. The portal is a partner's, and the partners' pages show messages: neither is held to weight.
  async hold(page) {
    const { origin, pathname } = new URL(page.url());
    const html = await page.vtpaDocument;
    assert.ok(html, "the document as it was sent is not known");
    await rules.validHtml(html);
    await rules.readableWithoutStyle(page);
    await rules.growingText(page);
    await rules.focusOrder(page);
    await rules.targetSize(page);
    await rules.errorsHelp(page);
    if (origin !== this.scenario.base) return "";
    await rules.timeTold(page);
    if (["/bac-a-sable", "/explications"].some((partners) => pathname.startsWith(partners))) return "";
    await rules.shortSentences(page);
    const used = await page.evaluate(() => [...document.styleSheets].map((sheet) => new URL(sheet.href).pathname));
    const sizes = await Promise.all(used.map((path) => page.vtpaSheets.get(path) ?? this.sheet(page, path)));
    const weight = { html: Buffer.byteLength(html), style: sizes.reduce((sum, size) => sum + size, 0) };
    rules.light(weight);
    return `${weight.html + weight.style} bytes`;
  }

  // A style sheet that the browser had kept.
  async sheet(page, path) {
    const answer = await page.context().request.get(`${this.scenario.base}${path}`);
    return (await answer.body()).length;
  }

  // A picture of the whole page, on a desktop and on a phone.
  async picture(page, name) {
    // where it is scrolled to, Chromium leaves parts of a whole page unpainted
    await page.evaluate(() => scrollTo(0, 0));
    const before = page.viewportSize();
    this.pictures += 1;
    const number = String(this.pictures).padStart(2, "0");
    for (const [device, size] of [["desktop", DESKTOP], ["phone", PHONE]]) {
      await page.setViewportSize(size);
      await page.screenshot({ path: join(this.scenario.screenshots, `${number}-${name}-${device}.png`), fullPage: true });
    }
    await page.setViewportSize(before);
  }

  // What every page is held to: axe, no sideways scrolling down to 320 px, 18 px of text, 44 px of target, landmarks.
  async inspect(page) {
    await page.evaluate(axe);
    const violations = await page.evaluate(async () => {
      const { violations } = await globalThis.axe.run(document, { resultTypes: ["violations"] });
      return violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.html.slice(0, 160)).join(" | ")}`);
    });
    assert.deepEqual(violations, [], "axe-core");
    const before = page.viewportSize();
    for (const width of [1280, 360, 320]) {
      await page.setViewportSize({ width, height: 700 });
      const { scroll, wide } = await page.evaluate(() => ({
        scroll: document.documentElement.scrollWidth,
        wide: [...document.body.querySelectorAll("*")]
          .filter((element) => element.getBoundingClientRect().right > innerWidth + 1 && !element.closest("pre"))
          .map((element) => element.outerHTML.slice(0, 120)),
      }));
      assert.ok(scroll <= width, `${scroll} px wide at ${width} px: ${wide.slice(0, 3).join(" | ")}`);
    }
    await page.setViewportSize(before);
    const small = await page.evaluate(() => {
      const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
      const found = new Set();
      while (walker.nextNode()) {
        const element = walker.currentNode.parentElement;
        if (!walker.currentNode.data.trim() || element.closest("pre, code, .adresse") || !element.checkVisibility()) continue;
        if (parseFloat(getComputedStyle(element).fontSize) < 17.9) found.add(element.outerHTML.slice(0, 120));
      }
      return [...found];
    });
    assert.deepEqual(small, [], "text smaller than 18 px");
    const targets = await page.evaluate(() =>
      [...document.querySelectorAll("button, a.bouton, select, input:not([type=hidden]), summary")]
        // what is ticked is ticked by its label
        .map((element) => (["radio", "checkbox"].includes(element.type) ? element.labels[0] ?? element : element))
        .filter((element) => element.checkVisibility() && element.getBoundingClientRect().height < 43.9)
        .map((element) => element.outerHTML.slice(0, 120)),
    );
    assert.deepEqual(targets, [], "targets lower than 44 px");
    assert.equal(await page.locator("main").count(), 1);
    assert.equal(await page.locator("h1").count(), 1);
    assert.equal(await page.locator("html").getAttribute("lang"), "fr");
  }

  // The address, token and all, that the portal's next redirection leads to.
  redirection(page) {
    const request = page.waitForRequest((request) => request.url().startsWith(`${this.scenario.base}/acces?jeton=`));
    request.catch(() => {}); // told where it is awaited
    return request;
  }

  // The value of the contract that the dossier page shows.
  async value(within, champ) {
    return (await within.locator(`[data-champ="${champ}"]`).first().textContent()).trim();
  }
}

// The digest of the server's key, once its certificate was verified against the demonstration's authority: the
// browser then takes this key and no other.
function serverKey({ base, ca }) {
  const { hostname, port } = new URL(base);
  return new Promise((resolve, reject) => {
    const socket = connect({ host: hostname, port, servername: hostname, ca: readFileSync(ca) }, () => {
      const { raw } = socket.getPeerCertificate();
      const key = new X509Certificate(raw).publicKey.export({ type: "spki", format: "der" });
      resolve(createHash("sha256").update(key).digest("base64"));
      socket.end();
    });
    socket.on("error", reject);
  });
}
