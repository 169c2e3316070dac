import { inspect, type InspectOptions } from "node:util";

import type { Artifact } from "./artifact.js";
import { RunArtifacts } from "./artifacts.js";
import { shown } from "./inspect.js";
import { Loaded } from "./loaded.js";
import type { RunNode } from "./operations.js";
import { pagesOf, Paginator, type ListOptions } from "./paginator.js";
import type { Place } from "./paths.js";
import type { CallOptions, Session } from "./session.js";

/** Which runs to list. */
export interface RunsOptions extends ListOptions {
  /** As W&B takes them: `{ state: "finished" }`. */
  filters?: Record<string, unknown> | undefined;
  /** A field's name, with - before it for descending. Default: oldest first. */
  order?: string | undefined;
}

/** How a run logs a version that is there. */
export interface RunLogOptions extends CallOptions {
  /** Given to the version. */
  aliases?: string[] | undefined;
  tags?: string[] | undefined;
}

/** The runs of a project. */
export class Runs extends Paginator<RunNode, Run> {
  constructor(session: Session, place: Place, options: RunsOptions = {}) {
    const { filters, order } = options;
    super(
      pagesOf(session, "runs_page", { ...place, filters, order }),
      (node) => new Run(session, node),
      options,
    );
  }
}

/** A run, for what it logged and used. Its id is the last part of its URL. */
export class Run extends Loaded<RunNode> {
  readonly #session: Session;

  constructor(session: Session, attrs: RunNode) {
    super(attrs);
    this.#session = session;
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

  /** Records that it logged a version that is there, in its own project. Nothing but the named aliases is moved. */
  async logArtifact(artifact: Artifact, options: RunLogOptions = {}): Promise<void> {
    const { aliases, tags } = options;
    await this.#session.call("run_log_artifact", { ...this.#path(), artifact: artifact.qualifiedName, aliases, tags }, options);
  }

  /** Records that it used a version: it is an input of the run from then on. */
  async useArtifact(artifact: Artifact, options?: CallOptions): Promise<void> {
    await this.#session.call("run_use_artifact", { ...this.#path(), artifact: artifact.qualifiedName }, options);
  }

  #path(): { entity: string; project: string; run: string } {
    return { entity: this.entity, project: this.project, run: this.id };
  }

  [inspect.custom](_depth: number, options: InspectOptions): string {
    const { name, state, jobType } = this;
    return shown("Run", `${this.entity}/${this.project}/${this.id}`, { name, state, jobType }, options);
  }
}
