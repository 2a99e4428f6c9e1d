"""The listening sockets of the web processes."""

import socket

from config.embedded import listening


def test_an_answer_of_several_frames_is_not_held_back():
    """Nagle's algorithm would delay the bot's reply behind its acknowledgement by 40 ms."""
    with listening.bind("127.0.0.1", 0) as server, socket.create_connection(server.getsockname()):
        accepted, _ = server.accept()
        with accepted:
            assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


def test_several_web_processes_share_one_address():
    sockets = listening.bind_for(3, host="127.0.0.1", port=0)
    try:
        assert len({one.getsockname() for one in sockets}) == 1
    finally:
        for one in sockets:
            one.close()
