"""Print the public key by which anybody can check the checkpoints' signatures."""

import base64
from typing import Any

from django.core.management.base import BaseCommand

from audit import signing


class Command(BaseCommand):
    help = "Print the public key of the audit checkpoints (Ed25519, base64). Keep it outside this machine."

    def handle(self, **options: Any) -> None:
        public = signing.public_key()
        self.stdout.write(base64.b64encode(public).decode())
        self.stderr.write(f"key id {signing.key_id(public)}")
