/** Secrets of a stack, and who gets them. */

/** Secrets of a stack by the variables that functions read them from. `needed`: a deployment without it fails. */
export const SECRETS = {
  WEBHOOK_SECRET: { name: "WebhookSecret", needed: true },
  SEAL_KEY: { name: "SealKey", needed: true },
  SIGNING_KEY: { name: "SigningKey", needed: true },
  MARK_KEY: { name: "MarkKey", needed: true },
  STRIPE_KEY: { name: "StripeKey", needed: false },
  STRIPE_WEBHOOK_SECRET: { name: "StripeWebhookSecret", needed: false },
  SYNC_API_KEY: { name: "SyncApiKey", needed: false },
  VOICE_KEY: { name: "VoiceKey", needed: false },
  ELEVENLABS_API_KEY: { name: "ElevenlabsApiKey", needed: false },
} as const satisfies Record<string, { name: string; needed: boolean }>;
export type SecretVariable = keyof typeof SECRETS;
/** Of workers that speak: keys for voices elsewhere. */
export const VOICE_SECRETS: readonly SecretVariable[] = ["VOICE_KEY", "ELEVENLABS_API_KEY"];

/** What workers with an engine sign and mark results with. */
export const RESULT_KEYS = ["SIGNING_KEY", "MARK_KEY"] as const satisfies readonly SecretVariable[];
export type ResultKey = (typeof RESULT_KEYS)[number];

/** An engine or a worker, by the secrets that its entry names. */
type Holder = { secrets?: readonly SecretVariable[]; ownSecrets?: readonly SecretVariable[] };

/** The secrets that the API of a stack with these engines gets. */
export function secretsOf(engines: readonly Holder[]): SecretVariable[] {
  return [...new Set(engines.flatMap(({ secrets = [] }) => secrets))];
}

/** The secrets that workers of these engines get. */
export function workerSecretsOf(workers: readonly Holder[]): SecretVariable[] {
  return [...new Set([...secretsOf(workers), ...workers.flatMap(({ ownSecrets = [] }) => ownSecrets)])];
}

/** The secrets that the API and the function that sends events get. */
export function webhookSecretsOf({ webhooks }: { webhooks: boolean }): SecretVariable[] {
  return webhooks ? ["WEBHOOK_SECRET"] : [];
}

/** The secrets that the API and the sweeper of a stack get that sells results. */
export function saleSecretsOf({ told }: { told: { sale: Record<string, string> } }): SecretVariable[] {
  return told.sale.PRICE === undefined ? [] : ["STRIPE_KEY", "STRIPE_WEBHOOK_SECRET"];
}
