/** How the values of variables about payments are read. Messages never say what is in a secret. */
import { z } from "zod";
import { type Quote, quoteSchema } from "../job/charge.ts";
import { list } from "./values.ts";

const PRICE =
  "must be currency:amount:version, the amount in the smallest unit, tax included, such as `eur:499:2026-11`";

const CURRENCIES = new Set(Intl.supportedValuesOf("currency").map((code) => code.toLowerCase()));

export const price = z.string().transform((text, context): Quote => {
  const [, currency, amount, version] = /^([a-z]{3}):(\d{1,8}):([A-Za-z0-9._-]{1,40})$/i.exec(text) ?? [];
  const quote = quoteSchema.safeParse({ currency: currency?.toLowerCase(), amount: Number(amount), version });
  if (quote.success && CURRENCIES.has(quote.data.currency)) return quote.data;
  const unknown = `has the currency ${quote.data?.currency}, which is not one of ISO 4217, such as eur or usd`;
  context.addIssue({ code: "custom", message: quote.success ? unknown : PRICE });
  return z.NEVER;
});

export const stripeKey = z.string().regex(/^[sr]k_(test|live)_\w+$/, "must be a key of Stripe, sk_… or better rk_…");

export const stripeSecrets = list.superRefine((items, context) => {
  if (items.length >= 1 && items.length <= 2 && items.every((item) => /^whsec_\w{16,}$/.test(item))) return;
  context.addIssue({
    code: "custom",
    message:
      "must be whsec_ and at least 16 letters or digits, as Stripe shows it, or two of them during a change, separated by commas",
  });
});
