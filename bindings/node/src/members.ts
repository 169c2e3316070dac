import type { RegistryMemberNode, RegistryUpdateMemberInput } from "./operations.js";

/** What a member of a registry may do; the last not on every server. */
export type MemberRole = RegistryUpdateMemberInput["role"];

/** Whom a method means: a member, a user or team by object, or an id. */
export type Member = string | { readonly id: string };

/** The id that the server knows a member by. */
export function idOf(member: Member): string {
  return typeof member === "string" ? member : member.id;
}

abstract class RegistryMember {
  /** What the server said of it. */
  readonly attrs: Readonly<RegistryMemberNode>;

  /** @internal */
  constructor(attrs: RegistryMemberNode) {
    this.attrs = attrs;
  }

  get id(): string {
    return this.attrs.id;
  }
  /** "admin", "member", "viewer", "restricted_viewer", or another of the server's own. */
  get role(): string {
    return this.attrs.role;
  }
  /** The name that people see. */
  get name(): string | undefined {
    return this.attrs.name;
  }
}

/** A user who is a member of a registry. */
export class UserMember extends RegistryMember {
  readonly kind = "user";

  get username(): string | undefined {
    return this.attrs.username;
  }
  get email(): string | undefined {
    return this.attrs.email;
  }
}

/** A team that is a member of a registry. */
export class TeamMember extends RegistryMember {
  readonly kind = "team";
}
