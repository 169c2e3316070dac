"""What objects know without asking: their attributes, read from JSON.

The classes that wait and those that are awaited share these.
"""

from __future__ import annotations

import os

from ._json import decode, encode

TYPE_CHECKING = False
if TYPE_CHECKING:
    from datetime import timedelta
    from typing import Any

    from . import types
    from ._artifact_types import AddOnlyArtifactTypesList


def name_of(name: str) -> str:
    """The collection in "collection:alias"."""
    return name.partition(":")[0]


def _copy(value: Any) -> Any:
    """JSON that is nobody else's."""
    if isinstance(value, list):
        return [_copy(item) for item in value]
    if isinstance(value, dict):
        return {key: _copy(item) for key, item in value.items()}
    return value


class _Columns:
    """The nodes of a page by attribute, as the library gives them."""

    __slots__ = ("each", "names", "same")

    def __init__(self, values: dict[str, Any]) -> None:
        self.names = list(values)
        self.each: dict[str, list[Any]] = {}  # what differs, by node
        self.same: dict[str, Any] = {}  # what all of them have
        for name, column in values.items():
            if isinstance(column, list):
                self.each[name] = column
            else:
                self.same[name] = column["same"]


class Row:
    """A node of a page, looked up in its columns when it is asked for.

    A dictionary for each node would take several times the memory, and most of the
    time that a page takes: most programs look at few attributes. The columns stay as
    long as one of their rows.
    """

    __slots__ = ("_columns", "_index")

    def __init__(self, columns: _Columns, index: int) -> None:
        self._columns, self._index = columns, index

    def __getitem__(self, name: str) -> Any:
        columns = self._columns
        if name in columns.same:
            return columns.same[name]
        value = columns.each[name][self._index]  # or a KeyError, as of a dictionary
        if value is None:
            raise KeyError(name)
        return value

    def get(self, name: str, default: Any = None) -> Any:
        """The value under a name, default if there is none."""
        try:
            return self[name]
        except KeyError:
            return default

    def whole(self) -> dict[str, Any]:
        """The node as a dictionary, which shares nothing with other nodes."""
        return {
            name: _copy(self[name]) for name in self._columns.names if self.get(name) is not None
        }

    def __reduce__(self) -> Any:
        return dict, (self.whole(),)  # a copy of one node does not take the page along


def rows(columns: types.NodeColumns) -> list[Row]:
    """The nodes of a page that came as columns."""
    values = _Columns(columns["values"])
    return [Row(values, index) for index in range(columns["length"])]


class ArtifactTypeData:
    """The attributes of an artifact type."""

    _node: types.ArtifactTypeNode

    @property
    def id(self) -> str:
        """The server's id of the type."""
        return self._node["id"]

    @property
    def name(self) -> str:
        """The type's name."""
        return self._node["name"]

    @property
    def type(self) -> str:
        """The type's name."""
        return self._node["name"]

    @property
    def entity(self) -> str:
        """The entity that owns the project."""
        return self._node["entity"]

    @property
    def project(self) -> str:
        """The project that holds the type."""
        return self._node["project"]

    @property
    def description(self) -> str | None:
        """What was written about the type."""
        return self._node.get("description")

    @property
    def created_at(self) -> str:
        """When the type was first used."""
        return self._node["created_at"]

    @property
    def attrs(self) -> types.ArtifactTypeNode:
        """Everything that the server said, as JSON."""
        return self._node

    def __repr__(self) -> str:
        return f"<ArtifactType {self.name}>"


class ArtifactCollectionData:
    """The attributes of a collection, and what setters changed of them."""

    _node: types.ArtifactCollectionNode
    _set: dict[str, Any]
    organization: str | None

    def _adopt(self, node: types.ArtifactCollectionNode) -> None:
        self._node = node
        self._set = {}
        self._aliases: list[str] | None = None

    @property
    def id(self) -> str:
        """The server's id of the collection."""
        return self._node["id"]

    @property
    def entity(self) -> str:
        """The entity that owns the project."""
        return self._node["entity"]

    @property
    def project(self) -> str:
        """The project that holds the collection."""
        return self._node["project"]

    @property
    def created_at(self) -> str:
        """When the collection was made."""
        return self._node["created_at"]

    @property
    def updated_at(self) -> str | None:
        """When the collection was last changed."""
        return self._node.get("updated_at")

    @property
    def attrs(self) -> types.ArtifactCollectionNode:
        """Everything that the server said, as JSON."""
        return self._node

    def is_sequence(self) -> bool:
        """Whether versions are logged to it, rather than linked into it."""
        return self._node["kind"] == "SEQUENCE"

    @property
    def name(self) -> str:
        """The collection's name. What is set here is sent by save()."""
        return str(self._set.get("name", self._node["name"]))

    @name.setter
    def name(self, name: str) -> None:
        self._set["name"] = name

    @property
    def type(self) -> str:
        """The type of the versions. What is set here is sent by save()."""
        return str(self._set.get("type", self._node["type"]))

    @type.setter
    def type(self, type: str) -> None:
        if not self.is_sequence():
            raise ValueError("Type can only be changed if the artifact collection is a sequence.")
        self._set["type"] = type

    @property
    def description(self) -> str | None:
        """What was written about the collection. What is set here is sent by save()."""
        description: str | None = self._set.get("description", self._node.get("description"))
        return description

    @description.setter
    def description(self, description: str | None) -> None:
        self._set["description"] = description

    @property
    def tags(self) -> list[str]:
        """The collection's tags. What is changed here is sent by save()."""
        if "tags" not in self._set:
            self._set["tags"] = list(self._node["tags"])
        tags: list[str] = self._set["tags"]
        return tags

    @tags.setter
    def tags(self, tags: list[str]) -> None:
        self._set["tags"] = list(tags)

    def _named(self) -> dict[str, object]:
        """What the server calls it."""
        return {"entity": self.entity, "project": self.project, "name": self._node["name"]}

    def _changes(self) -> dict[str, object]:
        """What save() has to send, nothing if all is as it was."""
        node, given = self._node, self._set
        changes: dict[str, object] = {}
        if given.get("name", node["name"]) != node["name"]:
            changes["new_name"] = given["name"]
        if given.get("type", node["type"]) != node["type"]:
            changes["new_type"] = given["type"]
        if (given.get("description", node.get("description")) or "") != (
            node.get("description") or ""
        ):
            changes["description"] = given["description"] or ""
        if "tags" in given and set(given["tags"]) != set(node["tags"]):
            changes["tags"] = sorted(set(given["tags"]))
        return changes

    def __repr__(self) -> str:
        return f"<ArtifactCollection {self.name} ({self.type})>"


class ArtifactData:
    """The attributes of a logged version, and what setters changed of them."""

    _node: types.ArtifactNode  # or a Row, which answers as one
    _name: str
    _set: dict[str, Any]

    def _adopt(self, node: types.ArtifactNode, name: str = "") -> None:
        self._node = node
        self._name = name if ":" in name else f"{node['collection']}:{node['version']}"
        self._set = {}

    @property
    def id(self) -> str | None:
        """The server's id of the version, the same in every collection."""
        return self._node["id"]

    @property
    def entity(self) -> str:
        """The entity of the collection that the version is seen in."""
        return self._node["entity"]

    @property
    def project(self) -> str:
        """The project of the collection that the version is seen in."""
        return self._node["project"]

    @property
    def name(self) -> str:
        """The collection and the version, or the alias that it was asked for by."""
        return self._name

    @property
    def qualified_name(self) -> str:
        """The entity, project and name."""
        return f"{self.entity}/{self.project}/{self.name}"

    @property
    def version(self) -> str:
        """The version in the collection, "v0" for the first."""
        return self._node["version"]

    @property
    def source_entity(self) -> str:
        """The entity of the sequence that the version was logged to."""
        return self._node["source_entity"]

    @property
    def source_project(self) -> str:
        """The project of the sequence that the version was logged to."""
        return self._node["source_project"]

    @property
    def source_version(self) -> str:
        """The version in the sequence that it was logged to."""
        return self._node["source_version"]

    @property
    def source_name(self) -> str:
        """The sequence and version that it was logged as."""
        return f"{self._node['source_collection']}:{self._node['source_version']}"

    @property
    def source_qualified_name(self) -> str:
        """The source's entity, project and name."""
        return f"{self.source_entity}/{self.source_project}/{self.source_name}"

    @property
    def is_link(self) -> bool:
        """Whether it is seen in a portfolio rather than where it was logged."""
        node = self._node
        return (node["entity"], node["project"], node["collection"]) != (
            node["source_entity"],
            node["source_project"],
            node["source_collection"],
        )

    @property
    def type(self) -> str:
        """The artifact type: "dataset", "model", ..."""
        return self._node["type"]

    @property
    def state(self) -> str:
        """PENDING, COMMITTED or DELETED."""
        return self._node["state"]

    @property
    def digest(self) -> str:
        """The digest of the contents: equal digests, equal contents."""
        return self._node["digest"]

    @property
    def commit_hash(self) -> str:
        """What the server called the state that it committed."""
        return self._node.get("commit_hash", "")

    @property
    def size(self) -> int:
        """The size of all files together, in bytes."""
        return int(self._node["size"])

    @property
    def file_count(self) -> int:
        """How many files and references there are."""
        return self._node["file_count"]

    @property
    def created_at(self) -> str:
        """When it was logged."""
        return self._node["created_at"]

    @property
    def updated_at(self) -> str:
        """When it was last changed."""
        return self._node.get("updated_at") or self._node["created_at"]

    @property
    def history_step(self) -> int | None:
        """The nearest step of the run that logged it."""
        step = self._node.get("history_step")
        return None if step is None else max(0, step - 1)

    @property
    def attrs(self) -> types.ArtifactNode:
        """Everything that the server said, as JSON."""
        if isinstance(self._node, Row):
            whole: Any = self._node.whole()
            self._node = whole
        return self._node

    @property
    def description(self) -> str | None:
        """What was written about the version. What is set here is sent by save()."""
        description: str | None = self._set.get("description", self._node.get("description"))
        return description

    @description.setter
    def description(self, description: str | None) -> None:
        self._set["description"] = description

    @property
    def metadata(self) -> dict[str, Any]:
        """What programs wrote about the version. What is changed here is sent by save()."""
        if "metadata" not in self._set:
            now = self._node.get("metadata") or {}
            self._set["metadata"] = decode(encode(now))  # a copy
        metadata: dict[str, Any] = self._set["metadata"]
        return metadata

    @metadata.setter
    def metadata(self, metadata: dict[str, Any] | None) -> None:
        self._set["metadata"] = dict(metadata or {})

    @property
    def aliases(self) -> list[str]:
        """The aliases in this collection. What is changed here is sent by save()."""
        return self._words("aliases", self._node["aliases"])

    @aliases.setter
    def aliases(self, aliases: list[str]) -> None:
        self._set["aliases"] = list(aliases)

    @property
    def tags(self) -> list[str]:
        """The version's tags. What is changed here is sent by save()."""
        return self._words("tags", self._node["tags"])

    @tags.setter
    def tags(self, tags: list[str]) -> None:
        self._set["tags"] = list(tags)

    def _words(self, what: str, now: list[str]) -> list[str]:
        if what not in self._set:
            self._set[what] = list(now)
        words: list[str] = self._set[what]
        return words

    @property
    def ttl(self) -> timedelta | None:
        """How long after its creation the version is kept; None means for ever.

        What is set here is sent by save().
        """
        from datetime import timedelta

        ttl = self._set.get("ttl", self._node.get("ttl_seconds"))
        return None if ttl is None else timedelta(seconds=ttl)

    @ttl.setter
    def ttl(self, ttl: timedelta | ArtifactTTL | None) -> None:
        if self.type == "wandb-history":
            raise ValueError("Cannot set artifact TTL for type wandb-history")
        if self.is_link:
            raise ValueError(
                "Cannot set TTL for link artifact. "
                "Unlink the artifact first then set the TTL for the source artifact"
            )
        if ttl is None:
            self._set["ttl"], self._set["ttl_seconds"] = None, -1
        elif isinstance(ttl, ArtifactTTL):
            self._set["ttl_seconds"] = 0
        elif ttl.total_seconds() <= 0:
            raise ValueError(
                f"Artifact TTL Duration has to be positive. ttl: {ttl.total_seconds()}"
            )
        else:
            self._set["ttl"] = self._set["ttl_seconds"] = int(ttl.total_seconds())

    def _default_root(self) -> str:
        """Where its files are put unless a folder is named."""
        base = os.environ.get("WANDB_ARTIFACT_DIR") or os.path.join(".", "artifacts")
        return os.path.join(base, self.source_name)

    def _path(self) -> str:
        """How operations are told which version is meant, as seen in its collection."""
        node = self._node
        return f"{node['entity']}/{node['project']}/{node['collection']}:{node['version']}"

    def _changes(self) -> dict[str, object]:
        """What save() has to send, nothing if all is as it was."""
        node, given = self._node, self._set
        changes: dict[str, object] = {}
        if (given.get("description", node.get("description")) or "") != (
            node.get("description") or ""
        ):
            changes["description"] = given["description"] or ""
        if "metadata" in given and given["metadata"] != (node.get("metadata") or {}):
            changes["metadata"] = given["metadata"]
        for what, before in (("aliases", node["aliases"]), ("tags", node["tags"])):
            now = given.get(what, before)
            if added := [w for w in now if w not in before]:
                changes[f"add_{what}"] = added
            if removed := [w for w in before if w not in now]:
                changes[f"remove_{what}"] = removed
        if "ttl_seconds" in given:
            changes["ttl_seconds"] = given["ttl_seconds"]
        return changes

    def __repr__(self) -> str:
        return f"<Artifact {self._node['id']}>"


class ArtifactTTL:
    """Ways to keep a version besides a duration."""

    INHERIT: ArtifactTTL


ArtifactTTL.INHERIT = ArtifactTTL()


class FileData:
    """The attributes of a file as the server knows it."""

    _node: types.FileNode

    @property
    def id(self) -> str:
        """The server's id of the file."""
        return self._node["id"]

    @property
    def name(self) -> str:
        """The path in the version."""
        return self._node["name"]

    @property
    def size(self) -> int:
        """The size in bytes."""
        return int(self._node["size"])

    @property
    def sizeBytes(self) -> int:
        """The size in bytes."""
        return int(self._node["size"])

    @property
    def mimetype(self) -> str | None:
        """The kind of contents."""
        return self._node.get("mimetype")

    @property
    def digest(self) -> str | None:
        """The base64 MD5 of the contents, or what the store of a reference said."""
        return self._node.get("digest")

    @property
    def md5(self) -> str | None:
        """The base64 MD5 of the contents."""
        return self._node.get("md5")

    @property
    def url(self) -> str | None:
        """The server's address of the file."""
        return self._node.get("url")

    @property
    def direct_url(self) -> str | None:
        """Fetches the contents without credentials, for a while: a secret."""
        return self._node.get("direct_url")

    @property
    def storage_path(self) -> str | None:
        """Where the server keeps it."""
        return self._node.get("storage_path")

    @property
    def updated_at(self) -> str | None:
        """When it was last changed."""
        return self._node.get("updated_at")

    def __repr__(self) -> str:
        return f"<File {self.name} ({self.mimetype}) {human_size(self.size)}>"


def human_size(size: int) -> str:
    """A size as people read it: "1.5KiB"."""
    value, units = float(size), ["B", "KiB", "MiB", "GiB", "TiB", "PiB"]
    while value >= 1024 and len(units) > 1:
        value /= 1024
        units.pop(0)
    return f"{value:.1f}{units[0]}"


class RunData:
    """The attributes of a run."""

    _run: types.RunName

    @property
    def _node(self) -> types.RunNode:
        raise NotImplementedError

    @property
    def id(self) -> str:
        """The last part of the run's URL."""
        return self._run["id"]

    @property
    def entity(self) -> str:
        """The entity that owns the project."""
        return self._run["entity"]

    @property
    def project(self) -> str:
        """The project that holds the run."""
        return self._run["project"]

    @property
    def path(self) -> list[str]:
        """The entity, project and id."""
        return [self.entity, self.project, self.id]

    @property
    def name(self) -> str | None:
        """The name that people see."""
        return self._node.get("display_name")

    @property
    def state(self) -> str | None:
        """running, finished, failed, crashed, ..."""
        return self._node.get("state")

    @property
    def group(self) -> str | None:
        """The group of runs that it belongs to."""
        return self._node.get("group")

    @property
    def job_type(self) -> str | None:
        """What the run does."""
        return self._node.get("job_type")

    @property
    def tags(self) -> list[str]:
        """The run's tags."""
        return list(self._node["tags"])

    @property
    def username(self) -> str | None:
        """The user whose run it is."""
        return self._node.get("user")

    @property
    def created_at(self) -> str:
        """When it began."""
        return self._node["created_at"]

    @property
    def heartbeat_at(self) -> str | None:
        """When it was last heard of."""
        return self._node.get("heartbeat_at")

    @property
    def attrs(self) -> types.RunNode:
        """Everything that the server said, as JSON."""
        return self._node

    def _named(self) -> dict[str, object]:
        return {"entity": self.entity, "project": self.project, "run": self.id}


def registry_filter(project: str) -> dict[str, str]:
    """Finds the registry that a project is."""
    return {"name": project}


class RegistryData:
    """The attributes of a registry, and what setters changed of them."""

    _node: types.RegistryNode
    _set: dict[str, Any]
    _types: AddOnlyArtifactTypesList

    def _adopt(self, node: types.RegistryNode) -> None:
        from ._artifact_types import AddOnlyArtifactTypesList

        self._node = node
        self._set = {}
        self._types = AddOnlyArtifactTypesList(node["artifact_types"])

    @property
    def id(self) -> str:
        """The server's id of the registry."""
        return self._node["id"]

    @property
    def internal_id(self) -> str | None:
        """The server's own id of the project that the registry is."""
        return self._node.get("internal_id")

    @property
    def organization(self) -> str:
        """The organization, by the name that people see."""
        return self._node["organization"]

    @property
    def entity(self) -> str:
        """The organization's own entity, which holds the registry."""
        return self._node["entity"]

    @property
    def full_name(self) -> str:
        """The name of the project that the registry is, with "wandb-registry-"."""
        return f"wandb-registry-{self.name}"

    @property
    def path(self) -> list[str]:
        """The entity and the full name."""
        return [self.entity, self.full_name]

    @property
    def created_at(self) -> str:
        """When the registry was made."""
        return self._node["created_at"]

    @property
    def updated_at(self) -> str | None:
        """When the registry was last changed."""
        return self._node.get("updated_at")

    @property
    def attrs(self) -> types.RegistryNode:
        """Everything that the server said, as JSON."""
        return self._node

    @property
    def name(self) -> str:
        """The name without "wandb-registry-". What is set here is sent by save()."""
        return str(self._set.get("name", self._node["name"]))

    @name.setter
    def name(self, name: str) -> None:
        if not name:
            raise ValueError("the name of a registry cannot be empty")
        self._set["name"] = name

    @property
    def description(self) -> str | None:
        """What was written about the registry. What is set here is sent by save()."""
        description: str | None = self._set.get("description", self._node.get("description"))
        return description

    @description.setter
    def description(self, description: str | None) -> None:
        self._set["description"] = description

    @property
    def visibility(self) -> str:
        """Who sees it: "organization" for everybody in it, "restricted" for members only.

        What is set here is sent by save().
        """
        return str(self._set.get("visibility", self._node["visibility"]))

    @visibility.setter
    def visibility(self, visibility: str) -> None:
        if visibility not in ("organization", "restricted"):
            raise ValueError(
                f"Invalid visibility {visibility!r}. Expected one of: 'organization', 'restricted'"
            )
        self._set["visibility"] = visibility

    @property
    def allow_all_artifact_types(self) -> bool:
        """Whether versions of every type can be linked. What is set here is sent by save()."""
        return bool(
            self._set.get("allow_all_artifact_types", self._node["allow_all_artifact_types"])
        )

    @allow_all_artifact_types.setter
    def allow_all_artifact_types(self, allow: bool) -> None:
        self._set["allow_all_artifact_types"] = allow

    @property
    def artifact_types(self) -> AddOnlyArtifactTypesList:
        """The types that can be linked. What is appended here is sent by save().

        Where allow_all_artifact_types is True they are those that the registry has.
        """
        return self._types

    def _named(self) -> dict[str, object]:
        """What the server calls it."""
        return {"organization": self.organization, "registry": self._node["name"]}

    def _filter(self) -> dict[str, str]:
        return registry_filter(self._node["full_name"])

    def _changes(self) -> dict[str, object]:
        """What save() has to send, nothing if all is as it was."""
        node, given = self._node, self._set
        changes: dict[str, object] = {}
        if given.get("name", node["name"]) != node["name"]:
            changes["new_name"] = given["name"]
        if (given.get("description", node.get("description")) or "") != (
            node.get("description") or ""
        ):
            changes["description"] = given["description"] or ""
        if self.visibility != node["visibility"]:
            changes["visibility"] = self.visibility
        if self.allow_all_artifact_types != node["allow_all_artifact_types"]:
            changes["allow_all_artifact_types"] = self.allow_all_artifact_types
        if self._types.draft:
            changes["add_artifact_types"] = list(self._types.draft)
        return changes

    def __repr__(self) -> str:
        return f"<Registry {self.organization}/{self.name}>"


class ProjectData:
    """The attributes of a project."""

    _node: types.ProjectNode

    @property
    def id(self) -> str:
        """The server's id of the project."""
        return self._node["id"]

    @property
    def entity(self) -> str:
        """The entity that owns it."""
        return self._node["entity"]

    @property
    def name(self) -> str:
        """The project's name."""
        return self._node["name"]

    @property
    def description(self) -> str | None:
        """What was written about it."""
        return self._node.get("description")

    @property
    def created_at(self) -> str:
        """When it was made."""
        return self._node["created_at"]

    @property
    def path(self) -> list[str]:
        """The entity and the name."""
        return [self.entity, self.name]

    def __repr__(self) -> str:
        return f"<Project {self.entity}/{self.name}>"
