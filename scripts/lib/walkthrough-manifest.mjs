/** The walkthrough in package.json: a step for each noun that a person meets, each with a command on the samples. */

/** Commands of its steps that stand nowhere else: a link to one has to start the extension by itself. */
export const walkthroughActivation = ["sampleInput", "sampleExplanation", "sampleComparison"].map(
  (id) => `onCommand:neuralLoupe.${id}`,
);

const link = (text, command) => `[${text}](command:neuralLoupe.${command})`;
const onCommands = (...ids) => ids.map((id) => `onCommand:neuralLoupe.${id}`);

const step = (id, title, sentences, links, altText, completionEvents) => ({
  id,
  title,
  description: [sentences.join(" "), ...links].join("\n"),
  media: { svg: `media/walkthrough/${id}.svg`, altText },
  completionEvents,
});

/** `viewType`: of the model editor. */
export const walkthroughs = (viewType) => [
  {
    id: "start",
    title: "Look inside a neural network",
    description: "From a model file to the pixels that matter for its answer.",
    steps: [
      step(
        "model",
        "Open a model",
        [
          "Click an .onnx file in the explorer, or under Models in the activity bar's Neural Loupe.",
          "The editor shows its inputs and outputs, every layer, and their weights; large models open at once.",
          "The sample is EfficientNet-Lite0, which tells 1,000 classes of things apart.",
        ],
        [link("Open Sample Model", "openSample"), link("Choose a Model", "openModel")],
        "A model: boxes for its layers, from the input down to the output, with the weights of one of them.",
        [...onCommands("openSample", "openModel"), `onContext:activeCustomEditorId == ${viewType}`],
      ),
      step(
        "input",
        "Give it an input",
        [
          "A picture, a signal, a table's row or a text becomes what the model takes: size, crop, mean and deviation are read beside the model, or guessed, which the panel's header says.",
          "Look there first when predictions look wrong.",
          "All views of a model share the current input.",
        ],
        [link("Predict the Sample Picture", "sampleInput")],
        "Four kinds of input, a picture, a signal, a row and a text, become one tensor.",
        onCommands("sampleInput", "predictions"),
      ),
      step(
        "explanation",
        "Explain the answer",
        [
          "The chips above say what is explained: model, input, target, method.",
          "The target is the top prediction, until you click another class.",
          "Saliency shows where small changes of the picture change the target's score most; Grad-CAM and more than forty other methods are one click away.",
        ],
        [link("Explain the Sample Picture", "sampleExplanation"), link("Choose a Method", "explainWith")],
        "An explanation: chips for model, input, target and method over a picture with its heat map.",
        onCommands("sampleExplanation", "saliency", "gradCam", "explainWith"),
      ),
      step(
        "result",
        "Keep, save and compare results",
        [
          "Pin keeps a result under Results in the activity bar, and the next one opens in a new tab.",
          "Save writes the image or its numbers, with how they were made.",
          "Compare puts methods, targets, layers or models side by side, on one scale where you like.",
        ],
        [link("Compare Methods on the Sample", "sampleComparison"), link("Compare Explanations", "compare")],
        "Results: two heat maps side by side with one colour bar, one of them pinned.",
        [...onCommands("sampleComparison", "compare", "exportExplanation"), "onView:neuralLoupe.results"],
      ),
    ],
  },
];
