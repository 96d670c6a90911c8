/** The sale of results, where the environment has a price. Only the API and the sweeper open it: workers never have its key. */
import { isAnonymous } from "@smileloop/core/api-keys.ts";
import { type Env, saleOf } from "@smileloop/core/env.ts";
import { createPayments, type Payments } from "@smileloop/core/payments/payments.ts";
import type { Deps } from "./deps.ts";

type WithPayments = { payments?: Payments | undefined };

/** Loads the provider's package only where it is used. Throws EnvError. */
export async function withPayments<D extends Deps>(env: Env, deps: D): Promise<D & WithPayments> {
  const sale = saleOf(env);
  if (!sale) return deps as D & WithPayments;
  const { stripeProvider } = await import("@smileloop/core/payments/stripe.ts");
  const payments = createPayments({
    ...{ provider: stripeProvider(sale), store: deps, quote: sale.quote, paidLifeMs: sale.paidLifeMs },
    isExempt: (owner) => sale.keysExempt && !isAnonymous(owner),
  });
  return { ...deps, payments };
}
