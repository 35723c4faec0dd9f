import type { Model } from "../model/graph.ts";
import { inlineFunctions, liftConstants } from "../model/inline.ts";
import { withUniqueInnerNames } from "../model/inner-names.ts";
import { withLinearModels } from "../model/linear-models.ts";
import { withoutMapInputs } from "../model/map-inputs.ts";
import type { OpenModel } from "../model/open.ts";
import { withStandIns } from "../model/stand-ins/index.ts";

/**
 * The model as it is run: its functions inlined, its Constant nodes as initializers, its linear models as dense layers,
 * what runs on one kind of machine as what runs on all.
 */
export function prepared(open: OpenModel): Model {
  const inlined = inlineFunctions(open.model);
  const graph = withUniqueInnerNames(liftConstants(inlined.graph, (tensor) => open.bytesOf(tensor)));
  return withStandIns(withLinearModels(withoutMapInputs({ ...inlined, graph })));
}
