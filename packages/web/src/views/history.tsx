/** What this browser has made before and is not deleted yet. */
import type { Job } from "@smileloop/sdk/index.ts";
import { useEffect, useState } from "preact/hooks";
import { changeEntry, type Entry, entries, onHistory, removeEntry } from "../history.ts";
import { hashOf } from "../place.ts";
import { isGone, smileloop } from "../server.ts";
import { clock, presetName, t } from "../texts.ts";
import { useNow } from "./use-now.ts";

export function History() {
  const [shown, setShown] = useState(entries);
  useEffect(() => onHistory(() => setShown(entries())), []);
  const now = useNow(10_000);
  const living = shown.filter(({ expiresAt }) => expiresAt === null || expiresAt > now);
  if (living.length === 0) return null;
  return (
    <section class="history" aria-labelledby="history">
      <h2 id="history">{t("history_title")}</h2>
      <ul>
        {living.map((entry) => (
          <Item key={entry.id} entry={entry} now={now} />
        ))}
      </ul>
    </section>
  );
}

function Item({ entry, now }: { entry: Entry; now: number }) {
  const { id, preset, expiresAt } = entry;
  const [job, setJob] = useState<Job | null>(null);
  useEffect(() => {
    const leaving = new AbortController();
    smileloop.jobs.get(id, leaving.signal).then(
      (found) => {
        setJob(found);
        if (found.status === "failed" || found.status === "canceled" || found.status === "expired") removeEntry(id);
        else if (found.expires_at !== null) changeEntry(id, { expiresAt: Date.parse(found.expires_at) });
      },
      (error: unknown) => isGone(error) && removeEntry(id),
    );
    return () => leaving.abort();
  }, [id]);
  const name = preset === null ? t("mode_speech") : presetName(preset, preset);
  const poster = job?.outputs.poster?.url;
  return (
    <li>
      <a href={hashOf({ at: "job", id })}>
        {poster ? <img src={poster} alt="" loading="lazy" /> : <span class="blank" />}
        <span>{name}</span>
        <span class="soft">
          {expiresAt === null ? `${t("stage_working")}…` : t("deleted_in", { time: clock((expiresAt - now) / 1000) })}
        </span>
      </a>
    </li>
  );
}
