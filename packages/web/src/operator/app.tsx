/** The operator's page: a key, then what the server does, as of now. */
import { useCallback, useRef, useState } from "preact/hooks";
import { PLOTS, withSample } from "./plots.ts";
import { EVERY_S, useWatch, type Watched } from "./refresh.ts";
import { keepKey, keptKey, type Overview } from "./server.ts";
import { t, timeOfDay } from "./texts.ts";
import { Engines } from "./views/engines.tsx";
import { Jobs } from "./views/jobs.tsx";
import { KeyForm } from "./views/key-form.tsx";
import { Plots } from "./views/plots.tsx";
import { Queues } from "./views/queues.tsx";
import { Storage } from "./views/storage.tsx";
import { Takedowns } from "./views/takedowns.tsx";

export function App() {
  const [isKeyed, setKeyed] = useState(keptKey() !== null);
  const [why, setWhy] = useState<string | null>(null);
  const main = useRef<HTMLElement>(null);
  const use = (key: string | null, refused: string | null = null) => {
    keepKey(key);
    setWhy(refused);
    setKeyed(key !== null);
  };
  return (
    <>
      <button class="skip" type="button" onClick={() => main.current?.focus()}>
        {t("skip")}
      </button>
      <header>
        <a class="brand" href="../" aria-label={t("home")}>
          <img src="../favicon.svg" alt="" width="28" height="28" />
          SmileLoop
        </a>
        {isKeyed ? (
          <button class="quiet" type="button" onClick={() => use(null)}>
            {t("key_forget")}
          </button>
        ) : null}
      </header>
      <main ref={main} tabIndex={-1}>
        {isKeyed ? <Board onRefused={(refused) => use(null, refused)} /> : <KeyForm why={why} onKey={use} />}
      </main>
    </>
  );
}

function Board({ onRefused }: { onRefused: (why: string) => void }) {
  const [samples, setSamples] = useState<Overview[]>([]);
  const onOverview = useCallback((overview: Overview) => setSamples((all) => withSample(all, overview)), []);
  const watched = useWatch(onOverview);
  const { seen, fault, again } = watched;
  if (fault?.status === 401) {
    onRefused(t("key_wrong"));
    return null;
  }
  if (fault?.status === 403) {
    onRefused(fault.message);
    return null;
  }
  if (!seen) return <State {...watched} />;
  const { overview, lists, takedowns } = seen;
  const nowMs = Date.parse(overview.at);
  return (
    <div class="board">
      <State {...watched} />
      <Takedowns takedowns={takedowns} nowMs={nowMs} onDecided={again} />
      <Queues queues={overview.queues} />
      <Jobs name="failed" page={lists.failed} nowMs={nowMs} onReplayed={again} />
      <Jobs name="active" page={lists.active} nowMs={nowMs} onReplayed={again} />
      <Jobs name="unreported" page={lists.unreported} nowMs={nowMs} onReplayed={again} />
      <Plots plots={PLOTS} samples={samples} />
      <Engines engines={overview.engines} />
      <Storage overview={overview} />
      <Jobs name="ended" page={lists.ended} nowMs={nowMs} onReplayed={again} />
    </div>
  );
}

function State({ seen, fault }: Watched) {
  return (
    <div class="state">
      <h1>{t("title")}</h1>
      {seen ? (
        <p>
          <strong class={seen.overview.ready ? "good" : "bad"}>{t(seen.overview.ready ? "ready" : "not_ready")}</strong>{" "}
          <span class="soft">
            {t("live", { time: timeOfDay(seen.overview.at), n: EVERY_S })} · {seen.overview.version}
          </span>
        </p>
      ) : null}
      {!seen && !fault ? <p class="soft">{t("looking")}</p> : null}
      {fault ? (
        <p class="fault" role="alert">
          {fault.status === null ? t("unreachable") : fault.message}
        </p>
      ) : null}
    </div>
  );
}
