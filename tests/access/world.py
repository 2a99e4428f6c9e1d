"""Two clinics with everything in them, everybody who might knock at a door, and the things they ask for."""

from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any
from uuid import uuid4

from django.utils import timezone

from accounts import api_tokens, members
from accounts.models import Clinic, Membership
from counselling import reviews, shifts, takeovers
from tests import screened
from tests.access.doors import ANONYMOUS, CLIENT, FRONT_LINE, STAFF
from tests.people import PASSWORD, make_clinic, make_member, session_of
from tests.stories import Clock, Writer, a_client_starts
from tests.triage import release_stories
from triage import releases, safety_plans, setups, switching
from triage.models import Alert, CareTask, Conversation, DriftReport, Message, Screening, ShadowScore

OTHER = "other_"
# Everybody who knocks: nobody, a client, each role of Riverside, each role of Hillside.
KNOCKERS = (ANONYMOUS, CLIENT, *sorted(STAFF), *(OTHER + role for role in sorted(STAFF)))


@dataclass(slots=True)
class World:
    """What stands before anybody knocks. Riverside is the clinic that is knocked at."""

    riverside: Clinic
    hillside: Clinic
    members: dict[str, Membership] = field(default_factory=dict)
    sessions: dict[str, str] = field(default_factory=dict)
    tokens: dict[str, str] = field(default_factory=dict)
    secrets: set[str] = field(default_factory=set)


def build() -> World:
    """Two clinics with staff, sessions, API tokens, and a conversation in each state."""
    world = World(make_clinic("Riverside"), make_clinic("Hillside"))
    for prefix, clinic in (("", world.riverside), (OTHER, world.hillside)):
        for role in sorted(STAFF):
            member = make_member(clinic, role, f"{clinic.name} {role}", password=PASSWORD)
            world.members[prefix + role] = member
            world.sessions[prefix + role] = session_of(member)
        for role in sorted(STAFF):
            world.tokens[prefix + role] = api_token(
                world.members[prefix + "administrator"], world.members[prefix + role]
            )
        make_conversations(world, prefix)
    world.secrets = secrets_of(world.riverside)
    return world


def api_token(administrator: Membership, acts_as: Membership) -> str:
    """A key of an integration that acts as `acts_as`."""
    made = api_tokens.create(member=administrator, label="Integration", acts_as=acts_as.pk, at=timezone.now())
    return made.key


def make_conversations(world: World, prefix: str) -> None:
    """One conversation in each state, with an alert, a takeover and a review."""
    things = Things(world, prefix + "counsellor", clinic=world.members[prefix + "counsellor"].clinic)
    for name in ("with_bot", "waiting", "held", "closed"):
        things.get(name)
    reviews.complete_review(
        member=world.members[prefix + "supervisor"],
        conversation_id=things.get("closed"),
        verdict="appropriate",
        note="",
        at=timezone.now(),
    )


def secrets_of(clinic: Clinic) -> set[str]:
    """What must never be seen from outside the clinic: ids and pseudonyms."""
    for place, client in enumerate(clinic.clients.all()):
        # A pseudonym that is made at random might be given to somebody else later.
        clinic.clients.filter(pk=client.pk).update(pseudonym=f"{clinic.name} pseudonym {place}")
    seen = {str(pk) for pk in clinic.conversations.values_list("pk", flat=True)}
    seen |= {str(pk) for pk in Alert.objects.filter(clinic=clinic).values_list("pk", flat=True)}
    seen |= {str(pk) for pk in clinic.memberships.values_list("pk", flat=True)}
    return seen | set(clinic.clients.values_list("pseudonym", flat=True))


class Things:
    """Makes what a door is asked for, freshly for one knock, in Riverside. Same name, same thing."""

    def __init__(self, world: World, knocker: str, *, clinic: Clinic | None = None) -> None:
        self.world, self.knocker = world, knocker
        self.clinic = clinic or world.riverside
        self.clock = Clock(timezone.now())
        self._made: dict[str, Any] = {}

    def get(self, name: str) -> Any:
        """The thing called `name`."""
        if name not in self._made:
            self._made[name] = getattr(self, f"_{name}")()
        return self._made[name]

    def fill(self, value: Any) -> Any:
        """`value` with every `$name` in it replaced."""
        if isinstance(value, str) and value.startswith("$"):
            found = self.get(value[1:])
            return found if isinstance(found, bool | int) else str(found)
        if isinstance(value, dict):
            return {key: self.fill(one) for key, one in value.items()}
        return value

    @property
    def holder(self) -> Membership:
        """Who holds what is held: the knocker, if they may and work here, otherwise this clinic's counsellor."""
        knocker = self.world.members.get(self.knocker)
        if knocker is not None and knocker.clinic_id == self.clinic.pk and knocker.role in FRONT_LINE:
            return knocker
        return next(
            one for one in self.world.members.values() if one.clinic_id == self.clinic.pk and one.role == "counsellor"
        )

    def _writer(self) -> Writer:
        return a_client_starts(self.clinic, self.clock)

    def _with_bot(self) -> Any:
        return self._writer().conversation_id

    def _waiting(self) -> Any:
        writer = self._writer()
        writer.writes("[high] I cannot go on")
        return writer.conversation_id

    def _client_line(self) -> Any:
        """The number of the client's line in the waiting conversation."""
        return Message.objects.get(conversation_id=self.get("waiting"), sender="client").seq

    def _opened(self) -> Any:
        return self._waiting()

    def _held(self) -> Any:
        conversation_id = self._with_bot()
        takeovers.take_over(member=self.holder, conversation_id=conversation_id, at=self.clock.now)
        return conversation_id

    def _closed(self) -> Any:
        conversation_id = self._held()
        takeovers.close_conversation(
            member=self.holder, conversation_id=conversation_id, disposition="supported", at=self.clock.now
        )
        return conversation_id

    def _alert(self) -> Any:
        return Alert.objects.get(conversation_id=self.get("waiting")).pk

    def _due_alert(self) -> Any:
        Alert.objects.filter(pk=self.get("alert")).update(escalate_at=timezone.now() - timedelta(seconds=5))
        return self.get("alert")

    def _idle(self) -> Any:
        long_ago = timezone.now() - timedelta(days=3)
        Conversation.objects.filter(pk=self.get("with_bot")).update(last_message_at=long_ago)
        return self.get("with_bot")

    def _on_shift(self) -> Any:
        return shifts.start_shift(member=self.holder, at=self.clock.now).pk

    def _unseen_shift(self) -> Any:
        long_ago = timezone.now() - timedelta(minutes=20)
        return shifts.start_shift(member=self.holder, at=long_ago).pk

    def _client(self) -> Writer:
        return self._writer()

    def _client_token(self) -> Any:
        return self.get("client").started.token

    def _return_key(self) -> Any:
        return self.get("client").started.return_key

    def _email(self) -> Any:
        return self.world.members["counsellor"].user.email

    def _password(self) -> Any:
        return PASSWORD

    def _new_password(self) -> Any:
        return PASSWORD[::-1]

    def _own_member(self) -> Any:
        return self.world.members.get(self.knocker, self.holder).pk

    def _own_clinic(self) -> Any:
        return self.world.members.get(self.knocker, self.holder).clinic_id

    def _colleague(self) -> Any:
        return make_member(self.clinic, "counsellor", f"Colleague {uuid4().hex[:8]}").pk

    def _former(self) -> Any:
        Membership.objects.filter(pk=self.get("colleague")).update(is_active=False)
        return self.get("colleague")

    def _administrator(self) -> Membership:
        rows = self.clinic.memberships.select_related("user", "clinic")
        return rows.get(role="administrator")

    def _link(self) -> Any:
        made = members.new_link(member=self.get("administrator"), member_id=self.get("colleague"), at=self.clock.now)
        return made.key

    def _token(self) -> Any:
        made = api_tokens.create(member=self.get("administrator"), label="Warehouse", at=self.clock.now)
        return made.token.pk

    def _clinicians(self) -> list[Membership]:
        return _two_clinicians(self.clinic)

    def _own_clinicians(self) -> list[Membership]:
        """Those of the knocker's clinic, for what is not asked for by its id."""
        return _two_clinicians(self.world.members.get(self.knocker, self.holder).clinic)

    def _setup(self) -> Any:
        return setups.propose(member=self.get("clinicians")[0], at=self.clock.now).pk

    def _approved_setup(self) -> Any:
        for clinician in self.get("clinicians"):
            setups.approve(member=clinician, setup_id=self.get("setup"), at=self.clock.now)
        return self.get("setup")

    def _setup_in_force(self) -> Any:
        who, at = self.get("own_clinicians"), self.clock.now
        setup = setups.propose(member=who[0], at=at)
        for clinician in who:
            setups.approve(member=clinician, setup_id=setup.pk, at=at)
        return setups.promote(member=who[0], setup_id=setup.pk, at=at).pk

    def _compared(self) -> Any:
        """A setup in shadow that would not have alerted in one conversation."""
        setup_id = self.get("setup")
        setups.start_shadow(member=self.get("clinicians")[0], setup_id=setup_id, at=self.clock.now)
        [message] = Message.objects.filter(conversation_id=self.get("waiting"), sender="client")
        ShadowScore.objects.create(
            message=message, setup_id=setup_id, level="none", probability=0.0, scored_at=self.clock.now
        )
        return setup_id

    def _screening(self) -> Any:
        """Nine answers, of which the last one calls a person and the total makes a task."""
        return screened.answers(self.get("client"), "phq9", [3] * 9).pk

    def _screened_client(self) -> Any:
        return Screening.objects.get(pk=self.get("screening")).client_id

    def _care_task(self) -> Any:
        return CareTask.objects.get(screening_id=self.get("screening")).pk

    def _grounding(self) -> Any:
        """The digest of an item as it lies on disk; it belongs to no clinic."""
        return release_stories.on_disk("grounding").digest

    def _content_approved(self) -> Any:
        item = release_stories.on_disk("grounding")
        for clinician in self.get("own_clinicians"):
            releases.approve(clinician, *release_stories.edition(item), at=self.clock.now)
        return item.digest

    def _content_in_use(self) -> Any:
        item = release_stories.on_disk("grounding")
        return release_stories.put_to_use(item, self.clock, *self.get("own_clinicians")).pk

    def _scoring_off(self) -> Any:
        return switching.switch_off(member=self.get("own_clinicians")[0], at=self.clock.now).pk

    def _unscored(self) -> Any:
        """A conversation in which scoring is switched off."""
        who = self.get("clinicians")[0]
        switching.switch_off(member=who, at=self.clock.now, conversation_id=self.get("with_bot"))
        return self.get("with_bot")

    def _drift_report(self) -> Any:
        figures = {"unscored_share": 0.5, "messages": 100}
        return DriftReport.objects.create(
            clinic=self.clinic,
            week_start=date(2026, 11, 16),
            figures=figures,
            past_thresholds=["unscored_share"],
            made_at=self.clock.now,
        ).pk

    def _planned_client(self) -> Any:
        """A client whose plan has two versions."""
        writer = self._writer()
        for base, words in enumerate(("a walk", "a short walk")):
            safety_plans.save_own(
                clinic=self.clinic, token=writer.started.token, parts={"alone": words}, base=base, at=self.clock.now
            )
        return writer.conversation.client_id

    def _slug(self) -> Any:
        return self.clinic.slug

    def _uuid(self) -> Any:
        return uuid4()


def _two_clinicians(clinic: Clinic) -> list[Membership]:
    own = clinic.memberships.select_related("user", "clinic").filter(role="clinician").first()
    assert own is not None
    return [own, make_member(clinic, "clinician", f"Colleague {uuid4().hex[:8]}")]


# What a member of another clinic must find unknown; the rest belongs to whoever asks, or to nobody.
OF_THE_CLINIC = frozenset(
    {"with_bot", "waiting", "opened", "held", "closed", "alert", "colleague", "former", "token"}
    | {"screening", "screened_client", "care_task", "planned_client"}
    | {"unscored", "setup", "approved_setup", "compared", "drift_report"}
)
