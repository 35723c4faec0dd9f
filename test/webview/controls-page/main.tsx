/** Every control of webview/ui in every state that it can be put in, for the gallery and for the test of contrasts. */
import "@vscode/codicons/dist/codicon.css";
import "../../../webview/ui/base.css";
import "./controls-page.css";
import { render } from "preact";
import type { ComponentChildren, VNode } from "preact";
import { ColorBar } from "../../../webview/ui/colorbar.tsx";
import { Button, Checkbox, TextField } from "../../../webview/ui/controls.tsx";
import { Banner, FailureBanner, ProgressLine } from "../../../webview/ui/feedback.tsx";
import {
  Disclosure,
  IconButton,
  NumberField,
  Segmented,
  Select,
  Slider,
  ValueField,
} from "../../../webview/ui/fields.tsx";
import { MenuButton } from "../../../webview/ui/menu.tsx";
import { colorTable } from "../../../src/draw/scene/colormap.ts";

const nothing = (): undefined => undefined;
const choices = [
  { value: "a", label: "Side by side" },
  { value: "b", label: "Overlay" },
  { value: "c", label: "Map only" },
];
const items = ["Copy as Python", "Export as ONNX …", "Save as PNG"].map((label) => ({
  id: label,
  label,
  run: nothing,
}));

function Row({ name, children }: { readonly name: string; readonly children: ComponentChildren }): VNode {
  return (
    <section class="row" aria-label={name}>
      <h2>{name}</h2>
      <div class="row-items">{children}</div>
    </section>
  );
}

/** A button that can be pressed: of those methods are chosen by. */
function Toggle({ pressed, disabled }: { readonly pressed: boolean; readonly disabled?: boolean }): VNode {
  const words = `${disabled ? "disabled, " : ""}${pressed ? "pressed" : "not pressed"}`;
  return (
    <button
      type="button"
      class="method"
      aria-pressed={pressed}
      disabled={disabled}
      data-testid={`${disabled ? "disabled-" : ""}${pressed ? "pressed" : "rest"}`}
    >
      {words}
    </button>
  );
}

function Controls(): VNode {
  return (
    <main class="rows">
      <h1>Controls</h1>
      <Row name="Toggles">
        <Toggle pressed={false} />
        <Toggle pressed />
        <Toggle pressed={false} disabled />
        <Toggle pressed disabled />
        <Segmented label="Arrangement" value="b" choices={choices} onChange={nothing} testid="segment" />
      </Row>
      <Row name="Buttons">
        <Button onClick={nothing} kind="primary">
          Primary
        </Button>
        <Button onClick={nothing}>Secondary</Button>
        <Button onClick={nothing} disabled>
          Disabled
        </Button>
        <button type="button" class="pick" data-testid="pick">
          A pick
        </button>
        <button type="button" class="pick" disabled>
          A disabled pick
        </button>
        <button type="button" class="link-button">
          A link
        </button>
        <IconButton icon="save" label="Save" onClick={nothing} testid="icon" />
        <IconButton icon="close" label="Close" onClick={nothing} disabled />
        <MenuButton label="More" items={items} testid="menu">
          More
        </MenuButton>
      </Row>
      <Row name="Fields">
        <Select label="Colour map" shown value="a" choices={choices} onChange={nothing} />
        <Select label="Off" shown disabled value="a" choices={choices} onChange={nothing} />
        <NumberField label="Steps" value={50} min={1} max={9} step={1} integer onChange={nothing} unit="ms" />
        <ValueField
          label="Size"
          value="224"
          format={(value) => value}
          parse={(text) => ({ value: text })}
          onChange={nothing}
        />
        <Slider label="Opacity" value={60} min={0} max={100} step={1} text="60%" onInput={nothing} />
        <Slider label="Off" value={60} min={0} max={100} step={1} text="60%" onInput={nothing} disabled />
        <Checkbox checked onChange={nothing}>
          Absolute
        </Checkbox>
        <Checkbox checked={false} onChange={nothing}>
          ReLU
        </Checkbox>
        <TextField value="" label="Search" placeholder="Search layers" icon="search" onInput={nothing} />
      </Row>
      <Row name="Messages">
        <Banner kind="info">The model file has changed.</Banner>
        <Banner kind="warning" actions={[{ label: "Run again", run: nothing }]}>
          This view is out of date.
        </Banner>
        <FailureBanner
          failure={{
            message: "There is no gradient rule for NonMaxSuppression.",
            where: "node /_blocks.3/NonMaxSuppression",
            hint: "CAM works without gradients.",
          }}
          retry={nothing}
          onClose={nothing}
        />
        <div class="fill">
          <ProgressLine fraction={0.6} text="Step 30 of 50" />
        </div>
      </Row>
      <Row name="Text">
        <span>Text</span>
        <span class="muted">Muted text</span>
        <code class="mono">/_blocks.3/conv</code>
        <Disclosure title="How it was made" open={false} onToggle={nothing}>
          {nothing}
        </Disclosure>
      </Row>
      <Row name="Colour bars">
        {[
          { min: 0, max: 1 },
          { min: 2.179e-10, max: 3.4e31 },
          { min: -1e-9, max: 1e-9 },
        ].map((range) => (
          <div key={range.max} class="bar">
            <ColorBar
              range={range}
              table={colorTable("inferno")}
              clipped={{ low: true, high: true }}
              quantity="|∂y/∂x|"
            />
          </div>
        ))}
      </Row>
    </main>
  );
}

const root = document.getElementById("app") as HTMLElement;
// The skeleton stands there until now.
root.replaceChildren();
render(<Controls />, root);
