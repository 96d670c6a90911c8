/** Jobs of one list; those that failed with why, and with a button to send them again. */
import { useState } from "preact/hooks";
import { type Failure, getJobs, type JobLine, type JobPage, type ListName, Refused, replay } from "../server.ts";
import { span, t } from "../texts.ts";

type Options = { name: ListName; page: JobPage; nowMs: number; onReplayed: () => void };

export function Jobs({ name, page, nowMs, onReplayed }: Options) {
  // pages behind the first stay as they were when they were asked for
  const [further, setFurther] = useState<JobPage | null>(null);
  const known = new Set(page.jobs.map(({ id }) => id));
  const found = [...page.jobs, ...(further?.jobs.filter(({ id }) => !known.has(id)) ?? [])];
  const jobs = name === "failed" ? found.toSorted(newestFirst) : found;
  const { next_cursor: cursor } = further ?? page;
  const look = async () => {
    const next = await getJobs(name, new AbortController().signal, cursor).catch(() => null);
    if (next) setFurther({ ...next, jobs: [...(further?.jobs ?? []), ...next.jobs] });
  };
  return (
    <section aria-labelledby={`list-${name}`}>
      <h2 id={`list-${name}`}>
        {t(name)} {jobs.length > 0 ? <span class="soft">{jobs.length}</span> : null}
      </h2>
      {jobs.length === 0 ? <p class="soft">{t(`${name}_none`)}</p> : null}
      <ul class="jobs">
        {jobs.map((job) => (
          <Job key={job.id} job={job} name={name} nowMs={nowMs} onReplayed={onReplayed} />
        ))}
      </ul>
      {cursor === null ? null : (
        <p class="soft small">
          {t("further_hint", { n: page.looked_at + (further?.looked_at ?? 0) })}{" "}
          <button class="quiet" type="button" onClick={look}>
            {t("further")}
          </button>
        </p>
      )}
    </section>
  );
}

/** As the server lists them, those that expire next come first. */
function newestFirst(a: JobLine, b: JobLine): number {
  return Date.parse(b.finished_at ?? "") - Date.parse(a.finished_at ?? "");
}

function Job({ job, name, nowMs, onReplayed }: { job: JobLine } & Omit<Options, "page">) {
  const { id, kind, status, owner, queue, engine, worker, stage, percent, attempt, children, error } = job;
  const facts = [
    t("job_of", { owner }),
    engine ? `${engine.name}${engine.version ? ` ${engine.version}` : ""}` : null,
    engine?.name === queue ? null : t("job_in", { queue }),
    worker ? t("job_at", { worker }) : null,
    attempt > 1 ? t("job_try", { n: attempt }) : null,
    children === null ? null : t("job_children", { n: children }),
    when(job, name, nowMs),
  ];
  return (
    <li class={`job is-${status}`}>
      <p class="head">
        <strong>{kind}</strong> <span>{t(`status_${status}`)}</span>
        {status === "running" && stage ? <span class="soft">{stage}</span> : null}
        <code class="soft">{id}</code>
      </p>
      {status === "running" ? <progress max={100} value={percent ?? 0} aria-label={`${kind} ${id}`} /> : null}
      <p class="soft small">{facts.filter((fact) => fact !== null).join(" · ")}</p>
      {name === "ended" ? null : (
        <>
          {name === "unreported" ? <Event job={job} nowMs={nowMs} /> : error ? <Reason error={error} /> : null}
          <Earlier job={job} />
          {name === "failed" ? <Replay job={job} onReplayed={onReplayed} /> : null}
        </>
      )}
    </li>
  );
}

function when({ queued_at, started_at, finished_at, expires_at }: JobLine, name: ListName, nowMs: number): string {
  const since = (text: string) => span((nowMs - Date.parse(text)) / 1000);
  if (name === "ended") return t("job_expires", { time: span((Date.parse(expires_at ?? "") - nowMs) / 1000) });
  if (finished_at) return t("job_ago", { time: since(finished_at) });
  return t("job_age", { time: since(started_at ?? queued_at) });
}

/** How it goes to report the job's end. */
function Event({ job: { webhook }, nowMs }: { job: JobLine; nowMs: number }) {
  if (!webhook) return null;
  const { host, state, tries, last, next_at } = webhook;
  const answer = last && (last.error ?? String(last.status));
  const next = next_at === null ? null : t("event_next", { time: span((Date.parse(next_at) - nowMs) / 1000) });
  return (
    <p class="reason">
      <code>{host}</code>{" "}
      {[t(`event_${state}`), t("event_tries", { n: tries }), answer, next].filter(Boolean).join(" · ")}
    </p>
  );
}

function Reason({ error: { code, title, detail } }: { error: Failure }) {
  return (
    <p class="reason">
      <code>{code}</code> {detail === "" ? title : detail}
    </p>
  );
}

/** Attempts before the last one, which the job's own error is about. */
function Earlier({ job: { attempts, error } }: { job: JobLine }) {
  const earlier = error ? attempts.slice(0, -1) : attempts;
  if (earlier.length === 0) return null;
  return (
    <details class="small">
      <summary>{earlier.length === 1 ? t("earlier_one") : t("earlier", { n: earlier.length })}</summary>
      <ul>
        {earlier.map(({ started_at, worker, error: fault }) => (
          <li key={started_at}>
            {worker}: {fault ? <Reason error={fault} /> : t("attempt_lost")}
          </li>
        ))}
      </ul>
    </details>
  );
}

function Replay({ job: { id, replay: can }, onReplayed }: { job: JobLine; onReplayed: () => void }) {
  const [state, setState] = useState<"no" | "sending" | { done: string } | { fault: string }>("no");
  if (!can.possible) return <p class="soft small">{can.why_not}</p>;
  const send = async () => {
    setState("sending");
    try {
      setState({ done: await replay(id) });
      onReplayed();
    } catch (error) {
      setState({ fault: error instanceof Refused && error.status !== null ? error.message : t("unreachable") });
    }
  };
  return (
    <div class="replay">
      <button
        class="button plain"
        type="button"
        disabled={state === "sending"}
        aria-label={t("replay_of", { id })}
        onClick={send}
      >
        {state === "sending" ? t("replaying") : t("replay")}
      </button>
      <p class="small" role="status">
        {typeof state === "object" && "done" in state ? t("replayed", { id: state.done }) : null}
        {typeof state === "object" && "fault" in state ? <span class="bad">{state.fault}</span> : null}
      </p>
    </div>
  );
}
