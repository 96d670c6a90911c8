import type { Engine } from "../server.ts";
import { bytes, t } from "../texts.ts";
import { Table } from "./table.tsx";

export function Engines({ engines }: { engines: Engine[] | null }) {
  if (engines === null) {
    return (
      <section>
        <h2>{t("engines")}</h2>
        <p class="soft">{t("engines_unknown")}</p>
      </section>
    );
  }
  const rows = engines.map(({ name, state, version, slots, busy, memory_bytes: memory }) => [
    <span key="name">
      {name} {state === "ok" ? null : <span class="bad small">{state}</span>}
    </span>,
    version ?? t("none"),
    t("busy_of", { n: busy, all: slots }),
    memory === null ? t("none") : bytes(memory),
  ]);
  const columns = [
    ...[{ name: t("engine") }, { name: t("version") }],
    ...[
      { name: t("busy"), isNumber: true },
      { name: t("memory"), isNumber: true },
    ],
  ];
  return <Table title={t("engines")} columns={columns} rows={rows} />;
}
