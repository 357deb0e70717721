// A real Chromium goes through the demonstration, as a partner's user goes.
// node run.mjs SCENARIO.json [STEP…]: result.json on standard output, progress on standard error (README.md).

import { readFileSync } from "node:fs";
import { Tour } from "./tour.mjs";
import * as bureau from "./steps/bureau.mjs";
import * as chaine from "./steps/chaine.mjs";
import * as creation from "./steps/creation.mjs";
import * as dossier from "./steps/dossier.mjs";
import * as famille from "./steps/famille.mjs";
import * as openid from "./steps/openid.mjs";
import * as liaison from "./steps/liaison.mjs";
import * as redirection from "./steps/redirection.mjs";
import * as sandbox from "./steps/sandbox.mjs";
import * as access from "./steps/access.mjs";
import * as duree from "./steps/duree.mjs";
import * as pages from "./steps/pages.mjs";

const PARTS = { creation, dossier, famille, chaine, bureau, openid, liaison, pages, redirection, duree, sandbox, access };
// what must have gone before, where a step is run without the others
const NEEDS = { bureau: ["chaine"], dossier: ["creation"], liaison: ["creation"], pages: ["creation"], redirection: ["creation"], duree: ["creation"] };

const wanted = process.argv.slice(3);
const unknown = wanted.filter((name) => !(name in PARTS));
if (unknown.length > 0) throw new Error(`no such step: ${unknown.join(" ")}; there are ${Object.keys(PARTS).join(" ")}`);
const all = wanted.length === 0;
const before = wanted.flatMap((name) => NEEDS[name] ?? []);

const scenario = JSON.parse(readFileSync(process.argv[2], "utf8"));
const tour = await Tour.start(scenario);
try {
  for (const [name, part] of Object.entries(PARTS)) {
    if (all || wanted.includes(name) || before.includes(name)) await part.run(tour);
  }
} finally {
  await tour.close();
}
const { steps } = tour;
process.stdout.write(JSON.stringify({ stack: "chromium", steps }, null, 2) + "\n");
process.exitCode = steps.length > 0 && steps.every((step) => step.ok) ? 0 : 1;
