/**
 * Requests that nobody was given a link for, and what every home that takes files answers to them. A home answers with its own
 * status codes; what counts is whether the file is taken, and that a wrong signature is 403.
 */
import type { Files, UploadForm, UploadTarget } from "@smileloop/core/files.ts";
import { newId } from "@smileloop/core/job/ids.ts";
import { jobPrefix, uploadKey } from "@smileloop/core/job/keys.ts";
import { sha256Hex } from "@smileloop/core/jobs/jobs.ts";
import { expect } from "vitest";
import { collect, type Skip, suite } from "./cases.ts";

export type ForgedHome = {
  /** Signs links; `offsetMs` = by a clock that is so far off. */
  files(offsetMs?: number): Files;
  /** Signs links for the same files with a secret of its own. */
  stranger: Files;
  /** Where links that are paths lead to. */
  origin: string;
  nowMs(): number;
  close(): Promise<void>;
};

const HOUR_MS = 3_600_000;
const type = "image/jpeg";
const photo = Buffer.from("these are the bytes that were announced");

const changeOf = (url: string, change: (url: URL) => void): string => {
  const changed = new URL(url);
  change(changed);
  return changed.href;
};
const turned = (text: string) => `${text.startsWith("a") ? "b" : "a"}${text.slice(1)}`;
const turnSignature = (url: string) =>
  changeOf(url, ({ searchParams }) => {
    for (const name of ["X-Amz-Signature", "signature"]) {
      const signature = searchParams.get(name);
      if (signature !== null) searchParams.set(name, turned(signature));
    }
  });
const withoutQuery = (url: string) => changeOf(url, (changed) => (changed.search = ""));
const withKey = (url: string, from: string, to: string) =>
  changeOf(url, (changed) => (changed.pathname = changed.pathname.replace(from, to)));
/** The same link, said to be good for longer. */
const longer = (url: string) =>
  changeOf(url, ({ searchParams }) => {
    const grant = searchParams.get("grant");
    if (grant === null) searchParams.set("X-Amz-Expires", "86400");
    else {
      const claims = { ...JSON.parse(Buffer.from(grant, "base64url").toString()), expiresAtMs: 9e15 };
      searchParams.set("grant", Buffer.from(JSON.stringify(claims)).toString("base64url"));
    }
  });

export function forgedUploadsSuite(name: string, open: () => Promise<ForgedHome>, options: { skip?: Skip } = {}): void {
  suite(`forged requests: ${name}`, open, options.skip ?? [], {
    "the link as it was given stores the file, once": async (home) => {
      const { url, headers, key } = await uploadTo(home);
      expect(await put(url, headers)).toBe("taken");
      expect(await put(url, headers)).toBe("there already");
      expect(await stored(home)).toEqual([key]);
    },

    "links that were changed are refused": async (home) => {
      const { url, headers, key } = await uploadTo(home);
      const other = await uploadTo(home);
      const record = `${jobPrefix("ann", newId(home.nowMs()))}job.json`;
      const forged = {
        "another signature": turnSignature(url),
        "another upload's file": withKey(url, key, other.key),
        "another upload's signature": withKey(other.url, other.key, key),
        "a record": withKey(url, key, record),
        "a longer life": longer(url),
        "no signature": withoutQuery(url),
      };
      for (const [what, link] of Object.entries(forged)) expect(await put(link, headers), what).toBe("not signed");
      expect(await stored(home)).toEqual([]);
    },

    "links of a stranger are refused": async (home) => {
      const { url, headers } = await uploadTo(home, home.stranger);
      expect(await put(url, headers)).toBe("not signed");
      const key = uploadKey("ann", newId(home.nowMs()));
      const form = await home.stranger.uploadForm(key, formOptions(home.nowMs()));
      expect(await post(home, form)).toBe("not signed");
      expect(await stored(home)).toEqual([]);
    },

    "links past their time are refused": async (home) => {
      const late = home.files(-2 * HOUR_MS);
      const { url, headers } = await uploadTo(home, late, home.nowMs() - HOUR_MS);
      expect(await put(url, headers)).toBe("not signed");
      const key = uploadKey("ann", newId(home.nowMs()));
      const form = await late.uploadForm(key, formOptions(home.nowMs() - 2 * HOUR_MS));
      expect(await post(home, form)).toBe("not signed");
      expect(await stored(home)).toEqual([]);
    },

    "other files than the announced one are refused": async (home) => {
      const { url, headers } = await uploadTo(home);
      const longerPhoto = Buffer.concat([photo, Buffer.from("!")]);
      expect(await put(url, { ...headers, "Content-Type": "text/html" })).toBe("not signed");
      for (const body of [longerPhoto, photo.subarray(1), Buffer.alloc(0)]) {
        expect(await put(url, headers, body)).not.toBe("taken");
      }
      for (const name of Object.keys(headers)) {
        const { [name]: _, ...rest } = headers;
        expect(await put(url, rest), `without ${name}`).toBe("not signed");
      }
      expect(await stored(home)).toEqual([]);
      expect(await put(url, headers)).toBe("taken");
    },

    "other bytes than the announced ones are refused": async (home) => {
      const { url, headers } = await uploadTo(home);
      const other = Buffer.from(photo);
      other[0] = 0;
      expect(await put(url, headers, other)).not.toBe("taken");
      expect(await stored(home)).toEqual([]);
      expect(await put(url, headers)).toBe("taken");
    },

    "a link is for one method": async (home) => {
      const { url, headers, key } = await uploadTo(home);
      expect(await put(url, headers)).toBe("taken");
      for (const method of ["GET", "DELETE", "POST"]) {
        expect((await fetch(url, { method, headers })).ok, method).toBe(false);
      }
      const options = { method: "GET", expiresAtMs: home.nowMs() + HOUR_MS, type, disposition: "inline" } as const;
      const link = new URL(await home.files().link(key, options), home.origin).href;
      expect(Buffer.from(await (await fetch(link)).arrayBuffer()).equals(photo)).toBe(true);
      expect(await put(link, headers)).toBe("not signed");
      expect((await fetch(link, { method: "DELETE" })).ok).toBe(false);
      expect(await stored(home)).toEqual([key]);
    },

    "nobody reads without a link": async (home) => {
      const { url, headers, key } = await uploadTo(home);
      const { key: other } = await uploadTo(home);
      await put(url, headers);
      const options = { method: "GET", expiresAtMs: home.nowMs() + HOUR_MS, type, disposition: "inline" } as const;
      const link = new URL(await home.files().link(key, options), home.origin).href;
      const forged = [withoutQuery(link), turnSignature(link), longer(link), withKey(link, key, other)];
      for (const each of forged) expect((await fetch(each)).status).toBe(403);
      const root = new URL(withoutQuery(withKey(link, key, "")));
      expect((await fetch(root)).ok).toBe(false);
    },

    "the form as it was given stores the file": async (home) => {
      const { form, key } = await formTo(home);
      expect(await post(home, form)).toBe("taken");
      const file = await home.files().get(key);
      expect(file).toMatchObject({ type, bytes: photo.byteLength });
      await file.body.cancel();
    },

    "forms that were changed are refused": async (home) => {
      const { form } = await formTo(home);
      const { fields } = form;
      const signed = fields["x-amz-signature"];
      const forged: Record<string, UploadForm> = {
        "another signature": signed
          ? { ...form, fields: { ...fields, "x-amz-signature": turned(signed) } }
          : { ...form, url: turnSignature(new URL(form.url, home.origin).href) },
        "another file": { ...form, fields: { ...fields, key: uploadKey("ann", newId(home.nowMs())) } },
        "another type": { ...form, fields: { ...fields, "Content-Type": "text/html" } },
        "one field more": { ...form, fields: { ...fields, "x-amz-meta-more": "x" } },
      };
      for (const [what, each] of Object.entries(forged)) expect(await post(home, each), what).toBe("not signed");
      expect(await post(home, { ...form, fields: {} })).not.toBe("taken");
      expect(await stored(home)).toEqual([]);
    },

    "forms with a file that is too large or empty are refused": async (home) => {
      const { form } = await formTo(home);
      expect(await post(home, form, Buffer.concat([photo, photo]))).toBe("refused");
      expect(await post(home, form, Buffer.alloc(0))).toBe("refused");
      expect(await stored(home)).toEqual([]);
    },
  });
}

type Verdict = "taken" | "there already" | "not signed" | "refused";

function verdictOf({ status }: Response): Verdict {
  if (status === 412) return "there already";
  if (status === 403) return "not signed";
  return status >= 200 && status < 300 ? "taken" : "refused";
}

async function put(url: string, headers: Record<string, string>, body = photo): Promise<Verdict> {
  return verdictOf(await fetch(url, { method: "PUT", headers, body: new Uint8Array(body) }));
}

async function post(home: ForgedHome, { url, fields }: UploadForm, file = photo): Promise<Verdict> {
  const form = new FormData();
  for (const [name, value] of Object.entries(fields)) form.append(name, value);
  form.append("file", new Blob([new Uint8Array(file)]), "face.jpg");
  return verdictOf(await fetch(new URL(url, home.origin), { method: "POST", body: form }));
}

async function uploadTo(
  home: ForgedHome,
  files = home.files(),
  expiresAtMs = home.nowMs() + HOUR_MS,
): Promise<UploadTarget & { key: string }> {
  const key = uploadKey("ann", newId(home.nowMs()));
  const { url, headers } = await files.uploadLink(key, {
    type,
    bytes: photo.byteLength,
    sha256: sha256Hex(photo),
    expiresAtMs,
  });
  return { url: new URL(url, home.origin).href, headers, key };
}

async function formTo(home: ForgedHome): Promise<{ form: UploadForm; key: string }> {
  const key = uploadKey("ann", newId(home.nowMs()));
  return { form: await home.files().uploadForm(key, formOptions(home.nowMs())), key };
}

function formOptions(nowMs: number) {
  return { type, maxBytes: photo.byteLength, expiresAtMs: nowMs + HOUR_MS };
}

async function stored(home: ForgedHome): Promise<string[]> {
  return (await collect(home.files().list(""))).map(({ key }) => key);
}
