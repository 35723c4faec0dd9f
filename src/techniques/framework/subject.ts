import type { TargetSpec } from "../../protocol/job.ts";
import type { BoxSelection } from "../../runtime/detections/index.ts";
import { boxOfTarget, findDetections } from "./detections.ts";
import { readOutput, type OutputHints } from "./output.ts";
import { resolveTarget } from "./target.ts";
import type { PreparedInput } from "./prepared-input.ts";
import { refusedSize } from "./refused-size.ts";
import { rowsNote } from "./rows-note.ts";
import type { SampleContext } from "./technique.ts";

/** What a technique is asked about: one of the model's outputs, what it means, and the element of it that is explained. */
export interface Subject extends Pick<SampleContext, "classes" | "output" | "target" | "detections"> {
  readonly ownValues: boolean;
  /** What was taken for the person, and why. */
  readonly notes: readonly string[];
}

/**
 * Runs the model and reads the output that is asked for, or the first with scores; of a detector the best box's class score is the
 * target. UsageError or DataError where there is no such output, or element of it.
 */
export async function readSubject(
  prepared: PreparedInput,
  {
    takesTarget,
    hints,
    target: asking,
    selection,
  }: {
    readonly takesTarget: boolean;
    readonly hints: OutputHints;
    readonly target?: TargetSpec;
    /** How a detector's boxes are selected, where that can be changed: outputs are then kept for the next selection. */
    readonly selection?: BoxSelection;
  },
): Promise<Subject> {
  const { model, feeds, input } = prepared;
  const read = (name: string | undefined): ReturnType<typeof readOutput> =>
    readOutput(model, feeds, input, name, hints, selection !== undefined);
  let { output, classes, notes, names } = await read(asking?.output).catch(async (error: unknown) => {
    throw await refusedSize(prepared.whole.model, prepared.whole.feeds, prepared.samples, error);
  });
  const detections = await findDetections(model, feeds, input, output, hints, selection);
  let asked = asking ?? {};
  // Of a detector the best box's class score is explained, not its largest coordinate.
  const boxes = detections && !("undecided" in detections) ? detections.boxes : [];
  const strongest = detections && !("undecided" in detections) ? detections.strongest : undefined;
  const best = asked.index || asked.region ? undefined : (boxes[0] ?? strongest);
  const ownValues = asked.output !== undefined && !asked.index && !asked.region && model.description.outputs.length > 1;
  if (best && (asked.output ?? best.output) === best.output) {
    if (best.output !== output.name) ({ output, classes, notes, names } = await read(best.output));
    asked = { ...asked, output: best.output, index: best.target.split(",").map(Number) };
    if (takesTarget)
      notes = [
        ...notes,
        best === strongest
          ? `No box reaches the score threshold; the target is the class score closest to it: ${best.class}, ${best.score.toPrecision(3)} (--target ${best.target}).`
          : `The target is the class score of the box with the highest score: ${best.class} (--target ${best.target}).`,
      ];
  }
  if (detections && "undecided" in detections && takesTarget && !asked.index && !asked.region)
    notes = [
      ...notes,
      `Not decoded to boxes: ${detections.undecided} The target is the largest element of the output.`,
    ];
  if (
    detections &&
    !("undecided" in detections) &&
    detections.outputs.includes(output.name) &&
    output.meaning.assumed &&
    output.meaning.kind === "regression"
  ) {
    output = {
      ...output,
      meaning: {
        ...output.meaning,
        kind: "boxes",
        why: `They belong to a detector (${detections.head}).`,
        assumed: false,
      },
    };
  }
  // DETR's "no object" has no name in the lists of its classes.
  const background =
    detections &&
    !("undecided" in detections) &&
    detections.background &&
    detections.outputs.includes(output.name) &&
    names?.missing === 1;
  if (names && !background) notes = [...notes, names.note];
  // What takes no target looks at empty outputs as well.
  const target =
    takesTarget || output.values.length > 0 ? resolveTarget(output, asked, classes) : { index: [], at: [], label: "" };
  const box =
    target.region || target.against
      ? undefined
      : asked.index && detections && !("undecided" in detections)
        ? boxOfTarget(detections, output.name, target.index)
        : boxes.find((one) => one.output === output.name && one.target === target.index.join(","));
  if (takesTarget && output.meaning.least && !asked.index && !asked.region)
    notes = [
      `The target is the smallest value, ${target.label}: positive attributions increase it. ${output.meaning.why}`,
      ...notes,
    ];
  const rows = detections
    ? undefined
    : rowsNote(output, input.dims, takesTarget && !asked.index && !asked.region ? target.index : undefined);
  return {
    classes,
    output,
    target: box ? { ...target, label: String(box.class) } : target,
    ...(detections ? { detections } : {}),
    ownValues,
    notes: [...notes, ...(rows === undefined ? [] : [rows]), ...(prepared.model.model.remarks ?? [])],
  };
}
