import { closeSync, ftruncateSync, openSync, writeSync } from "node:fs";
import { WireWriter } from "../../src/model/formats/onnx/wire-writer.ts";

export interface SparseTensor {
  readonly name: string;
  /** uint8 elements. */
  readonly bytes: number;
  /** What the last bytes are; everything before is a hole in the file, which reads as zeros. */
  readonly tail?: Uint8Array;
}

/**
 * Writes an ONNX model of any size whose weights take no room on disk: a chain of `Identity` nodes, and uint8 tensors
 * that are holes. The file is as protobuf would write it, even beyond the 2 GiB that protobuf's own libraries allow.
 */
export function writeSparseModel(path: string, tensors: readonly SparseTensor[], nodes: number): void {
  const graph: (Uint8Array | SparseTensor)[] = [];
  for (let i = 0; i < nodes; i++) graph.push(nodeField(i));
  for (const tensor of tensors) {
    const header = tensorHeader(tensor);
    graph.push(fieldStart(5, header.length + tensor.bytes), header, tensor);
  }
  const size = graph.reduce((sum, part) => sum + (part instanceof Uint8Array ? part.length : part.bytes), 0);
  const start = modelStart();
  const file = openSync(path, "w");
  try {
    let position = 0;
    for (const part of [start, fieldStart(7, size), ...graph]) {
      if (part instanceof Uint8Array) {
        writeSync(file, part, 0, part.length, position);
        position += part.length;
      } else {
        position += part.bytes;
        if (part.tail !== undefined) writeSync(file, part.tail, 0, part.tail.length, position - part.tail.length);
      }
    }
    ftruncateSync(file, position);
  } finally {
    closeSync(file);
  }
}

function modelStart(): Uint8Array {
  const model = new WireWriter();
  const opset = new WireWriter();
  opset.int(2, 17);
  model.int(1, 8);
  model.message(8, opset);
  return model.finish();
}

function nodeField(index: number): Uint8Array {
  const node = new WireWriter();
  node.string(1, index === 0 ? "w0" : `value_${index}`);
  node.string(2, `value_${index + 1}`);
  node.string(3, `/layers.${index}/Identity`);
  node.string(4, "Identity");
  const graph = new WireWriter();
  graph.message(1, node);
  return graph.finish();
}

/** TensorProto up to its raw_data's bytes. */
function tensorHeader({ name, bytes }: SparseTensor): Uint8Array {
  const tensor = new WireWriter();
  tensor.packedInts(1, [bytes]);
  tensor.int(2, 2);
  tensor.string(8, name);
  tensor.raw(fieldStart(9, bytes));
  return tensor.finish();
}

/** A length-delimited field's tag and length. */
function fieldStart(field: number, length: number): Uint8Array {
  const number = new WireWriter();
  // Written as an integer field, whose number is encoded as a length is; only the tag's wire type differs.
  number.int(field, length);
  const start = number.finish();
  start[0] = (field << 3) | 2;
  return start;
}
