"""The sockets that the web processes listen on. Their owner is whoever starts the processes, so a restart keeps them.

While a web process is away, new connections wait in the socket's queue instead of being refused.
"""

import socket
import sys

_QUEUE = 2048
# 4,000 emoji, each written as two escapes of six characters, take 48,000 bytes; what is far above is refused unread.
_LARGEST_FRAME_BYTES = 65_536


def bind(host: str, port: int, *, shared: bool = False) -> socket.socket:
    """A listening TCP socket. `shared` lets several sockets have one port, among which the kernel spreads connections.

    Raises OSError when the port is taken.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    made = socket.socket(family, socket.SOCK_STREAM)
    try:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        # Inherited by every accepted connection. uvicorn takes an inherited socket for a Unix one and would leave
        # Nagle's algorithm on, which holds the second frame of each answer back for 40 ms.
        made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if shared:
            made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        made.bind((host, port))
        made.listen(_QUEUE)
    except OSError:
        made.close()
        raise
    return made


def bind_for(web_processes: int, *, host: str, port: int) -> list[socket.socket]:
    """One socket for each web process, all with the same address. Raises OSError when the port is taken.

    On Linux each process has a queue of its own (SO_REUSEPORT), because out of one common queue the process that wakes
    first takes a whole burst of clients. Elsewhere the kernel does not spread, so they share one queue.
    """
    if web_processes == 1:
        return [bind(host, port)]
    # A port shared by SO_REUSEPORT could be stolen from another service of this account, so first see that it is free.
    with bind(host, port) as first:
        port = first.getsockname()[1]
        if sys.platform != "linux":
            return [first.dup()] * web_processes
    return [bind(host, port, shared=True) for _ in range(web_processes)]


def uvicorn(fd: int, application: str = "config.asgi:application") -> list[str]:
    """Command line of one web process on an inherited listening socket."""
    # fmt: off
    return [
        sys.executable, "-m", "uvicorn", application, "--fd", str(fd),
        "--ws", "websockets-sansio", "--loop", "uvloop", "--http", "httptools", "--lifespan", "off",
        "--ws-max-size", str(_LARGEST_FRAME_BYTES), "--timeout-graceful-shutdown", "5", "--no-access-log",
        "--no-server-header", "--log-level", "warning",
    ]
    # fmt: on
