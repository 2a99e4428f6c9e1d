"""Sign where the audit trail stands, now, in the database and in a file outside it."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from audit import checkpoint_folder, checkpoints


class Command(BaseCommand):
    help = "Write a signed checkpoint of the audit trail to the database and to AUDIT_CHECKPOINT_DIR."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--restore-files",
            action="store_true",
            help="first write again the missing files of checkpoints that the database holds (new or emptied folder)",
        )

    def handle(self, *, restore_files: bool, **options: Any) -> None:
        try:
            if restore_files:
                restored = checkpoints.restore_files()
                self.stdout.write(f"{len(restored)} missing files written again")
            checkpoint = checkpoints.write_checkpoint(at=timezone.now())
        except (
            checkpoints.CheckpointInProgress,
            checkpoints.CheckpointsDiverge,
            checkpoint_folder.FileRefused,
            OSError,
        ) as error:
            raise CommandError(f"No checkpoint was written: {error}") from error
        path = checkpoint_folder.path_of(checkpoints.folder(), checkpoint.number)
        self.stdout.write(
            f"Checkpoint {checkpoint.number}: {checkpoint.leaf_count} streams, {checkpoint.entry_count} new entries,"
            f" root {bytes(checkpoint.root).hex()}, {path}"
        )
