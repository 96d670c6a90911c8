import { expect, test } from "vitest";
import { AppError, ERRORS, errorCodeSchema, hasCode } from "./errors.ts";

test.each(errorCodeSchema.options)("%s has a status of an error and a title", (code) => {
  expect(code).toMatch(/^[a-z]+(_[a-z]+)*$/);
  expect(ERRORS[code].status).toBeGreaterThanOrEqual(400);
  expect(ERRORS[code].status).toBeLessThan(600);
  expect(ERRORS[code].title).not.toBe("");
  // the client's own mistakes do not go away by asking again
  if (ERRORS[code].retryable) expect([429, 500, 502, 503, 507]).toContain(ERRORS[code].status);
});

test("an error knows its code, status, cause and faults", () => {
  const cause = new Error("disk");
  const error = new AppError("storage_full", "Free some space.", {
    cause,
    errors: [{ loc: ["a"], msg: "b", type: "c" }],
  });
  expect(error).toMatchObject({ message: "Free some space.", status: 507, retryable: true, cause });
  expect(error.errors).toHaveLength(1);
  expect("cause" in new AppError("not_found", "No.")).toBe(false);
});

test("codes are recognized", () => {
  expect(hasCode(new AppError("gone", "x"), "not_found", "gone")).toBe(true);
  expect(hasCode(new Error("gone"), "gone")).toBe(false);
});
