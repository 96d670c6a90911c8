import { expect, test } from "vitest";
import { EnvError, lookalikes, readEnv } from "../env.ts";

test("variables of VidX's server stand for ours", () => {
  const env = readEnv({
    STORAGE_BACKEND: "s3",
    S3_BUCKET: "films",
    VIDX_DATA_DIR: "/var/lib/vidx",
    VIDX_ALLOWED_ORIGINS: "http://localhost:3000, https://app.example",
  });
  expect(env).toMatchObject({
    BUCKET: "films",
    DATA_DIR: "/var/lib/vidx",
    CORS_ORIGINS: ["http://localhost:3000", "https://app.example"],
  });
  expect(readEnv({ STORAGE_BACKEND: "local", VIDX_DATA_DIR: "x", DATA_DIR: "x" })).toMatchObject({ DATA_DIR: "x" });
  expect(readEnv({ STORAGE_BACKEND: "s3", BUCKET: "ours" }).BUCKET).toBe("ours");
});

test("a bucket of theirs counts only where they would have used it, and is hinted at elsewhere", () => {
  expect(readEnv({ S3_BUCKET: "films" }).BUCKET).toBeUndefined();
  expect(readEnv({ S3_BUCKET: "films", STORAGE_BACKEND: "local" }).BUCKET).toBeUndefined();
  expect(lookalikes({ S3_BUCKET: "films" })).toEqual([{ name: "S3_BUCKET", meant: "BUCKET" }]);
  expect(lookalikes({ S3_BUCKET: "films", STORAGE_BACKEND: "s3", VIDX_DATA_DIR: "x" })).toEqual([]);
});

test.each([
  [{ VIDX_DATA_DIR: "a", DATA_DIR: "b" }, "VIDX_DATA_DIR=a: DATA_DIR=b says something else; set one of them"],
  [{ STORAGE_BACKEND: "s3" }, "STORAGE_BACKEND=s3: S3_BUCKET is missing"],
  [{ STORAGE_BACKEND: "local", BUCKET: "films" }, "STORAGE_BACKEND=local: BUCKET=films says that files are in S3"],
  [{ STORAGE_BACKEND: "gcs" }, "STORAGE_BACKEND=gcs"],
  [{ STORAGE_BACKEND: "s3", S3_BUCKET: "a", BUCKET: "bcd" }, "S3_BUCKET=a: BUCKET=bcd says something else"],
  // the fault is told of the variable that was set
  [{ STORAGE_BACKEND: "s3", S3_BUCKET: "a" }, "S3_BUCKET=a: must have 3 to 63 letters"],
  [{ VIDX_ALLOWED_ORIGINS: "localhost:3000" }, "VIDX_ALLOWED_ORIGINS=localhost:3000"],
])("%j is told at start", (variables, message) => {
  expect(() => readEnv(variables)).toThrow(EnvError);
  expect(() => readEnv(variables)).toThrow(message);
});
