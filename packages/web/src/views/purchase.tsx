/** The clean file of a job that is for sale: what it is, what it costs, and the way to the payment page. */
import type { Job } from "@smileloop/sdk/index.ts";
import { useEffect, useState } from "preact/hooks";
import { pay, sayPrice } from "../payment.ts";
import { sayError, smileloop } from "../server.ts";
import { span, t } from "../texts.ts";
import { notice } from "./notice.tsx";

/** How often a payment is asked after whose end is not known, ms: as often as the server itself asks. */
const ASK_MS = 60_000;

type PurchaseProps = { job: Job; onJob: (job: Job) => void };

export function Purchase({ job, onJob }: PurchaseProps) {
  const { charge } = job;
  if (!charge || charge.state === "paid") return null;
  if (charge.state !== "none" && charge.state !== "pending") return <p role="status">{t("pay_closed")}</p>;
  const undecided = charge.state === "pending" && charge.notice !== undefined;
  return (
    <section class="purchase card" aria-label={t("pay_title")}>
      <h2>{t("pay_title")}</h2>
      {undecided ? <Undecided id={job.id} onJob={onJob} /> : <Offer id={job.id} charge={charge} onJob={onJob} />}
    </section>
  );
}

/** Nothing to pay with, so that nobody pays twice. */
function Undecided({ id, onJob }: { id: string; onJob: (job: Job) => void }) {
  useEffect(() => {
    // what cannot be asked now is asked again
    const ask = () => smileloop.jobs.get(id).then(onJob, () => {});
    const timer = setInterval(ask, ASK_MS);
    return () => clearInterval(timer);
  }, [id]);
  return <p role="status">{t("pay_undecided")}</p>;
}

type OfferProps = { id: string; charge: NonNullable<Job["charge"]>; onJob: (job: Job) => void };

function Offer({ id, charge, onJob }: OfferProps) {
  const [agreed, setAgreed] = useState(false);
  const [leaving, setLeaving] = useState(false);
  useBack(() => setLeaving(false));
  const buy = async () => {
    setLeaving(true);
    try {
      await pay(id);
    } catch (error) {
      const now = await smileloop.jobs.get(id).catch(() => null);
      if (now) onJob(now);
      if (!now?.charge?.notice) notice(sayError(error));
      setLeaving(false);
    }
  };
  const size = Object.values(charge.outputs)[0];
  const price = sayPrice(charge);
  return (
    <>
      <p>
        {t("pay_what", { size: size?.width ? `${size.width} × ${size.height}` : "", time: span(charge.paid_life_s) })}
      </p>
      {charge.notice && !leaving ? (
        <p class="fault" role="alert">
          {t("pay_no_answer")}
        </p>
      ) : null}
      <label class="agree">
        <input type="checkbox" checked={agreed} onChange={(event) => setAgreed(event.currentTarget.checked)} />
        <span>{t("pay_waiver")}</span>
      </label>
      <p>
        <button class="button" type="button" disabled={!agreed || leaving} onClick={buy}>
          {t("pay_now", { price })}
        </button>
      </p>
      <p class="soft">{t("pay_price", { price })}</p>
    </>
  );
}

/** Browsers may show a page as it was left when somebody comes back to it. */
function useBack(onBack: () => void): void {
  useEffect(() => {
    const shown = ({ persisted }: PageTransitionEvent) => persisted && onBack();
    addEventListener("pageshow", shown);
    return () => removeEventListener("pageshow", shown);
  }, []);
}
