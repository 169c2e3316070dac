import { ReliquaryError } from "./errors.js";

/** A project, as far as it is said. */
export interface Place {
  entity?: string | undefined;
  project?: string | undefined;
}

/** Reads "project" or "entity/project"; nothing means the configured one. */
export function projectPath(path: string | undefined): Place {
  if (path === undefined) return {};
  const [project, entity] = parts(path, 2, "entity/project");
  return { entity, project };
}

/** Reads "name", "project/name" or "entity/project/name". */
export function pathIn(path: string, what: string): Place & { name: string } {
  const [name = "", project, entity] = parts(path, 3, `entity/project/${what}`);
  return { entity, project, name };
}

/** The parts of a path, the last one first. */
function parts(path: string, most: number, form: string): string[] {
  const words = path.split("/");
  if (words.length > most || words.includes("")) {
    throw new ReliquaryError({
      code: "INVALID",
      operation: "",
      message: `${JSON.stringify(path)} is not a path like ${form}`,
      next: `give it as ${form}; what is configured can be left out from the left`,
    });
  }
  return words.reverse();
}
