export { openModel, type OpenModel } from "./open.ts";
export { writeModel, type WritableModel, type WrittenModel } from "./writer.ts";
