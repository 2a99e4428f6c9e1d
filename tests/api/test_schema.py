"""The description of the API is complete, free of warnings, and the same as the one in the repository."""

from pathlib import Path

import pytest
import yaml
from django.conf import settings
from django.core.management import call_command
from django.urls import get_resolver

from tests.access.doors import DOORS

COMMITTED = Path(settings.BASE_DIR) / "docs" / "openapi.yaml"


@pytest.fixture(scope="module")
def generated(tmp_path_factory):
    """The description as it is generated, validated, with every warning an error."""
    target = tmp_path_factory.mktemp("schema") / "openapi.yaml"
    call_command("spectacular", "--validate", "--fail-on-warn", "--file", str(target))
    return target.read_text()


def test_the_committed_description_is_the_present_one(generated):
    """If this fails: `manage.py spectacular --validate --fail-on-warn --file docs/openapi.yaml`."""
    assert COMMITTED.read_text() == generated


def operations(text):
    return {
        (path, method.upper()): operation
        for path, item in yaml.safe_load(text)["paths"].items()
        for method, operation in item.items()
    }


def test_every_door_of_the_api_is_described(generated):
    routes = {
        f"api:{pattern.name}": str(pattern.pattern).replace("<uuid:", "{").replace(">", "}")
        for resolver in get_resolver().url_patterns
        if getattr(resolver, "namespace", None) == "api"
        for pattern in resolver.url_patterns
    }
    doors = {(f"/api/{routes[door.name]}", door.method) for door in DOORS if door.kind == "api"}
    assert set(operations(generated)) == doors - {("/api/schema", "GET")}


def test_every_operation_says_how_it_refuses(generated):
    for place, operation in operations(generated).items():
        assert {"401", "403", "429", "503"} <= set(operation["responses"]), place
        assert operation["security"] == [{"token": []}, {"session": []}], place


def test_every_operation_says_what_it_does(generated):
    for place, operation in operations(generated).items():
        assert operation["description"].endswith("."), place


def test_the_served_description_is_the_committed_one(client):
    answer = client.get("/api/schema", headers={"Accept": "application/vnd.oai.openapi"})
    assert yaml.safe_load(answer.content) == yaml.safe_load(COMMITTED.read_text())
