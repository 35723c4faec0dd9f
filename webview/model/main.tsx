import { mountPage } from "../ui/mount.ts";
import "./model.css";
import { EditorController } from "./controller.ts";
import { Editor } from "./editor.tsx";

mountPage(EditorController, Editor);
