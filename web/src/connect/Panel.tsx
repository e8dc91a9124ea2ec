import clsx from "clsx";
import { type ReactNode, useId } from "react";

/** A part of a record's page with a name of its own. */
export function Panel({ title, action, children }: { title: string; action?: ReactNode; children: ReactNode }) {
  const id = useId();
  return (
    <section aria-labelledby={id} className="rounded-md bg-raised shadow-card">
      <div className="flex min-h-11 items-center gap-2 border-b ps-3 pe-2">
        <h2 id={id} className="me-auto font-semibold">
          {title}
        </h2>
        {action}
      </div>
      {children}
    </section>
  );
}

/** On a cell and on its column: it stands where there is room, and is told by the record's own page elsewhere. */
export const ROOMY = "max-sm:hidden";

/** A column's name, and its classes. */
type Column = string | [name: string, className: string];

/** Rows of a panel under the names of their columns; the last column stands at the end. */
export function PanelTable({ columns, children }: { columns: Column[]; children: ReactNode }) {
  return (
    <div className="scroll">
      <table className="w-full border-collapse [&_td]:h-9 [&_td]:px-3 max-sm:[&_td]:px-2 [&_td:last-child]:text-end [&_th:last-child]:text-end">
        <thead>
          <tr className="border-b text-xs text-fg-2">
            {columns.map((column) => {
              const [name, className] = typeof column === "string" ? [column] : column;
              return (
                <th
                  key={name}
                  scope="col"
                  className={clsx("h-8 px-3 max-sm:px-2 text-start font-medium whitespace-nowrap", className)}
                >
                  {name}
                </th>
              );
            })}
          </tr>
        </thead>
        <tbody className="[&>tr]:border-b [&>tr]:border-line/80 [&>tr:last-child]:border-b-0">{children}</tbody>
      </table>
    </div>
  );
}
export const PanelText = ({ children }: { children: ReactNode }) => <p className="px-3 py-3 text-fg-2">{children}</p>;
