import assert from "node:assert/strict";
import type { Frame } from "playwright-core";
import { eventually } from "../harness/eventually.ts";
import { flow } from "../harness/flow.ts";
import { saliencyOfTheCat, testid } from "./person.ts";

flow(
  "a menu in a low window lies inside it, scrolls, and every item is reached by keyboard",
  {},
  async ({ page, workbench, step, screenshot }) => {
    const frame = await step("a panel in a low window", async () => {
      await workbench.openFile("efficientnet-lite0.onnx");
      const frame = await saliencyOfTheCat(workbench);
      await page.setViewportSize({ width: 1100, height: 260 });
      return frame;
    });

    await step("its menu ends where the view ends", async () => {
      await testid(frame, "save").click();
      await frame.locator("[role=menu]").waitFor();
      const { top, bottom, height, room, length } = await menuIn(frame);
      assert.ok(top >= 0 && bottom <= height, `from ${top} to ${bottom} of ${height}`);
      assert.ok(length > room, `${length} pixels of items in ${room}: the window is not low enough for this test`);
      await screenshot("menu-low");
    });

    await step(
      "End leads to the last item, in sight; a letter to the first that begins with it; Escape back",
      async () => {
        await page.keyboard.press("End");
        await eventually(async () => assert.ok(await lastIsSeen(frame)));
        await page.keyboard.press("Home");
        await page.keyboard.press("j");
        await eventually(async () => assert.equal(await focusedIn(frame), "save-json"));
        await page.keyboard.press("Escape");
        await eventually(async () => assert.equal(await focusedIn(frame), "save"));
        assert.equal(await frame.locator("[role=menu]").count(), 0);
      },
    );
  },
);

function menuIn(frame: Frame): Promise<Record<"top" | "bottom" | "height" | "room" | "length", number>> {
  return frame.locator("[role=menu]").evaluate((menu) => {
    const { top, bottom } = menu.getBoundingClientRect();
    return { top, bottom, height: innerHeight, room: menu.clientHeight, length: menu.scrollHeight };
  });
}

function lastIsSeen(frame: Frame): Promise<boolean> {
  return frame.locator("[role=menu]").evaluate((menu) => {
    const last = [...menu.querySelectorAll("[role=menuitem]")].at(-1)!;
    const [inside, item] = [menu.getBoundingClientRect(), last.getBoundingClientRect()];
    return document.activeElement === last && item.top >= inside.top && item.bottom <= inside.bottom + 1;
  });
}

function focusedIn(frame: Frame): Promise<string | undefined> {
  return frame.evaluate(() => (document.activeElement as HTMLElement | null)?.dataset.testid);
}
