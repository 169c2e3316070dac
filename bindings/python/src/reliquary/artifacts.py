"""Artifact types, collections and lists of versions and files."""

from __future__ import annotations

from ._nodes import ArtifactCollectionData, ArtifactTypeData, FileData
from ._pages import Paginator, SizedPaginator

TYPE_CHECKING = False
if TYPE_CHECKING:
    import io
    import os
    from collections.abc import Mapping, Sequence
    from typing import Any, Literal

    from . import types
    from ._session import Session
    from .artifact import Artifact
    from .runs import Run


class ArtifactTypes(Paginator["ArtifactType"]):
    """The artifact types of a project."""

    def __init__(
        self,
        session: Session,
        entity: str | None,
        project: str | None,
        per_page: int = 50,
        start: str | None = None,
    ) -> None:
        super().__init__(
            session,
            "artifact_types_page",
            {"entity": entity, "project": project},
            lambda node: ArtifactType._of(session, node),
            per_page,
            start,
        )
        self.entity = entity
        self.project = project


class ArtifactType(ArtifactTypeData):
    """A kind of artifact in a project: "dataset", "model", ..."""

    def __init__(self, session: Session, entity: str | None, project: str | None, type_name: str):
        self._session = session
        self._node = session.call(
            "artifact_type_load", {"entity": entity, "project": project, "type": type_name}
        )

    @classmethod
    def _of(cls, session: Session, node: types.ArtifactTypeNode) -> ArtifactType:
        self = cls.__new__(cls)
        self._session, self._node = session, node
        return self

    def load(self) -> types.ArtifactTypeNode:
        """Fetches the attributes anew."""
        self._node = self._session.call(
            "artifact_type_load",
            {"entity": self.entity, "project": self.project, "type": self.name},
        )
        return self._node

    def collections(
        self,
        filters: Mapping[str, Any] | None = None,
        order: str | None = None,
        per_page: int = 50,
        start: str | None = None,
    ) -> ArtifactCollections:
        """The collections of this type.

        Args:
            filters: Conditions as MongoDB has them: {"name": {"$regex": "^det"}}.
            order: A field's name, with "-" before it for descending.
            per_page: How many to fetch at a time.
            start: The cursor of another list, to continue it.
        """
        return ArtifactCollections(
            self._session,
            self.entity,
            self.project,
            self.name,
            filters=filters,
            order=order,
            per_page=per_page,
            start=start,
        )

    def collection(self, name: str) -> ArtifactCollection:
        """One collection of this type."""
        return ArtifactCollection(self._session, self.entity, self.project, name, self.name)


class ArtifactCollections(SizedPaginator["ArtifactCollection"]):
    """The collections of one type in a project, or of all types."""

    def __init__(
        self,
        session: Session,
        entity: str | None,
        project: str | None,
        type_name: str | None,
        filters: Mapping[str, Any] | None = None,
        order: str | None = None,
        per_page: int = 50,
        start: str | None = None,
    ) -> None:
        super().__init__(
            session,
            "artifact_collections_page",
            {
                "entity": entity,
                "project": project,
                "type": type_name,
                "filters": None if filters is None else dict(filters),
                "order": order,
            },
            lambda node: ArtifactCollection._of(session, node),
            per_page,
            start,
        )
        self.entity = entity
        self.project = project
        self.type_name = type_name
        self.filters = filters
        self.order = order


class ArtifactCollection(ArtifactCollectionData):
    """A named list of versions: a sequence, or a portfolio of links."""

    def __init__(
        self,
        session: Session,
        entity: str | None,
        project: str | None,
        name: str,
        type: str | None,
        organization: str | None = None,
    ) -> None:
        self._session = session
        self.organization = organization
        self._adopt(
            session.call(
                "artifact_collection_load",
                {"entity": entity, "project": project, "type": type, "name": name},
            )
        )

    @classmethod
    def _of(
        cls, session: Session, node: types.ArtifactCollectionNode, organization: str | None = None
    ) -> ArtifactCollection:
        self = cls.__new__(cls)
        self._session, self.organization = session, organization
        self._adopt(node)
        return self

    def load(self) -> types.ArtifactCollectionNode:
        """Fetches the attributes anew. What was set and not saved is forgotten."""
        self._adopt(self._session.call("artifact_collection_load", self._named()))
        return self._node

    @property
    def aliases(self) -> list[str]:
        """The aliases of all versions in the collection."""
        if self._aliases is None:
            answer = self._session.call("artifact_collection_aliases", self._named())
            self._aliases = answer["aliases"]
        return list(self._aliases or ())

    def artifacts(self, per_page: int = 50, start: str | None = None) -> Artifacts:
        """The versions in the collection, newest first."""
        return Artifacts(
            self._session,
            self.entity,
            self.project,
            self._node["name"],
            self._node["type"],
            per_page=per_page,
            start=start,
        )

    def save(self) -> None:
        """Sends what was set: name, description, tags, type. Sends nothing else."""
        if changes := self._changes():
            self._adopt(
                self._session.call("artifact_collection_save", {**self._named(), **changes})
            )

    def change_type(self, new_type: str) -> None:
        """Moves the collection to another type at once. Deprecated: set type, and save()."""
        import warnings

        warnings.warn(
            "ArtifactCollection.change_type(type) is deprecated, "
            "use ArtifactCollection.save() instead.",
            DeprecationWarning,
            stacklevel=2,
        )
        if not self.is_sequence():
            raise ValueError("Artifact collection needs to be a sequence")
        node = self._session.call(
            "artifact_collection_save", {**self._named(), "new_type": new_type}
        )
        self._node = {**self._node, "type": node["type"]}
        self._set.pop("type", None)

    def delete(self) -> None:
        """Deletes the collection, a sequence with all its versions."""
        self._session.call("artifact_collection_delete", self._named())


class Artifacts(SizedPaginator["Artifact"]):
    """Versions of one collection."""

    def __init__(
        self,
        session: Session,
        entity: str | None,
        project: str | None,
        collection_name: str,
        type: str | None,
        filters: Mapping[str, Any] | None = None,
        order: str | None = None,
        per_page: int = 50,
        tags: str | Sequence[str] | None = None,
        start: str | None = None,
    ) -> None:
        from .artifact import Artifact

        wanted = [tags] if isinstance(tags, str) else list(tags or ())
        super().__init__(
            session,
            "artifacts_page",
            {
                "entity": entity,
                "project": project,
                "collection": collection_name,
                "type": type,
                "filters": None if filters is None else dict(filters),
                "order": order,
                "tags": wanted or None,
            },
            lambda node: Artifact._of(session, node),
            per_page,
            start,
            # The server counts without looking at tags.
            counts_itself=bool(wanted),
        )
        self.entity = entity
        self.project = project
        self.collection_name = collection_name
        self.type = type
        self.filters = {"state": "COMMITTED"} if filters is None else filters
        self.order = order
        self.tags = wanted


class RunArtifacts(SizedPaginator["Artifact"]):
    """The versions that a run logged or used."""

    def __init__(
        self,
        session: Session,
        run: Run,
        mode: Literal["logged", "used"] = "logged",
        per_page: int = 50,
        start: str | None = None,
    ) -> None:
        from .artifact import Artifact

        if mode not in ("logged", "used"):
            raise ValueError("mode must be logged or used")
        super().__init__(
            session,
            "run_artifacts_page",
            {"entity": run.entity, "project": run.project, "run": run.id, "mode": mode},
            lambda node: Artifact._of(session, node),
            per_page,
            start,
        )
        self.run = run
        self.mode = mode


class ArtifactFiles(SizedPaginator["File"]):
    """The files of a version."""

    def __init__(
        self,
        session: Session,
        artifact: Artifact,
        names: Sequence[str] | None = None,
        per_page: int = 50,
        start: str | None = None,
    ) -> None:
        super().__init__(
            session,
            "artifact_files_page",
            {"artifact": artifact._path(), "names": None if names is None else list(names)},
            lambda node: File(artifact, node),
            per_page,
            start,
        )
        self.artifact = artifact

    @property
    def path(self) -> list[str]:
        """The version's entity, project and name."""
        return [self.artifact.entity, self.artifact.project, self.artifact.name]

    def __repr__(self) -> str:
        return f"<ArtifactFiles {'/'.join(self.path)} ({len(self)})>"


class File(FileData):
    """A file of a version, as the server knows it."""

    def __init__(self, artifact: Artifact, node: types.FileNode) -> None:
        self._artifact = artifact
        self._node = node

    def download(
        self,
        root: str | os.PathLike[str] = ".",
        replace: bool = False,
        exist_ok: bool = False,
        api: object = None,
    ) -> io.TextIOWrapper:
        """Puts the file into a folder, and opens it for reading.

        Args:
            root: The folder.
            replace: Whether a file that is there may be replaced.
            exist_ok: Whether a file that is there may be opened as it is.
            api: Not used.
        """
        import os

        path = os.path.join(root, self.name)
        if os.path.exists(path) and not replace:
            if exist_ok:
                return open(path)
            raise ValueError(
                "File already exists, pass replace=True to overwrite "
                "or exist_ok=True to leave it as is and don't error."
            )
        self._artifact._download(root, paths=[self.name])
        return open(path)
