/** What the page shows, asked for again and again while it is seen. */
import { useCallback, useEffect, useRef, useState } from "preact/hooks";
import {
  getJobs,
  getOverview,
  getTakedowns,
  type JobPage,
  type ListName,
  type Overview,
  Refused,
  type Takedown,
} from "./server.ts";

export const EVERY_S = 4;
/** Ended jobs and takedowns change seldom, and each look reads hundreds of records: every third turn is enough. */
const ENDED_EVERY = 3;

export type Seen = { overview: Overview; lists: Record<ListName, JobPage>; takedowns: Takedown[] };
/** `fault`: of the last look; `seen` is then from an earlier one. */
export type Watched = { seen: Seen | null; fault: Refused | null; again: () => void };

/** Looks until the server refuses the key; not while the page is hidden. */
export function useWatch(onOverview: (overview: Overview) => void): Watched {
  const [seen, setSeen] = useState<Seen | null>(null);
  const [fault, setFault] = useState<Refused | null>(null);
  const wake = useRef<() => void>(() => {});
  useEffect(() => {
    const leaving = new AbortController();
    const { signal } = leaving;
    let turn = 0;
    let last: Seen | null = null;
    let timer = 0;
    let isLooking = false;
    const look = async () => {
      clearTimeout(timer);
      if (isLooking || signal.aborted || document.hidden) return;
      isLooking = true;
      try {
        last = await lookOnce(last, turn % ENDED_EVERY === 0, signal);
        turn += 1;
        setSeen(last);
        setFault(null);
        onOverview(last.overview);
      } catch (error) {
        if (!signal.aborted) setFault(error instanceof Refused ? error : new Refused(String(error), null));
        if (isFinal(error)) leaving.abort();
      }
      isLooking = false;
      if (!signal.aborted) timer = setTimeout(look, EVERY_S * 1000) as unknown as number;
    };
    wake.current = () => {
      turn = 0;
      void look();
    };
    const onSeen = () => void look();
    document.addEventListener("visibilitychange", onSeen);
    void look();
    return () => {
      leaving.abort();
      clearTimeout(timer);
      document.removeEventListener("visibilitychange", onSeen);
    };
  }, [onOverview]);
  return { seen, fault, again: useCallback(() => wake.current(), []) };
}

async function lookOnce(last: Seen | null, all: boolean, signal: AbortSignal): Promise<Seen> {
  const ended = (name: ListName) => (last && !all ? last.lists[name] : getJobs(name, signal));
  const [overview, active, failed, unreported, kept, takedowns] = await Promise.all([
    getOverview(signal),
    getJobs("active", signal),
    ended("failed"),
    ended("unreported"),
    ended("ended"),
    last && !all ? last.takedowns : getTakedowns(signal),
  ]);
  return { overview, lists: { active, failed, unreported, ended: kept }, takedowns };
}

/** Whether another try with the same key is in vain. */
function isFinal(error: unknown): boolean {
  return error instanceof Refused && (error.status === 401 || error.status === 403);
}
