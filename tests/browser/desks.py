"""What the desk's browser tests share: where things are on the page."""

from typing import Any

SIZES = {"wide": (1440, 900), "laptop": (1280, 800), "tablet": (820, 1100), "phone": (390, 844)}
# Pages that are no desk: the narrower of the usual screens shows sooner what does not fit.
PAGE_SIZES = {"wide": (1280, 900), "phone": (390, 844)}


def card_of(page: Any, writer: Any) -> Any:
    """A conversation's card in the queue."""
    return page.locator(f'.card[data-id="{writer.conversation_id}"]')


def line(page: Any, seq: int) -> Any:
    """A line of the open conversation."""
    return page.locator(f'.line[data-seq="{seq}"]')


def lines(page: Any) -> list[int]:
    """The numbers of the lines on the screen, in their order."""
    return [int(seq) for seq in page.locator(".line[data-seq]").evaluate_all("all => all.map(one => one.dataset.seq)")]
