"""Registries, in an organization of a registry in a folder.

That the classes do what those of wandb do, scripts show that both run.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from itertools import islice

import pytest
from conftest import PLACE
from reliquary import Api, AsyncApi, Registry, errors


@pytest.fixture
def shop(api: Api, pets: str) -> Iterator[Registry]:
    """A registry with two collections: pets with two versions, and older with one."""
    api.create_organization("acme")
    shop = api.create_registry(
        "shop", "organization", description="all", artifact_types=["dataset"]
    )
    for n, name in enumerate(("older", "pets", "pets")):
        api.artifact(f"{pets}:v{n}").link(f"acme/wandb-registry-shop/{name}", aliases=[f"a{n}"])
    api.create_registry("empty", "restricted")
    yield shop


def test_an_organization_of_ones_own(api: Api) -> None:
    with pytest.raises(errors.NotFoundError):
        api.organization()
    made = api.create_organization("acme")
    assert (made.name, made.entity) == ("acme", "acme") and api.organization().id == made.id
    for name, kind in (("acme", errors.ConflictError), ("", errors.InvalidError)):
        with pytest.raises(kind):
            api.create_organization(name)
    assert api.registries().organization == "acme" and list(api.registries()) == []


def test_tables(api: Api, shop: Registry) -> None:
    table = api.registries().table()
    assert sorted(table.column("name").to_pylist()) == ["empty", "shop"]
    assert shop.versions().table().num_rows == 3
    assert set(shop.collections().dataframe()["name"]) == {"older", "pets"}


def test_lists_in_order_are_lazy(api: Api, shop: Registry) -> None:
    ordered = api.registries(order="-name")
    collections = ordered.collections(order="name")
    assert [c.name for c in islice(collections, 1)] == ["older"]
    assert [c.name for c in collections] == ["pets"]
    with pytest.raises(errors.UnsupportedError):
        collections.cursor  # noqa: B018
    with pytest.raises(TypeError):
        len(collections)


def test_awaited(api: Api, shop: Registry) -> None:
    async def main() -> None:
        async with AsyncApi(dir=api.place["dir"]) as a:
            assert (await a.organization()).name == "acme"
            assert sorted([r.name async for r in a.registries()]) == ["empty", "shop"]
            r = await a.registry("shop", organization="acme")
            assert [r.full_name, r.path[1]] == ["wandb-registry-shop"] * 2
            r.description = "some"
            r.artifact_types.append("model")
            await r.save()
            shop.load()
            assert shop.description == "some" and sorted(shop.artifact_types) == [
                "dataset",
                "model",
            ]
            await r.load()
            assert [c.name async for c in r.collections(order="-name")] == ["pets", "older"]
            assert await r.collections().length() == 2
            assert [v.source_version async for v in r.versions({"alias": "a1"})] == ["v1"]
            ordered = a.registries(order="name")
            assert [c.name for c in await ordered.collections(order="name").all()] == [
                "older",
                "pets",
            ]
            latest = {"alias": "latest"}
            found = ordered.collections(order="-name").versions(latest)
            assert [v.name for v in await found.all()] == ["pets:v1", "older:v0"]
            assert len(await ordered.versions(latest).all()) == 2
            assert len(await a.registries().collections().versions(latest).all()) == 2
            with pytest.raises(ValueError):
                ordered.versions(start="x")
            viewer = await a.viewer()
            assert [m.user.id for m in await r.user_members()] == [viewer.id]
            assert await r.team_members() == [] and len(await r.members()) == 1
            assert await a.user("nobody") is None
            with pytest.raises(errors.NotFoundError):
                await a.team("nobody")
            other = await a.create_registry("other", "restricted", artifact_types=["x"])
            assert await other.update_member(viewer, "admin") is other
            with pytest.raises(errors.InvalidError):
                await other.add_members("nobody")
            await other.delete()
            with pytest.raises(errors.NotFoundError):
                await a.registry("other")
            assert [p.name async for p in a.projects()] == [PLACE.partition("/")[2]]

    asyncio.run(main())
