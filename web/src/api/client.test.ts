import { afterEach, describe, expect, it, vi } from "vitest";
import { ApiError, OfflineError, request, whenSessionExpires } from "./client";

const json = (status: number, body: unknown) =>
  new Response(body === null ? null : JSON.stringify(body), { status, headers: { "content-type": "application/json" } });
type Call = { path: string; init: RequestInit };

/** A server in a function: answers are chosen by path and by how often it was asked. */
function serve(answer: (path: string, time: number) => Response) {
  const calls: Call[] = [];
  vi.stubGlobal("fetch", async (input: string, init: RequestInit) => {
    const path = input.replace("/api/v1", "");
    calls.push({ path, init });
    return answer(path, calls.filter((call) => call.path === path).length);
  });
  return calls;
}
afterEach(() => vi.unstubAllGlobals());
const expired = () => json(401, { title: "Expired", status: 401, code: "token_expired" });

describe("requests", () => {
  it("carry the header of the application", async () => {
    const calls = serve(() => json(200, {}));
    await request("/meta");
    expect(new Headers(calls[0]?.init.headers).get("X-Kith-Client")).toBe("web");
  });
  it("renew an expired session once for all that found it expired", async () => {
    const calls = serve((path, time) =>
      path === "/auth/refresh" ? json(200, {}) : time === 1 ? expired() : json(200, { path }),
    );
    const answers = await Promise.all([request("/a"), request("/b"), request("/c")]);
    expect(answers).toEqual([{ path: "/a" }, { path: "/b" }, { path: "/c" }]);
    expect(calls.filter((call) => call.path === "/auth/refresh")).toHaveLength(1);
  });
  it("come back with nothing where the answer has no body", async () => {
    serve((path) => new Response(null, { status: path === "/accepted" ? 202 : 204 }));
    expect(await Promise.all([request("/accepted"), request("/done")])).toEqual([undefined, undefined]);
  });
  it("do not take a wrong code at the sign-in for the end of a session", async () => {
    const over = vi.fn();
    whenSessionExpires(over);
    const calls = serve(() => json(401, { title: "Code", status: 401, code: "totp_required" }));
    for (const path of ["/auth/login", "/auth/accept-invitation"]) {
      const refused = await request(path, { method: "POST", body: {} }).catch((error: unknown) => error);
      expect((refused as ApiError).code).toBe("totp_required");
    }
    expect(over).not.toHaveBeenCalled();
    expect(calls).toHaveLength(2);
  });
  it("tell when the session is over, and do not try for ever", async () => {
    const over = vi.fn();
    whenSessionExpires(over);
    const calls = serve(() => expired());
    await expect(request("/a")).rejects.toMatchObject({ status: 401 });
    expect(over).toHaveBeenCalledOnce();
    expect(calls).toHaveLength(2);
  });
  it("do not renew for a wrong password", async () => {
    const calls = serve(() => json(401, { title: "Wrong", status: 401, code: "invalid_credentials" }));
    await expect(request("/auth/login", { method: "POST", body: {} })).rejects.toBeInstanceOf(ApiError);
    expect(calls).toHaveLength(1);
  });
  it("give the server's account of a failure", async () => {
    serve(() =>
      json(422, { title: "Invalid", status: 422, code: "validation", detail: "Some fields are not right.", errors: [] }),
    );
    await expect(request("/a")).rejects.toMatchObject({ message: "Some fields are not right.", code: "validation" });
  });
  it("know being offline from being refused", async () => {
    vi.stubGlobal("fetch", async () => {
      throw new TypeError("network");
    });
    await expect(request("/a")).rejects.toBeInstanceOf(OfflineError);
  });
});
