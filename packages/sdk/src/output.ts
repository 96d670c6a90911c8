/** The files of a job, and what they cost. */

export type Output = {
  /** A signed link that needs no key, for at most 15 minutes; ask for the job again to get a new one. */
  url: string;
  content_type: string;
  bytes: number;
  sha256: string;
  width?: number | undefined;
  height?: number | undefined;
  frames?: number | undefined;
  fps?: number | undefined;
  duration?: number | undefined;
  audio?: { codec: string; channels: number; sample_rate: number } | undefined;
  access?: string | undefined;
  /** How it is marked as made by a machine. */
  mark?:
    | {
        watermark?: { key: string; payload: number } | null | undefined;
        unmarked?: "not_synthetic" | "copied" | undefined;
        label?: boolean | undefined;
        c2pa?: { instance: string; leaf: string } | null | undefined;
        unsigned?: "type" | undefined;
      }
    | undefined;
};

export type ChargeState = "none" | "pending" | "paid" | "refunding" | "refunded" | "disputed";

/** What a job's clean files cost, and how far the payment is. */
export type Charge = {
  /** Only `paid` opens the clean files. */
  state: ChargeState;
  /** Full price in the currency's smallest unit, tax included. */
  amount: number;
  /** ISO 4217, lower case. */
  currency: string;
  price_version: string;
  /** What is sold, by name. Once it is paid, the same names are in `outputs`. */
  outputs: Record<string, Omit<Output, "url" | "sha256">>;
  /** How long the result lives once it is paid, seconds. */
  paid_life_s: number;
  paid_at: string | null;
  /** When the clean file was first handed out. */
  supplied_at: string | null;
  /** Whether a withdrawal gives the money back: until the clean file is handed out. */
  refundable: boolean;
  /** What went wrong with the last payment page, and what to do. */
  notice?: string | undefined;
};
