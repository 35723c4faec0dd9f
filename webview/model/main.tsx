import "@vscode/codicons/dist/codicon.css";
import "../ui/base.css";
import "./model.css";
import type { EditorHost, EditorView } from "../../src/protocol/editor.ts";
import { Link } from "../../src/protocol/link.ts";
import { toFailure, wire } from "../ui/host.ts";
import { mount } from "../ui/mount.ts";
import { Editor } from "./editor.tsx";

/** Told to the view that stands; there is one. */
const listeners = new Set<(change: "changed" | "deleted") => void>();

const link = new Link<EditorView, EditorHost>(wire, {
  fileChanged: ({ change }) => {
    for (const listener of listeners) listener(change);
  },
});

const subscribe = (listener: (change: "changed" | "deleted") => void): (() => void) => {
  listeners.add(listener);
  return () => {
    listeners.delete(listener);
  };
};

// The page's skeleton (the file's name) stays until there is something better.
link.call("ready", {}).then(
  (boot) => mount(<Editor boot={boot} link={link} subscribe={subscribe} />),
  (error: unknown) =>
    mount(
      <Editor boot={{ kind: "error", name: document.title, ...toFailure(error) }} link={link} subscribe={subscribe} />,
    ),
);
