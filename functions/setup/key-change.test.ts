import { createAudit } from "@smileloop/core/audit/audit-log.ts";
import { storedAudit } from "@smileloop/core/audit/stored.ts";
import { expect, test } from "vitest";
import { memoryStore } from "../../test/support/memory-store.ts";
import { signingKey } from "../../test/support/signing.ts";
import { tellKeyChanges } from "./key-change.ts";
import type { SigningSource } from "./signing.ts";

test("another key than at the last start is written down, and neither of the two", async () => {
  const { files, records, clock, log } = memoryStore();
  const audit = createAudit({ store: storedAudit({ files, notes: records.notes }), files, clock, log });
  const [first, second] = ["first-secret-key-of-this-test-000", "second-secret-key-of-this-test-00"];
  const start = (key: string, signing: SigningSource = {}) =>
    tellKeyChanges({ records, audit, signing }, { SEAL_KEY: [key], WEBHOOK_SECRET: undefined, MARK_KEY: undefined });
  for (const key of [first, first, second, second]) await start(key);
  for (const key of [signingKey(), signingKey()]) await start(second, { key });
  const lines: string[] = [];
  for await (const text of audit.store.lines("trust")) lines.push(text);
  expect(lines.map((text) => JSON.parse(text))).toMatchObject([
    { kind: "key_rotated", key: "SEAL_KEY" },
    { kind: "key_rotated", key: "SIGNING_KEY" },
  ]);
  expect(lines.join()).not.toMatch(/secret-key|PRIVATE/);
});
