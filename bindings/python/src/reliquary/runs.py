"""Runs and projects, as far as artifacts need them."""

from __future__ import annotations

from ._nodes import ProjectData, RunData
from ._pages import Paginator, SizedPaginator
from ._paths import page
from .artifacts import ArtifactCollections, ArtifactTypes, RunArtifacts

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from typing import Any

    from . import types
    from ._session import Session
    from .artifact import Artifact


class Run(RunData):
    """A run: something that logs and uses artifacts."""

    def __init__(self, session: Session, name: types.RunName) -> None:
        self._session = session
        self._run = name
        self._loaded: types.RunNode | None = None

    @classmethod
    def _of(cls, session: Session, node: types.RunNode) -> Run:
        self = cls(session, node)  # it holds the name too
        self._loaded = node
        return self

    @property
    def _node(self) -> types.RunNode:
        return self._loaded or self.load()

    @property
    def url(self) -> str:
        """The page of the run on its server, "" for one that has none."""
        return page(self._session, self.entity, self.project, "runs", self.id)

    def load(self, force: bool = False) -> types.RunNode:
        """Fetches the attributes anew, with force or without."""
        node: types.RunNode = self._session.call("run_load", self._named())
        self._loaded = node
        return node

    def __repr__(self) -> str:
        return f"<Run {'/'.join(self.path)} ({self.state})>"

    def logged_artifacts(self, per_page: int = 100) -> RunArtifacts:
        """The versions that the run logged."""
        return RunArtifacts(self._session, self, mode="logged", per_page=per_page)

    def used_artifacts(self, per_page: int = 100) -> RunArtifacts:
        """The versions that the run used."""
        return RunArtifacts(self._session, self, mode="used", per_page=per_page)

    def use_artifact(self, artifact: Artifact, use_as: str | None = None) -> Artifact:
        """Records that the run used a version, so that lineage shows it."""
        if artifact.is_draft():
            raise ValueError("Only existing artifacts are accepted by this api.")
        self._session.call(
            "run_use_artifact",
            {**self._named(), "artifact": artifact._path()},
        )
        return artifact

    def log_artifact(
        self,
        artifact: Artifact,
        aliases: Collection[str] | None = None,
        tags: Collection[str] | None = None,
    ) -> Artifact:
        """Records that the run logged a version. A draft is logged by it.

        Args:
            artifact: The version, in the project of the run, or a draft.
            aliases: Aliases, for a draft besides "latest".
            tags: Tags besides those that it has.
        """
        if artifact.is_draft():
            path = "/".join(self.path)
            artifact._log(self._session, self.entity, self.project, aliases, tags, path)
            return artifact
        self._session.call(
            "run_log_artifact",
            {
                **self._named(),
                "artifact": artifact._path(),
                "aliases": list(aliases or ()),
                "tags": list(tags or ()),
            },
        )
        return artifact


class Runs(SizedPaginator["Run"]):
    """The runs of a project."""

    def __init__(
        self,
        session: Session,
        entity: str | None,
        project: str | None,
        filters: Mapping[str, Any] | None = None,
        order: str | None = None,
        per_page: int = 50,
        start: str | None = None,
    ) -> None:
        super().__init__(
            session,
            "runs_page",
            {
                "entity": entity,
                "project": project,
                "filters": None if filters is None else dict(filters),
                "order": order,
            },
            lambda node: Run._of(session, node),
            per_page,
            start,
        )
        self.entity = entity
        self.project = project


class Project(ProjectData):
    """A project: what holds runs and artifacts."""

    def __init__(self, session: Session, node: types.ProjectNode) -> None:
        self._session = session
        self._node = node

    @property
    def url(self) -> str:
        """The page of the project on its server, "" for one that has none."""
        return page(self._session, self.entity, self.name, "workspace")

    def artifacts_types(self, per_page: int = 50) -> ArtifactTypes:
        """The artifact types of the project."""
        return ArtifactTypes(self._session, self.entity, self.name, per_page=per_page)

    def collections(
        self,
        filters: Mapping[str, Any] | None = None,
        order: str | None = None,
        per_page: int = 50,
        start: str | None = None,
    ) -> ArtifactCollections:
        """The collections of all types in the project."""
        return ArtifactCollections(
            self._session, self.entity, self.name, None, filters, order, per_page, start
        )


class Projects(Paginator["Project"]):
    """The projects of an entity."""

    def __init__(self, session: Session, entity: str | None, per_page: int = 200) -> None:
        super().__init__(
            session,
            "projects_page",
            {"entity": entity},
            lambda node: Project(session, node),
            per_page,
        )
        self.entity = entity

    @property
    def length(self) -> None:
        """Not known before the end: None."""
        return None
