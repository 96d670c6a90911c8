import { expect, test } from "vitest";
import { createLocalLinks, type LinkGrant } from "./local-links.ts";

const links = createLocalLinks(Buffer.alloc(32, 1));
const NOW = 1_000_000;
const grant: LinkGrant = {
  method: "GET",
  key: "jobs/local/a/out/1/video.mp4",
  expiresAtMs: NOW + 1,
  type: "video/mp4",
};
const urlOf = (changes: Partial<LinkGrant> = {}) => new URL(links.sign({ ...grant, ...changes }), "http://localhost");
const refused = (code: string) => expect.objectContaining({ code });

test("a link grants what it was made for; a GET link also HEAD", () => {
  expect(links.verify("GET", urlOf(), NOW)).toEqual(grant);
  expect(links.verify("HEAD", urlOf(), NOW)).toEqual(grant);
  expect(links.verify("PUT", urlOf({ method: "PUT", bytes: 3 }), NOW)).toMatchObject({ bytes: 3 });
});

test("another method is refused", () => {
  for (const method of ["PUT", "POST", "DELETE", "get"]) {
    expect(() => links.verify(method, urlOf(), NOW)).toThrow(refused("bad_signature"));
  }
  expect(() => links.verify("GET", urlOf({ method: "PUT" }), NOW)).toThrow(refused("bad_signature"));
});

test("it ends at its moment", () => {
  expect(() => links.verify("GET", urlOf(), NOW + 1)).toThrow(refused("link_expired"));
});

test("a link for another file, a changed one and one of another server are refused", () => {
  const moved = urlOf();
  moved.pathname = moved.pathname.replace("video", "other");
  const longer = urlOf();
  longer.searchParams.set("grant", Buffer.from(JSON.stringify({ ...grant, expiresAtMs: 9e9 })).toString("base64url"));
  const other = new URL(createLocalLinks(Buffer.alloc(32, 2)).sign(grant), "http://localhost");
  const without = (name: string) => {
    const url = urlOf();
    url.searchParams.delete(name);
    return url;
  };
  const short = urlOf();
  short.searchParams.set("signature", short.searchParams.get("signature")!.slice(0, 20));
  for (const url of [moved, longer, other, without("grant"), without("signature"), short]) {
    expect(() => links.verify("GET", url, NOW)).toThrow(refused("bad_signature"));
  }
});

test("a link has one spelling", () => {
  const respelled = (name: string, change: (text: string) => string) => {
    const url = urlOf();
    url.searchParams.set(name, change(url.searchParams.get(name)!));
    return url;
  };
  // the last character of 32 bytes in base64 has two bits that no byte holds
  const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  const twin = (text: string) => text.slice(0, -1) + alphabet[alphabet.indexOf(text.at(-1)!) ^ 1];
  const others = [respelled("signature", twin), respelled("signature", (text) => `${text}=`)];
  for (const name of ["signature", "grant"])
    others.push(
      respelled(name, (text) => `${text} `),
      respelled(name, (text) => ` ${text}`),
    );
  others.push(respelled("grant", (text) => `${text}=`));
  for (const url of others) expect(() => links.verify("GET", url, NOW)).toThrow(refused("bad_signature"));
});

test.each(["uploads/ä ö", "uploads/a?b#c", "uploads/a%2fb", "uploads/a&b=c+d", "uploads/'()*!"])(
  "the key %j survives the way through a URL",
  (key) => {
    expect(links.verify("GET", urlOf({ key }), NOW).key).toBe(key);
  },
);
