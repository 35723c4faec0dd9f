import type { PanelBoot, PanelHost, PanelState } from "../../src/protocol/panel.ts";
import type { InputSources } from "../../src/protocol/sample.ts";
import { needsForm, rowsOf, type FormRows } from "../../src/protocol/sample-form.ts";
import { SubjectStore } from "../ui/subject-store.ts";
import type { Snapshot } from "./controller.ts";

/** What a person does with the form of inputs. Its rows are in the state, so that they survive reloads. */
export abstract class InputFormStore extends SubjectStore<PanelBoot, PanelState, PanelHost, Snapshot> {
  abstract run(): Promise<void>;

  /** Another input: of a model with several the form of inputs, else a list (always with `list`). */
  override async pickInput(list = false): Promise<void> {
    const { boot, state } = this.snapshot;
    const several = boot && state && needsForm(boot.inputs, state.recipe ?? boot.recipe.recipe);
    if (!several || list) return super.pickInput();
    if (state.form) return this.closeForm();
    const found = await this.ask("inputSources", { state });
    this.fillIn(found?.sources ?? {});
  }

  protected override fillIn(sources: InputSources): void {
    const { boot, state } = this.snapshot;
    if (!boot || !state) return;
    const { form = {} } = state;
    const rows = rowsOf(sources, boot.inputs, state.recipe ?? boot.recipe.recipe);
    // What was typed stays where the file says nothing of that input.
    const given = Object.entries(rows).filter(([name, { text }]) => text !== "" || !form[name]);
    this.setForm({ ...form, ...Object.fromEntries(given) });
  }

  setForm(form: FormRows): void {
    this.change({ form });
    this.rememberSoon();
  }

  closeForm(): void {
    this.change({ form: undefined });
    this.rememberSoon();
  }

  /** Lets the person pick a file for one of the model's inputs. */
  async browseInput(name: string): Promise<void> {
    const found = await this.ask("browseInput", { state: this.state, name });
    if (found) this.setForm({ ...this.state.form, [name]: { how: "file", text: found.file } });
  }

  async useInputs(sources: InputSources): Promise<void> {
    const typed = await this.ask("useInputs", { state: this.state, sources });
    if (!typed) return;
    if (typed.input === this.input) void this.run();
    else this.takeInput(typed);
  }

  async saveSample(sources: InputSources): Promise<void> {
    const saved = await this.ask("saveSample", { state: this.state, sources });
    if (saved) this.takeInput(saved);
  }
}
