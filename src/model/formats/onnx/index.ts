import { ONNX } from "../../../protocol/formats.ts";
import type { ModelReader } from "../../open.ts";
import { otherFile } from "../../other-files.ts";
import { openOnnx } from "./open.ts";

export { writeModel, type WritableModel, type WrittenModel } from "./writer.ts";

/** Tags of ModelProto's fields (https://onnx.ai/onnx/api/classes.html#modelproto), as a file's first byte. */
const FIRST_BYTES: ReadonlySet<number> = new Set(
  [
    [1, 0], // ir_version
    [2, 2], // producer_name
    [3, 2], // producer_version
    [4, 2], // domain
    [5, 0], // model_version
    [6, 2], // doc_string
    [7, 2], // graph
    [8, 2], // opset_import
    [14, 2], // metadata_props
  ].map(([field, wireType]) => (field << 3) | wireType),
);

export const onnx: ModelReader = {
  ...ONNX,
  matches: (head) => FIRST_BYTES.has(head.bytes[0]) && otherFile(head) === undefined,
  open: openOnnx,
};
