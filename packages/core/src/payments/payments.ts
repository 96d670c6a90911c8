/**
 * The sale of clean files. The record alone says what is paid; all that calls (webhook, return page, sweeper) has the session looked at
 * again and lets `settle` decide, so that lost, doubled, late and forged news are harmless.
 *
 * Order of a checkout: the session is noted in the record → asked for at the provider, under a key that follows from job and number →
 * noted in the ledger → its name is written into the record → the buyer is sent there. A process that dies on the way leaves a session that
 * nobody has the address of: it is given up, at once where the provider fails, else by the sweeper after five minutes.
 */
import { createHash } from "node:crypto";
import type { Audit } from "../audit/audit-log.ts";
import { AppError } from "../errors.ts";
import {
  afterFiles,
  type Charge,
  lostSession,
  newCharge,
  type Quote,
  RESUME_MS,
  resumableUntil,
  SESSION_MS,
} from "../job/charge.ts";
import type { JobRecord } from "../job/record.ts";
import { type SessionFacts, settle } from "../job/settle.ts";
import { type JobStore, type Till, updateJob } from "../jobs/jobs.ts";
import type { Log } from "../log.ts";
import { entryOf, isNoted, type LedgerEvent, noteEvent, openedHere } from "./ledger.ts";
import type { PaymentProvider } from "./provider.ts";
import { begunRefund, isUnsettled, notOffered, notWithdrawn, openSessions } from "./sessions.ts";

/** While the provider does not answer, a result that may have been paid is kept for so long beyond its time. */
const PATIENCE_MS = 3_600_000;

type Store = Pick<JobStore, "records" | "files" | "queue" | "clock"> & { log: Log; audit?: Audit | undefined };
/** `isExempt`: whether an owner does not pay here. */
export type PaymentOptions = {
  provider: PaymentProvider;
  store: Store;
  quote: Quote;
  paidLifeMs: number;
  isExempt: (owner: string) => boolean;
};
export type ReturnUrls = { success: string; cancel: string };

export type Payments = Till & {
  /** The charge of a new job; undefined where its owner does not pay here. */
  chargeFor(owner: string): Charge | undefined;
  /** The address of the payment page. Throws `conflict`, `not_ready`, `gone`, `payment_unavailable`. */
  checkout(record: JobRecord, urls: ReturnUrls): Promise<string>;
  /** Takes an event of the provider. Throws `bad_signature`, and what makes it worth sending again. */
  heard(body: Uint8Array, signature: string | null): Promise<void>;
  /** The record after its sessions were looked at; `session`: this one alone. Never throws for what the provider does. */
  look(record: JobRecord, session?: string): Promise<JobRecord>;
  /** The contract is withdrawn from: closes the file and gives the money back. Throws `conflict`. */
  withdraw(record: JobRecord): Promise<JobRecord>;
};

export function createPayments(options: PaymentOptions): Payments {
  const { provider, store, quote, paidLifeMs } = options;
  const { clock, log } = store;
  const quietly = async (record: JobRecord, session?: string): Promise<JobRecord> => {
    try {
      return await lookAt(options, record, session);
    } catch (error) {
      log.error({ err: error, jobId: record.id }, "payment not looked at");
      return record;
    }
  };
  return {
    chargeFor: (owner) => (options.isExempt(owner) ? undefined : newCharge(provider.name, quote, paidLifeMs)),
    checkout: (record, urls) => checkout(options, record, urls),
    look: quietly,
    async heard(body, signature) {
      const hint = await provider.verify(body, signature, clock.now());
      if (!hint) return;
      const session = "session" in hint ? hint.session : await provider.sessionOf(hint.payment);
      log.info({ event: hint.event, type: hint.type, session }, "payment event");
      if (session !== null) await settleSession(options, session);
    },
    async closing(record) {
      // a withdrawal that was begun goes on without the job, and what was never handed out is given back
      const late = begunRefund(record.charge ? { ...record, charge: afterFiles(record.charge) } : record);
      for (const id of openSessions(record)) {
        const ended = await provider.expire(id).catch((error: unknown) => {
          log.error({ err: error, jobId: record.id, session: id }, "checkout not closed");
          return false;
        });
        if (!ended) late.push(id);
      }
      return async () => {
        for (const id of late)
          await settleSession(options, id).catch((err) => log.error({ err }, "payment not settled"));
      };
    },
    async mayExpire(record) {
      if (!isUnsettled(record, clock.now())) return true;
      try {
        await lookAt(options, record);
        return true;
      } catch (error) {
        log.error({ err: error, jobId: record.id }, "payment not looked at");
        return clock.now() >= (record.expires_at ?? 0) + PATIENCE_MS;
      }
    },
    withdraw: (record) => withdraw(options, record),
  };
}

async function checkout(options: PaymentOptions, asked: JobRecord, urls: ReturnUrls): Promise<string> {
  const { provider, store } = options;
  let record = asked;
  for (const id of openSessions(record)) {
    const session = await provider.session(id);
    if (session?.status === "open" && session.url) return session.url;
    record = await settleSession(options, id).then((after) => after ?? record);
  }
  const { owner, id } = record;
  const lastNth = (record.charge?.sessions.length ?? 0) - 1;
  const last = record.charge?.sessions[lastNth];
  // a request that died after it had noted the session: it is made again as it was, while the provider takes it
  const again = last?.id === null && last.open && store.clock.now() < resumableUntil(last);
  if (!again) {
    // later than any before: the provider tells the pages of a job apart by it
    const soonMs = Math.ceil((store.clock.now() + SESSION_MS) / 1000) * 1000;
    const expiresAtMs = Math.max(soonMs, (last?.expires_at ?? 0) + 1000);
    // so that somebody gives it up if this process dies
    await store.records.timers.arm({ owner, id, atMs: store.clock.now() + RESUME_MS + 1000 });
    const { stored, refused } = await updateJob(store, owner, id, () => ({ by: "api", do: "checkout", expiresAtMs }));
    if (refused || !stored) throw notOffered(stored?.record ?? null);
    record = stored.record;
  }
  const charge = record.charge!;
  const nth = charge.sessions.length - 1;
  const { expires_at: expiresAtMs } = charge.sessions[nth]!;
  const page = { job: id, ownerHash: hashed(owner), quote: charge.quote, expiresAtMs };
  const opened = await provider
    .open({ ...page, successUrl: urls.success, cancelUrl: urls.cancel })
    .catch(async (error: unknown) => {
      await updateJob(store, owner, id, () => ({ by: "api", do: "lost", nth })).catch(() => {});
      throw error;
    });
  await noteEvent(store, opened.id, "opened", entryOf(record, store.clock.now()));
  const named = await updateJob(store, owner, id, () => ({ by: "api", do: "session", nth, id: opened.id }));
  const known = named.stored?.record.charge?.sessions[nth]?.id === opened.id;
  if (known) return opened.url;
  // the job went meanwhile, or a twin was faster: nobody is sent to a page that nothing comes of
  await provider.expire(opened.id);
  throw new AppError("conflict", "The job changed while its payment page was made; ask again.");
}

/** Looks at the sessions of a job at the provider, and carries on a refund that was begun. */
async function lookAt(options: PaymentOptions, record: JobRecord, only?: string): Promise<JobRecord> {
  const { charge } = record;
  const begun = begunRefund(record);
  const listed = (charge?.sessions ?? []).flatMap(({ id }) => id ?? []);
  const ids = only === undefined ? new Set([...openSessions(record), ...begun]) : listed.filter((id) => id === only);
  let now = only === undefined ? await givenUp(options.store, record) : record;
  for (const id of ids) now = (await settleSession(options, id)) ?? now;
  return now;
}

/** Without a checkout that was asked for, and that nothing came of. */
async function givenUp(store: Store, record: JobRecord): Promise<JobRecord> {
  const nth = record.charge ? lostSession(record.charge, store.clock.now()) : -1;
  if (nth < 0) return record;
  const { owner, id } = record;
  const { stored } = await updateJob(store, owner, id, () => ({ by: "sweeper", do: "lost", nth }));
  store.log.warn({ jobId: id }, "the provider did not answer a checkout; it was given up");
  return stored?.record ?? record;
}

/** Has the provider asked about a session, and does what follows. The record after that; null where it is gone, or not ours. */
async function settleSession(options: PaymentOptions, id: string): Promise<JobRecord | null> {
  const { provider, store } = options;
  const { clock, log, files } = store;
  const opened = await openedHere(files, id);
  const session = opened && (await provider.session(id));
  if (!opened || !session) {
    log.error({ session: id }, "a payment of an unknown checkout");
    return null;
  }
  const note = (what: LedgerEvent, why?: string) =>
    noteEvent(store, id, what, { ...opened, at: clock.now(), ...(why === undefined ? {} : { why }) });
  const { owner, job } = opened;
  const changed = await updateJob(store, owner, job, () => ({ by: "api", do: "settle", session }));
  const record = changed.stored?.record ?? null;
  if (record?.charge?.session === id) await note("paid");
  if (session.refunded) await note("refunded");
  if (session.disputed) await note("disputed");
  if (record?.charge?.state === "refunding" && record.charge.session === id) return giveBack(options, record, session);
  if (!changed.refused) {
    log.info({ jobId: job, session: id, state: record?.charge?.state }, "payment settled");
    return record;
  }
  const settled = settle(record, session, clock.now());
  // the record of a job that was paid, and had its time, is gone a day after that
  const owed = "refund" in settled && !(await isNoted(files, id, "paid")) ? session.payment : null;
  const why = failedRefund(record, session) ?? ("wrong" in settled ? settled.nothing : null);
  if ("refund" in settled && owed !== null && !(await isNoted(files, id, "refunded"))) {
    await provider.refund({ id, payment: owed });
    await note("refunded", settled.refund);
    log.warn({ jobId: job, session: id, why: settled.refund }, "payment refunded");
  }
  if (why !== null) {
    await note("wrong", why);
    log.error({ jobId: job, session: id, why }, "a payment is not what was agreed: look at it there");
  }
  return record;
}

/** A bank may refuse what was given back; then the buyer has neither the file nor the money. */
function failedRefund(record: JobRecord | null, { id, refunded }: SessionFacts): string | null {
  const isBack = record?.charge?.state === "refunded" && record.charge.session === id;
  return isBack && !refunded ? "its refund failed" : null;
}

async function withdraw(options: PaymentOptions, asked: JobRecord): Promise<JobRecord> {
  const { provider, store } = options;
  const { owner, id, charge } = asked;
  const isBegun = charge?.state === "refunding";
  if (!isBegun) {
    // so that somebody carries it on
    await store.records.timers.arm({ owner, id, atMs: store.clock.now() + RESUME_MS });
    const { stored, refused } = await updateJob(store, owner, id, () => ({ by: "api", do: "refund" }));
    if (refused || !stored) throw notWithdrawn(stored?.record.charge);
    return withdraw(options, stored.record);
  }
  const session = await provider.session(charge.session!);
  return session ? giveBack(options, asked, session) : asked;
}

async function giveBack(options: PaymentOptions, record: JobRecord, session: SessionFacts): Promise<JobRecord> {
  const { provider, store } = options;
  const { owner, id } = record;
  const settled = async (session: SessionFacts) => {
    const { stored } = await updateJob(store, owner, id, () => ({ by: "api", do: "settle", session }));
    return stored?.record ?? record;
  };
  // the bank has taken the money back already
  if (session.disputed && !session.refunded) return settled(session);
  if (!session.refunded && session.payment !== null)
    await provider.refund({ id: session.id, payment: session.payment });
  const after = await settled({ ...session, refunded: true });
  await noteEvent(store, session.id, "refunded", { ...entryOf(record, store.clock.now()), why: "withdrawn" });
  store.log.info({ jobId: id, session: session.id }, "payment withdrawn");
  return after;
}

function hashed(owner: string): string {
  return createHash("sha256").update(`owner of a payment: ${owner}`).digest("hex").slice(0, 32);
}
