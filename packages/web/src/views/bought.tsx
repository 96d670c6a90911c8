/** A clean file that is paid for: handed out when the buyer asks for it, and given back while it was not. */
import type { Job } from "@smileloop/sdk/index.ts";
import { useState } from "preact/hooks";
import { sayPrice } from "../payment.ts";
import { sayError, smileloop } from "../server.ts";
import { t } from "../texts.ts";
import { Icon } from "./icons.tsx";
import { notice } from "./notice.tsx";

export function Bought({ job: { id, charge }, onJob }: { job: Job; onJob: (job: Job) => void }) {
  const [asking, setAsking] = useState(false);
  const [busy, setBusy] = useState(false);
  if (charge?.state !== "paid" || !charge.refundable) return null;
  const price = sayPrice(charge);
  const change = async (by: (id: string) => Promise<Job>, said?: string) => {
    setBusy(true);
    try {
      onJob(await by(id));
      if (said) notice(said);
    } catch (error) {
      notice(sayError(error));
    }
    setBusy(false);
  };
  return (
    <section class="purchase card" aria-label={t("bought_title")}>
      <h2>{t("bought_title")}</h2>
      <p>{t("bought_what")}</p>
      {charge.supplied_at === null ? (
        <p>
          <button class="button" type="button" disabled={busy} onClick={() => change(smileloop.jobs.deliver)}>
            <Icon name="download" /> {t("bought_get")}
          </button>
        </p>
      ) : null}
      {asking ? (
        <fieldset class="sure">
          <legend>{t("withdraw_sure", { price })}</legend>
          <button
            class="button danger"
            type="button"
            disabled={busy}
            onClick={() => change(smileloop.jobs.withdraw, t("withdrawn"))}
          >
            {t("withdraw_yes")}
          </button>
          <button class="button plain" type="button" onClick={() => setAsking(false)}>
            {t("withdraw_no")}
          </button>
        </fieldset>
      ) : (
        <button class="quiet" type="button" onClick={() => setAsking(true)}>
          {t("withdraw")}
        </button>
      )}
    </section>
  );
}
