"""What the bot does with a message that neither answers its question nor is in the table of intents: it asks its model.

The model is sure or it is not. Where it is not, the bot asks a choosing question instead of guessing.
"""

from triage.bot.offers import OFFERED, next_offer, offers
from triage.bot.position import Wish
from triage.bot.run import Run
from triage.bot.understanding import Understanding, understand

# After so many hard things told a person is offered, since set texts only go so far.
_FEELINGS_BEFORE_OFFER = 3
_ASIDES = {
    "asks_bot": "about_chat",
    "complains": "complaint",
    "corrects": "complaint",
    "goodbye": "goodbye",
}
_REMARKS = {"greeting": "controls.greeting", "thanks": "controls.thanks", "stop": "controls.quiet"}
_REFLECTIONS = "reflections"
# An act that turns the talk away from what somebody tells must be all but certain, or a told thing goes unheard.
_SURE_OF = {"complains": 0.95, "corrects": 0.95, "goodbye": 0.9, "stop": 0.9, "asks_person": 0.8}
_FEELING_FROM, _TOPIC_FROM = 0.5, 0.5


def take_meaning(run: Run, text: str) -> bool:
    """Act on what the model is sure of. False when it is not: then the caller asks which was meant."""
    understood = understand(text)
    if understood.act == "asks_person" and _is_certain(understood):
        run.say("controls.asking_person")
        run.wishes.add(Wish.PERSON)
        return True
    if run.is_step_of_exercise(*run.here):
        return False  # nobody is led out of an exercise or a screening by a guess
    if _is_danger(understood):
        run.aside("danger")
        return True
    if understood.language != "en":
        run.aside("language")
        return True
    if not _is_certain(understood):
        return False
    return _take_act(run, understood)


def reflect(run: Run, feeling: str) -> None:
    """Meet a feeling with one approved sentence, never with the client's own words."""
    item = run.catalogue.find(_REFLECTIONS, run.locale)
    if item is None:
        run.say("controls.heard_feeling")
        return
    run.say(f"{_REFLECTIONS}.{feeling if feeling in item.texts else 'none'}")


def told_of_feeling(run: Run) -> bool:
    """Count a hard thing told; after every third a person is offered, and True says that this was done."""
    heard = int(run.memory.get("feelings", 0)) + 1
    run.memory["feelings"] = heard
    if heard % _FEELINGS_BEFORE_OFFER:
        return False
    run.aside("feeling_offer")
    return True


def _is_certain(understood: Understanding) -> bool:
    return understood.is_sure and understood.act_probability >= _SURE_OF.get(understood.act, 0.0)


def _is_danger(understood: Understanding) -> bool:
    return any(topic in offers().danger for topic, _ in understood.topics)


def _take_act(run: Run, understood: Understanding) -> bool:
    act = understood.act
    if act in _ASIDES:
        run.aside(_ASIDES[act])
    elif act in _REMARKS:
        run.say(_REMARKS[act])
        run.repeat_choices()
    elif act in {"tells", "asks_help"}:
        _answer_what_was_told(run, understood)
    else:
        return False  # a yes or a no to nothing
    run.memory.pop("unsure", None)
    return True


def _answer_what_was_told(run: Run, understood: Understanding) -> None:
    """One sentence that fits the feeling, then one offer that fits the topic, with a choice to skip it."""
    tells = understood.act == "tells"
    feeling = understood.feeling if understood.feeling_probability >= _FEELING_FROM else "none"
    if tells and feeling not in {"none", "hopeful"} and told_of_feeling(run):
        return
    if tells:
        reflect(run, feeling)
    for topic, probability in understood.topics:
        offer = next_offer(run, topic) if probability >= _TOPIC_FROM else ""
        if offer:
            run.memory[f"{OFFERED}{offer}"] = 1
            run.enter_from_here(offer)
            return
    if tells:
        run.repeat_choices()
    else:
        run.enter("exercises")
