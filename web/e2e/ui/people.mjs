// Colleagues, teams and roles.
import assert from "node:assert/strict";
import { accessible, hook, PHONE, requestsOf } from "./world.mjs";

const openPeople = async (page, search = "") => {
  await page.goto(`/settings/people${search}`);
  await page.getByRole("link", { name: "Ben Okafor" }).waitFor();
};
const row = (page, name) => page.getByRole("row").filter({ has: page.getByRole("link", { name }) });
const menuOf = (page, name) => page.getByRole("button", { name: `More actions for ${name}` }).click();

export default async function flows(check) {
  await check("people: found by name, status and role; the search stands in the address", async (page) => {
    await openPeople(page);
    await accessible(page);
    assert.equal(await page.getByRole("row").count(), 10);
    await page.getByRole("searchbox", { name: "Search people…" }).fill("okafor");
    await page.waitForURL(/q=okafor/);
    assert.equal(await page.getByRole("row").count(), 2);
    await page.getByRole("button", { name: "Clear filters" }).click();
    await page.getByRole("button", { name: /^Invited/ }).click();
    await page.getByRole("link", { name: "Hana Sato" }).waitFor();
    assert.equal(await page.getByRole("row").count(), 2);
    await page.reload();
    await page.getByRole("link", { name: "Hana Sato" }).waitFor();
    assert.equal(await page.getByRole("row").count(), 2);
    await page.getByRole("searchbox").fill("zzz");
    await page.getByText("Nobody found").waitFor();
    await accessible(page);
  });
  await check("people: several are invited at once; who cannot be stays in the box and says why", async (page) => {
    await openPeople(page);
    const posts = requestsOf(page, "POST");
    await page.getByRole("button", { name: "Invite people" }).click();
    const dialog = page.getByRole("dialog", { name: "Invite people" });
    await dialog.getByLabel("E-mail addresses").fill("mia@kith.test; not-an-address");
    await dialog.getByRole("button", { name: "Send invitation" }).click();
    await dialog.getByText("These are no e-mail addresses: not-an-address.").waitFor();
    await dialog.getByLabel("E-mail addresses").fill("mia@kith.test\nNoah Berg <noah@kith.test>, ben.okafor@kith.test");
    await dialog.getByRole("combobox", { name: "Role" }).click();
    await page.getByRole("option", { name: /^Sales/ }).click();
    await dialog.getByRole("combobox", { name: "Team" }).click();
    await page.getByRole("option", { name: "Field sales" }).click();
    await accessible(page);
    await dialog.getByRole("button", { name: "Send 3 invitations" }).click();
    await page.getByText("2 people invited").first().waitFor();
    await dialog.getByText("belongs to somebody who is here already").waitFor();
    assert.equal(await dialog.getByLabel("E-mail addresses").inputValue(), "ben.okafor@kith.test");
    const [first, second] = posts.filter((post) => post.url.endsWith("/users/invite"));
    assert.equal(first.body.email, "mia@kith.test");
    assert.equal(second.body.full_name, "Noah Berg");
    assert.ok(second.body.team_id);
    await dialog.getByRole("button", { name: "Cancel" }).click();
    await page.getByRole("link", { name: "Noah Berg" }).waitFor();
    await menuOf(page, "Noah Berg");
    await page.getByRole("menuitem", { name: "Send the invitation again" }).click();
    await page.getByText("Invitation sent again").first().waitFor();
    await menuOf(page, "Noah Berg");
    await page.getByRole("menuitem", { name: "Withdraw invitation" }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Withdraw invitation" }).click();
    await page.getByRole("link", { name: "Noah Berg" }).waitFor({ state: "detached" });
  });
  await check("people: role and team are changed in place and undone; the last owner has to stay", async (page) => {
    await openPeople(page);
    const patches = requestsOf(page, "PATCH");
    await page.getByRole("button", { name: "Role of Dev Raman: Sales" }).click();
    await accessible(page);
    await page.getByRole("menuitem", { name: "Manager" }).click();
    await page.getByRole("button", { name: "Role of Dev Raman: Manager" }).waitFor();
    await page.getByRole("button", { name: "Undo" }).first().click();
    await page.getByRole("button", { name: "Role of Dev Raman: Sales" }).waitFor();
    assert.match(patches[0].headers["if-match"], /^"\d+"$/);
    await page.getByRole("button", { name: "Team of Dev Raman: Inside sales" }).click();
    await page.getByRole("menuitem", { name: "No team" }).click();
    await page.getByRole("button", { name: "Team of Dev Raman: No team" }).waitFor();
    await page.getByRole("button", { name: "Role of Ana Whitfield: Owner" }).click();
    assert.equal(await page.getByRole("menuitem", { name: /^Sales/ }).getAttribute("aria-disabled"), "true");
    await page.keyboard.press("Escape");
    await menuOf(page, "Ana Whitfield");
    const leave = page.getByRole("menuitem", { name: /^Deactivate/ });
    assert.match(await leave.innerText(), /last owner/);
    assert.equal(await leave.getAttribute("aria-disabled"), "true");
  });
  await check("people: who leaves hands over what is theirs, and can come back", async (page) => {
    await openPeople(page);
    const posts = requestsOf(page, "POST");
    await menuOf(page, "Ben Okafor");
    await page.getByRole("menuitem", { name: /^Deactivate/ }).click();
    const dialog = page.getByRole("dialog", { name: "Deactivate Ben Okafor?" });
    await dialog.locator("[data-owned=company]").waitFor();
    const owned = Number((await dialog.locator("[data-owned=company]").innerText()).replace(/\D/g, ""));
    assert.ok(owned > 300 && owned < 2000, String(owned));
    await dialog.getByRole("combobox", { name: "Hand over to" }).click();
    await page.getByPlaceholder("Hand over to").fill("Grace");
    await page.getByRole("option", { name: "Grace Liu" }).click();
    await accessible(page);
    await dialog.getByRole("button", { name: "Deactivate" }).click();
    await row(page, "Ben Okafor").getByText("Deactivated").last().waitFor();
    assert.ok(posts.findLast((post) => post.url.endsWith("/deactivate")).body.hand_over_to);
    await menuOf(page, "Ben Okafor");
    await page.getByRole("menuitem", { name: "Reactivate" }).click();
    await row(page, "Ben Okafor").getByText("Active", { exact: true }).waitFor();
  });
  await check("teams: made, renamed, filled, emptied and undone, dissolved", async (page) => {
    await page.goto("/settings/people?tab=teams");
    const field = page.getByRole("region", { name: "Field sales" });
    await field.getByText("Chloe Martin").waitFor();
    await accessible(page);
    await field.getByRole("combobox", { name: "Add to Field sales" }).click();
    await page.getByPlaceholder("Add to Field sales").fill("Ben");
    await page.getByRole("option", { name: "Ben Okafor" }).click();
    await field.getByText("Ben Okafor").waitFor();
    await field.getByRole("button", { name: "Remove Chloe Martin from Field sales" }).click();
    await field.getByText("Chloe Martin").waitFor({ state: "detached" });
    await page.getByRole("button", { name: "Undo" }).first().click();
    await field.getByText("Chloe Martin").waitFor();
    await page.getByRole("button", { name: "New team" }).click();
    const dialog = page.getByRole("dialog", { name: "New team" });
    await dialog.getByLabel("Name").fill("Field sales");
    await dialog.getByRole("button", { name: "Create team" }).click();
    await dialog.getByText("A team with this name exists already.").waitFor();
    await dialog.getByLabel("Name").fill("Partners");
    await dialog.getByRole("button", { name: "Create team" }).click();
    const partners = page.getByRole("region", { name: "Partners" });
    await partners.getByText("Nobody is in this team yet.").waitFor();
    await menuOf(page, "Partners");
    await page.getByRole("menuitem", { name: "Delete team…" }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Delete team" }).click();
    await partners.waitFor({ state: "detached" });
  });
  await check("people: who may only look sees no controls, and set-up is left out of the navigation", async (page) => {
    await hook("pretend", { role: "sales" });
    await openPeople(page);
    assert.equal(await page.getByRole("button", { name: "Invite people" }).count(), 0);
    assert.equal(await page.getByRole("button", { name: /^More actions/ }).count(), 0);
    assert.deepEqual(
      (await page.getByRole("navigation", { name: "Settings" }).getByRole("link").allInnerTexts()).map((name) => name.trim()),
      ["Your account", "Notifications", "People"],
    );
    await page.goto("/settings/pipelines");
    await page.getByText("You may look at this, but not change it.").waitFor();
    assert.equal(await page.getByRole("button", { name: /^Move / }).count(), 0);
    await accessible(page);
  });
  await check(
    "phone: the settings' navigation is a page, people are a two-line list, nothing overflows",
    async (page) => {
      const fits = async () =>
        assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), `overflow on ${page.url()}`);
      const small = async () => {
        const found = await page.evaluate(() =>
          [...document.querySelectorAll("main button, main a[href], [role=dialog] button")]
            .filter((one) => one.checkVisibility() && !one.closest("p") && one.getBoundingClientRect().height > 0)
            .filter((one) => one.getBoundingClientRect().height < 39.5 && !one.className.includes("after:inset-0"))
            .map((one) => `${one.getAttribute("aria-label") ?? one.textContent} ${one.getBoundingClientRect().height}`),
        );
        assert.deepEqual(found, [], `small targets on ${page.url()}`);
      };
      await page.goto("/settings");
      await page
        .getByRole("navigation", { name: "Settings" })
        .getByRole("link", { name: /^People/ })
        .click();
      await page.getByRole("link", { name: "Ben Okafor" }).waitFor();
      for (const address of [
        "people",
        "people?tab=teams",
        "account",
        "organization",
        "roles",
        "pipelines",
        "fields",
        "tags",
        "industries",
      ]) {
        await page.goto(`/settings/${address}`, { waitUntil: "networkidle" });
        await fits();
        await small();
        await accessible(page);
      }
      await page.goto("/settings/roles");
      await page.getByRole("link", { name: "Sales", exact: true }).click();
      await page.getByRole("grid").waitFor();
      await fits();
      await small();
      await accessible(page);
      await page.getByRole("link", { name: "Roles" }).click();
      await page.getByRole("link", { name: "Settings" }).click();
      await page.waitForURL(/settings$/);
    },
    PHONE,
  );
}
