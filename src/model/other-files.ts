import type { FileHead } from "./model-file.ts";
import { FROM_PYTORCH, FROM_TENSORFLOW, FROM_TEXT } from "./formats/onnx/conversions.ts";

interface OtherFile {
  readonly is: (head: FileHead) => boolean;
  readonly message: string | ((head: FileHead) => string);
  readonly hint: string;
}

/** What people open by mistake, and what to do about it; the first that fits counts. */
const OTHER_FILES: readonly OtherFile[] = [
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
    message: "This is a PyTorch file (a zip of weights or a TorchScript program), not a model that can be opened here.",
    hint: FROM_PYTORCH,
  },
  {
    is: ({ text }) => text.startsWith("PK\x03\x04") && /config\.json|model\.weights\.h5/.test(text),
    message: "This is a Keras model (.keras), not a model that can be opened here.",
    hint: FROM_TENSORFLOW,
  },
  {
    is: ({ text }) => text.startsWith("PK\x03\x04"),
    message: "This is a zip archive, not a model that can be opened here.",
    hint: "Unpack it and open the model file inside.",
  },
  {
    is: ({ bytes }) => bytes[0] === 0x80 && bytes[1] >= 2 && bytes[1] <= 5,
    message: "This is a Python pickle (an older PyTorch file perhaps), not a model that can be opened here.",
    hint: FROM_PYTORCH,
  },
  {
    is: ({ text }) => text.startsWith("TFL3", 4),
    message: "This is a TensorFlow Lite model, not a model that can be opened here.",
    hint: FROM_TENSORFLOW,
  },
  {
    is: ({ text }) => text.startsWith("ORTM", 4),
    message: "This is a model in ONNX Runtime's own format (.ort), which lacks information that this tool needs.",
    hint: "Open the file it was made from.",
  },
  {
    is: ({ text }) => text.startsWith("\x89HDF\r\n"),
    message: "This is an HDF5 file (Keras weights perhaps), not a model that can be opened here.",
    hint: FROM_TENSORFLOW,
  },
  {
    is: ({ text }) => text.startsWith("GGUF"),
    message: "This is a GGUF file (llama.cpp), not a model that can be opened here.",
    hint: "GGUF files hold weights without a graph; look for an export of the model with its graph.",
  },
  {
    is: ({ text }) => /^(\x89PNG\r\n|\xff\xd8\xff|GIF8[79]a|RIFF[^]{4}WEBP|II\*\0|MM\0\*)/.test(text),
    message: "This is an image, not a model.",
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
    hint: FROM_PYTORCH,
  },
  {
    is: ({ bytes, text, name }) =>
      name === "saved_model.pb" ||
      (bytes[0] === 0x08 &&
        bytes[1] === 0x01 &&
        bytes[2] === 0x12 &&
        /NoOp|serve|saver|StatefulPartitionedCall/.test(text) &&
        text.includes("tensorflow")),
    message: "This is a TensorFlow SavedModel, not a model that can be opened here.",
    hint: FROM_TENSORFLOW,
  },
  {
    is: ({ bytes, text }) => bytes[0] === 0x0a && /Placeholder|Const/.test(text),
    message: "This is a frozen TensorFlow graph, not a model that can be opened here.",
    hint: FROM_TENSORFLOW,
  },
  {
    is: ({ text }) => /^\s*<(!doctype|html|head|\?xml)/i.test(text.slice(0, 400)),
    message: "This is a web page, not a model: the download went wrong.",
    hint: "Fetch the file itself, not the page about it.",
  },
  {
    is: (head) => isText(head) && /^\s*[{[]/.test(head.text),
    message: "This is a JSON file, not a model that can be opened here.",
    hint: "",
  },
  {
    is: (head) => isText(head) && /^\s*(ir_version\s*:|<\s*ir_version)/.test(head.text),
    message: "This is an ONNX model in text format.",
    hint: FROM_TEXT,
  },
  { is: isText, message: "This is a text file, not a model that can be opened here.", hint: "" },
];

/** What a file is whose start shows that it is no model that can be opened, and what to do; undefined where it may be one. */
export function otherFile(head: FileHead): { readonly message: string; readonly hint: string } | undefined {
  const other = OTHER_FILES.find((file) => file.is(head));
  return (
    other && { hint: other.hint, message: typeof other.message === "string" ? other.message : other.message(head) }
  );
}

function isText({ bytes, size }: FileHead): boolean {
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
