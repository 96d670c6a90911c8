/** What `/ready` says of the storage beside "it answers". */
import { unreadableSentence } from "@smileloop/core/job/unreadable.ts";
import type { Home } from "./home.ts";

type State = { ok: boolean; parts: Record<string, string> };

/** Damaged records and little room are for the operator to see to; only a full disk keeps the service from taking work. */
export async function withStorage({ records, room }: Pick<Home, "records" | "room">, state: State): Promise<State> {
  const disk = await room?.().catch(() => null);
  const parts = { ...(disk ? { disk: disk.state } : {}), records: recordsState({ records }) };
  return { ok: state.ok && !disk?.full, parts: { ...state.parts, ...parts } };
}

export function recordsState({ records }: Pick<Home, "records">): string {
  return unreadableSentence(records.unreadable()) ?? "ok";
}
