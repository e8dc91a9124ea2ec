import { expect, it } from "vitest";
import { addressesIn } from "./addresses";

it("addresses are found however they were pasted, and doubles count once", () => {
  const { invitees, unclear } = addressesIn(
    'ana@kith.test, ben@kith.test; "Chloe Martin" <chloe@kith.test>\nANA@kith.test dev@kith.test\n\n',
  );
  expect(invitees).toEqual([
    { email: "ana@kith.test" },
    { email: "ben@kith.test" },
    { email: "chloe@kith.test", full_name: "Chloe Martin" },
    { email: "dev@kith.test" },
  ]);
  expect(unclear).toEqual([]);
});
it("what is no address is handed back", () =>
  expect(addressesIn("ana@kith, elif@kith.test, Farid").unclear).toEqual(["ana@kith", "Farid"]));
it("nothing is nothing", () => expect(addressesIn(" \n , ; ")).toEqual({ invitees: [], unclear: [] }));
