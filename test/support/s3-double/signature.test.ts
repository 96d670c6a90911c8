import { expect, test } from "vitest";
import {
  checkSignature,
  policySignature,
  readSignature,
  type SignedRequest,
  sha256Hex,
  signatureOf,
} from "./signature.ts";

/** The examples of the S3 API reference: "Signature Calculations for the Authorization Header" and "… Query Parameters". */
const secret = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";
const scope = { accessKeyId: "AKIAIOSFODNN7EXAMPLE", date: "20130524", region: "us-east-1", service: "s3" };
const stamp = "20130524T000000Z";
const now = Date.parse("2013-05-24T00:00:00Z");
const host = "examplebucket.s3.amazonaws.com";
const empty = sha256Hex("");

const headerExamples: [string, Partial<SignedRequest>, Record<string, string>, string][] = [
  [
    "GET of an object with a range",
    { path: "/test.txt" },
    { range: "bytes=0-9", "x-amz-content-sha256": empty },
    "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41",
  ],
  [
    "PUT of an object",
    { method: "PUT", path: "/test$file.text" },
    {
      date: "Fri, 24 May 2013 00:00:00 GMT",
      "x-amz-storage-class": "REDUCED_REDUNDANCY",
      "x-amz-content-sha256": "44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072",
    },
    "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd",
  ],
  [
    "a parameter without a value",
    { query: "lifecycle" },
    { "x-amz-content-sha256": empty },
    "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543",
  ],
  [
    "parameters in any order",
    { query: "prefix=J&max-keys=2" },
    { "x-amz-content-sha256": empty },
    "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7",
  ],
];

test.each(headerExamples)("the published example: %s", (_, part, more, signature) => {
  const headers: Record<string, string> = { host, "x-amz-date": stamp, ...more };
  const request = { method: "GET", path: "/", query: "", ...part, headers };
  const signedHeaders = Object.keys(headers).sort();
  expect(signatureOf(request, { ...scope, stamp, signedHeaders, expiresSeconds: null }, secret)).toBe(signature);

  headers.authorization =
    "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request," +
    `SignedHeaders=${signedHeaders.join(";")},Signature=${signature}`;
  const signed = readSignature(request)!;
  checkSignature(request, signed, secret, "us-east-1", now);
  const refused = (change: Partial<SignedRequest>, nowMs = now, region = "us-east-1") =>
    expect(() => checkSignature({ ...request, ...change }, signed, secret, region, nowMs)).toThrow();
  refused({ method: "DELETE" });
  refused({ path: "/other" });
  refused({ query: "prefix=K" });
  refused({ headers: { ...headers, host: "other" } });
  refused({ headers: { ...headers, "x-amz-acl": "public-read" } });
  refused({}, now + 15 * 60_000 + 1000);
  refused({}, now, "eu-west-1");
});

test("the published example: a presigned GET, for a day", () => {
  const query =
    "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1%2Fs3%2Faws4_request" +
    "&X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400&X-Amz-SignedHeaders=host" +
    "&X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404";
  const request = { method: "GET", path: "/test.txt", query, headers: { host } };
  const signed = readSignature(request)!;
  const check = (nowMs: number, change = {}) =>
    checkSignature({ ...request, ...change }, signed, secret, "us-east-1", nowMs);
  check(now + 86_399_000);
  expect(() => check(now + 86_400_000)).toThrow("expired");
  expect(() => check(now, { method: "HEAD" })).toThrow("signature");
  expect(() => check(now, { query: query.replace("86400", "86401") })).toThrow("signature");
});

test("the published example: a POST policy", () => {
  const policy = [
    '{ "expiration": "2015-12-30T12:00:00.000Z",',
    '  "conditions": [',
    '    {"bucket": "sigv4examplebucket"},',
    '    ["starts-with", "$key", "user/user1/"],',
    '    {"acl": "public-read"},',
    '    {"success_action_redirect": "http://sigv4examplebucket.s3.amazonaws.com/successful_upload.html"},',
    '    ["starts-with", "$Content-Type", "image/"],',
    '    {"x-amz-meta-uuid": "14365123651274"},',
    '    {"x-amz-server-side-encryption": "AES256"},',
    '    ["starts-with", "$x-amz-meta-tag", ""],',
    "",
    '    {"x-amz-credential": "AKIAIOSFODNN7EXAMPLE/20151229/us-east-1/s3/aws4_request"},',
    '    {"x-amz-algorithm": "AWS4-HMAC-SHA256"},',
    '    {"x-amz-date": "20151229T000000Z" }',
    "  ]",
    "}",
  ].join("\r\n");
  expect(policySignature(Buffer.from(policy).toString("base64"), { ...scope, date: "20151229" }, secret)).toBe(
    "8afdbf4008c03f22c2cd3cdb72e4afbb1f6a588f3255ac628749a66d7f09699e",
  );
});
