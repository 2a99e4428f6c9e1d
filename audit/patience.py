"""Time for the few statements of the trail that may take long, in a database that ends long ones."""

from django.db import connection

_PATIENCE = "1h"


def be_patient() -> None:
    """Lift the limits of this transaction: the whole trail is read, and files are written between statements.

    The wait for a row keeps its limit, so nobody else waits longer for it.
    """
    with connection.cursor() as cursor:
        for limit in ("statement_timeout", "idle_in_transaction_session_timeout"):
            cursor.execute("SELECT set_config(%s, %s, true)", [limit, _PATIENCE])
