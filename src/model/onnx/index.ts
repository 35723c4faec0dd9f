export { openModel, type OpenModel } from "./open.ts";
export { writeModel, type WrittenModel } from "./writer.ts";
