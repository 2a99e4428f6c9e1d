"""What is measured and how, runnable by anyone: `make bench`."""
