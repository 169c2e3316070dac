import { inspect, type InspectOptions } from "node:util";

import { shown } from "./inspect.js";
import { idOf, TeamMember, UserMember, type Member, type MemberRole } from "./members.js";
import type { RegistryMemberNode, RegistryNode, RegistryPlace, RegistrySaveInput } from "./operations.js";
import { Collections, Versions, type RegistryCollectionsOptions, type RegistryVersionsOptions } from "./registry-search.js";
import type { CallOptions, Session } from "./session.js";

/** Who sees a registry: everybody in the organization, or members only. */
export type Visibility = "organization" | "restricted";

/** How to make a registry. */
export interface CreateRegistryOptions extends CallOptions {
  /** Default: the configured one, or the only one of the key's user. */
  organization?: string | undefined;
  /** Who sees it. */
  visibility: Visibility;
  description?: string | undefined;
  /** The types that can be linked. Default: all. None can be taken back. */
  artifactTypes?: readonly string[] | undefined;
}

/**
 * A registry: a project of an organization whose collections hold links to
 * versions. What is assigned is sent by `save`.
 */
export class Registry {
  readonly #session: Session;
  #attrs!: RegistryNode;
  #types!: string[];

  /** The name without "wandb-registry-"; assigning renames the registry. */
  name!: string;
  /** Nothing removes it. */
  description: string | undefined;
  visibility!: Visibility;
  /** Whether versions of every type can be linked. */
  allowAllArtifactTypes!: boolean;

  /** @internal */
  constructor(session: Session, attrs: RegistryNode) {
    this.#session = session;
    this.#take(attrs);
  }

  #take(attrs: RegistryNode): void {
    this.#attrs = attrs;
    this.#types = [...attrs.artifact_types];
    this.name = attrs.name;
    this.description = attrs.description;
    this.visibility = attrs.visibility;
    this.allowAllArtifactTypes = attrs.allow_all_artifact_types;
  }

  /** Everything that the server said of it, without what was assigned since. */
  get attrs(): Readonly<RegistryNode> {
    return this.#attrs;
  }
  get id(): string {
    return this.#attrs.id;
  }
  /** The organization, by the name that people see. */
  get organization(): string {
    return this.#attrs.organization;
  }
  /** The organization's own entity, which holds the registry. */
  get entity(): string {
    return this.#attrs.entity;
  }
  /** The name of the project that the registry is, with "wandb-registry-". */
  get fullName(): string {
    return `wandb-registry-${this.name}`;
  }
  /** The entity and the full name. */
  get path(): [entity: string, fullName: string] {
    return [this.entity, this.fullName];
  }
  get createdAt(): Date {
    return new Date(this.#attrs.created_at);
  }
  get updatedAt(): Date | undefined {
    return this.#attrs.updated_at === undefined ? undefined : new Date(this.#attrs.updated_at);
  }
  /**
   * The types that can be linked; more can be pushed. Where all types can, they
   * are those that the registry has.
   */
  get artifactTypes(): string[] {
    return this.#types;
  }
  set artifactTypes(types: Iterable<string>) {
    this.#types = [...types];
  }

  /** The collections in it. */
  collections(options?: RegistryCollectionsOptions): Collections {
    return new Collections(this.#session, this.organization, { name: this.#attrs.full_name }, options);
  }

  /** The versions that are linked in it. */
  versions(options?: RegistryVersionsOptions): Versions {
    return new Versions(this.#session, this.organization, { name: this.#attrs.full_name }, undefined, options);
  }

  /** Sends what was assigned: name, description, visibility and artifact types, of which none can be taken away. */
  async save(options?: CallOptions): Promise<void> {
    const was = this.#attrs;
    const gone = was.artifact_types.filter((type) => !this.#types.includes(type));
    if (gone.length > 0) throw new TypeError(`artifact types of a registry cannot be taken away: ${gone.join(", ")}`);
    const input: RegistrySaveInput = this.#place();
    if (this.name !== was.name) input.new_name = this.name;
    if (this.description !== was.description) input.description = this.description ?? "";
    if (this.visibility !== was.visibility) input.visibility = this.visibility;
    if (this.allowAllArtifactTypes !== was.allow_all_artifact_types) input.allow_all_artifact_types = this.allowAllArtifactTypes;
    const added = this.#types.filter((type) => !was.artifact_types.includes(type));
    if (added.length > 0) input.add_artifact_types = added;
    this.#take(await this.#session.call("registry_save", input, options));
  }

  /** Deletes it at once, with its links. The versions stay where they were logged. */
  async delete(options?: CallOptions): Promise<void> {
    await this.#session.call("registry_delete", this.#place(), options);
  }

  /** Asks the server anew, and forgets what was assigned and not saved. */
  async load(options?: CallOptions): Promise<void> {
    this.#take(await this.#session.call("registry_load", this.#place(), options));
  }

  /** The users that are members. */
  async userMembers(options?: CallOptions): Promise<UserMember[]> {
    return (await this.#members(options)).filter((m) => m.kind === "User").map((m) => new UserMember(m));
  }

  /** The teams that are members. */
  async teamMembers(options?: CallOptions): Promise<TeamMember[]> {
    return (await this.#members(options)).filter((m) => m.kind === "Entity").map((m) => new TeamMember(m));
  }

  /** The members: users, then teams. */
  async members(options?: CallOptions): Promise<(UserMember | TeamMember)[]> {
    return (await this.#members(options)).map((m) => (m.kind === "User" ? new UserMember(m) : new TeamMember(m)));
  }

  async #members(options?: CallOptions): Promise<RegistryMemberNode[]> {
    return (await this.#session.call("registry_members", this.#place(), options)).members;
  }

  /** Makes users and teams members, with the server's usual role. */
  async addMembers(members: Iterable<Member>, options?: CallOptions): Promise<this> {
    await this.#session.call("registry_add_members", { ...this.#place(), members: [...members].map(idOf) }, options);
    return this;
  }

  /** Takes users and teams out of the members. */
  async removeMembers(members: Iterable<Member>, options?: CallOptions): Promise<this> {
    await this.#session.call("registry_remove_members", { ...this.#place(), members: [...members].map(idOf) }, options);
    return this;
  }

  /** Gives a member another role. */
  async updateMember(member: Member, role: MemberRole, options?: CallOptions): Promise<this> {
    await this.#session.call("registry_update_member", { ...this.#place(), member: idOf(member), role }, options);
    return this;
  }

  #place(): RegistryPlace {
    return { organization: this.#attrs.organization, registry: this.#attrs.name };
  }

  toJSON(): Readonly<RegistryNode> {
    return this.#attrs;
  }

  [inspect.custom](_depth: number, options: InspectOptions): string {
    const { visibility, description } = this;
    return shown("Registry", `${this.organization}/${this.name}`, { visibility, description }, options);
  }
}
