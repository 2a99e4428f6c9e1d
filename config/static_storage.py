"""Hashed static files whose ES modules may import each other by name."""

from whitenoise.storage import CompressedManifestStaticFilesStorage


class HashedStorage(CompressedManifestStaticFilesStorage):
    """Rewrites the imports between our modules to the hashed names, so a far-future cache never mixes two releases."""

    support_js_module_import_aggregation = True
