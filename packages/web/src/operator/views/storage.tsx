import type { Overview } from "../server.ts";
import { bytes, number, t } from "../texts.ts";

export function Storage({ overview: { storage, parts } }: { overview: Overview }) {
  const { free_bytes: free, total_bytes: total, unreadable_records: unreadable } = storage;
  return (
    <section>
      <h2>{t("storage")}</h2>
      <dl class="facts">
        <div>
          <dt>{t("disk")}</dt>
          <dd>
            {free === null || total === null
              ? t("disk_unknown")
              : t("disk_free", { free: bytes(free), total: bytes(total) })}
          </dd>
        </div>
        <div>
          <dt>{t("unreadable")}</dt>
          <dd class={unreadable > 0 ? "bad" : undefined}>{number(unreadable)}</dd>
        </div>
        {Object.entries(parts).map(([name, state]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd class={state === "ok" ? "good" : "bad"}>{state}</dd>
          </div>
        ))}
      </dl>
    </section>
  );
}
