import { expect, test } from "vitest";
import { checkedTarget, type FetchPolicy, hostOf, PUBLIC_ONLY, parseHostRule, sourceOfUrl } from "./target.ts";

const refusal = (text: string, policy: FetchPolicy = PUBLIC_ONLY): string => {
  try {
    return `taken: ${checkedTarget(text, policy).href}`;
  } catch (error) {
    const { code, message } = error as { code: string; message: string };
    return `${code}: ${message}`;
  }
};

test.each([
  ["https://example.org/photo.jpg", "https://example.org/photo.jpg"],
  ["HTTP://Example.ORG/a?b=c#d", "http://example.org/a?b=c"],
  ["https://example.org:8443/", "https://example.org:8443/"],
  ["http://example.org:8080/", "http://example.org:8080/"],
  ["https://93.184.216.34/", "https://93.184.216.34/"],
  ["https://[2606:4700::1111]/", "https://[2606:4700::1111]/"],
  ["https://bücher.example/ü", "https://xn--bcher-kva.example/%C3%BC"],
])("%s is taken", (text, href) => {
  expect(checkedTarget(text, PUBLIC_ONLY).href).toBe(href);
});

const SCHEME = "fetch_refused: A URL has to begin with https:// or http:// and a host.";
const SIGNS = "fetch_refused: The URL has a space, a control character or a back slash.";
const USER = "fetch_refused: The URL has a user or a password in it; give a link that works without.";
const UNUSUAL = "fetch_refused: The address in the URL is written in an unusual way; write it as four decimal numbers.";
const HELP = "Give a public address, or upload the file; the operator of this server can allow a host by FETCH_ALLOW.";
const notPublic = (host: string, what: string) =>
  `fetch_refused: The address of ${host} is not public (${what}). ${HELP}`;

test.each([
  ["", SCHEME],
  ["photo.jpg", SCHEME],
  ["//example.org/a", SCHEME],
  ["ftp://example.org/a", SCHEME],
  ["file:///etc/passwd", SCHEME],
  ["data:image/png;base64,AAAA", SCHEME],
  ["javascript:alert(1)", SCHEME],
  ["gopher://example.org:70/", SCHEME],
  ["https:example.org", SCHEME],
  ["https:///example.org", SCHEME],
  [" https://example.org/", SCHEME],
  ["ht\ntps://example.org/", SCHEME],
  ["https://exa\tmple.org/", SIGNS],
  ["https://example.org/a b", SIGNS],
  ["https://example.org\\@10.0.0.1/", SIGNS],
  ["https://example.org/\u0000", SIGNS],
  ["https://example.org\u00a0/", SIGNS],
  ["https://exa%zzmple.org/", "fetch_refused: This is not a URL that can be fetched."],
  ["https://example.org:99999/", "fetch_refused: This is not a URL that can be fetched."],
  ["https://1.2.3.4.5/", "fetch_refused: This is not a URL that can be fetched."],
  ["https://me@example.org/", USER],
  ["https://me:secret@example.org/", USER],
  ["https://@example.org/", USER],
  ["https://example.org@10.0.0.1/", USER],
])("%j is not a plain URL", (text, sentence) => {
  expect(refusal(text)).toBe(sentence);
  expect(refusal(text)).not.toMatch(/secret/);
});

test.each([
  ...["http://2130706433/", "http://0x7f000001/", "http://0x7f.0.0.1/", "http://0177.0.0.1/", "http://017700000001/"],
  ...["http://127.1/", "http://127.0.1/", "http://127.0.0.1./", "http://0/", "http://010.0.0.1/", "http://134744072/"],
  ...[
    "http://%31%32%37.0.0.1/",
    "http://①②⑦.0.0.1/",
    "http://１２７.0.0.1/",
    "http://127。0。0。1/",
    "http://0x8080808:80/",
  ],
])("%s is an unusual notation, whatever it stands for", (text) => {
  expect(refusal(text)).toBe(UNUSUAL);
});

test.each([
  ["http://127.0.0.1/", "127.0.0.1", "loopback"],
  ["http://[::1]/", "::1", "loopback"],
  ["http://localhost/", "localhost", "this server itself"],
  ["http://LOCALHOST./", "localhost", "this server itself"],
  ["http://a.localhost:8080/", "a.localhost", "this server itself"],
  ["http://169.254.169.254/latest/meta-data", "169.254.169.254", "a cloud's metadata service"],
  ["http://[fd00:ec2::254]/", "fd00:ec2::254", "a cloud's metadata service"],
  ["http://10.0.0.1/", "10.0.0.1", "private"],
  ["http://0.0.0.0/", "0.0.0.0", "unspecified"],
  ["http://[::]/", "::", "unspecified"],
  ["http://[::ffff:10.0.0.1]/", "::ffff:a00:1", "an IPv4 address inside an IPv6 one"],
  ["http://[0:0:0:0:0:ffff:7f00:0001]/", "::ffff:7f00:1", "an IPv4 address inside an IPv6 one"],
  ["http://[64:ff9b::a9fe:a9fe]/", "64:ff9b::a9fe:a9fe", "an IPv4 address inside an IPv6 one"],
])("%s is a written address that is not public", (text, host, what) => {
  expect(refusal(text)).toBe(notPublic(host, what));
});

test.each([21, 22, 25, 81, 3306, 6379, 9000, 65535])("port %i is not fetched from", (port) => {
  const sentence = `Port ${port} of example.org:${port} is not fetched from; allowed are 80, 443, 8080, 8443.`;
  expect(refusal(`http://example.org:${port}/`)).toBe(`fetch_refused: ${sentence}`);
});

test("the operator allows hosts, on one port or on the usual ones", () => {
  const rules = ["10.0.0.5:9000", "Media.LAN", "[fd00::1]:81", "localhost:8000"].map((text) => parseHostRule(text)!);
  const policy = { hosts: rules, places: [] };
  const taken = ["http://10.0.0.5:9000/a", "https://media.lan/", "http://media.lan.:8080/", "http://[fd00::1]:81/"];
  for (const text of [...taken, "http://localhost:8000/"]) expect(refusal(text, policy)).toMatch(/^taken/);
  const refused = ["http://10.0.0.5/", "http://10.0.0.5:9001/", "http://10.0.0.6:9000/", "http://media.lan:9000/"];
  for (const text of [...refused, "http://[fd00::1]/", "http://localhost/"])
    expect(refusal(text, policy)).not.toMatch(/^taken/);
  // the name is allowed, the ways to write it are not
  expect(refusal("http://me@10.0.0.5:9000/", policy)).toBe(USER);
  expect(refusal("http://167772165:9000/", policy)).toBe(UNUSUAL);
  expect(refusal("ftp://10.0.0.5:9000/", policy)).toBe(SCHEME);
});

test("places of the installation are allowed, and nothing beside them", () => {
  const policy = { hosts: [], places: ["http://10.0.0.7:9000/bucket/", "https://192.168.1.2/smile/"] };
  expect(refusal("http://10.0.0.7:9000/bucket/jobs/a?X-Amz-Signature=1", policy)).toMatch(/^taken/);
  expect(refusal("https://192.168.1.2/smile/v1/files/a", policy)).toMatch(/^taken/);
  for (const text of [
    "http://10.0.0.7:9000/",
    "http://10.0.0.7:9000/buckets/a",
    "http://10.0.0.7:9000/bucket/../admin",
    "http://10.0.0.7:9000/bucket/%2e%2e/admin",
    "https://10.0.0.7:9000/bucket/a",
    "https://192.168.1.2/",
  ])
    expect(refusal(text, policy)).not.toMatch(/^taken/);
});

test.each(["", ":80", "a:0", "a:65536", "a b", "http://a", "a/b", "me@a", "a:b:c", "[::1", "*"])(
  "%j is not a host that can be allowed",
  (text) => {
    expect(parseHostRule(text)).toBe(null);
  },
);

test("what people see of a URL has no query, and is short", () => {
  const url = new URL(`https://files.example:8443/a/b.jpg?X-Amz-Signature=secret#part`);
  expect(sourceOfUrl(url)).toBe("url:https://files.example:8443/a/b.jpg");
  expect(hostOf(url)).toBe("files.example:8443");
  expect(sourceOfUrl(new URL(`https://files.example/${"a".repeat(4000)}`)).length).toBe(300);
});
