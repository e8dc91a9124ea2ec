import { expect, it } from "vitest";
import type { Rec } from "@/api/types";
import { inOrder, newPlaces } from "./order";

const at = (id: string, position: number): Rec => ({ id, position, version: 1, created_at: "", updated_at: "" });

it("records stand as their places say, equals as they came", () =>
  expect(inOrder([at("c", 2), at("a", 1), at("b", 1)]).map((record) => record.id)).toEqual(["a", "b", "c"]));
it("only the places that change are written", () => {
  expect(newPlaces([at("a", 1), at("b", 2), at("c", 3)])).toEqual([]);
  expect(newPlaces([at("a", 1), at("c", 3), at("b", 2)])).toEqual([
    { id: "c", position: 2 },
    { id: "b", position: 3 },
  ]);
  expect(newPlaces([at("a", 0), at("b", 0)])).toEqual([
    { id: "a", position: 1 },
    { id: "b", position: 2 },
  ]);
});
