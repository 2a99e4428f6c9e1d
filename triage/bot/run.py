"""One run of the engine: walks nodes from where the bot stands to the next question, collecting approved replies."""

from dataclasses import replace

from triage.bot.catalogue import Catalogue, NotServable
from triage.bot.content import ChoiceSpec, Item, Node
from triage.bot.position import Answered, Choice, Position, Reply, Step, Wish

MENU = "menu"
SCREENING = "screen"  # how the names of what is remembered of a screening begin
# Openings are said once; whoever comes back from an aside goes on at the menu.
_OPENINGS = frozenset({"welcome", "hand_back"})
_LONGEST_TRAIL = 12
_CONTROLS = ("pause", "back", "stop")


class Run:
    """The engine's working state within one call. Made from a position, ends in a Step."""

    def __init__(self, catalogue: Catalogue, position: Position | None, locale: str) -> None:
        self.catalogue = catalogue
        self.locale = locale
        self.replies: list[Reply] = []
        self.wishes: set[Wish] = set()
        self.answered: Answered | None = None
        self.memory: dict[str, int | str] = dict(position.memory) if position else {}
        self.item: Item | None = None
        self.node: Node | None = None
        if position:
            self.item = catalogue.find(position.flow, locale, position.version)
            self.node = self.item.nodes.get(position.node) if self.item else None

    @property
    def here(self) -> tuple[Item, Node]:
        """Where the bot stands; raises NotServable when that place is not served any more."""
        if self.item is None or self.node is None:
            raise NotServable("the bot stands nowhere")
        return self.item, self.node

    # -- what is said

    def say(self, key: str, *, card: str = "", choices: tuple[Choice, ...] = ()) -> None:
        """Add the shared text `item.name`, in its next wording."""
        item_key, _, name = key.partition(".")
        item = self.catalogue.find(item_key, self.locale)
        variants = item.texts[name] if item else ()
        text = self.catalogue.text(key, self.locale, self._turn_of(key, len(variants)))
        self.replies.append(Reply(text.key, text.version, text.digest, text.text, choices, card))

    def say_node(self, item: Item, node: Node) -> None:
        """Add the text of a node with its choices."""
        turn = self._turn_of(f"{item.key}.{node.key}", len(node.texts))
        text = self.catalogue.wording(item, node.key, node.texts, turn)
        choices = self.choices_of(item, node) if node.rests else ()
        self.replies.append(Reply(text.key, text.version, text.digest, text.text, choices, node.card, node.exercise))
        if node.mark:
            self.memory[node.mark] = 1

    def say_again(self, node: Node) -> None:
        """Ask the item of a screening once more, in its gentler wording."""
        item, _ = self.here
        text = self.catalogue.wording(item, f"{node.key}_again", node.again, 0)
        self.replies.append(Reply(text.key, text.version, text.digest, text.text, self.choices_of(item, node)))

    def _turn_of(self, key: str, variants: int) -> int:
        """Which wording comes now: they go round, so that the same one never comes twice running."""
        if variants < 2:
            return 0
        turn = int(self.memory.get(f"n.{key}", 0))
        self.memory[f"n.{key}"] = (turn + 1) % variants
        return turn

    def choices_of(self, item: Item, node: Node) -> tuple[Choice, ...]:
        """The answers offered at a resting node: its own, then the controls of an exercise."""
        offered = [Choice(choice.key, choice.label) for choice in self.open_choices(item, node)]
        if node.kind == "rate":
            offered = [Choice(f"rate_{number}", str(number)) for number in range(node.low, node.high + 1)]
            offered.append(self.control("skip"))
        elif node.kind == "item":
            offered = [Choice(f"answer_{option.value}", option.label) for option in node.options]
            offered.append(self.control("skip"))
        elif node.kind == "ask":
            offered = [self.control("done"), self.control("skip")]
        elif node.kind == "offer_person":
            offered = [self.control("yes_person"), self.control("not_now")]
        if self.is_step_of_exercise(item, node):
            offered += [self.control(name) for name in _CONTROLS if name != "back" or self.trail(item)]
        return tuple(offered)

    def control(self, name: str) -> Choice:
        """A shared answer such as Skip or Stop."""
        return Choice(name, self.catalogue.label(f"controls.{name}", self.locale))

    def open_choices(self, item: Item, node: Node) -> list[ChoiceSpec]:
        """The node's choices without those that lead to content which is not served today."""
        return [choice for choice in node.choices if not self._leads_nowhere(item, choice)]

    def _leads_nowhere(self, item: Item, choice: ChoiceSpec) -> bool:
        ahead = item.nodes.get(choice.next)
        return bool(ahead and ahead.flow and self.catalogue.find(ahead.flow, self.locale) is None)

    def is_step_of_exercise(self, item: Item, node: Node) -> bool:
        """Whether pause, back and stop belong here: on every question of an exercise or a screening but the offer."""
        return item.kind in {"exercise", "screening"} and node.key != item.start

    def trail(self, item: Item) -> list[str]:
        """The nodes of this exercise that the client answered, oldest first."""
        found = str(self.memory.get("trail", "")).split()
        return [key for key in found if key in item.nodes]

    # -- where it goes

    def enter(self, flow: str) -> None:
        """Begin a flow; one that is not served leads to the menu with a word of explanation."""
        item = self.catalogue.find(flow, self.locale)
        if item is None or not item.is_flow:
            self.say("controls.moved_on")
            item = self.catalogue.flow(MENU, self.locale)
        if not item.is_aside:
            self._forget_return()
        self.memory.pop("trail", None)
        self.memory.pop("paused", None)
        if item.kind == "screening":
            for name in [name for name in self.memory if name.startswith(SCREENING)]:
                del self.memory[name]  # nothing of an earlier screening counts
        if item.kind == "exercise" and not self.memory.get("told_limits"):
            # Said once, before the first exercise: a chat is not therapy.
            self.say("controls.before_first_exercise")
            self.memory["told_limits"] = 1
        self.item = item
        self.go(item.start)

    def go(self, key: str) -> None:
        """Walk from a node of the current flow to the next question, saying what lies on the way."""
        if self.item is None:
            raise NotServable(key)
        self.node = node = self.item.nodes[key]
        if node.texts:
            self.say_node(self.item, node)
        if node.rests:
            return
        match node.kind:
            case "say":
                self.go(node.next)
            case "branch":
                number = int(self.memory.get(node.on, 0))
                way = next((case.next for case in node.cases if number >= case.at_least), node.next)
                self.go(way)
            case "go" | "start_exercise" | "screen":
                self.enter(node.flow)
            case "resume":
                self.resume()
            case "end":
                self.wishes.add(Wish.END)

    def forward(self, key: str) -> None:
        """Go on after an answer; within an exercise the answered node stays on the trail for "back"."""
        item, node = self.here
        self.memory.pop("paused", None)
        self.memory.pop("unsure", None)
        if self.is_step_of_exercise(item, node):
            self.memory["trail"] = " ".join([*self.trail(item), node.key][-_LONGEST_TRAIL:])
        self.go(key)

    def back(self) -> bool:
        """One question back within an exercise. False when there is none."""
        trail = self.trail(self.here[0])
        if not trail:
            return False
        self.memory["trail"] = " ".join(trail[:-1])
        self.go(trail[-1])
        return True

    def aside(self, flow: str) -> None:
        """Answer something in between and come back here afterwards."""
        if self.item and self.node and not self.item.is_aside:
            self.memory |= {
                "return_flow": self.item.key,
                "return_node": self.node.key,
                "return_version": self.item.version,
                "return_trail": str(self.memory.get("trail", "")),
            }
        self.enter(flow)

    def enter_from_here(self, key: str) -> None:
        """Begin an exercise or a topic; a topic comes back here afterwards, as every aside does."""
        item = self.catalogue.find(key, self.locale)
        if item is not None and item.is_aside:
            self.aside(key)
        else:
            self.enter(key)

    def resume(self) -> None:
        """Back to where an aside began, or to the menu."""
        flow, node = str(self.memory.get("return_flow", "")), str(self.memory.get("return_node", ""))
        version, trail = int(self.memory.get("return_version", 0)), str(self.memory.get("return_trail", ""))
        self._forget_return()
        item = self.catalogue.find(flow, self.locale, version) if flow else None
        if item is None or node not in item.nodes or flow in _OPENINGS:
            self.enter(MENU)
            return
        self.item = item
        if trail:
            self.memory["trail"] = trail
        self.go(node)

    def _forget_return(self) -> None:
        for name in ("return_flow", "return_node", "return_version", "return_trail"):
            self.memory.pop(name, None)

    def repeat_choices(self) -> None:
        """Put the choices of the question that still stands under the last reply, without asking it again."""
        if self.item and self.node and self.replies:
            choices = self.choices_of(self.item, self.node)
            self.replies[-1] = replace(self.replies[-1], choices=choices, exercise=self.node.exercise)

    def done(self, *, flow: str = "", node: str = "") -> Step:
        """The finished step; `flow` and `node` name a place outside the flows (holding)."""
        version = self.item.version if self.item else 0
        if not flow:
            item, at = self.here
            flow, node = item.key, at.key
        position = Position(flow, node, version, dict(self.memory))
        return Step(tuple(self.replies), position, frozenset(self.wishes), self.answered)
