import { expect, test } from "vitest";
import { testApi } from "../../../../test/support/api.ts";

test("voices are listed, by language, and one by one", async () => {
  const api = testApi();
  await api.listen();
  try {
    const get = async (path: string) => {
      const reply = await fetch(`${api.url}${path}`);
      return { status: reply.status, body: (await reply.json()) as Record<string, unknown> };
    };
    const names = (body: Record<string, unknown>) => (body.voices as { name: string }[]).map(({ name }) => name);
    const all = names((await get("/v1/voices")).body);
    expect(all.slice(0, 3)).toEqual(["rms", "slt", "awb"]);
    expect(all.length).toBeGreaterThan(100);
    expect(new Set(all).size).toBe(all.length);
    expect(names((await get("/v1/voices?language=hi")).body)).toEqual(["espeak-hi", "espeak-hi-f"]);
    expect(names((await get("/v1/voices?language=pt_BR")).body)).toEqual(["espeak-pt-br", "espeak-pt-br-f"]);
    expect(names((await get("/v1/voices?language=tlh")).body)).toEqual([]);
    expect((await get("/v1/voices/slt")).body).toEqual({
      ...{ name: "slt", title: "English (US), a woman", languages: ["en-US", "en"], gender: "female" },
      ...{ source: "built_in", sample: "Hello, how are you today?", available: true },
    });
    expect((await get("/v1/voices/nobody")).status).toBe(404);
    expect((await get("/v1/voices?lang=hi")).status).toBe(422);
  } finally {
    await api.close();
  }
});
