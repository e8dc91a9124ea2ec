import { ApiError, address, OfflineError } from "@/api/client";
import type { Problem, Rec } from "@/api/types";
import { createStore } from "@/lib/store";

/** A file on its way to the server. */
export type Upload = {
  key: string;
  /** The record it belongs to: "companies/{id}". */
  place: string;
  name: string;
  /** From 0 to 1. */
  share: number;
  error: string | null;
  cancel: () => void;
};
/** Every file that is on its way, or could not get there: it goes on while one looks at other pages. */
export const uploads = createStore<Upload[]>([]);
const put = (key: string, part: Partial<Upload>) =>
  uploads.set(uploads.get().map((one) => (one.key === key ? { ...one, ...part } : one)));
export const forget = (key: string) => uploads.set(uploads.get().filter((one) => one.key !== key));

let counter = 0;

/** Sends a file, telling how far it is. Resolves to the document, or to nothing: what went wrong stands beside the file. */
export function send(path: string, place: string, file: File, explain: (error: unknown) => string): Promise<Rec | undefined> {
  counter += 1;
  const key = `upload-${counter}`;
  const form = new FormData();
  form.set("file", file);
  const sending = new XMLHttpRequest();
  uploads.set([...uploads.get(), { key, place, name: file.name, share: 0, error: null, cancel: () => sending.abort() }]);
  return new Promise((resolve) => {
    const fail = (error: unknown) => {
      put(key, { error: explain(error) });
      resolve(undefined);
    };
    sending.open("POST", address(path));
    sending.setRequestHeader("X-Kith-Client", "web");
    sending.setRequestHeader("Accept", "application/json");
    sending.setRequestHeader("Idempotency-Key", crypto.randomUUID());
    sending.upload.onprogress = (event) => {
      if (event.lengthComputable) put(key, { share: event.loaded / Math.max(1, event.total) });
    };
    sending.onerror = () => fail(new OfflineError());
    sending.onabort = () => {
      forget(key);
      resolve(undefined);
    };
    sending.onload = () => {
      const body = bodyOf(sending.responseText);
      if (sending.status >= 200 && sending.status < 300) {
        forget(key);
        resolve(body as Rec);
      } else fail(new ApiError(sending.status, body as Problem | undefined));
    };
    sending.send(form);
  });
}
function bodyOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
