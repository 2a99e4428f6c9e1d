"""Names for people who give none: two kind words, chosen at random, never derived from anything about the client."""

import secrets


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


_FIRST = _words("""
    Amber Autumn Birch Bright Calm Cedar Clear Clover Coral Dawn Evening Fern Gentle Golden Green Harbour Hazel
    Honey Indigo Ivory Jade Juniper Lantern Lilac Linen Maple Meadow Mellow Mint Misty Morning Moss North Olive
    Opal Orchard Patient Pearl Pine Quiet River Rowan Saffron Sage Sandy Silver Slate Snowy Soft South Spring
    Steady Summer Sunny Teal Thistle Velvet Willow Winter Woodland
""")
_SECOND = _words("""
    Badger Beaver Blackbird Bluebell Brook Bumblebee Butterfly Cloud Comet Cricket Crane Curlew Daisy Deer Dolphin
    Dove Dragonfly Duckling Falcon Feather Finch Firefly Fox Goldfinch Hare Hedgehog Heron Island Kestrel Kingfisher
    Ladybird Lark Leaf Magpie Marmot Moon Nightingale Otter Owl Pebble Penguin Plover Puffin Rabbit Robin Seal
    Shell Sparrow Squirrel Star Starling Stone Swallow Swan Swift Tern Thrush Turtle Wagtail Wren
""")


def new_pseudonym() -> str:
    """For example `Quiet Heron 42`. Not unique and not secret; only a handle for the people at the desk."""
    return f"{secrets.choice(_FIRST)} {secrets.choice(_SECOND)} {secrets.randbelow(90) + 10}"
