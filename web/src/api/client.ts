import type { Problem } from "./types";

export const BASE = "/api/v1";
/** Tells the server that a browser speaks: sessions come as cookies, and a cross-site form cannot send this header. */
const CLIENT = { "X-Kith-Client": "web" };

/** An answer that is not a success. `problem` is the server's own account of it (RFC 9457) where it gave one. */
export class ApiError extends Error {
  readonly status: number;
  readonly problem: Problem | undefined;
  constructor(status: number, problem: Problem | undefined) {
    super(problem?.detail || problem?.title || `HTTP ${status}`);
    this.name = "ApiError";
    this.status = status;
    this.problem = problem;
  }
  get code(): string {
    return this.problem?.code ?? "";
  }
}

/** The server could not be reached at all. */
export class OfflineError extends Error {
  constructor() {
    super("offline");
    this.name = "OfflineError";
  }
}

type Query = Record<string, string | number | boolean | undefined | null>;
export type RequestOptions = {
  method?: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  query?: Query | undefined;
  body?: unknown;
  headers?: Record<string, string> | undefined;
  signal?: AbortSignal | undefined;
};

export function address(path: string, query?: Query): string {
  const search = new URLSearchParams();
  for (const [key, value] of Object.entries(query ?? {}))
    if (value !== undefined && value !== null && value !== "") search.set(key, String(value));
  const text = search.toString();
  return `${BASE}${path}${text ? `?${text}` : ""}`;
}

async function send(path: string, options: RequestOptions): Promise<Response> {
  const { body } = options;
  const form = body instanceof FormData;
  try {
    return await fetch(address(path, options.query), {
      method: options.method ?? "GET",
      credentials: "same-origin",
      headers: {
        Accept: "application/json",
        ...CLIENT,
        ...(body !== undefined && !form ? { "Content-Type": "application/json" } : {}),
        ...options.headers,
      },
      ...(body === undefined ? {} : { body: form ? body : JSON.stringify(body) }),
      ...(options.signal ? { signal: options.signal } : {}),
    });
  } catch (error) {
    if (error instanceof DOMException && error.name === "AbortError") throw error;
    throw new OfflineError();
  }
}

async function problemOf(response: Response): Promise<Problem | undefined> {
  if (!/json/.test(response.headers.get("content-type") ?? "")) return undefined;
  try {
    return (await response.json()) as Problem;
  } catch {
    return undefined;
  }
}

let refreshing: Promise<boolean> | null = null;
/** Renews the session once however many requests found it expired at the same moment. */
function refresh(): Promise<boolean> {
  refreshing ??= send("/auth/refresh", { method: "POST", body: {} })
    .then((response) => response.ok)
    .finally(() => {
      refreshing = null;
    });
  return refreshing;
}

let onExpired: () => void = () => {};
/** Called when a request fails because the session is over and could not be renewed. */
export function whenSessionExpires(handler: () => void) {
  onExpired = handler;
}

/** What nobody has to be signed in for: there, 401 is an answer and not the end of a session. */
const OPEN_PATHS = [
  "/auth/login",
  "/auth/register",
  "/auth/refresh",
  "/auth/options",
  "/auth/forgot-password",
  "/auth/reset-password",
  "/auth/verify-email",
  "/auth/invitation",
  "/auth/accept-invitation",
];

/** Sends a request, renewing the session once on 401, and returns the raw answer. Throws ApiError on failure. */
export async function requestRaw(path: string, options: RequestOptions = {}): Promise<Response> {
  let response = await send(path, options);
  if (response.status === 401 && !OPEN_PATHS.includes(path)) {
    if (await refresh()) response = await send(path, options);
    if (response.status === 401 && path !== "/auth/me") onExpired();
  }
  if (!response.ok) throw new ApiError(response.status, await problemOf(response));
  return response;
}

/** Sends a request and returns the decoded body (undefined for an answer without one, such as 202 or 204). */
export async function request<T>(path: string, options: RequestOptions = {}): Promise<T> {
  const response = await requestRaw(path, options);
  if (!/json/.test(response.headers.get("content-type") ?? "")) return undefined as T;
  return (await response.json()) as T;
}
