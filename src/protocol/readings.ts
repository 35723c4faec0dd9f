/** How a model's output is shown: the words of the parameter `as` and of a recipe's outputs, with their labels. */
export const READINGS = {
  boxes: "boxes",
  segmentation: "segmentation",
  image: "image",
  map: "map of values",
  keypoints: "keypoints",
  number: "numbers",
  embedding: "embedding",
  tokens: "tokens by place",
  wave: "wave",
  plain: "plain values",
} as const;

export type Reading = keyof typeof READINGS;

export const READING_WORDS = Object.keys(READINGS) as readonly Reading[];
