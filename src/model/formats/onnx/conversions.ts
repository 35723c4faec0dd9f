/** How models of other kinds become ONNX models. */
export const FROM_PYTORCH =
  'Load it in Python and export it with torch.onnx.export(model, example_input, "model.onnx").';
export const FROM_TENSORFLOW = "Convert it with tf2onnx: python -m tf2onnx.convert --help.";
export const FROM_TEXT =
  "Convert it to the binary format in Python: onnx.save(onnx.parser.parse_model(text), path), or google.protobuf.text_format.";
