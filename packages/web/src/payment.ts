/** The way to the payment page and back. */
import type { Charge } from "@smileloop/sdk/index.ts";
import { hashOf } from "./place.ts";
import { smileloop } from "./server.ts";
import { languageTag } from "./texts.ts";

/** Leaves for the payment page. */
export async function pay(id: string): Promise<void> {
  const { url } = await smileloop.jobs.checkout(id, { waiver: true });
  location.assign(url);
}

/** A buyer who comes back from there sees the job again. A payment that is not known yet has been asked for then. */
export async function backFromPayment(): Promise<void> {
  const query = new URLSearchParams(location.search);
  const [id, session] = [query.get("job"), query.get("cs")];
  if (id === null || !/^[0-9a-f]{32}$/.test(id)) return;
  // what went wrong the job shows
  if (session !== null) await smileloop.jobs.bought(id, session).catch(() => {});
  history.replaceState(null, "", location.pathname + hashOf({ at: "job", id }));
}

/** The full price in the reader's writing. */
export function sayPrice({ amount, currency }: Charge): string {
  const format = new Intl.NumberFormat(languageTag(), { style: "currency", currency });
  return format.format(amount / 10 ** (format.resolvedOptions().maximumFractionDigits ?? 2));
}
