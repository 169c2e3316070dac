/** What the server says of everything that is in an entity. */
interface Facts {
  id: string;
  entity: string;
  created_at: string;
}

/** Something that is known by what the server said of it, and is not changed here. */
export abstract class Loaded<Attrs extends Facts> {
  /** Everything that the server said of it. */
  readonly attrs: Readonly<Attrs>;

  constructor(attrs: Attrs) {
    this.attrs = attrs;
  }

  get id(): string {
    return this.attrs.id;
  }
  get entity(): string {
    return this.attrs.entity;
  }
  get createdAt(): Date {
    return new Date(this.attrs.created_at);
  }

  toJSON(): Readonly<Attrs> {
    return this.attrs;
  }
}
