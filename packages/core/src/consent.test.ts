import { expect, test } from "vitest";
import { attestationOf, consentFaults } from "./consent.ts";
import { checkSubmission } from "./jobs/submission.ts";
import { createKinds } from "./kinds/index.ts";

const names = ["animate", "talk", "lipsync", "speak", "process_image", "process_video"];
const steps = ["face_swapper", "face_debugger", "face_enhancer", "face_editor"];
const kinds = createKinds({
  presets: new Map(),
  engines: {
    known: [{ name: "house", kinds: names }],
    serve: new Map(names.map((name) => [name, ["house"]])),
    capabilities: new Map([["house", steps]]),
  },
});

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
  expect(attestationOf(kinds.get(kind)!, params as Record<string, unknown>, { owner: "ann", at: 1 })).toBeUndefined();
});

test("a request without it is refused by the name of the field, unless somebody else answers for it", () => {
  const asked = { kind: "lipsync", inputs: { video: 1 }, params: { text: "Hello" } };
  expect(() => checkSubmission(kinds, asked)).toThrow(/^consent: is needed.*self, permission, public_domain/);
  expect(() => checkSubmission(kinds, { ...asked, attested: true })).not.toThrow();
  const wrong = { ...asked, params: { ...asked.params, consent: { subject: "yes" } } };
  expect(() => checkSubmission(kinds, { ...wrong, attested: true })).toThrow(/consent\.subject/);
});

test("what is kept says who has said it, and when", () => {
  const said = { owner: "ann", at: 1_700_000_000_000 };
  const of = (params: Record<string, unknown>) => attestationOf(kinds.get("lipsync")!, params, said);
  expect(of({ consent: { subject: "permission" } })).toEqual({ subject: "permission", by: "caller", ...said });
  expect(of({})).toEqual({ by: "operator", ...said });
});
