/** A table with a title; on a narrow screen it is scrolled by itself, also by keyboard. */
import type { ComponentChildren } from "preact";

type Column = { name: string; isNumber?: boolean };

export function Table({ title, columns, rows }: { title: string; columns: Column[]; rows: ComponentChildren[][] }) {
  const id = `table-${title.replaceAll(/\W/g, "-")}`;
  return (
    <section>
      <h2 id={id}>{title}</h2>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what can be scrolled has to be reached by keyboard */}
      <section class="scrolled" tabIndex={0} aria-labelledby={id}>
        <table>
          <thead>
            <tr>
              {columns.map(({ name, isNumber }) => (
                <th key={name} scope="col" class={isNumber ? "number" : undefined}>
                  {name}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {rows.map((cells, nth) => (
              <tr key={nth}>
                {cells.map((cell, at) =>
                  at === 0 ? (
                    <th key={columns[at]!.name} scope="row">
                      {cell}
                    </th>
                  ) : (
                    <td key={columns[at]!.name} class={columns[at]!.isNumber ? "number" : undefined}>
                      {cell}
                    </td>
                  ),
                )}
              </tr>
            ))}
          </tbody>
        </table>
      </section>
    </section>
  );
}
