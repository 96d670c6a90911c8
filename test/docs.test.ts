/** What the documentation names is there, and what there is to set is named. */
import { existsSync, globSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { LINK_LIFE_MS } from "@smileloop/api/view.ts";
import { systemClock } from "@smileloop/core/clock.ts";
import { envSchema } from "@smileloop/core/env.ts";
import { memoryQueue } from "@smileloop/core/queue/memory.ts";
import { expect, test } from "vitest";
import manifest from "../package.json" with { type: "json" };
import { PRESET_NAMES } from "./support/presets.ts";

const ROOT = join(import.meta.dirname, "..");
const PAGES = [...globSync("*.md", { cwd: ROOT }), ...globSync("{docs,gpu-container,presets}/*.md", { cwd: ROOT })];
const read = (page: string) => readFileSync(join(ROOT, page), "utf8");

test("every variable of the environment stands in docs/own-machines.md", () => {
  const said = new Set(read("docs/own-machines.md").match(/(?<=`)[A-Z][A-Z0-9_]+(?=`)/g));
  expect(Object.keys(envSchema.shape).filter((name) => !said.has(name))).toEqual([]);
});

test.each(PAGES)("%s: its links lead somewhere, and its npm scripts exist", (page) => {
  const text = read(page);
  const links = [...text.matchAll(/\]\((?!https?:)([^)#]+)/g)].map(([, path]) => join(ROOT, dirname(page), path!));
  expect(links.filter((path) => !existsSync(path))).toEqual([]);
  const scripts = [...text.matchAll(/npm run (?:-s )?([a-z][a-z0-9:]*)/g)].map(([, name]) => name!);
  expect(scripts.filter((name) => !Object.hasOwn(manifest.scripts, name))).toEqual([]);
});

const SOURCES = globSync(
  ["*.ts", "{packages,functions,gpu-container,infra,presets,scripts,test,tools}/**/*.{ts,py,sh}"],
  {
    cwd: ROOT,
    exclude: (path) => path.includes("node_modules"),
  },
).map((file) => file.replaceAll("\\", "/"));
/** A file is named by the end of its path; `core/env.ts` is short for what lies in the package. */
const ENDS = SOURCES.flatMap((file) => [`/${file}`, `/${file.replace(/^packages\/(\w+)\/src\//, "$1/")}`]);

test.each(PAGES)("%s: the source files that it names are there", (page) => {
  const text = read(page).replaceAll(/^ *```.*?^ *```/gms, "");
  const named = [...text.matchAll(/(?<=`)[\w./-]+\.(?:ts|py|sh)(?=`)/g)].map(([name]) => name);
  expect(named.filter((name) => !ENDS.some((end) => end.endsWith(`/${name}`)))).toEqual([]);
});

test("every npm script stands in README.md, CONTRIBUTING.md or docs/", () => {
  const text = PAGES.map(read).join("\n");
  const unnamed = Object.keys(manifest.scripts).filter((name) => !new RegExp(`npm (run )?(-s )?${name}\\b`).test(text));
  expect(unnamed).toEqual([]);
});

test.each(["README.md", "docs/api.md"])("every preset stands in the table in %s", (page) => {
  const rows = read(page).match(/^\|.*\|$/gm) ?? [];
  expect(PRESET_NAMES.filter((name) => !rows.some((row) => row.includes(`\`${name}\``)))).toEqual([]);
});

test.each(["README.md", "docs/api.md"])(
  "%s fetches the video by the address that stays, and says how long links live",
  (page) => {
    const blocks = [...read(page).matchAll(/^```(?:bash|js)$(.*?)^```$/gms)].map(([, block]) => block!);
    const fetched = blocks.flatMap((block) => block.match(/^.*outputs[/.].*$/gm) ?? []);
    expect(fetched.length).toBeGreaterThan(0);
    for (const line of fetched) expect(line).toMatch(/\/v1\/jobs\/.+\/outputs\/(video|poster)[`"]?/);
    expect(read(page)).toContain(`${LINK_LIFE_MS / 60_000} minutes`);
  },
);

test.each(["nginx.conf", "nginx-path.conf", "Caddyfile"])("docs/operate.md quotes docs/proxy/%s as it is", (file) => {
  expect(read("docs/operate.md")).toContain(`\n${read(`docs/proxy/${file}`)}\`\`\``);
});

test("docs/operate.md names every metric of the service, and no other", async () => {
  const { createMetrics } = await import("../functions/setup/metrics.ts");
  const metrics = await createMetrics("1.2.3");
  metrics.observe({ queue: memoryQueue({ clock: systemClock }), kinds: new Map(), ready: () => true });
  const served = [...(await metrics.read()).text.matchAll(/^# TYPE (smileloop_\w+)/gm)].map(([, name]) => name!);
  const said = new Set(read("docs/operate.md").match(/(?<=^\|.*)smileloop_\w+/gm));
  expect([...said].sort()).toEqual(served.sort());
});
