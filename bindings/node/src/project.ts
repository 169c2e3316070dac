import { inspect, type InspectOptions } from "node:util";

import { ArtifactTypes } from "./artifact-type.js";
import { shown } from "./inspect.js";
import type { ProjectNode } from "./operations.js";
import { Paginator, type ListOptions } from "./paginator.js";
import type { Session } from "./session.js";

/** The projects of an entity. */
export class Projects extends Paginator<ProjectNode, Project> {
  constructor(session: Session, entity: string | undefined, options?: ListOptions) {
    super(
      (slice, call) => session.call("projects_page", { entity, ...slice }, call),
      (node) => new Project(session, node),
      options,
    );
  }
}

/** A project. */
export class Project {
  readonly #session: Session;
  /** Everything that the server said of it. */
  readonly attrs: Readonly<ProjectNode>;

  constructor(session: Session, attrs: ProjectNode) {
    this.#session = session;
    this.attrs = attrs;
  }

  get id(): string {
    return this.attrs.id;
  }
  get entity(): string {
    return this.attrs.entity;
  }
  get name(): string {
    return this.attrs.name;
  }
  get description(): string | undefined {
    return this.attrs.description;
  }
  get createdAt(): Date {
    return new Date(this.attrs.created_at);
  }

  /** Its artifact types. */
  artifactTypes(options?: ListOptions): ArtifactTypes {
    return new ArtifactTypes(this.#session, { entity: this.entity, project: this.name }, options);
  }

  toJSON(): Readonly<ProjectNode> {
    return this.attrs;
  }

  [inspect.custom](_depth: number, options: InspectOptions): string {
    return shown("Project", `${this.entity}/${this.name}`, { description: this.description }, options);
  }
}
