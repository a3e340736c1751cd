import { expect } from "bun:test";
import { contract } from "./contract.ts";
import { asking, headOf } from "./support.ts";

contract(
  "a message knows whether a run of it was cut on the way, until it is done",
  async (home) => {
    await using store = await home.open();
    const { journal } = store;
    await journal.admit([asking(1)], undefined);
    expect(await headOf(store)).toMatchObject({ interrupted: false });
    await journal.begin("m1", false);
    await journal.release("m1");
    expect(await headOf(store)).toMatchObject({ interrupted: false, crashes: 0 });
    await journal.begin("m1", false);
    await journal.release("m1", true);
    expect(await headOf(store)).toMatchObject({ interrupted: true, crashes: 0 });
    await journal.begin("m1", false);
    await journal.release("m1");
    await journal.begin("m1", false);
    await journal.again("m1");
    expect(await headOf(store)).toMatchObject({ interrupted: true, attempts: 1 });
  },
);

contract("a run that the death of the process cut is one of them", async (home) => {
  {
    await using store = await home.open();
    await store.journal.admit([asking(1)], undefined);
    await store.journal.begin("m1", false);
  }
  await using store = await home.open();
  await store.journal.recover("m1");
  expect(await headOf(store)).toMatchObject({ interrupted: true, crashes: 1 });
});
