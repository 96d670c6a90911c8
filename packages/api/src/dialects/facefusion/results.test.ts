/** Who has agreed to a result, and how it is fetched by its name and goes. */
import { SAFEGUARDS } from "@smileloop/core/safeguards.ts";
import { describe, expect, it } from "vitest";
import { jpegBytes } from "../../../../../test/support/api.ts";
import { facefusionApi, image, nameOf, outcome, type Result } from "../../../../../test/support/facefusion-api.ts";
import { processing, RESULT } from "../../../../../test/support/facefusion-clients.ts";

const here = facefusionApi();
const { get, resultOf, recordOf, nothingLeft } = here;

describe("consent", () => {
  const consentOf = async (texts: Record<string, string>) => {
    const reply = await processing(here.api, "/process/image", image, texts);
    if (reply.status !== 200) return (await outcome(Promise.resolve(reply))).join(" ");
    return (await recordOf((await reply.json()) as Result)).consent;
  };

  it("is the client's to give, or the operator's to attest, which the job's record says", async () => {
    await here.draws();
    expect(await consentOf({ consent: "self" })).toMatchObject({ subject: "self", by: "caller" });
    expect(await consentOf({})).toMatchObject({ by: "operator" });
    expect(await consentOf({ consent: "maybe" })).toMatch(
      /422 body.consent: must be one of self, permission, public_domain/,
    );
  });

  it("is missed where nobody gives it and a face would be altered", async () => {
    await here.start({}, { safeguards: SAFEGUARDS });
    await here.draws();
    expect(await consentOf({})).toMatch(
      /422 body.consent: Field required for face_swapper: .*FACEFUSION_ATTEST=operator/,
    );
    await nothingLeft();
    expect(await consentOf({ consent: "public_domain" })).toMatchObject({ subject: "public_domain" });
    const drawn = await processing(
      here.api,
      "/process/image",
      { target: jpegBytes() },
      { processors: "face_debugger" },
    );
    expect(drawn.status).toBe(200);
  });
});

describe("results", () => {
  const make = async (bytes = RESULT) => {
    await here.draws({ bytes });
    return nameOf(await resultOf(processing(here.api, "/process/image", image)));
  };

  it("go with `cleanup` once all of them was taken, not with a part of them", async () => {
    const bytes = new Uint8Array(40_000_000).fill(9);
    const path = `/download/${await make(bytes)}?cleanup=true`;
    expect((await get(path, { headers: { Range: "bytes=0-9" } })).status).toBe(206);
    expect((await get(path, { method: "HEAD" })).status).toBe(200);
    // more than what lies between server and client
    const left = await get(path);
    await left.body!.cancel();
    expect((await get(path.replace("?cleanup=true", "?cleanup=false"))).status).toBe(200);
    expect(Buffer.from(await (await get(path)).arrayBuffer()).equals(bytes)).toBe(true);
    await expect.poll(() => outcome(get(path))).toEqual([404, "Output file not found"]);
    await nothingLeft();
  });

  it("are deleted by name", async () => {
    const name = await make();
    const reply = await get(`/output/${name}`, { method: "DELETE" });
    expect([reply.status, await reply.json()]).toEqual([200, { status: "deleted", filename: name }]);
    for (const path of [`/download/${name}`, `/facefusion/download/${name}`]) {
      expect(await outcome(get(path))).toEqual([404, "Output file not found"]);
    }
    expect(await outcome(get(`/output/${name}`, { method: "DELETE" }))).toEqual([404, "Output file not found"]);
    await nothingLeft();
  });

  it("are found by no other name, and not after their hour", async () => {
    const name = await make();
    for (const other of [name.replace("jpg", "png"), name.replaceAll("-", ""), "..%2f..%2fsecret.jpg", "a.jpg"]) {
      expect(await outcome(get(`/download/${other}`))).toEqual([404, "Output file not found"]);
    }
    await here.api.clock.advance(3_600_001);
    expect(await outcome(get(`/download/${name}`))).toEqual([404, "Output file not found"]);
  });
});
