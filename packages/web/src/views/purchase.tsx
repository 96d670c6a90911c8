/** The clean file of a job that is for sale: what it is, what it costs, and the way to the payment page. */
import type { Job } from "@smileloop/sdk/index.ts";
import { useState } from "preact/hooks";
import { pay, sayPrice } from "../payment.ts";
import { sayError } from "../server.ts";
import { span, t } from "../texts.ts";
import { notice } from "./notice.tsx";

export function Purchase({ job: { id, charge } }: { job: Job }) {
  const [agreed, setAgreed] = useState(false);
  const [leaving, setLeaving] = useState(false);
  if (!charge || charge.state === "paid") return null;
  if (charge.state !== "none" && charge.state !== "pending") return <p role="status">{t("pay_closed")}</p>;
  const size = Object.values(charge.outputs)[0];
  const buy = async () => {
    setLeaving(true);
    try {
      await pay(id);
    } catch (error) {
      notice(sayError(error));
      setLeaving(false);
    }
  };
  const price = sayPrice(charge);
  return (
    <section class="purchase card" aria-label={t("pay_title")}>
      <h2>{t("pay_title")}</h2>
      <p>
        {t("pay_what", { size: size?.width ? `${size.width} × ${size.height}` : "", time: span(charge.paid_life_s) })}
      </p>
      <label>
        <input type="checkbox" checked={agreed} onChange={(event) => setAgreed(event.currentTarget.checked)} />{" "}
        {t("pay_waiver")}
      </label>
      <p>
        <button class="button" type="button" disabled={!agreed || leaving} onClick={buy}>
          {t("pay_now", { price })}
        </button>
      </p>
      <p class="soft">{t("pay_price", { price })}</p>
    </section>
  );
}
