import { inspect, type InspectOptions } from "node:util";

import type { Artifact } from "./artifact.js";
import { RunArtifacts } from "./artifacts.js";
import { shown } from "./inspect.js";
import type { RunNode } from "./operations.js";
import { Paginator, type ListOptions } from "./paginator.js";
import type { Place } from "./paths.js";
import type { CallOptions, Session } from "./session.js";

/** Which runs to list. */
export interface RunsOptions extends ListOptions {
  /** As W&B takes them: `{ state: "finished" }`. */
  filters?: Record<string, unknown> | undefined;
  /** A field's name, with - before it for descending. Default: oldest first. */
  order?: string | undefined;
}

/** The runs of a project. */
export class Runs extends Paginator<RunNode, Run> {
  constructor(session: Session, place: Place, options: RunsOptions = {}) {
    const { filters, order } = options;
    super(
      (slice, call) => session.call("runs_page", { ...place, filters, order, ...slice }, call),
      (node) => new Run(session, node),
      options,
    );
  }
}

/** A run, for what it logged and used. */
export class Run {
  readonly #session: Session;
  /** Everything that the server said of it. */
  readonly attrs: Readonly<RunNode>;

  constructor(session: Session, attrs: RunNode) {
    this.#session = session;
    this.attrs = attrs;
  }

  /** The last part of its URL. */
  get id(): string {
    return this.attrs.id;
  }
  get entity(): string {
    return this.attrs.entity;
  }
  get project(): string {
    return this.attrs.project;
  }
  /** The name that people see. */
  get name(): string {
    return this.attrs.display_name ?? this.attrs.id;
  }
  get state(): string | undefined {
    return this.attrs.state;
  }
  get group(): string | undefined {
    return this.attrs.group;
  }
  get jobType(): string | undefined {
    return this.attrs.job_type;
  }
  get tags(): readonly string[] {
    return this.attrs.tags;
  }
  get user(): string | undefined {
    return this.attrs.user;
  }
  get createdAt(): Date {
    return new Date(this.attrs.created_at);
  }
  get heartbeatAt(): Date | undefined {
    return this.attrs.heartbeat_at === undefined ? undefined : new Date(this.attrs.heartbeat_at);
  }

  /** The versions that it logged. */
  loggedArtifacts(options?: ListOptions): RunArtifacts {
    return new RunArtifacts(this.#session, this.#path(), "logged", options);
  }

  /** The versions that it used. */
  usedArtifacts(options?: ListOptions): RunArtifacts {
    return new RunArtifacts(this.#session, this.#path(), "used", options);
  }

  /** Records that it used a version: it is an input of the run from then on. */
  async useArtifact(artifact: Artifact, options?: CallOptions): Promise<void> {
    await this.#session.call("run_use_artifact", { ...this.#path(), artifact: artifact.qualifiedName }, options);
  }

  #path(): { entity: string; project: string; run: string } {
    return { entity: this.entity, project: this.project, run: this.id };
  }

  toJSON(): Readonly<RunNode> {
    return this.attrs;
  }

  [inspect.custom](_depth: number, options: InspectOptions): string {
    const { name, state, jobType } = this;
    return shown("Run", `${this.entity}/${this.project}/${this.id}`, { name, state, jobType }, options);
  }
}
