import { expect, it } from "vitest";
import { stepsOf } from "./steps";

it("counts how far a campaign's messages got, of all who were addressed", () => {
  const steps = stepsOf({ members: { total: 40, pending: 10 }, reached: { sent: 30, delivered: 28, opened: 9, clicked: 1 } });
  expect(steps.map(({ name, count, share }) => [name, count, share])).toEqual([
    ["members", 40, 100],
    ["sent", 30, 75],
    ["delivered", 28, 70],
    ["opened", 9, 22.5],
    ["clicked", 1, 2.5],
  ]);
  expect(stepsOf({ members: {}, reached: {} }).every(({ count, share }) => count === 0 && share === 0)).toBe(true);
});
