import { inspect, type InspectOptions } from "node:util";

import { ArtifactTypes } from "./artifact-type.js";
import { shown } from "./inspect.js";
import { Loaded } from "./loaded.js";
import type { ProjectNode } from "./operations.js";
import { pagesOf, Paginator, type ListOptions } from "./paginator.js";
import type { Session } from "./session.js";

/** The projects of an entity. */
export class Projects extends Paginator<ProjectNode, Project> {
  constructor(session: Session, entity: string | undefined, options?: ListOptions) {
    super(
      pagesOf(session, "projects_page", { entity }),
      (node) => new Project(session, node),
      options,
    );
  }
}

/** A project. */
export class Project extends Loaded<ProjectNode> {
  readonly #session: Session;

  constructor(session: Session, attrs: ProjectNode) {
    super(attrs);
    this.#session = session;
  }

  get name(): string {
    return this.attrs.name;
  }
  get description(): string | undefined {
    return this.attrs.description;
  }

  /** Its artifact types. */
  artifactTypes(options?: ListOptions): ArtifactTypes {
    return new ArtifactTypes(this.#session, { entity: this.entity, project: this.name }, options);
  }

  [inspect.custom](_depth: number, options: InspectOptions): string {
    return shown("Project", `${this.entity}/${this.name}`, { description: this.description }, options);
  }
}
