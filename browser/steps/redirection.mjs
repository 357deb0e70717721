// Tokens that open nothing, looks that use nothing up, the way out.

import assert from "node:assert/strict";

export async function run(tour) {
  const { portal, base } = tour.scenario;
  const page = tour.claire;

  // A token that no one has used yet: the portal's redirection is not followed.
  const freshToken = async () => {
    const answer = await page.context().request.post(`${portal}/entrer`, { form: { IdDossier: tour.dossier }, maxRedirects: 0 });
    assert.equal(answer.status(), 303);
    return answer.headers().location;
  };

  await tour.step("a used token gets its page, one and the same for every token that opens nothing", async () => {
    const visitor = await tour.visitor();
    const bodies = [];
    for (const address of [tour.usedToken, `${base}/acces`, `${base}/acces?jeton=`, `${base}/acces?jeton=${"A".repeat(43)}`, `${base}/acces?jeton=<script>`, `${base}/acces?jeton=a&jeton=b`]) {
      const answer = await visitor.goto(address);
      assert.equal(answer.status(), 403, address.slice(base.length, base.length + 20));
      bodies.push(await answer.text());
    }
    assert.equal(new Set(bodies).size, 1);
    assert.equal((await visitor.context().cookies(base)).filter((cookie) => cookie.name.includes("session")).length, 0);
    await tour.look(visitor, "jeton-deja-utilise");
    await visitor.context().close();
  });

  await tour.step("without a session the dossier is closed", async () => {
    const visitor = await tour.visitor();
    assert.equal((await visitor.goto(`${base}/dossier`)).status(), 403);
    await tour.look(visitor, "dossier-ferme");
    await visitor.context().close();
  });

  await tour.step("HEAD and prefetches use nothing up", async () => {
    const token = await freshToken();
    const { request } = await tour.browser.newContext({ ignoreHTTPSErrors: true });
    assert.equal((await request.head(token, { maxRedirects: 0 })).status(), 204);
    for (const headers of [{ "Sec-Purpose": "prefetch;prerender" }, { Purpose: "prefetch" }]) {
      assert.equal((await request.get(token, { headers, maxRedirects: 0 })).status(), 204);
    }
    const answer = await request.get(token, { maxRedirects: 0 });
    assert.equal(answer.status(), 303);
    assert.equal(answer.headers().location, "/dossier");
    assert.equal((await request.get(token, { maxRedirects: 0 })).status(), 403);
  });

  await tour.step("a token is taken from a form too", async () => {
    const jeton = new URL(await freshToken()).searchParams.get("jeton");
    const { request } = await tour.browser.newContext({ ignoreHTTPSErrors: true });
    const answer = await request.post(`${base}/acces`, { form: { jeton }, maxRedirects: 0 });
    assert.equal(answer.status(), 303);
    assert.match(answer.headers()["set-cookie"], /^__Host-[^;]+; /);
  });

  await tour.step("an address that does not exist says so", async () => {
    assert.equal((await page.goto(`${base}/nulle-part`)).status(), 404);
    await tour.look(page, "adresse-inconnue");
    assert.equal((await page.goto(`${portal}/nulle-part`)).status(), 404);
    await tour.look(page, "portail-adresse-inconnue");
  });

  await tour.step("« Quitter » closes the dossier, the back button too", async () => {
    await page.goto(`${base}/dossier`);
    await page.getByRole("button", { name: /^Quitter/ }).click();
    await page.waitForURL(`${base}/quitter`);
    await tour.look(page, "au-revoir");
    assert.ok((await page.locator(`a[href^="${portal}"]`).count()) >= 1, "the way back");
    await page.goBack();
    assert.equal(await page.locator("[data-champ]").count(), 0, "nothing of the dossier is shown");
    assert.equal((await page.goto(`${base}/dossier`)).status(), 403);
  });
}
