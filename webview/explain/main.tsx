import { mountPage } from "../ui/mount.ts";
import "./explain.css";
import "./input-form.css";
import { PanelController } from "./controller.ts";
import { Panel } from "./panel.tsx";

mountPage(PanelController, Panel);
