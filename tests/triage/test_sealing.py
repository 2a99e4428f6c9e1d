"""Sealed texts: readable with the conversation's key in their own place, and in no other way."""

import base64
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from triage.sealing import Seal, Unreadable, new_message_key

texts = st.text(st.characters(exclude_categories=["Cs"]))


@given(texts)
def test_a_text_comes_back_as_it_was(text):
    conversation = uuid4()
    seal = Seal(conversation, new_message_key(conversation))
    assert seal.open(seal.seal(text, place="message:1"), place="message:1") == text


def test_the_sealed_bytes_do_not_hold_the_words():
    conversation = uuid4()
    seal = Seal(conversation, new_message_key(conversation))
    assert b"harbour" not in seal.seal("by the harbour", place="message:1")


def test_a_text_moved_to_another_line_is_noticed():
    conversation = uuid4()
    seal = Seal(conversation, new_message_key(conversation))
    with pytest.raises(Unreadable, match="message:2"):
        seal.open(seal.seal("hello", place="message:1"), place="message:2")


def test_an_altered_text_is_noticed():
    conversation = uuid4()
    seal = Seal(conversation, new_message_key(conversation))
    sealed = bytearray(seal.seal("hello", place="message:1"))
    sealed[-1] ^= 1
    with pytest.raises(Unreadable):
        seal.open(bytes(sealed), place="message:1")


def test_one_conversations_key_does_not_open_another():
    first, second = uuid4(), uuid4()
    with pytest.raises(Unreadable, match="altered"):
        Seal(second, new_message_key(first))


def test_without_its_key_a_conversation_is_unreadable():
    with pytest.raises(Unreadable, match="destroyed"):
        Seal(uuid4(), None)


def test_an_older_wrapping_key_still_opens_after_a_new_one_is_added(settings):
    conversation = uuid4()
    wrapped = new_message_key(conversation)
    sealed = Seal(conversation, wrapped).seal("hello", place="message:1")
    settings.MESSAGE_KEYS = [base64.b64encode(b"n" * 32).decode(), *settings.MESSAGE_KEYS]
    assert Seal(conversation, wrapped).open(sealed, place="message:1") == "hello"
    assert Seal(conversation, new_message_key(conversation))


def test_a_key_wrapped_by_an_unknown_service_is_refused(settings):
    conversation = uuid4()
    wrapped = new_message_key(conversation)
    settings.MESSAGE_KEYS = [base64.b64encode(b"n" * 32).decode()]
    with pytest.raises(Unreadable, match="does not have"):
        Seal(conversation, wrapped)


def test_the_digest_for_the_trail_differs_between_conversations():
    first, second = uuid4(), uuid4()
    same_words = "I could not sleep"
    digests = {Seal(one, new_message_key(one)).keyed_digest(same_words) for one in (first, second)}
    assert len(digests) == 2
