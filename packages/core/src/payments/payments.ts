/**
 * The sale of clean files. The record alone says what is paid; all that calls (webhook, return page, sweeper) has the session looked at
 * again and lets `settle` decide, so that lost, doubled, late and forged news are harmless.
 *
 * Order of a checkout: the session is noted in the record → asked for at the provider, under a key that follows from job and number →
 * noted in the ledger → its name is written into the record → the buyer is sent there. A process that dies on the way leaves a session that
 * nobody has the address of.
 */
import { createHash } from "node:crypto";
import type { Audit } from "../audit/audit-log.ts";
import { AppError } from "../errors.ts";
import { type Charge, newCharge, type Quote } from "../job/charge.ts";
import { isRefundable } from "../job/charge-changes.ts";
import type { JobRecord } from "../job/record.ts";
import { type SessionFacts, settle } from "../job/settle.ts";
import { type JobStore, type Till, updateJob } from "../jobs/jobs.ts";
import type { Log } from "../log.ts";
import { entryOf, isNoted, type LedgerEvent, noteEvent, openedHere } from "./ledger.ts";
import type { PaymentProvider } from "./provider.ts";

/** The provider asks for at least 30 minutes; five more so that a request that died can be made again. */
const SESSION_MS = 35 * 60_000;
/** While the provider does not answer, a result that may have been paid is kept for so long beyond its time. */
const PATIENCE_MS = 3_600_000;
const RESUME_MS = 5 * 60_000;

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
      // a withdrawal that was begun goes on without the job
      const late = begunRefund(record);
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
      if (!isUnsettled(record)) return true;
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

function openSessions({ charge }: JobRecord): string[] {
  return (charge?.sessions ?? []).flatMap(({ id, open }) => (open && id !== null ? [id] : []));
}

function begunRefund({ charge }: JobRecord): string[] {
  return charge?.state === "refunding" && charge.session !== undefined ? [charge.session] : [];
}

/** Whether money may be on its way. */
export function isUnsettled(record: JobRecord): boolean {
  return [...begunRefund(record), ...openSessions(record)].length > 0;
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
  const again = last?.id === null && last.open && last.expires_at - store.clock.now() > SESSION_MS - RESUME_MS;
  if (!again) {
    const expiresAtMs = Math.ceil((store.clock.now() + SESSION_MS) / 1000) * 1000;
    const { stored, refused } = await updateJob(store, owner, id, () => ({ by: "api", do: "checkout", expiresAtMs }));
    if (refused || !stored) throw notOffered(stored?.record ?? null);
    record = stored.record;
  }
  const charge = record.charge!;
  const nth = charge.sessions.length - 1;
  const { expires_at: expiresAtMs } = charge.sessions[nth]!;
  const opened = await provider.open({
    ...{ job: id, ownerHash: hashed(owner), quote: charge.quote, nth, expiresAtMs },
    ...{ successUrl: urls.success, cancelUrl: urls.cancel },
  });
  await noteEvent(store, opened.id, "opened", entryOf(record, store.clock.now()));
  const named = await updateJob(store, owner, id, () => ({ by: "api", do: "session", nth, id: opened.id }));
  const known = named.stored?.record.charge?.sessions[nth]?.id === opened.id;
  if (known) return opened.url;
  // the job went meanwhile, or a twin was faster: nobody is sent to a page that nothing comes of
  await provider.expire(opened.id);
  throw new AppError("conflict", "The job changed while its payment page was made; ask again.");
}

function notOffered(record: JobRecord | null): AppError {
  const { charge, state } = record ?? {};
  if (!record || state === "deleted" || state === "expired")
    return new AppError("gone", "The files of this job are gone.");
  if (!charge) return new AppError("conflict", "This job is free: its files can be fetched as they are.");
  if (state !== "succeeded") return new AppError("not_ready", `There is nothing to pay for yet: the job is ${state}.`);
  if (charge.state !== "none" && charge.state !== "pending")
    return new AppError("conflict", `The payment of this job is ${charge.state}; no other can be begun.`);
  return new AppError("conflict", "Too many payments of this job were begun, or it ends too soon; create it again.");
}

/** Looks at the sessions of a job at the provider, and carries on a refund that was begun. */
async function lookAt(options: PaymentOptions, record: JobRecord, only?: string): Promise<JobRecord> {
  const { charge } = record;
  const begun = begunRefund(record);
  const listed = (charge?.sessions ?? []).flatMap(({ id }) => id ?? []);
  const ids = only === undefined ? new Set([...openSessions(record), ...begun]) : listed.filter((id) => id === only);
  let now = record;
  for (const id of ids) now = (await settleSession(options, id)) ?? now;
  return now;
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
  if ("refund" in settled && session.payment !== null && !(await isNoted(files, id, "paid"))) {
    await provider.refund({ id, payment: session.payment });
    await note("refunded", settled.refund);
    log.warn({ jobId: job, session: id, why: settled.refund }, "payment refunded");
  }
  if ("wrong" in settled) {
    await note("wrong", settled.nothing);
    log.error({ jobId: job, session: id, why: settled.nothing }, "a payment is not what was agreed: look at it there");
  }
  return record;
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
  if (!session.refunded && session.payment !== null)
    await provider.refund({ id: session.id, payment: session.payment });
  const done = { ...session, refunded: true };
  const { stored } = await updateJob(store, owner, id, () => ({ by: "api", do: "settle", session: done }));
  await noteEvent(store, session.id, "refunded", { ...entryOf(record, store.clock.now()), why: "withdrawn" });
  store.log.info({ jobId: id, session: session.id }, "payment withdrawn");
  return stored?.record ?? record;
}

function notWithdrawn(charge: Charge | undefined): AppError {
  if (charge && charge.state === "paid" && !isRefundable(charge)) {
    const why = "The file was handed out after you had asked for that at once and given up the right of withdrawal.";
    return new AppError("conflict", `${why} Write to the operator of this server if something is wrong with it.`);
  }
  return new AppError(
    "conflict",
    `There is no payment to be withdrawn from: it is ${charge?.state ?? "not for sale"}.`,
  );
}

function hashed(owner: string): string {
  return createHash("sha256").update(`owner of a payment: ${owner}`).digest("hex").slice(0, 32);
}
