"""The sockets of the web processes."""

import socket
import sys

import pytest

from config.embedded import listening


def test_a_taken_port_is_refused() -> None:
    with listening.bind("127.0.0.1", 0) as first, pytest.raises(OSError, match="in use"):
        listening.bind("127.0.0.1", first.getsockname()[1])


def test_several_web_processes_have_one_address() -> None:
    sockets = listening.bind_for(3, host="127.0.0.1", port=0)
    try:
        assert len({one.getsockname() for one in sockets}) == 1
    finally:
        for one in set(sockets):
            one.close()


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux spreads connections over queues")
def test_a_port_shared_by_web_processes_is_still_refused_to_a_second_service() -> None:
    sockets = listening.bind_for(2, host="127.0.0.1", port=0)
    try:
        with pytest.raises(OSError, match="in use"):
            listening.bind_for(2, host="127.0.0.1", port=sockets[0].getsockname()[1])
    finally:
        for one in sockets:
            one.close()


def test_a_connection_waits_while_no_web_process_is_there() -> None:
    with (
        listening.bind("127.0.0.1", 0) as listener,
        socket.create_connection(listener.getsockname(), timeout=10) as client,
    ):
        client.sendall(b"still here")
        accepted, _ = listener.accept()
        with accepted:
            assert accepted.recv(100) == b"still here"
