// The same way without script, by keyboard alone, on the narrowest screen.

import assert from "node:assert/strict";

export async function run(tour) {
  const { portal, base } = tour.scenario;

  await tour.step("everything works with script switched off, at 320 px", async () => {
    const page = await tour.visitor({ javaScriptEnabled: false, viewport: { width: 320, height: 640 } });
    await page.goto(`${portal}/nouveau`);
    await page.getByRole("button", { name: "Créer le dossier" }).click();
    await page.getByRole("button", { name: "Entrer dans le dossier", exact: true }).click();
    await page.waitForURL(`${base}/dossier`);
    assert.equal(await tour.value(page, "Demandeur.Prenom"), "Marguerite");
    await page.screenshot({ path: `${tour.scenario.screenshots}/320-sans-script.png`, fullPage: true });
    await page.getByRole("button", { name: /^Quitter/ }).click();
    assert.match(page.url(), /quitter/);
    await page.context().close();
  });

  await tour.step("the keyboard alone leads into the dossier, its place always visible", async () => {
    const page = await tour.visitor();
    await page.goto(`${portal}/`);
    await page.keyboard.press("Tab");
    assert.equal(await page.evaluate(() => document.activeElement.getAttribute("href")), "#contenu", "the skip link comes first");
    await press(page, (element) => element.getAttribute("href") === "/nouveau");
    await page.waitForURL(`${portal}/nouveau`);
    await press(page, (element) => element.tagName === "BUTTON" && element.textContent === "Créer le dossier");
    await page.waitForURL(/nouveau=/);
    await press(page, (element) => element.textContent === "Entrer dans le dossier");
    await page.waitForURL(`${base}/dossier`);
    await page.keyboard.press("Tab");
    await page.keyboard.press("Enter");
    assert.equal(await page.evaluate(() => document.activeElement.id), "contenu", "the skip link leads to the content");
    await press(page, (element) => element.closest("form")?.getAttribute("action") === "/quitter", "Shift+Tab");
    await page.waitForURL(`${base}/quitter`);
    await page.context().close();
  });

  await tour.step("no page complained, none asked anyone else", async () => {
    assert.deepEqual(tour.complaints, []);
    assert.deepEqual([...tour.elsewhere], []);
  });
}

// Tab until the wanted element has the focus, which must be to be seen at each stop; then Enter.
async function press(page, wanted, key = "Tab") {
  for (let stop = 0; stop < 80; stop += 1) {
    await page.keyboard.press(key);
    const outline = await page.evaluate(() => parseFloat(getComputedStyle(document.activeElement).outlineWidth) || 0);
    const where = await page.evaluate(() => document.activeElement.outerHTML.slice(0, 120));
    const content = await page.evaluate(() => ["MAIN", "BODY"].includes(document.activeElement.tagName));
    assert.ok(content || outline >= 2, `focus not visible: ${where}`);
    const found = await page.evaluate(`(${wanted})(document.activeElement)`);
    if (found) {
      await page.keyboard.press("Enter");
      return;
    }
  }
  assert.fail(`not reached by ${key}: ${wanted}`);
}
