import type { Queue } from "../server.ts";
import { number, span, t } from "../texts.ts";
import { Table } from "./table.tsx";

const COUNTED = [
  { name: t("waiting"), isNumber: true },
  { name: t("running"), isNumber: true },
  { name: t("oldest"), isNumber: true },
];

export function Queues({ queues }: { queues: Queue[] }) {
  const rows = queues.map(({ name, kinds, waiting, running, oldest_seconds: oldest }) => [
    <span key="name">
      {name} <span class="soft small">{t("for_kinds", { kinds: kinds.join(", ") })}</span>
    </span>,
    waiting === null ? t("unknown") : number(waiting),
    running === null ? t("unknown") : number(running),
    oldest === null ? (waiting === 0 ? t("none") : t("unknown")) : span(oldest),
  ]);
  return <Table title={t("queues")} columns={[{ name: t("queue") }, ...COUNTED]} rows={rows} />;
}
