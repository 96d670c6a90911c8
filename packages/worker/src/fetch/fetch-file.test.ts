/** Every way in which another server may answer, or lead somewhere else. */
import type { ServerResponse } from "node:http";
import { exchange } from "@smileloop/core/fetch/exchange.ts";
import { addressesOf } from "@smileloop/core/fetch/resolve.ts";
import { PUBLIC_ONLY } from "@smileloop/core/fetch/target.ts";
import { afterEach, expect, test } from "vitest";
import { allowing, named, type OtherServer, otherServer, rawServer } from "../../../../test/support/other-server.ts";
import { createFetcher } from "./fetch-file.ts";
import { FETCH_LIMITS, type FetchLimits } from "./limits.ts";

const opened: OtherServer[] = [];
afterEach(async () => {
  for (const server of opened.splice(0)) {
    // whatever happened, nothing stays connected
    await expect.poll(() => server.open()).toBe(0);
    await server.close();
  }
});
async function serving(...given: Parameters<typeof otherServer>): Promise<OtherServer> {
  const server = await otherServer(...given);
  opened.push(server);
  return server;
}
async function speaking(text: string | ((socket: { write: (text: string) => void; end: () => void }) => void)) {
  const server = await rawServer((socket) => (typeof text === "string" ? socket.end(text) : text(socket)));
  opened.push(server);
  return server;
}

const DNS = { "files.example": ["127.0.0.1"], "other.example": ["127.0.0.1"] };
const NAMES = Object.keys(DNS);

type Options = {
  maxBytes?: number;
  limits?: Partial<FetchLimits>;
  dns?: Parameters<typeof named>[0];
  signal?: AbortSignal;
};

/** What is fetched by a fetcher that may reach the servers that this test has opened, by their names. */
async function fetched(
  url: string,
  { maxBytes = 1000, limits = {}, dns = DNS, signal }: Options = {},
): Promise<string> {
  const { lookup } = named(dns);
  const fetchFile = createFetcher({ policy: allowing(opened, NAMES), lookup, limits });
  const options = { maxBytes, signal: signal ?? new AbortController().signal };
  return fetchFile(url, options, async (chunks) => {
    const all: Uint8Array[] = [];
    for await (const chunk of chunks) all.push(chunk);
    return Buffer.concat(all).toString();
  });
}
const failure = (url: string, options?: Options) =>
  fetched(url, options).then(
    (text) => `fetched ${text}`,
    ({ code, message }: { code: string; message: string }) => `${code}: ${message}`,
  );
const hello = (_: unknown, reply: ServerResponse) => void reply.end("hello");
const saying =
  (status: number, headers: Record<string, string> = {}, body = "") =>
  (_: unknown, reply: ServerResponse) =>
    void reply.writeHead(status, headers).end(body);

test("gets the bytes, and sends nothing but the request", async () => {
  const server = await serving(hello);
  expect(await fetched(server.at("/a.jpg?sig=1"))).toBe("hello");
  expect(server.asked).toEqual([
    {
      path: "/a.jpg?sig=1",
      headers: {
        ...{ host: `files.example:${server.port}`, connection: "close", accept: "*/*" },
        ...{ "accept-encoding": "identity", "user-agent": "SmileLoop" },
      },
    },
  ]);
});

test.each([
  ["without a length", (reply: ServerResponse) => reply.write("hel") && reply.end("lo")],
  ["with its length", (reply: ServerResponse) => reply.writeHead(200, { "Content-Length": 5 }).end("hello")],
  [
    "whatever type it says",
    (reply: ServerResponse) => reply.writeHead(200, { "Content-Type": "text/html" }).end("hello"),
  ],
  [
    "said to be as it is",
    (reply: ServerResponse) => reply.writeHead(200, { "Content-Encoding": "identity" }).end("hello"),
  ],
])("takes a file %s", async (_, answer) => {
  const server = await serving((_request, reply) => void answer(reply));
  expect(await fetched(server.at("/"))).toBe("hello");
});

test("takes one that ends with its connection, as old servers send it", async () => {
  const server = await speaking("HTTP/1.0 200 OK\r\n\r\nhello");
  expect(await fetched(server.at("/"))).toBe("hello");
});

test("an address is asked for once, and the connection goes to what was answered then", async () => {
  const server = await serving(hello);
  const answers = [["127.0.0.1"], ["127.0.0.2"]];
  const { lookup, asked } = named({ "files.example": () => answers.shift()! });
  const fetchFile = createFetcher({ policy: allowing([server]), lookup });
  const options = { maxBytes: 10, signal: new AbortController().signal };
  await fetchFile(server.at("/"), options, async (chunks) => {
    for await (const _ of chunks);
  });
  expect(asked).toEqual(["files.example"]);
});

test.each([
  [["10.0.0.1"], "private"],
  [["127.0.0.1"], "loopback"],
  [["::1"], "loopback"],
  [["169.254.169.254"], "a cloud's metadata service"],
  [["::ffff:169.254.169.254"], "an IPv4 address inside an IPv6 one"],
  [["64:ff9b::7f00:1", "100.64.0.1"], "an IPv4 address inside an IPv6 one"],
  [["0.0.0.0"], "unspecified"],
])("a name that stands for %j is refused", async (addresses, what) => {
  const sentence = `fetch_refused: The address of rebind.example is not public (${what}). `;
  expect(await failure("http://rebind.example/", { dns: { "rebind.example": addresses } })).toContain(sentence);
});

test("a name that stands for public and private addresses is reached by the public ones alone", async () => {
  const url = new URL("http://mixed.example/");
  const { lookup } = named({ "mixed.example": ["10.0.0.1", "93.184.216.34", "::1", "2606:4700::1111"] });
  const addresses = (await addressesOf(url, PUBLIC_ONLY, lookup)).map(({ address }) => address);
  expect(addresses).toEqual(["93.184.216.34", "2606:4700::1111"]);
});

test("a connection goes to the addresses that it is given, whatever the name stands for", async () => {
  const server = await serving(hello);
  const url = new URL(server.at("/", "no-such-name.invalid"));
  const loopback = [{ address: "127.0.0.1", family: 4 }];
  const reply = await exchange(url, loopback, FETCH_LIMITS, new AbortController().signal);
  expect([reply.statusCode, reply.socket.remoteAddress]).toEqual([200, "127.0.0.1"]);
  reply.destroy();
});

test("a name that is public first and private at the next hop is refused there", async () => {
  const inner = await otherServer(hello);
  const server = await serving(saying(302, { Location: "http://rebind.example/secret" }));
  const answers = [["127.0.0.1"]];
  const dns = { ...DNS, "rebind.example": () => answers.shift() ?? [] };
  expect(await failure(server.at("/"), { dns })).toMatch(/^fetch_refused: .*rebind.example is not public \(loopback\)/);
  expect(inner.asked).toEqual([]);
  await inner.close();
});

test.each([
  "http://127.0.0.1/",
  "http://[::1]:8080/",
  "http://169.254.169.254/latest/meta-data/",
  "http://[::ffff:10.0.0.1]/",
  "http://2130706433/",
  "http://0x7f.1/",
  "//localhost/a",
  "http://me:secret@files.example/",
  "ftp://files.example/",
  "file:///etc/passwd",
  "http://files.example:22/",
])("a redirect to %s is refused, and says who redirects", async (location) => {
  const server = await serving(saying(302, { Location: location }));
  const told = await failure(server.at("/"));
  expect(told).toMatch(
    new RegExp(`^fetch_refused: files.example:${server.port} redirects to where nothing is fetched\\. `),
  );
  expect(told).not.toMatch(/secret|meta-data|passwd/);
});

test.each([301, 302, 303, 307, 308])("follows %i, relative and to another host", async (status) => {
  const last = await serving(hello);
  const first = await serving(({ url }, reply) =>
    saying(status, { Location: url === "/a" ? "b?c" : last.at("/d", "other.example") })(null, reply),
  );
  expect(await fetched(first.at("/a"))).toBe("hello");
  expect([...first.asked, ...last.asked].map(({ path }) => path)).toEqual(["/a", "/b?c", "/d"]);
  expect(last.asked[0]!.headers.referer).toBeUndefined();
});

test("follows five redirects and no more", async () => {
  const server = await serving(({ url = "" }, reply) => {
    const left = Number(url.slice(1));
    if (left === 0) reply.end("hello");
    else saying(302, { Location: `/${left - 1}` })(null, reply);
  });
  expect(await fetched(server.at("/5"))).toBe("hello");
  const sentence = `files.example:${server.port} redirects once more, after 5 redirects; give the last address.`;
  expect(await failure(server.at("/6"))).toBe(`fetch_failed: ${sentence}`);
  expect(server.asked).toHaveLength(6 + 6);
});

test("ends a loop", async () => {
  const server = await serving(saying(307, { Location: "/" }));
  expect(await failure(server.at("/"))).toMatch(/^fetch_failed: .* after 5 redirects/);
});

test.each([
  ["fetch_failed", 302, "says that the file is elsewhere, but not where; check the address."],
  ["fetch_failed", 404, "has no such file (404); check the address."],
  ["fetch_failed", 410, "no longer has the file (410)."],
  ["fetch_failed", 401, "asks for a login (401); give a link that works without, or upload the file."],
  ["fetch_failed", 403, "does not give the file out (403); has the link expired, or does it need a login?"],
  ["fetch_failed", 204, "does not answer with the file (204); check the address."],
  ["fetch_failed", 206, "does not answer with the file (206); check the address."],
  ["fetch_failed", 304, "does not answer with the file (304); check the address."],
  ["fetch_failed", 418, "does not answer with the file (418); check the address."],
  ["fetch_unavailable", 408, "was too slow to answer (408)."],
  ["fetch_unavailable", 429, "gets too many requests (429)."],
  ["fetch_unavailable", 500, "has a problem of its own (500)."],
  ["fetch_unavailable", 503, "has a problem of its own (503)."],
])("%s after %i", async (code, status, sentence) => {
  const server = await serving(saying(status, {}, "the reason, which nobody is told"));
  expect(await failure(server.at("/path?sig=secret"))).toBe(`${code}: files.example:${server.port} ${sentence}`);
});

test("a file that says that it is too large is not read, one that does not say so only as far as is allowed", async () => {
  const large = await serving(saying(200, { "Content-Length": "1001" }, "x".repeat(1001)));
  expect(await failure(large.at("/"))).toBe(
    `too_large: The file at files.example:${large.port} has 1001 bytes; at most 1000 bytes are accepted.`,
  );
  const endless = await serving((_, reply) => {
    const more = () => {
      while (!reply.destroyed && reply.write("x".repeat(10_000)));
    };
    reply.on("drain", more);
    more();
  });
  expect(await failure(endless.at("/"))).toBe(
    `too_large: The file at files.example:${endless.port} has more; at most 1000 bytes are accepted.`,
  );
  const exact = await serving(saying(200, {}, "x".repeat(1000)));
  expect(await fetched(exact.at("/"))).toHaveLength(1000);
});

test("what is compressed is refused: a small file could be a large one", async () => {
  const server = await serving(saying(200, { "Content-Encoding": "gzip" }, "…"));
  const sentence = `files.example:${server.port} sends the file compressed, without being asked to; upload the file.`;
  expect(await failure(server.at("/"))).toBe(`fetch_failed: ${sentence}`);
});

test.each([
  ["fewer bytes than were announced", "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhello"],
  ["no last chunk", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n"],
  ["a chunk that is not one", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nhello\r\n0\r\n\r\n"],
  ["nothing at all", ""],
  ["no HTTP", "220 mail.example ESMTP\r\n"],
  ["two lengths", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello"],
  ["another protocol", "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n"],
])("a reply with %s is not a file", async (_, text) => {
  const server = await speaking(text);
  expect(await failure(server.at("/"))).toMatch(new RegExp(`^fetch_unavailable: files.example:${server.port} `));
});

test("what comes after the announced length does not count", async () => {
  const server = await speaking("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello and more");
  expect(await fetched(server.at("/"))).toBe("hello");
});

test("a header that is too long", async () => {
  const server = await serving(saying(200, { "X-Long": "x".repeat(20_000) }, "hello"));
  expect(await failure(server.at("/"))).toMatch(/^fetch_failed: .* sent a header that is too long\.$/);
});

test("a server that is silent before its reply, and one that falls silent in it", async () => {
  const before = await serving(() => {});
  expect(await failure(before.at("/"), { limits: { headerMs: 50 } })).toMatch(
    /^fetch_unavailable: .* did not answer in time;/,
  );
  const within = await serving((_, reply) => void reply.writeHead(200).write("hel"));
  const told = await failure(within.at("/"), { limits: { silenceMs: 50 } });
  expect(told).toMatch(/^fetch_unavailable: .* stopped sending the file; try again, or upload the file\.$/);
});

test("hints before the reply do not put off its time", async () => {
  const server = await speaking((socket) => {
    const timer = setInterval(() => socket.write("HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"), 10);
    setTimeout(() => clearInterval(timer), 10_000).unref();
  });
  expect(await failure(server.at("/"), { limits: { headerMs: 200 } })).toMatch(/did not answer in time/);
});

test("a slow drip is given up, by its rate and by the time of the whole", async () => {
  const drip = await serving((_, reply) => {
    const timer = setInterval(() => reply.write("x"), 5);
    reply.on("close", () => clearInterval(timer));
  });
  const rate = { rateAfterMs: 100, minRate: 1_000_000 };
  expect(await failure(drip.at("/"), { limits: rate })).toMatch(/^fetch_unavailable: .* sends the file too slowly;/);
  const whole = { wholeMs: 100, minRate: 0 };
  expect(await failure(drip.at("/"), { limits: whole })).toMatch(
    /^fetch_unavailable: .* takes too long to send the file;/,
  );
});

test("a slow reader is not the other server's fault", async () => {
  const server = await serving(saying(200, {}, "x".repeat(900)));
  const limits = { rateAfterMs: 1, minRate: 1, silenceMs: 10_000 };
  const fetchFile = createFetcher({ policy: allowing([server]), lookup: named(DNS).lookup, limits });
  const options = { maxBytes: 1000, signal: new AbortController().signal };
  const bytes = await fetchFile(server.at("/"), options, async (chunks) => {
    let sum = 0;
    for await (const chunk of chunks) {
      await new Promise((resolve) => setTimeout(resolve, 50));
      sum += chunk.byteLength;
    }
    return sum;
  });
  expect(bytes).toBe(900);
});

test("names that nobody knows, and name servers that do not answer", async () => {
  const unknown = "fetch_failed: no.example is not a known host name; check the address.";
  expect(await failure("https://no.example/")).toBe(unknown);
  expect(await failure("https://no.example/", { dns: { "no.example": [] } })).toBe(unknown);
  const away = () => {
    throw Object.assign(new Error(), { code: "EAI_AGAIN" });
  };
  expect(await failure("https://no.example/", { dns: { "no.example": away } })).toMatch(
    /^fetch_unavailable: no.example could not/,
  );
  const fetchFile = createFetcher({ lookup: () => new Promise(() => {}), limits: { connectMs: 20 } });
  const late = fetchFile("https://no.example/", { maxBytes: 1, signal: new AbortController().signal }, async () => {});
  await expect(late).rejects.toMatchObject({ code: "fetch_unavailable", message: expect.stringMatching("in time") });
});

test("a port where nobody listens", async () => {
  const server = await otherServer(hello);
  await server.close();
  opened.push({ ...server, open: () => 0, close: async () => {} });
  expect(await failure(server.at("/"))).toBe(
    `fetch_unavailable: files.example:${server.port} refuses connections; is its server running, and the port right?`,
  );
});

test.each(["before the reply", "in the file"])("stops at once when the job does: %s", async (when) => {
  const stop = new AbortController();
  const server = await serving((_, reply) => {
    if (when === "in the file") reply.writeHead(200).write("hel");
    setTimeout(() => stop.abort(new Error("stopped")), 20);
  });
  await expect(fetched(server.at("/"), { signal: stop.signal })).rejects.toThrow("stopped");
  await expect(fetched(server.at("/"), { signal: stop.signal })).rejects.toThrow("stopped");
  expect(server.asked).toHaveLength(1);
});

test("what its reader throws is passed on, also where nothing was read", async () => {
  const server = await serving((_, reply) => void reply.writeHead(200).write("hel"));
  const fetchFile = createFetcher({ policy: allowing([server]), lookup: named(DNS).lookup });
  const options = { maxBytes: 10, signal: new AbortController().signal };
  const unread = fetchFile(server.at("/"), options, () => Promise.reject(new Error("the disk is full")));
  await expect(unread).rejects.toThrow("the disk is full");
  const read = fetchFile(server.at("/"), options, async (chunks) => {
    for await (const _ of chunks) throw new Error("the disk is full");
  });
  await expect(read).rejects.toThrow("the disk is full");
});

test("no proxy of the environment is asked", async () => {
  const [server, proxy] = [await serving(hello), await serving(hello)];
  process.env.http_proxy = `http://127.0.0.1:${proxy.port}`;
  try {
    expect(await fetched(server.at("/"))).toBe("hello");
  } finally {
    delete process.env.http_proxy;
  }
  expect(proxy.asked).toEqual([]);
});

/** Made for `files.example` by nobody whom anybody trusts, until 2126. */
const CERTIFICATE = {
  key: `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgyQlcjTemAalmmg09
+4lW5OBfgQJNFGl+JgVqeuBsruShRANCAAR3ViloAJPEeGqZs4RYlaJnR6HX44We
rkB79IShQnTdOygveZ76V5pqopeXYvi3zbOZFdIFnQHKSEYrQdxL7vGw
-----END PRIVATE KEY-----`,
  cert: `-----BEGIN CERTIFICATE-----
MIIBmTCCAT+gAwIBAgIUaZOZHhk8QYkHNzOu0fpTTZ60zmwwCgYIKoZIzj0EAwIw
FDESMBAGA1UEAwwJbG9jYWxob3N0MCAXDTI2MTEzMDAyNDc0MloYDzIxMjYxMTA2
MDI0NzQyWjAUMRIwEAYDVQQDDAlsb2NhbGhvc3QwWTATBgcqhkjOPQIBBggqhkjO
PQMBBwNCAAR3ViloAJPEeGqZs4RYlaJnR6HX44WerkB79IShQnTdOygveZ76V5pq
opeXYvi3zbOZFdIFnQHKSEYrQdxL7vGwo20wazAdBgNVHQ4EFgQUXDGIu4gK9G3D
1wAo2hvFY9elFtwwHwYDVR0jBBgwFoAUXDGIu4gK9G3D1wAo2hvFY9elFtwwDwYD
VR0TAQH/BAUwAwEB/zAYBgNVHREEETAPgg1maWxlcy5leGFtcGxlMAoGCCqGSM49
BAMCA0gAMEUCIALCBgnkVTCdnwhBlEyf0TbLZAMD22dpO4KtMvarsnuIAiEA57Bd
3qundH3RV3PhMVDFr/kDjTILP35Unv3hSpO5Tyw=
-----END CERTIFICATE-----`,
};

test("a certificate that is not trusted is a fault, and so is https where there is none", async () => {
  const untrusted = await serving(hello, CERTIFICATE);
  expect(await failure(untrusted.at("/"))).toMatch(/^fetch_failed: .* has no valid certificate; only https with/);
  expect(untrusted.asked).toEqual([]);
  const plain = await serving(hello);
  const told = await failure(plain.at("/").replace("http:", "https:"));
  expect(told).toMatch(/^fetch_failed: .* does not use TLS as it should; is it http rather than https\?$/);
});
