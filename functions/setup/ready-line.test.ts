import { readEnv } from "@smileloop/core/env.ts";
import { expect, test } from "vitest";
import { networkUrl, openBehindProxy, readyLine } from "./ready-line.ts";

const url = "http://localhost:8000";
const said = (network: string | null, publicUrl: string | null) =>
  readyLine({ version: "1.2.3", url, network, publicUrl });

test("the start says which address to use, and from where", () => {
  expect(said(null, null)).toBe(`SmileLoop 1.2.3 is ready: ${url} (docs at ${url}/docs)`);
  expect(said("http://10.0.0.5:8000", null)).toBe(
    `SmileLoop 1.2.3 is ready: ${url}, on the network http://10.0.0.5:8000 (docs at ${url}/docs)`,
  );
  expect(said(null, "https://smile.example")).toBe(
    `SmileLoop 1.2.3 is ready: ${url}, for clients https://smile.example (docs at https://smile.example/docs)`,
  );
});

test("a public address without any key is warned of", () => {
  const public_ = { PUBLIC_URL: "https://smile.example" };
  expect(openBehindProxy(readEnv(public_))).toMatch(/^anyone who reaches https:\/\/smile\.example may use this server/);
  for (const guarded of [{ API_KEY: "your_key_here" }, { ANONYMOUS: "1" }, { ALLOW_OPEN: "1" }]) {
    expect(openBehindProxy(readEnv({ ...public_, ...guarded }))).toBeNull();
  }
});

test("the address on the network is that of an interface that others reach", () => {
  const one = (address: string, family: "IPv4" | "IPv6", internal: boolean) =>
    ({ address, family, internal, netmask: "", mac: "", cidr: null, scopeid: 0 }) as never;
  const interfaces = {
    lo: [one("127.0.0.1", "IPv4", true)],
    eth0: [one("fe80::1", "IPv6", false), one("10.0.0.5", "IPv4", false)],
  };
  expect(networkUrl("0.0.0.0", 8000, interfaces)).toBe("http://10.0.0.5:8000");
  expect(networkUrl("0.0.0.0", 8000, { lo: interfaces.lo })).toBeNull();
  expect(networkUrl("10.0.0.5", 8000, interfaces)).toBeNull();
});
