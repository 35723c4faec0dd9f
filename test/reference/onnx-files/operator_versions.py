"""Writes src/model/formats/onnx/operator-versions.ts from the schemas in the onnx package (run from the repository's root).

python test/reference/onnx-files/operator_versions.py > src/model/formats/onnx/operator-versions.ts
"""

import collections

import onnx


def signature(schema):
    """What a node must be written like: names and kinds of inputs, outputs and attributes, without element types."""
    default = lambda attribute: onnx.helper.get_attribute_value(attribute.default_value) if attribute.default_value.name else None
    return (
        [(p.name.lower() if p.option.value == 2 else "", p.option.value) for p in schema.inputs],
        [p.option.value for p in schema.outputs],
        sorted((name, str(a.type), str(default(a)), a.required) for name, a in schema.attributes.items()),
    )


versions = collections.defaultdict(list)
for schema in onnx.defs.get_all_schemas_with_history():
    if schema.domain == "":
        versions[schema.name].append(schema)

entries = []
for name, schemas in sorted(versions.items()):
    schemas.sort(key=lambda schema: schema.since_version)
    changed = [schemas[0].since_version]
    for before, after in zip(schemas, schemas[1:]):
        if signature(before) != signature(after):
            changed.append(after.since_version)
    entries.append(f"{name} {','.join(map(str, changed))}")

lines, line = [], ""
for entry in entries:
    if len(line) + len(entry) > 116:
        lines.append(line.rstrip())
        line = ""
    line += entry + "; "
lines.append(line.rstrip("; "))
body = "\n".join(lines)

print(
    f"""// Made by test/reference/onnx-files/operator_versions.py from onnx {onnx.__version__} (opset {onnx.defs.onnx_opset_version()}).

/** Operators of ai.onnx, each with the opsets in which how it is written changed (element types do not count). */
const TABLE = `
{body}
`;

const VERSIONS: ReadonlyMap<string, readonly number[]> = new Map(
  TABLE.trim().split(/;\\s*/).map((entry) => {{
    const [name, versions] = entry.split(" ");
    return [name, versions.split(",").map(Number)];
  }}),
);

/** Whether ai.onnx has ever had an operator of this name. */
export function isStandardOperator(name: string): boolean {{
  return VERSIONS.has(name);
}}

/** The opset since which an operator of ai.onnx is written as it is in `opset`; 0 where it does not exist there. */
export function sinceVersion(name: string, opset: number): number {{
  return VERSIONS.get(name)?.findLast((version) => version <= opset) ?? 0;
}}"""
)
