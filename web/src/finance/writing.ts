import { createStore } from "@/lib/store";

/** The invoice whose lines are being written and are not saved yet. It must not be sent as it was. */
export const writing = createStore<string | null>(null);
