"""Why a workorder is or is not in Claire: a closed list, each with what happened and what to do, for the
receptionist who asks."""

from schemas.coded import Coded


class Verdict(Coded):
    """`en` and `nl` say what is the case, `next_en` and `next_nl` what to do about it. Words in braces are
    filled in with what is known: `{appointment}`, `{affiliate}`, `{since}`, `{fields}`, `{reason}`, `{date}`,
    `{numbers}`, `{problem}`, `{until}`.
    """

    def __init__(self, _code: str, en: str, nl: str, next_en: str, next_nl: str) -> None:
        self.en, self.nl = en, nl
        self.next_en, self.next_nl = next_en, next_nl

    IMPORTED = (
        "imported",
        "It is in Claire, with its appointment on {appointment} at branch {affiliate}.",
        "Hij staat in Claire, met de afspraak op {appointment} bij filiaal {affiliate}.",
        "Look at that day and branch, or press refresh on its page.",
        "Kijk op die dag en bij dat filiaal, of ververs zijn pagina.",
    )
    POSSIBLE_SWAP = (
        "possible_swap",
        "It is in Claire, but on {appointment}; day and month may be swapped, {date} would be near.",
        "Hij staat in Claire, maar op {appointment}; dag en maand zijn mogelijk verwisseld, {date} zou dichtbij zijn.",  # noqa: E501
        "Find it on {appointment}; correct the date in the DMS and refresh.",
        "Zoek hem op {appointment}; verbeter de datum in het DMS en ververs.",
    )
    HELD = (
        "held",
        "It is in Claire, but work has started ({since}), so changes in the DMS were not taken: {fields}.",
        "Hij staat in Claire, maar het werk is begonnen ({since}), dus wijzigingen in het DMS zijn niet overgenomen: {fields}.",  # noqa: E501
        "Change it in Claire by hand, or ask an operator to keep importing after work has started.",
        "Wijzig het met de hand in Claire, of vraag een beheerder om na het begin van het werk te blijven importeren.",  # noqa: E501
    )
    OUTDATED = (
        "outdated",
        "It is in Claire, but the DMS has changed since {since}: {fields}.",
        "Hij staat in Claire, maar het DMS is sinds {since} veranderd: {fields}.",
        "Press refresh on its page.",
        "Ververs zijn pagina.",
    )
    VANISHED = (
        "vanished",
        "It is in Claire, but the DMS does not have it any more ({since}).",
        "Hij staat in Claire, maar het DMS heeft hem niet meer ({since}).",
        "Look in the DMS whether it was deleted or moved to another branch.",
        "Kijk in het DMS of hij verwijderd is of naar een ander filiaal is verplaatst.",
    )
    REJECTED = (
        "rejected",
        "The DMS has it, but it cannot be used: {reason}",
        "Het DMS heeft hem, maar hij is niet bruikbaar: {reason}",
        "Correct it in the DMS, then search for it again.",
        "Verbeter hem in het DMS en zoek hem daarna opnieuw.",
    )
    NEVER_ASKED = (
        "never_asked",
        "The DMS has it, and nobody has asked for it yet.",
        "Het DMS heeft hem, en niemand heeft er nog naar gezocht.",
        "Search for it in Claire; that imports it.",
        "Zoek hem in Claire; dan wordt hij geïmporteerd.",
    )
    WAITING = (
        "waiting",
        "Somebody has just asked for it; the import is waiting for its turn.",
        "Iemand heeft er net naar gezocht; de import wacht op zijn beurt.",
        "Wait a moment and look again.",
        "Wacht even en kijk opnieuw.",
    )
    OTHER_BRANCH = (
        "other_branch",
        "The DMS has it at branch {affiliate}, from which nothing is imported here.",
        "Het DMS heeft hem bij filiaal {affiliate}, waarvan hier niets wordt geïmporteerd.",
        "Look for it at that branch, or ask an operator to import from it too.",
        "Zoek hem bij dat filiaal, of vraag een beheerder er ook van te importeren.",
    )
    NEAR_MISS = (
        "near_miss",
        "The DMS has no workorder with this number or plate, but it has nearly the same: {numbers}.",
        "Het DMS heeft geen werkorder met dit nummer of kenteken, maar wel bijna dezelfde: {numbers}.",
        "Check the spelling, and search for the one that is meant.",
        "Controleer de schrijfwijze en zoek degene die bedoeld is.",
    )
    NOT_IN_DMS = (
        "not_in_dms",
        "The DMS has no workorder with this number or plate, nor nearly the same.",
        "Het DMS heeft geen werkorder met dit nummer of kenteken, ook niet bijna dezelfde.",
        "Check in the DMS that it is saved, and that the number is right.",
        "Controleer in het DMS of hij is opgeslagen en of het nummer klopt.",
    )
    NOT_SEARCHABLE = (
        "not_searchable",
        "This text can be neither a workorder number nor a licence plate.",
        "Deze tekst kan geen werkordernummer en geen kenteken zijn.",
        "Type the number or the plate as it stands in the DMS.",
        "Typ het nummer of het kenteken zoals het in het DMS staat.",
    )
    PAUSED = (
        "paused",
        "Importing is paused for this dealer.",
        "Importeren is voor deze dealer gepauzeerd.",
        "Ask an operator to resume it.",
        "Vraag een beheerder het te hervatten.",
    )
    VINACLES_AWAY = (
        "vinacles_away",
        "2Drive does not answer ({since}).",
        "2Drive geeft geen antwoord ({since}).",
        "Try again in a minute; if it lasts, ask Vinacles.",
        "Probeer het over een minuut opnieuw; vraag het aan Vinacles als het aanhoudt.",
    )
    CIRCUIT_OPEN = (
        "circuit_open",
        "2Drive has failed again and again and is left alone ({since}); it is tried again at {until}.",
        "2Drive mislukte telkens en wordt met rust gelaten ({since}); op {until} wordt het weer geprobeerd.",
        "Look again after that; if it lasts, ask Vinacles.",
        "Kijk daarna opnieuw; vraag het aan Vinacles als het aanhoudt.",
    )
    CANNOT_ASK = (
        "cannot_ask",
        "2Drive cannot be asked: {problem}",
        "2Drive kan niet worden gevraagd: {problem}",
        "Tell an operator.",
        "Zeg het tegen een beheerder.",
    )
    NOT_HERE = (
        "not_here",
        "It is not in Claire; the DMS was not asked.",
        "Hij staat niet in Claire; het DMS is niet gevraagd.",
        "Ask again without --offline, or search for it in Claire.",
        "Vraag opnieuw zonder --offline, of zoek hem in Claire.",
    )
