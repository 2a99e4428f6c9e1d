"""Pages of what the bot may say: items, editions, comparison, decisions and a preview. Plain HTML, no script.

Each act has a page of its own that says what will happen; the act itself is a POST from there.
"""

from datetime import timedelta
from typing import Any

from django import forms
from django.contrib import messages
from django.core import signing
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods

from accounts.access import member_view
from accounts.models import Membership
from accounts.permissions import Action, may
from counselling import content_pages
from counselling.content_pages import STATES, Board, Edition, Row
from triage import releases, serving
from triage.bot import preview as playing
from triage.bot.approvals import NEEDED
from triage.bot.content import ContentError
from triage.bot.lint import grade_of_item, lint_item
from triage.bot.loading import KINDS
from triage.bot.position import BadPosition, Position

PAGE_SIZE = 25
_SALT = "content.preview"
_PREVIEW_LASTS = timedelta(hours=12)
_LONGEST_ANSWER = 2000
_LONGEST_PREVIEW = 400
_REFUSALS = (
    releases.UnknownItem,
    releases.DigestDiffers,
    releases.LintRefuses,
    releases.Expired,
    releases.NotEnoughApprovals,
    releases.WrongState,
    releases.SafetyPath,
    releases.NothingToRollBack,
)
_ORDERS = {
    "key": ("By name", lambda row: (row.key, row.locale), False),
    "expires": ("Expires first", lambda row: (row.item.expires, row.key), False),
    "reviewed": ("Reviewed last", lambda row: (row.item.reviewed, row.key), True),
    "kind": ("By kind", lambda row: (row.item.kind, row.key), False),
}


class ContentFilter(forms.Form):
    """What narrows and orders the list of items."""

    kind = forms.ChoiceField(
        label="Kind", required=False, choices=[("", "All kinds"), *((k, k) for k in sorted(KINDS))]
    )
    state = forms.ChoiceField(label="State", required=False, choices=[("", "All states"), *STATES.items()])
    locale = forms.RegexField(r"^[a-z]{2}(-[A-Z]{2})?$", label="Language", required=False, max_length=5)
    order = forms.ChoiceField(
        label="Order", required=False, choices=[(name, order[0]) for name, order in _ORDERS.items()]
    )
    expiring = forms.BooleanField(label="Expires within 30 days", required=False)


class RetireForm(forms.Form):
    """Why an item is not said any more."""

    reason = forms.CharField(
        label="Reason",
        max_length=releases.LONGEST_REASON,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="For your colleagues, at most 300 characters. Nothing about a client.",
    )


@require_GET
@member_view(Action.VIEW_CONTENT)
def items(request: HttpRequest) -> HttpResponse:
    """Every item of content: filtered, ordered, page by page."""
    form, at = ContentFilter(request.GET), timezone.now()
    # A filter that cannot be read shows everything and says so beside its field.
    chosen = form.cleaned_data if form.is_valid() else {}
    try:
        found = Board(_member(request), at).rows()
    except ContentError as error:
        return _broken(request, error)
    rows = [one for one in found if _fits(one, chosen, at)]
    _, key, backwards = _ORDERS[chosen.get("order") or "key"]
    rows.sort(key=key, reverse=backwards)
    query = request.GET.copy()
    query.pop("page", None)
    shown = {
        "form": form,
        "page": Paginator(rows, PAGE_SIZE).get_page(request.GET.get("page")),
        "query": query.urlencode(),
        "samples": sum(one.state == "sample" for one in found),
        "soon": (at + content_pages.SOON).date(),
        "today": at.date(),
    }
    return render(request, "counselling/content_items.html", shown)


@require_GET
@member_view(Action.VIEW_CONTENT)
def item(request: HttpRequest, locale: str, key: str) -> HttpResponse:
    """One item: every text as the client sees it, what it is for, lint, approvals, and who may do what."""
    row = _row(request, locale, key)
    digest = request.GET.get("edition", "")
    edition = row.edition(digest) if digest else row.shown
    if edition is None:
        raise Http404
    at, member = timezone.now(), _member(request)
    shown = {
        **_of(row, edition),
        "acts": content_pages.acts_of(row, edition, member, at=at),
        "may_manage": may(member.role, Action.MANAGE_CONTENT),
        "hits": lint_item(edition.item),
        "grade": grade_of_item(edition.item),
        "nodes": [(node, content_pages.ways_of(node)) for node in edition.item.nodes.values()],
        "expired": at.date() > edition.item.expires,
        "soon": at.date() <= edition.item.expires <= (at + content_pages.SOON).date(),
    }
    return render(request, "counselling/content_item.html", shown)


@require_GET
@member_view(Action.VIEW_CONTENT)
def compare(request: HttpRequest, locale: str, key: str) -> HttpResponse:
    """Two editions word by word; without a choice what is said now and what lies on disk."""
    row = _row(request, locale, key)
    before = row.edition(request.GET.get("from", "")) or row.shown
    after = row.edition(request.GET.get("to", "")) or row.newest
    found = content_pages.changes(before.item, after.item)
    shown = {**_of(row, after), "before": before, "changes": found}
    return render(request, "counselling/content_compare.html", shown)


@require_http_methods(["GET", "POST"])
@member_view(Action.MANAGE_CONTENT)
def approve(request: HttpRequest, locale: str, key: str, digest: str) -> HttpResponse:
    """Approve exactly the edition that was shown."""
    return _decide(request, "approve", locale, key, digest)


@require_http_methods(["GET", "POST"])
@member_view(Action.MANAGE_CONTENT)
def activate(request: HttpRequest, locale: str, key: str, digest: str) -> HttpResponse:
    """Put an approved edition to use."""
    return _decide(request, "activate", locale, key, digest)


@require_http_methods(["GET", "POST"])
@member_view(Action.MANAGE_CONTENT)
def roll_back(request: HttpRequest, locale: str, key: str) -> HttpResponse:
    """Put back what was in use before; one clinician is enough."""
    return _decide(request, "roll_back", locale, key, "")


@require_http_methods(["GET", "POST"])
@member_view(Action.MANAGE_CONTENT)
def retire(request: HttpRequest, locale: str, key: str) -> HttpResponse:
    """Stop saying an item, with a reason. What was typed stays when something is refused."""
    row, form = _row(request, locale, key), RetireForm(request.POST if request.method == "POST" else None)
    if form.is_bound and form.is_valid():
        try:
            reason = form.cleaned_data["reason"]
            releases.retire(_member(request), key, locale, reason=reason, at=timezone.now())
        except releases.ReasonNeeded:
            form.add_error("reason", "Say in at most 300 characters why.")
        except _REFUSALS as refusal:
            form.add_error(None, _sentence(refusal))
        else:
            messages.success(request, "Retired. The bot does not say it any more, within 10 seconds everywhere.")
            return redirect("counselling:content_item", locale, key)
    shown = {**_of(row, row.shown), "act": "retire", "form": form, "is_said": any(one.is_said for one in row.editions)}
    return render(request, "counselling/content_confirm.html", shown, status=400 if form.errors else 200)


@require_http_methods(["GET", "POST"])
@member_view(Action.VIEW_CONTENT)
def preview(request: HttpRequest, locale: str, key: str, digest: str) -> HttpResponse:
    """Talk through a flow without a client. Nothing is stored: where the talk stands lies signed in the page."""
    row = _row(request, locale, key)
    edition = row.edition(digest)
    if edition is None:
        raise Http404
    shown: dict[str, Any] = _of(row, edition)
    if not edition.item.is_flow:
        return render(request, "counselling/content_preview.html", shown | {"no_steps": True})
    at = timezone.now().date()
    own = serving.own_decisions(_member(request).clinic_id)
    catalogue = playing.catalogue_with(releases.library_on_disk(), edition.item, own, at=at)
    said: list[list[str]] = []
    text = " ".join(request.POST.get("text", "").split())
    if request.method == "POST" and not request.POST.get("again"):
        try:
            position, said = _kept(request.POST.get("state", ""), digest)
        except (signing.BadSignature, BadPosition, KeyError, TypeError, ValueError):
            shown |= {"error": "The preview could not be carried on, so it starts anew."}
            played = playing.begin(catalogue, edition.item)
        else:
            if not text or len(text) > _LONGEST_ANSWER or len(said) > _LONGEST_PREVIEW:
                shown |= {"error": "Write something, at most 2000 characters, or press one of the answers."}
                shown |= {"said": said, "state": request.POST["state"], "choices": _choices(said)}
                return render(request, "counselling/content_preview.html", shown, status=400)
            said.append(["you", text])
            played = playing.go_on(catalogue, position, text, locale=locale)
    else:
        played = playing.begin(catalogue, edition.item)
    for reply in played.replies:
        said.append(["bot", reply.text, reply.card, reply.exercise, *(choice.label for choice in reply.choices)])
    said += [["note", note] for note in played.notes]
    kept = signing.dumps({"d": digest, "p": played.position.to_json(), "s": said}, salt=_SALT, compress=True)
    shown |= {"said": said, "state": kept, "ended": played.ended, "choices": _choices(said)}
    return render(request, "counselling/content_preview.html", shown)


def _kept(state: str, digest: str) -> tuple[Position, list[list[str]]]:
    found = signing.loads(state, salt=_SALT, max_age=_PREVIEW_LASTS)
    if found["d"] != digest:
        raise BadPosition("another edition was previewed")
    return Position.from_json(found["p"]), list(found["s"])


def _choices(said: list[list[str]]) -> list[str]:
    last = next((line for line in reversed(said) if line[0] == "bot"), [])
    return list(last[4:])


def _decide(request: HttpRequest, act: str, locale: str, key: str, digest: str) -> HttpResponse:
    row, member, at = _row(request, locale, key), _member(request), timezone.now()
    edition = row.edition(digest) if digest else row.shown
    if edition is None:
        raise Http404
    if request.method == "POST":
        try:
            told = _act(member, act, edition, row)
        except _REFUSALS as refusal:
            messages.error(request, _sentence(refusal))
        else:
            messages.success(request, told)
        return redirect("counselling:content_item", locale, key)
    offered = {one.name: one for one in content_pages.acts_of(row, edition, member, at=at)}
    before = releases.previous(member.clinic_id, key, locale)
    shown = {**_of(row, edition), "act": act, "offered": offered.get(act), "before": before}
    return render(request, "counselling/content_confirm.html", shown)


def _act(member: Membership, act: str, edition: Edition, row: Row) -> str:
    exact = (row.key, row.locale, edition.item.version, edition.item.digest)
    if act == "approve":
        releases.approve(member, *exact, at=timezone.now())
        return "Your approval is stored. Nothing is different for clients yet."
    if act == "activate":
        releases.activate(member, *exact, at=timezone.now())
        return "In use. Every running process says it within 10 seconds."
    before = releases.roll_back(member, row.key, row.locale, at=timezone.now())
    return f"Rolled back to {f'version {before.version}' if before else 'what the shipped approvals name'}."


def _of(row: Row, edition: Edition) -> dict[str, Any]:
    return {"row": row, "edition": edition, "item": edition.item, "needed": NEEDED}


def _row(request: HttpRequest, locale: str, key: str) -> Row:
    """The item as the member's own clinic has it. Raises Http404."""
    try:
        row = Board(_member(request), timezone.now()).row(locale, key)
    except ContentError:
        raise Http404 from None
    if row is None:
        raise Http404
    return row


def _broken(request: HttpRequest, error: ContentError) -> HttpResponse:
    shown = {"broken": f"{error.file.name}{f', line {error.line}' if error.line else ''}: {error.reason}"}
    return render(request, "counselling/content_items.html", shown, status=503)


def _fits(row: Row, chosen: dict[str, Any], at: Any) -> bool:
    soon = row.item.expires <= (at + content_pages.SOON).date()
    return (
        chosen.get("kind") in ("", None, row.item.kind)
        and (not chosen.get("state") or chosen["state"] in row.states())
        and chosen.get("locale") in ("", None, row.locale)
        and (soon or not chosen.get("expiring"))
    )


def _sentence(refusal: Exception) -> str:
    text = str(refusal) or (type(refusal).__doc__ or "").splitlines()[0]
    return f"Not done: {text.rstrip('.')}."


def _member(request: HttpRequest) -> Membership:
    member: Membership = request.member  # type: ignore[attr-defined]
    return member
