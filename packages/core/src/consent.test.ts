import { createHash } from "node:crypto";
import { expect, test } from "vitest";
import { PRESETS } from "../../../test/support/presets.ts";
import { attestationOf, consentFaults } from "./consent.ts";
import { CONSENT_TEXTS, CONSENT_VERSION } from "./consent-texts.ts";
import { sha256Hex } from "./jobs/jobs.ts";
import { checkSubmission } from "./jobs/submission.ts";
import { createKinds } from "./kinds/index.ts";

const names = ["animate", "talk", "lipsync", "speak", "process_image", "process_video"];
const steps = ["face_swapper", "face_debugger", "face_enhancer", "face_editor"];
const engines = {
  known: [{ name: "house", kinds: names }],
  serve: new Map(names.map((name) => [name, ["house"]])),
  capabilities: new Map([["house", steps]]),
};
const kinds = createKinds({ presets: new Map(), engines });
const wink = createKinds({ presets: PRESETS, engines });

const fault = (kind: string, params: object) =>
  consentFaults(kinds.get(kind)!, params as Record<string, unknown>)[0]?.loc ?? null;
const NEEDED = ["body", "params", "consent"];

test.each<[string, object]>([
  ["process_image", { processors: ["face_debugger", "face_swapper"] }],
  ["process_video", { processors: [{ name: "face_editor", mouth_smile: 1 }] }],
  ["lipsync", { text: "Hello" }],
])("%s of %j needs consent, and any of the three is enough", (kind, params) => {
  expect(fault(kind, params)).toEqual(NEEDED);
  for (const subject of ["self", "permission", "public_domain"]) {
    expect(fault(kind, { ...params, consent: { subject } })).toBeNull();
  }
});

test.each<[string, object]>([
  ["process_image", { processors: ["face_debugger", "face_enhancer"] }],
  ["animate", { preset: "wink" }],
  ["talk", { text: "Hello" }],
  ["speak", { text: "Hello" }],
])("%s of %j does not", (kind, params) => {
  expect(fault(kind, params)).toBeNull();
  expect(attestationOf(kinds.get(kind)!, params as Record<string, unknown>, { at: 1 })).toBeUndefined();
});

test("a request without it is refused by the name of the field, unless somebody else answers for it", () => {
  const asked = { kind: "lipsync", inputs: { video: 1 }, params: { text: "Hello" } };
  expect(() => checkSubmission(kinds, asked)).toThrow(/^consent: is needed.*self, permission, public_domain/);
  expect(() => checkSubmission(kinds, { ...asked, attested: true })).not.toThrow();
  const wrong = { ...asked, params: { ...asked.params, consent: { subject: "yes" } } };
  expect(() => checkSubmission(kinds, { ...wrong, attested: true })).toThrow(/consent\.subject/);
});

test("what is kept says who has said what, in which words, and when", () => {
  const said = { owner_hash: "0".repeat(32), at: 1_700_000_000_000 };
  const of = (params: Record<string, unknown>, kind = "lipsync") => attestationOf(kinds.get(kind)!, params, said);
  const words = { text_version: "2026-12", locale: "de" };
  const text_sha256 = createHash("sha256").update(CONSENT_TEXTS["2026-12"]!.de!).digest("hex");
  const caller = { by: "caller", subject: "permission", ...words, text_sha256, ...said };
  expect(of({ consent: { subject: "permission", ...words } })).toEqual(caller);
  // also where it is not needed
  expect(of({ consent: { subject: "permission", ...words } }, "animate")).toEqual(caller);
  expect(of({ consent: { subject: "self" } })).toMatchObject({ text_version: CONSENT_VERSION, locale: "en" });
  expect(of({})).toEqual({ by: "operator", ...said });
});

test("a server may want it of all jobs that make people move, and of no others", () => {
  const needed = (kind: string) => consentFaults(kinds.get(kind)!, {}, true).length > 0;
  expect(names.filter(needed)).toEqual(["animate", "talk", "lipsync"]);
  const asked = { kind: "talk", inputs: { image: 1 }, params: { text: "Hello" }, wantsConsent: true };
  expect(() => checkSubmission(kinds, asked)).toThrow(/^consent: is needed on this server/);
  const given = { ...asked, params: { text: "Hello", consent: { subject: "self" } } };
  expect(() => checkSubmission(kinds, given)).not.toThrow();
});

test.each([
  [{ subject: "self", locale: "xx" }, /consent\.locale: must be one of en, de, hi, ar/],
  [{ subject: "self", text_version: "1999" }, /consent\.text_version: must be one of 2026-12/],
])("%j names the field and what there is", (consent, fault) => {
  const asked = { kind: "animate", inputs: { image: 1 }, params: { preset: "wink", consent } };
  expect(() => checkSubmission(wink, asked)).toThrow(fault);
});

test("sentences are never changed: another wording is another version", () => {
  const hashes = Object.entries(CONSENT_TEXTS).map(([version, texts]) => [version, sha256Hex(JSON.stringify(texts))]);
  expect(hashes).toMatchInlineSnapshot(`
    [
      [
        "2026-12",
        "cbb4cc511cc87d31a684de34026dc757259dd72c032203ca7fd3ad0183b729c7",
      ],
    ]
  `);
});
