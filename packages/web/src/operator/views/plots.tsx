/** Small curves, drawn here: one a number. */
import { KEPT_MINUTES, type Plot, valuesOf } from "../plots.ts";
import type { Overview } from "../server.ts";
import { t } from "../texts.ts";

const WIDTH = 200;
const HEIGHT = 44;

export function Plots({ plots, samples }: { plots: readonly Plot[]; samples: readonly Overview[] }) {
  const drawn = plots.flatMap((plot) => {
    const values = valuesOf(plot, samples);
    return values.every((value) => value === null) ? [] : [{ plot, values }];
  });
  return (
    <section>
      <h2>{t("plots")}</h2>
      <p class="soft small">
        {t("plots_hint", { n: KEPT_MINUTES })} {samples.at(-1)?.figures === null ? t("plots_some") : null}
      </p>
      <ul class="plots">
        {drawn.map(({ plot, values }) => (
          <Curve key={plot.name} plot={plot} values={values} />
        ))}
      </ul>
    </section>
  );
}

function Curve({ plot: { name, say }, values }: { plot: Plot; values: (number | null)[] }) {
  const most = Math.max(...values.map((value) => value ?? 0));
  const now = values.at(-1) ?? null;
  const said = now === null ? t("unknown") : say(now);
  return (
    <li>
      <p class="small">
        {t(name)} <strong>{said}</strong>
      </p>
      <svg
        viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
        preserveAspectRatio="none"
        role="img"
        aria-label={t("plot_now", { name: t(name), now: said, most: say(most) })}
      >
        <path class="ground" d={`M0 ${HEIGHT - 1}H${WIDTH}`} />
        <path class="curve" d={pathOf(values, most)} />
      </svg>
    </li>
  );
}

/** The newest at the right. Gaps are where the server did not say. */
function pathOf(values: (number | null)[], most: number): string {
  const step = WIDTH / Math.max(1, values.length - 1);
  const points = values.map((value, nth) => {
    if (value === null) return "";
    const y = HEIGHT - 2 - (most > 0 ? value / most : 0) * (HEIGHT - 4);
    const begins = nth === 0 || values[nth - 1] === null;
    return `${begins ? "M" : "L"}${(nth * step).toFixed(1)} ${y.toFixed(1)}`;
  });
  return points.join("");
}
