import { isNpz } from "../../protocol/file-types.ts";
import { sameNumbers } from "../../model/graph.ts";
import { basename, resolve } from "node:path";
import { DataError, UsageError } from "../../model/errors.ts";
import type { Recipe } from "../../protocol/recipe.ts";
import {
  decodeNpz,
  readBytes,
  readSample,
  readShared,
  specialToken,
  type Sample,
  type SpecialToken,
} from "../../data/index.ts";
import type { LoadedModel } from "../../runtime/models.ts";
import { floatsOf, fromFloat32, type Feeds, type TensorValue } from "../../runtime/ort.ts";
import { isNumber } from "./baselines.ts";
import { tensorOf, type ExplainedInput } from "./explained-input.ts";

/** Says something that a person should know. */
export type Note = (text: string) => void;

/** What baselines are read for. */
export interface BaselinesAbout {
  readonly model: LoadedModel;
  readonly feeds: Feeds;
  readonly recipe: Recipe;
  /** Relative paths begin here. */
  readonly folder: string;
  readonly explained: readonly ExplainedInput[];
  /** Inputs of texts, which are places in a list; place 0 is no text. */
  readonly texts: ReadonlySet<string>;
  /** Whether a person chose what is explained: others are then held on purpose. */
  readonly chosen: boolean;
  /** Told of each file that is read. */
  noteFile(file: { readonly name: string; readonly hash: string }): void;
}

/** Reads baselines for the inputs that are explained: what a `baseline` parameter names, for each of them. */
export class BaselineReader {
  /** Files that several inputs share, read once. */
  private readonly sharedFiles = new Map<string, Promise<Readonly<Record<string, Sample>> | undefined>>();

  constructor(private readonly about: BaselinesAbout) {}

  /** In the shapes of an input's segments. UsageError for what does not fit, or would not be used. */
  async segments(explained: ExplainedInput, text: string, note: Note): Promise<readonly Float32Array[]> {
    const { kind, segments, input } = explained;
    const looksUp = kind === "vectors" || kind === "tokens" || kind === "categories";
    if (text === "auto" || isNumber(text)) {
      // Of texts a number says nothing: none of their categories is set.
      const isText = this.about.texts.has(input);
      if (isText) note(`The baseline of "${input}" is the empty text.`);
      const number = text === "auto" || isText ? 0 : Number(text);
      if (kind !== "categories") return segments.map(({ values }) => new Float32Array(values.length).fill(number));
      return this.lookedUp(explained, this.same(explained, await this.number(explained, text, note)));
    }
    const token = looksUp ? await this.token(explained, text) : undefined;
    if (token !== undefined) return this.lookedUp(explained, this.same(explained, token));
    const file = await this.file(explained, text, note);
    if (file === undefined) return this.segments(explained, "auto", note);
    return looksUp && file.dataType === this.about.feeds[input].dataType
      ? this.lookedUp(explained, file)
      : [floatsOf(file)];
  }

  /** In the shape of an integer input: token or category numbers. */
  async integers(explained: ExplainedInput, text: string, note: Note): Promise<Float32Array> {
    const same = (number: number): Float32Array => new Float32Array(explained.shown.values.length).fill(number);
    if (text === "auto" || isNumber(text)) return same(await this.number(explained, text, note));
    const token = await this.token(explained, text);
    if (token !== undefined) return same(token);
    const file = await this.file(explained, text, note);
    return file === undefined ? this.integers(explained, "auto", note) : floatsOf(file);
  }

  /** The number that integers are replaced by. */
  private async number({ input, kind }: ExplainedInput, text: string, note: Note): Promise<number> {
    if (this.about.texts.has(input)) {
      note(`The baseline of "${input}" is the empty text.`);
      return 0;
    }
    if (text !== "auto") {
      const number = Number(text);
      if (!Number.isInteger(number))
        throw new UsageError(
          `The input "${input}" takes integers, and ${text} is not one.`,
          "baseline",
          "Give the ID of a token or a category.",
        );
      return number;
    }
    const found =
      kind === "categories"
        ? undefined
        : ((await this.special(input, "mask")) ??
          (await this.special(input, "padding")) ??
          (await this.special(input, "unknown")));
    note(
      found
        ? `The baseline of "${input}" is the ${found.kind} token ${found.text}, ID ${found.id}.`
        : `The baseline of "${input}" is ${kind === "categories" ? "category" : "number"} 0${kind === "categories" ? "" : ", because no tokenizer names a token for missing text"}; set "baseline" to use another.`,
    );
    return found?.id ?? 0;
  }

  /** "mask", "padding", "unknown", or "token:103". */
  private async token({ input }: ExplainedInput, text: string): Promise<number | undefined> {
    const numbered = /^token:(\d+)$/.exec(text);
    if (numbered) return Number(numbered[1]);
    const kind = ({ mask: "mask", pad: "padding", padding: "padding", unk: "unknown", unknown: "unknown" } as const)[
      text as "mask"
    ];
    if (kind === undefined) return undefined;
    const found = await this.special(input, kind);
    if (!found)
      throw new UsageError(
        `No tokenizer gives the ID of the ${kind} token of "${input}".`,
        "baseline",
        "Give its ID: token:103.",
      );
    return found.id;
  }

  private async special(input: string, kind: SpecialToken["kind"]): Promise<SpecialToken | undefined> {
    const one = Object.hasOwn(this.about.recipe.inputs, input) ? this.about.recipe.inputs[input] : undefined;
    return one?.kind === "text" ? specialToken(this.about.model.open.path, one.tokenizer, kind) : undefined;
  }

  private same({ input }: ExplainedInput, number: number): TensorValue {
    const { dataType, dims } = this.about.feeds[input];
    return fromFloat32(dataType, dims, new Float32Array(dims.reduce((product, dim) => product * dim, 1)).fill(number));
  }

  /** What other integers are looked up as. */
  private async lookedUp({ input, segments }: ExplainedInput, integers: TensorValue): Promise<Float32Array[]> {
    const values = await this.about.model.forward(
      { ...this.about.feeds, [input]: integers },
      segments.map(({ name }) => name),
    );
    return segments.map(({ name }) => floatsOf(values.get(name)!));
  }

  /** A file read as the input was; undefined where an archive has no array for this input. */
  private async file({ input }: ExplainedInput, file: string, note: Note): Promise<TensorValue | undefined> {
    if (this.about.texts.has(input))
      throw new UsageError(
        `The input "${input}" takes text, and only the empty text can stand for missing text.`,
        "baseline",
        "Omit the baseline, or explain a numeric input.",
      );
    const path = resolve(this.about.folder, file);
    if (isNpz(file)) {
      const names = [...decodeNpz(await readBytes(path, 2 ** 30), path).keys()];
      if (!(names.length === 1 && this.about.explained.length === 1 && !Object.hasOwn(this.about.feeds, names[0]))) {
        await this.checkUsed(path, names, note);
        if (!names.includes(input)) {
          note(`"${basename(file)}" has no baseline for "${input}": the default is used.`);
          return undefined;
        }
      }
    } else {
      const shared = await this.shared(path);
      if (shared) {
        await this.checkUsed(path, Object.keys(shared), note);
        if (!Object.hasOwn(shared, input)) {
          note(`"${basename(file)}" has no baseline for "${input}": the default is used.`);
          return undefined;
        }
      } else if (this.about.explained.length > 1) {
        throw new UsageError(
          `"${basename(file)}" is a baseline for one input, and ${this.about.explained.length} are explained: ${this.about.explained.map((one) => one.input).join(", ")}.`,
          "baseline",
          "Give an .npz with one array for each input name, a table with their columns, or explain one input.",
        );
      }
    }
    const value = await this.read(input, path, note);
    const { dims } = this.about.feeds[input];
    if (!sameNumbers(value.dims, dims))
      throw new UsageError(
        `"${basename(file)}" is [${value.dims.join(", ")}], the input "${input}" is [${dims.join(", ")}].`,
        "baseline",
        "A baseline must have the input's shape.",
      );
    return value;
  }

  /**
   * A file that several inputs take their columns, lists or tokens of; undefined for one that is a single input's. A
   * table may have all inputs' columns, or those alone that are explained.
   */
  private shared(path: string): Promise<Readonly<Record<string, Sample>> | undefined> {
    const { model, recipe, explained } = this.about;
    const { inputs } = model.description;
    if (inputs.length < 2) return Promise.resolve(undefined);
    const wanted = inputs.filter(({ name }) => explained.some(({ input }) => input === name));
    const read = (some: typeof inputs): Promise<Readonly<Record<string, Sample>> | undefined> =>
      readShared(path, recipe, some, model.open.path);
    const found =
      this.sharedFiles.get(path) ??
      read(inputs).catch((error: unknown) => {
        if (!(error instanceof DataError) || wanted.length === inputs.length) throw error;
        return read(wanted);
      });
    this.sharedFiles.set(path, found);
    return found;
  }

  /** No array of an archive, and no columns of a table, are left out without a word. */
  private async checkUsed(path: string, names: readonly string[], note: Note): Promise<void> {
    for (const name of names.filter((one) => !this.about.explained.some(({ input }) => input === one))) {
      if (!Object.hasOwn(this.about.feeds, name))
        throw new UsageError(
          `"${basename(path)}" has an array "${name}", but the model has no input of that name.`,
          "baseline",
          `Its inputs are ${Object.keys(this.about.feeds).join(", ")}.`,
        );
      const [given, held] = [await this.read(name, path), this.about.feeds[name]];
      if (
        sameNumbers(given.dims, held.dims) &&
        Array.from(given.data as ArrayLike<unknown>).every((value, i) => value === (held.data as ArrayLike<unknown>)[i])
      )
        continue;
      if (!this.about.chosen)
        throw new UsageError(
          `"${basename(path)}" has a baseline for "${name}", which is not explained and is not changed.`,
          "baseline",
          `Remove the array, or explain the input (--explain ${name}).`,
        );
      note(`"${name}" is not explained and is not changed: its baseline in "${basename(path)}" is not used.`);
    }
  }

  private async read(input: string, path: string, note?: Note): Promise<TensorValue> {
    const recipe = Object.hasOwn(this.about.recipe.inputs, input)
      ? this.about.recipe.inputs[input]
      : { kind: "array" as const };
    const sample =
      (await this.sharedFiles.get(path))?.[input] ??
      (await readSample(
        path,
        recipe,
        this.about.model.description.inputs.find(({ name }) => name === input)!,
        this.about.model.open.path,
      ));
    this.about.noteFile(sample);
    // Which row it is, and which columns go where.
    if (note) for (const text of sample.notes ?? []) note(`Baseline: ${text}`);
    return tensorOf(sample);
  }
}
