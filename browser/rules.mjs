// What every page is held to beyond axe-core, which touches a third of RGAA's criteria. Each rule throws what it found, with
// the criterion it stands for.

import assert from "node:assert/strict";
import { HtmlValidate } from "html-validate";

const HTML = new HtmlValidate({
  extends: ["html-validate:recommended"],
  rules: {
    // of style, not of validity
    "doctype-style": "off",
    "no-implicit-button-type": "off",
    "no-implicit-input-type": "off",
    // a label around its field and for it: some readers take one of the two
    "no-redundant-for": "off",
    // HTML lets fields of one question share a name; hidden ones carry a list so
    "form-dup-name": "off",
    // HTML 5 lets an id hold dots
    "valid-id": ["error", { relaxed: true }],
    // two names of one landmark, and long titles of real people, are no error
    "long-title": "off",
    // the pages' own words hold it: French puts these spaces
    "no-trailing-whitespace": "off",
    "no-inline-style": "error",
    // French telephone numbers break nowhere anyway: the links are inline-block
    "tel-non-breaking": "off",
  },
});

// RGAA 8.2: the document as it was sent.
export async function validHtml(html) {
  const report = await HTML.validateString(html);
  const found = report.results.flatMap(({ messages }) => messages);
  assert.deepEqual(found.map(({ ruleId, message, line }) => `${line}: ${message} (${ruleId})`), [], "RGAA 8.2, html-validate");
}

// RGAA 10.2, 10.3: without a style sheet the same words stand in the same order, and nothing runs out of the window.
export async function readableWithoutStyle(page) {
  const words = () => page.evaluate(() => document.body.innerText.split(/\s+/).filter(Boolean));
  const styled = await words();
  await page.evaluate(() => [...document.styleSheets].forEach((sheet) => { sheet.disabled = true; }));
  const plain = await words();
  const wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
  const alive = await page.evaluate(() => [...document.images].filter((image) => !image.hasAttribute("alt")).length);
  await page.evaluate(() => [...document.styleSheets].forEach((sheet) => { sheet.disabled = false; }));
  let at = 0;
  for (const word of styled) {
    const next = plain.indexOf(word, at);
    assert.ok(next >= 0, `RGAA 10.2, 10.3: without style « ${word} » stands elsewhere, after « ${styled.slice(Math.max(0, at - 5), at).join(" ")} »`);
    at = next + 1;
  }
  assert.ok(wide <= 0 || (await page.locator("pre, table, input, textarea").count()) > 0, `RGAA 10.3: ${wide} px too wide without style`);
  assert.equal(alive, 0, "RGAA 1.2: an image without alt");
}

// RGAA 10.4, 10.12: text at 200 %, and spaced out, is not cut and does not run out of the window.
export async function growingText(page) {
  const grown = {
    "200 %": "html { font-size: 225% !important; }",
    "spaced out": "* { line-height: 1.5 !important; letter-spacing: .12em !important; word-spacing: .16em !important; } p { margin-bottom: 2em !important; }",
  };
  for (const [how, css] of Object.entries(grown)) {
    const found = await page.evaluate((css) => {
      const sheet = new CSSStyleSheet();
      sheet.replaceSync(css);
      document.adoptedStyleSheets = [sheet];
      const wide = document.documentElement.scrollWidth - innerWidth;
      const cut = [...document.querySelectorAll("main *, header *, footer *")]
        .filter((element) => {
          const { overflowX, overflowY } = getComputedStyle(element);
          const hides = [overflowX, overflowY].some((value) => value === "hidden" || value === "clip");
          return hides && !element.closest("pre, svg, input, select, .pour-lecteur") && (element.scrollWidth > element.clientWidth + 1 || element.scrollHeight > element.clientHeight + 1);
        })
        .map((element) => element.outerHTML.slice(0, 120));
      document.adoptedStyleSheets = [];
      return { wide, cut };
    }, css);
    assert.ok(found.wide <= 0, `RGAA 10.4, 10.12: ${found.wide} px too wide with text ${how}`);
    assert.deepEqual(found.cut, [], `RGAA 10.4, 10.12: cut with text ${how}`);
  }
}

// RGAA 10.7, 12.8, 12.9: Tab reaches everything once, in the order of the document, is always to be seen, and leaves again.
export async function focusOrder(page) {
  const total = await page.evaluate(() => {
    const all = [...document.querySelectorAll("a[href], button, input:not([type=hidden]), select, textarea, summary, [tabindex='0']")];
    const stops = all.filter((element) => element.checkVisibility({ visibilityProperty: true }) && !element.disabled);
    // of radio buttons of one name Tab stops at one
    const groups = new Set();
    const counted = stops.filter((element) => {
      if (element.type !== "radio") return true;
      const group = `${element.form?.action} ${element.name}`;
      return !groups.has(group) && groups.add(group);
    });
    // Tab begins where one last clicked; from the body it begins at the beginning
    document.body.tabIndex = -1;
    document.body.focus();
    document.body.removeAttribute("tabindex");
    globalThis.vtpaStops = [];
    return counted.length;
  });
  const most = Math.min(total, 120);
  for (let stop = 0; stop < most; stop += 1) {
    await page.keyboard.press("Tab");
    const found = await page.evaluate(() => {
      const element = document.activeElement;
      const where = element.outerHTML.slice(0, 120);
      if (element === document.body) return { where: "the document's end", lost: true };
      const { outlineWidth, outlineStyle } = getComputedStyle(element);
      const seen = outlineStyle !== "none" && parseFloat(outlineWidth) >= 2;
      const last = globalThis.vtpaStops.at(-1);
      const ordered = !last || Boolean(last.compareDocumentPosition(element) & Node.DOCUMENT_POSITION_FOLLOWING);
      const box = element.getBoundingClientRect();
      const inside = box.bottom > 0 && box.top < innerHeight;
      globalThis.vtpaStops.push(element);
      return { where, seen, ordered, inside, lost: false };
    });
    assert.ok(!found.lost, `RGAA 12.9: Tab stops ${stop} times of ${total}`);
    assert.ok(found.seen, `RGAA 10.7: focus not to be seen: ${found.where}`);
    assert.ok(found.ordered, `RGAA 12.8: focus goes back to ${found.where}`);
    assert.ok(found.inside, `RGAA 10.7: focus is out of sight: ${found.where}`);
  }
  await page.evaluate(() => { document.activeElement?.blur?.(); scrollTo(0, 0); });
}

// WCAG 2.2, 2.5.8: 24 px each way, but for links within a sentence.
export async function targetSize(page) {
  const small = await page.evaluate(() =>
    [...document.querySelectorAll("a[href], button, input:not([type=hidden]), select, textarea, summary")]
      .filter((element) => {
        if (!element.checkVisibility({ visibilityProperty: true }) || element.classList.contains("evitement")) return false;
        const { width, height } = element.getBoundingClientRect();
        if (width >= 24 && height >= 24) return false;
        const label = element.labels?.[0]?.getBoundingClientRect();
        if (label && label.width >= 24 && label.height >= 24) return false;
        const around = element.closest("p, li, dd, td");
        return !(element.tagName === "A" && around && around.textContent.trim() !== element.textContent.trim());
      })
      .map((element) => element.outerHTML.slice(0, 120)),
  );
  assert.deepEqual(small, [], "targets smaller than 24 px");
}

// RGAA 11.10, 11.11: what is wrong is named in the title, tied to its field, and says what to do.
export async function errorsHelp(page) {
  const faults = await page.evaluate(() => {
    const wrong = [...document.querySelectorAll('[aria-invalid="true"]')];
    const found = [];
    if (wrong.length > 0 && !document.title.startsWith("Erreur")) found.push(`the title says nothing of it: ${document.title}`);
    for (const field of wrong) {
      const ids = (field.getAttribute("aria-describedby") ?? field.closest("fieldset")?.getAttribute("aria-describedby") ?? "").split(/\s+/);
      const text = ids.map((id) => document.getElementById(id)?.textContent.trim() ?? "").join(" ").trim();
      if (text.split(/\s+/).length < 4) found.push(`${field.name} says: « ${text} »`);
      if (field.id && !document.querySelector(`[role=alert] a[href="#${CSS.escape(field.id)}"], .faute a[href="#${CSS.escape(field.id)}"]`)) {
        const others = [...document.querySelectorAll("[role=alert] a[href^='#']")].map((link) => link.getAttribute("href"));
        const group = field.closest("fieldset")?.id;
        if (others.length === 0 || (field.type === "radio" && group && !others.includes(`#${group}`))) found.push(`${field.name}: no link leads to it`);
      }
    }
    return found;
  });
  assert.deepEqual(faults, [], "RGAA 11.10, 11.11");
}

// RGAA 13.1: a page of a session says when it ends, both ways, and has the button that puts it off.
export async function timeTold(page) {
  const found = await page.evaluate(() => {
    const session = document.querySelector('form[action="/quitter"], form[action="/etablissement/deconnexion"]');
    const said = document.querySelector(".session")?.innerText ?? "";
    return { session: Boolean(session), said };
  });
  if (!found.session) return;
  assert.match(found.said, /\d{1,2}\sh\s\d{2}/, "RGAA 13.1: when the session ends is not told");
  assert.match(found.said, /dans tous les cas/, "RGAA 13.1: the absolute limit is not told");
  const last = /à [^.]+ dans tous les cas\./.test(found.said) && !/Si vous ne faites rien/.test(found.said);
  assert.ok(last || /Rester connecté/.test(found.said), "RGAA 13.1: no button to stay");
}

// Plain words: twenty in a sentence at most. What people and establishments wrote is theirs.
export async function shortSentences(page) {
  const long = await page.evaluate(() => {
    const theirs = "blockquote, q, pre, code, [data-champ], .remarque, [lang=en], .repere, textarea, select";
    const found = [];
    for (const block of document.body.querySelectorAll("p, li, dd, dt, h1, h2, h3, h4, label, legend, button, td, th, caption")) {
      if (block.closest(theirs) || block.querySelector("p, li, dd, dt, ul, ol, dl")) continue;
      const copy = block.cloneNode(true);
      copy.querySelectorAll(theirs).forEach((one) => { one.textContent = "…"; });
      for (const sentence of copy.textContent.split(/[.!?;:](?:\s|$)/)) {
        const words = sentence.split(/[\s’']+/).filter((word) => /[\p{L}\p{N}]/u.test(word));
        if (words.length > 20) found.push(`${words.length}: ${sentence.trim().replace(/\s+/g, " ")}`);
      }
    }
    return found;
  });
  assert.deepEqual(long, [], "sentences of more than 20 words");
}

// 30 kB a page with its style, as sent.
export function light(weight) {
  const total = weight.html + weight.style;
  assert.ok(total <= 30_000, `${total} bytes: ${weight.html} of HTML and ${weight.style} of style`);
}
