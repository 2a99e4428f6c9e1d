"""Lock, one INSERT, one UPDATE, publish to the sender and to one observer. No scoring, no audit, no bot."""

import asyncio
import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import UUID

from channels.generic.websocket import AsyncWebsocketConsumer
from django.db import transaction

from benchmarks.bare.models import BareConversation, BareMessage

_pool = ThreadPoolExecutor(8)


def store(conversation_id: int, client_ref: str, text: str) -> int:
    """The whole bare turn."""
    with transaction.atomic():
        row = BareConversation.objects.select_for_update(no_key=True).get(pk=conversation_id)
        row.last_seq += 1
        BareMessage.objects.create(conversation=row, seq=row.last_seq, client_ref=UUID(client_ref), body=text)
        row.save(update_fields=["last_seq"])
    return row.last_seq


class BareConsumer(AsyncWebsocketConsumer):
    """One socket of one conversation."""

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        frame: dict[str, Any] = json.loads(text_data or "{}")
        if frame["type"] == "hello":
            self.conversation = frame["conversation"]
            await self.channel_layer.group_add(f"bare.{self.conversation}", self.channel_name)
            await self.send(json.dumps({"type": "welcome"}))
            return
        loop = asyncio.get_running_loop()
        seq = await loop.run_in_executor(_pool, store, self.conversation, frame["client_ref"], frame["text"])
        event = {"type": "line", "seq": seq, "client_ref": frame["client_ref"], "text": frame["text"]}
        await self.channel_layer.group_send(f"bare.{self.conversation}", event)

    async def line(self, event: dict[str, Any]) -> None:
        """A published line."""
        await self.send(json.dumps({**event, "type": "message"}))
