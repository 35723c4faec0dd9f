import { mountPage } from "../ui/mount.ts";
import "../explain/explain.css";
import "./compare.css";
import { Compare } from "./compare.tsx";
import { CompareController } from "./controller.ts";

mountPage(CompareController, Compare);
