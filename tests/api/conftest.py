"""The stories of the API: integrations that call with a token, one for each member."""

import json
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from django.http import HttpResponse
from django.test import Client
from django.utils import timezone

from accounts import api_tokens
from accounts.models import Membership
from tests.people import make_member
from tests.stories import Clock, Writer, a_client_starts


class Integration:
    """Something outside that calls the API with a token."""

    def __init__(self, key: str) -> None:
        self.key = key
        self.client = Client(headers={"Authorization": f"Token {key}"})

    def get(self, path: str, **query: Any) -> HttpResponse:
        """GET below `/api/v1/`."""
        return self.client.get(f"/api/v1/{path}", query)

    def post(self, path: str, body: Any = None, **more: Any) -> HttpResponse:
        """POST JSON below `/api/v1/`."""
        if body is None:
            return self.client.post(f"/api/v1/{path}")
        return self.client.post(f"/api/v1/{path}", json.dumps(body), content_type="application/json", **more)

    def shown(self, path: str, **query: Any) -> list[dict[str, Any]]:
        """The results of a list."""
        answer = self.get(path, **query)
        assert answer.status_code == 200, answer.content
        return answer.json()["results"]

    def says(self, conversation_id: Any, text: str, *, ref: Any = None) -> HttpResponse:
        """Write to a client."""
        return self.post(f"conversations/{conversation_id}/messages", {"client_ref": str(ref or uuid4()), "text": text})

    def takes_over(self, conversation_id: Any) -> HttpResponse:
        """Take a conversation over."""
        return self.post("takeovers", {"conversation": str(conversation_id)})


@pytest.fixture(autouse=True)
def marked_levels(settings):
    settings.RISK_SCORER = "tests.fakes.marked"


@pytest.fixture
def clock() -> Clock:
    return Clock(timezone.now())


@pytest.fixture
def integration() -> Callable[[Membership], Integration]:
    """`integration(member)`: an integration that acts as `member`."""

    def connect(member: Membership) -> Integration:
        administrator = make_member(member.clinic, "administrator", f"Key keeper {uuid4().hex[:8]}")
        made = api_tokens.create(member=administrator, label="Integration", acts_as=member.pk, at=timezone.now())
        return Integration(made.key)

    return connect


@pytest.fixture
def desk(counsellor, integration) -> Integration:
    """An integration that acts as a counsellor."""
    return integration(counsellor)


@pytest.fixture
def writer(clinic, clock) -> Writer:
    return a_client_starts(clinic, clock)


def code(answer: HttpResponse) -> tuple[int, str]:
    """Status and code of a refusal, after checking that it has the one shape."""
    error = answer.json()["error"]
    assert set(answer.json()) == {"error"}
    assert error["detail"]
    return answer.status_code, error["code"]
