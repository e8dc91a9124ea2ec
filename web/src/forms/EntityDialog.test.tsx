import { QueryClientProvider } from "@tanstack/react-query";
import { createMemoryHistory, createRootRoute, createRouter, RouterProvider } from "@tanstack/react-router";
import { cleanup, render, screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { afterEach, expect, it, vi } from "vitest";
import "@/i18n";
import { queryClient } from "@/api/queries";
import type { Rec } from "@/api/types";
import { entityOf, fieldOf } from "@/fields/testing";
import { Providers } from "@/ui";
import EntityDialog from "./EntityDialog";

afterEach(() => {
  cleanup();
  vi.unstubAllGlobals();
});
const entity = entityOf(
  [
    fieldOf({ name: "name", label: "Name", required: true }),
    fieldOf({ name: "amount", label: "Amount", kind: "money", scale: 2, min: 0 }),
    fieldOf({ name: "custom.visits", label: "Visits", kind: "integer", custom: true }),
    fieldOf({ name: "score", label: "Score", kind: "percent", read_only: true }),
  ],
  { layout: { table: [], sections: [{ label: "About", fields: ["name", "amount"] }], board: null } },
);
async function open(onClose = vi.fn(), record?: Rec) {
  const component = () => <EntityDialog entity={entity} record={record} onClose={onClose} />;
  const router = createRouter({ routeTree: createRootRoute({ component }), history: createMemoryHistory() });
  render(
    <QueryClientProvider client={queryClient}>
      <Providers>
        <RouterProvider router={router as never} />
      </Providers>
    </QueryClientProvider>,
  );
  await screen.findByRole("dialog");
  return onClose;
}
const answer = (status: number, body: unknown) =>
  new Response(JSON.stringify(body), { status, headers: { "content-type": "application/json" } });

it("asks for what metadata asks for, and for nothing that cannot be written", async () => {
  const sent = vi.fn();
  vi.stubGlobal("fetch", sent);
  await open();
  expect(screen.queryByLabelText("Score")).toBeNull();
  await userEvent.click(screen.getByRole("button", { name: /Create thing/ }));
  expect(await screen.findByText("Name is required.")).toBeTruthy();
  expect(sent).not.toHaveBeenCalled();
});

it("says nothing of a field that was only passed: its line would push away what is being clicked", async () => {
  await open();
  await userEvent.click(screen.getByLabelText(/^Name/));
  await userEvent.click(screen.getByLabelText("Amount"));
  await userEvent.type(screen.getByLabelText("Amount"), "lots");
  await userEvent.click(screen.getByLabelText(/^Name/));
  expect(await screen.findByText("Amount must be a number.")).toBeTruthy();
  expect(screen.queryByText("Name is required.")).toBeNull();
});

it("refuses a figure it cannot read, then puts the server's error on its field, then creates", async () => {
  const bodies: unknown[] = [];
  vi.stubGlobal("fetch", async (_: string, init: RequestInit) => {
    bodies.push(JSON.parse(String(init.body)));
    return bodies.length === 1
      ? answer(422, {
          title: "Invalid",
          status: 422,
          code: "validation",
          errors: [{ field: "name", code: "duplicate", message: "Taken." }],
        })
      : answer(201, { id: "1", version: 1, created_at: "", updated_at: "" });
  });
  const closed = await open();
  await userEvent.type(screen.getByLabelText(/^Name/), "Acme");
  await userEvent.type(screen.getByLabelText("Amount"), "lots");
  await userEvent.click(screen.getByRole("button", { name: /Create thing/ }));
  expect(await screen.findByText("Amount must be a number.")).toBeTruthy();
  await userEvent.clear(screen.getByLabelText("Amount"));
  await userEvent.type(screen.getByLabelText("Amount"), "2.5k");
  await userEvent.type(screen.getByLabelText("Visits"), "3");
  await userEvent.click(screen.getByRole("button", { name: /Create thing/ }));
  expect(await screen.findByText("Taken.")).toBeTruthy();
  await userEvent.click(screen.getByRole("button", { name: /Create thing/ }));
  await waitFor(() => expect(closed).toHaveBeenCalled());
  expect(bodies.at(-1)).toEqual({ name: "Acme", amount: "2500", custom_fields: { visits: 3 } });
});

const HELD: Rec = { id: "1", version: 3, created_at: "", updated_at: "", name: "Acme", amount: "10.00", custom_fields: {} };
it("changes a record by what differs from what it showed, under the version it showed", async () => {
  const sent: [string, RequestInit][] = [];
  vi.stubGlobal("fetch", async (address: string, init: RequestInit) => {
    sent.push([address, init]);
    return answer(200, { ...HELD, version: 4, amount: "2500.00" });
  });
  const closed = await open(vi.fn(), HELD);
  await userEvent.clear(screen.getByLabelText("Amount"));
  await userEvent.type(screen.getByLabelText("Amount"), "2.5k");
  await userEvent.click(screen.getByRole("button", { name: /^Save/ }));
  await waitFor(() => expect(closed).toHaveBeenCalled());
  const [address, init] = sent[0] ?? ["", {}];
  expect([address, init.method, init.body]).toEqual(["/api/v1/things/1", "PATCH", JSON.stringify({ amount: "2500" })]);
  expect((init.headers as Record<string, string>)["If-Match"]).toBe('"3"');
});
it("after one record the form begins anew for the next", async () => {
  vi.stubGlobal("fetch", async () => answer(201, { id: "1", version: 1, created_at: "", updated_at: "" }));
  await open();
  await userEvent.type(screen.getByLabelText(/^Name/), "Acme");
  await userEvent.click(screen.getByRole("button", { name: "Create and add another" }));
  await waitFor(() => expect((screen.getByLabelText(/^Name/) as HTMLInputElement).value).toBe(""));
});
it("asks before what was entered is thrown away", async () => {
  const closed = await open();
  await userEvent.type(screen.getByLabelText(/^Name/), "Acme");
  await userEvent.click(screen.getByRole("button", { name: "Cancel" }));
  await userEvent.click(await screen.findByRole("button", { name: "Keep editing" }));
  expect(closed).not.toHaveBeenCalled();
  await userEvent.click(screen.getByRole("button", { name: "Cancel" }));
  await userEvent.click(await screen.findByRole("button", { name: "Discard" }));
  expect(closed).toHaveBeenCalled();
});
