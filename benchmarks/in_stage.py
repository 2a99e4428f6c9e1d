"""Runs another benchmark beside services of its own: `python -m benchmarks.in_stage benchmarks.audit_verification`."""

import subprocess
import sys

from benchmarks.stage import ROOT, stage


def main() -> None:
    """Start the stage, run the named module with its options, and pass its exit code on."""
    with stage() as on:
        done = subprocess.run([sys.executable, "-m", *sys.argv[1:]], env=on.env, cwd=ROOT, check=False)
    sys.exit(done.returncode)


if __name__ == "__main__":
    main()
