/** What people ask to be taken down: the open ones to decide, and what became of the others. Absent where nobody has asked. */
import { useState } from "preact/hooks";
import { decide, Refused, type Takedown } from "../server.ts";
import type { TextKey } from "../texts/en.ts";
import { span, t } from "../texts.ts";

type Options = { takedowns: Takedown[]; nowMs: number; onDecided: () => void };

export function Takedowns({ takedowns, nowMs, onDecided }: Options) {
  if (takedowns.length === 0) return null;
  const open = takedowns.filter(({ decision }) => decision === null);
  const decided = takedowns.filter(({ decision }) => decision !== null);
  return (
    <section aria-labelledby="takedowns">
      <h2 id="takedowns">
        {t("takedowns")} {open.length > 0 ? <span class="soft">{open.length}</span> : null}
      </h2>
      {open.length > 0 ? <p class="soft small">{t("takedown_hint")}</p> : null}
      <ul class="jobs">
        {open.map((takedown) => (
          <Open key={takedown.id} takedown={takedown} nowMs={nowMs} onDecided={onDecided} />
        ))}
      </ul>
      {decided.length > 0 ? (
        <details class="small">
          <summary>{t("takedown_decided", { n: decided.length })}</summary>
          <ul>
            {decided.map((takedown) => (
              <Decided key={takedown.id} takedown={takedown} />
            ))}
          </ul>
        </details>
      ) : null}
    </section>
  );
}

function kindOf({ kind }: Takedown): string {
  return t(`takedown_${kind}` as TextKey);
}

function Open({ takedown, nowMs, onDecided }: { takedown: Takedown } & Omit<Options, "takedowns">) {
  const { id, received_at, due_at, overdue, name, contact, statement, link, blocked, deleted_jobs } = takedown;
  const [reason, setReason] = useState("");
  const [isSending, setSending] = useState(false);
  const [fault, setFault] = useState<string | null>(null);
  const untilMs = Date.parse(due_at) - nowMs;
  const send = async (accept: boolean) => {
    setSending(true);
    setFault(null);
    try {
      await decide(id, accept, reason);
      onDecided();
    } catch (error) {
      setFault(error instanceof Refused && error.status !== null ? error.message : t("unreachable"));
      setSending(false);
    }
  };
  const facts = [
    t("takedown_received", { time: span((nowMs - Date.parse(received_at)) / 1000) }),
    blocked ? t("takedown_blocked") : null,
    deleted_jobs === null ? null : t("takedown_deleted", { n: deleted_jobs }),
  ];
  return (
    <li class="job">
      <p class="head">
        <strong>{kindOf(takedown)}</strong>
        <span class={overdue ? "bad" : "soft"}>
          {t(overdue ? "takedown_overdue" : "takedown_due", { time: span(Math.abs(untilMs) / 1000) })}
        </span>
        <code class="soft">{id}</code>
      </p>
      <p class="soft small">{facts.filter((fact) => fact !== null).join(" · ")}</p>
      <p>{t("takedown_from", { name, contact })}</p>
      {statement === "" ? null : <blockquote>{statement}</blockquote>}
      {/* not a link: it may lead anywhere */}
      {link === null ? null : (
        <p>
          <code>{link}</code>
        </p>
      )}
      <div class="decision">
        <label>
          {t("takedown_reason")}
          <input value={reason} maxLength={1000} onInput={(event) => setReason(event.currentTarget.value)} />
        </label>
        <button class="button" type="button" disabled={isSending || reason.trim() === ""} onClick={() => send(true)}>
          {t("takedown_accept")}
        </button>
        <button
          class="button plain"
          type="button"
          disabled={isSending || reason.trim() === ""}
          onClick={() => send(false)}
        >
          {t("takedown_reject")}
        </button>
      </div>
      {fault === null ? null : (
        <p class="bad small" role="alert">
          {fault}
        </p>
      )}
    </li>
  );
}

function Decided({ takedown }: { takedown: Takedown }) {
  const { id, decision, deleted_jobs } = takedown;
  const said = t(decision?.accepted ? "takedown_accepted" : "takedown_rejected");
  const deleted = deleted_jobs ? ` · ${t("takedown_deleted", { n: deleted_jobs })}` : "";
  return (
    <li>
      {kindOf(takedown)}: {said}
      {deleted} <span class="soft">({decision?.reason})</span> <code class="soft">{id}</code>
    </li>
  );
}
