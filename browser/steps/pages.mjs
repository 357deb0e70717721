// Every page of the family's dossier that a step of its own does not visit: found by following the links.

import assert from "node:assert/strict";

const MOST = 60;

export async function run(tour) {
  const { base } = tour.scenario;
  const page = tour.claire;

  await tour.step("every page that the dossier links to is held to the rules", async () => {
    const seen = new Set(["/dossier"]);
    const waiting = ["/dossier"];
    while (waiting.length > 0 && seen.size < MOST) {
      const path = waiting.shift();
      const answer = await page.goto(`${base}${path}`);
      assert.equal(answer.status(), 200, path);
      const links = await page.locator("a[href^='/dossier']").evaluateAll((links) => links.map((link) => new URL(link.href)).map((url) => url.pathname + url.search));
      for (const link of links) {
        if (!seen.has(link)) {
          seen.add(link);
          waiting.push(link);
        }
      }
      const name = path.slice(1).replace(/[^a-z0-9]+/gi, "-");
      await tour.step(`page ${name}: accessible, readable, 320 px wide`, () => tour.inspect(page));
      await tour.step(`page ${name}: valid, in order without style, at 200 %, by Tab; light and plain`, () => tour.hold(page));
    }
    assert.ok(seen.size > 10, [...seen].join(" "));
    await page.goto(`${base}/dossier`);
    return `${seen.size} pages`;
  });
}
