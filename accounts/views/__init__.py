"""The staff pages of this room."""
