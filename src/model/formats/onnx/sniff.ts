import { ModelError } from "../../errors.ts";
import { basename } from "node:path";
import type { ByteSource } from "./source.ts";

/** How many bytes of a file's start are looked at. */
const HEAD = 4096;

interface Head {
  readonly bytes: Uint8Array;
  /** The bytes as Latin-1, so that index and byte agree. */
  readonly text: string;
  readonly name: string;
  readonly size: number;
}

interface OtherFormat {
  readonly is: (head: Head) => boolean;
  readonly message: string | ((head: Head) => string);
  readonly hint: string;
}

const EXPORT_TORCH = 'Load it in Python and export it with torch.onnx.export(model, example_input, "model.onnx").';
const EXPORT_TF = "Convert it with tf2onnx: python -m tf2onnx.convert --help.";

/** What people open by mistake, and what to do about it; the first that fits counts. */
const OTHER_FORMATS: readonly OtherFormat[] = [
  { is: (head) => head.size === 0, message: "The file is empty (0 bytes).", hint: "Download or export it again." },
  {
    is: (head) => head.text.startsWith("version https://git-lfs"),
    message: ({ text }) => {
      const size = /\nsize (\d+)/.exec(text)?.[1];
      return `This is a Git LFS pointer, not the model itself${size === undefined ? "" : ` (which has ${size} bytes)`}.`;
    },
    hint: "Run `git lfs pull` in the repository to fetch the model.",
  },
  {
    is: ({ text }) => text.startsWith("PK\x03\x04") && /\.pkl|\/data\/|\/version|archive\//.test(text),
    message: "This is a PyTorch file (a zip of weights or a TorchScript program), not an ONNX model.",
    hint: EXPORT_TORCH,
  },
  {
    is: ({ text }) => text.startsWith("PK\x03\x04") && /config\.json|model\.weights\.h5/.test(text),
    message: "This is a Keras model (.keras), not an ONNX model.",
    hint: EXPORT_TF,
  },
  {
    is: ({ text }) => text.startsWith("PK\x03\x04"),
    message: "This is a zip archive, not an ONNX model.",
    hint: "Unpack it and open the .onnx file inside.",
  },
  {
    is: ({ bytes }) => bytes[0] === 0x80 && bytes[1] >= 2 && bytes[1] <= 5,
    message: "This is a Python pickle (an older PyTorch file perhaps), not an ONNX model.",
    hint: EXPORT_TORCH,
  },
  {
    is: ({ text }) => text.startsWith("TFL3", 4),
    message: "This is a TensorFlow Lite model, not an ONNX model.",
    hint: EXPORT_TF,
  },
  {
    is: ({ text }) => text.startsWith("ORTM", 4),
    message: "This is a model in ONNX Runtime's own format (.ort), which does not keep what this tool needs.",
    hint: "Open the .onnx file it was made from.",
  },
  {
    is: ({ text }) => text.startsWith("\x89HDF\r\n"),
    message: "This is an HDF5 file (Keras weights perhaps), not an ONNX model.",
    hint: EXPORT_TF,
  },
  {
    is: ({ text }) => text.startsWith("GGUF"),
    message: "This is a GGUF file (llama.cpp), not an ONNX model.",
    hint: "GGUF files hold weights without a graph; look for an ONNX export of the model.",
  },
  {
    is: ({ text }) => /^(\x89PNG\r\n|\xff\xd8\xff|GIF8[79]a|RIFF[^]{4}WEBP|II\*\0|MM\0\*)/.test(text),
    message: "This is a picture, not a model.",
    hint: "Use it as a model's input.",
  },
  {
    is: ({ text }) => text.startsWith("\x93NUMPY"),
    message: "This is a NumPy array (.npy), not a model.",
    hint: "Use it as a model's input.",
  },
  {
    is: ({ bytes }) => bytes[0] === 0x1f && bytes[1] === 0x8b,
    message: "This file is compressed (gzip).",
    hint: "Unpack it first: gunzip.",
  },
  {
    is: ({ text }) => text[8] === "{" && /^\s*\{\s*"/.test(text.slice(8, 24)) && text.includes('"data_offsets"'),
    message: "This is a safetensors file: weights without a graph.",
    hint: EXPORT_TORCH,
  },
  {
    is: ({ bytes, text, name }) =>
      name === "saved_model.pb" ||
      (bytes[0] === 0x08 &&
        bytes[1] === 0x01 &&
        bytes[2] === 0x12 &&
        /NoOp|serve|saver|StatefulPartitionedCall/.test(text) &&
        text.includes("tensorflow")),
    message: "This is a TensorFlow SavedModel, not an ONNX model.",
    hint: EXPORT_TF,
  },
  {
    is: ({ bytes, text }) => bytes[0] === 0x0a && /Placeholder|Const/.test(text),
    message: "This is a frozen TensorFlow graph, not an ONNX model.",
    hint: EXPORT_TF,
  },
  {
    is: ({ text }) => /^\s*<(!doctype|html|head|\?xml)/i.test(text.slice(0, 400)),
    message: "This is a web page, not a model: the download went wrong.",
    hint: "Fetch the file itself, not the page about it.",
  },
  {
    is: (head) => isText(head) && /^\s*[{[]/.test(head.text),
    message: "This is a JSON file, not an ONNX model.",
    hint: "Open the .onnx file.",
  },
  {
    is: (head) => isText(head) && /^\s*(ir_version\s*:|<\s*ir_version)/.test(head.text),
    message: "This is an ONNX model in its text form.",
    hint: "Turn it into a binary one in Python: onnx.save(onnx.parser.parse_model(text), path), or google.protobuf.text_format.",
  },
  { is: isText, message: "This is a text file, not an ONNX model.", hint: "Open the .onnx file." },
];

/** Throws a ModelError that says what the file is, when its start shows that it is no ONNX model. */
export function rejectOtherFormats(source: ByteSource, path: string): void {
  const bytes = source.read(0, Math.min(HEAD, source.size));
  const head = { bytes, text: Buffer.from(bytes).toString("latin1"), name: basename(path), size: source.size };
  const other = OTHER_FORMATS.find((format) => format.is(head));
  if (other !== undefined)
    throw new ModelError(typeof other.message === "string" ? other.message : other.message(head), path, other.hint);
}

/** ONNX files start with bytes that text never has (a version number as a field). */
function isText({ bytes, size }: Head): boolean {
  if (size === 0 || bytes.some((byte) => byte < 9 || (byte > 13 && byte < 32 && byte !== 27) || byte === 127))
    return false;
  try {
    // The head may end inside a character.
    new TextDecoder("utf-8", { fatal: true }).decode(bytes, { stream: true });
    return true;
  } catch {
    return false;
  }
}
