"""Why a workorder is or is not in Claire: a closed list, each with what happened and what to do, for the
receptionist who asks."""

# ruff: noqa: E501  a sentence stands on one line

from schemas.coded import Coded


class Verdict(Coded):
    """`en` and `nl` say what is the case, `next_en` and `next_nl` what to do about it. Words in braces are
    filled in with what is known: `{appointment}`, `{affiliate}`, `{since}`, `{moment}`, `{fields}`,
    `{reason}`, `{date}`, `{numbers}`, `{code}`, `{until}`, `{dealer}`, `{perhaps_swapped}`.
    """

    def __init__(self, _code: str, en: str, nl: str, next_en: str, next_nl: str) -> None:
        self.en, self.nl = en, nl
        self.next_en, self.next_nl = next_en, next_nl

    IMPORTED = (
        "imported",
        "It is in Claire, with its appointment on {appointment} at branch {affiliate}.",
        "Hij staat in Claire, met de afspraak op {appointment} bij filiaal {affiliate}.",
        "Look on that day at that branch, or press refresh on its page.",
        "Kijk op die dag bij dat filiaal, of ververs de pagina van de werkorder.",
    )
    POSSIBLE_SWAP = (
        "possible_swap",
        "It is in Claire, but on {appointment}; day and month may be swapped: perhaps {date} is meant.",
        "Hij staat in Claire, maar op {appointment}; dag en maand zijn mogelijk verwisseld: misschien is {date} bedoeld.",
        "Find it on {appointment}; correct the date in the DMS and refresh.",
        "Zoek hem op {appointment}; verbeter de datum in het DMS en ververs.",
    )
    HELD = (
        "held",
        "It is in Claire, but work has started ({since}), so changes in the DMS were not taken: {fields}.",
        "Hij staat in Claire, maar er wordt al aan gewerkt ({since}), dus wijzigingen in het DMS zijn niet overgenomen: {fields}.",
        "Change it in Claire by hand, or ask an operator to keep importing after work has started.",
        "Wijzig het met de hand in Claire, of vraag een beheerder om na het begin van het werk te blijven importeren.",
    )
    OUTDATED = (
        "outdated",
        "It is in Claire as it was in the DMS on {moment}; the DMS has changed since then: {fields}.",
        "Hij staat in Claire zoals hij op {moment} in het DMS stond; daarna is in het DMS gewijzigd: {fields}.",
        "Press refresh on its page.",
        "Ververs de pagina van de werkorder.",
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
    OUTSIDE_DAYS = (
        "outside_days",
        "The DMS has it on {appointment}, outside the days that are imported without a search.{perhaps_swapped}",
        "Het DMS heeft hem op {appointment}, buiten de dagen die zonder zoeken worden geïmporteerd.{perhaps_swapped}",
        "Search for it in Claire, which imports it; correct the date in the DMS if it is wrong.",
        "Zoek hem in Claire, dan wordt hij geïmporteerd; verbeter de datum in het DMS als die niet klopt.",
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
        "Look for it at that branch, or ask an operator to import that branch too.",
        "Zoek hem bij dat filiaal, of vraag een beheerder om ook dat filiaal te importeren.",
    )
    OTHER_DEALER = (
        "other_dealer",
        "It is a workorder of {dealer}, another dealer in Claire, at branch {affiliate}.",
        "Het is een werkorder van {dealer}, een andere dealer in Claire, bij filiaal {affiliate}.",
        "Look for it in Claire at that dealer.",
        "Zoek hem in Claire bij die dealer.",
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
        "Vraag een beheerder om het te hervatten.",
    )
    VINACLES_AWAY = (
        "vinacles_away",
        "2Drive does not answer ({since}).",
        "2Drive geeft geen antwoord ({since}).",
        "Try again in a minute; if it lasts, tell an operator.",
        "Probeer het over een minuut opnieuw; geef het door aan een beheerder als het aanhoudt.",
    )
    CIRCUIT_OPEN = (
        "circuit_open",
        "2Drive has a failure ({since}) and is left alone for a moment; it is tried again at {until}.",
        "2Drive heeft een storing ({since}) en wordt even met rust gelaten; de volgende poging is op {until}.",
        "Look again after that; if it lasts, tell an operator.",
        "Kijk daarna opnieuw; geef het door aan een beheerder als het aanhoudt.",
    )
    CANNOT_LOOK = (
        "cannot_look",
        "We could not look in the DMS just now; the trouble is on our side (error {code}).",
        "In het DMS kon nu niet worden gekeken; de storing ligt bij ons (fout {code}).",
        "Try again in a minute; if it lasts, tell an operator.",
        "Probeer het over een minuut opnieuw; geef het door aan een beheerder als het aanhoudt.",
    )
    CANNOT_ASK = (
        "cannot_ask",
        "We cannot look in the DMS, and waiting does not help (error {code}).",
        "In het DMS kan niet worden gekeken, en wachten helpt niet (fout {code}).",
        "Tell an operator which error it is.",
        "Geef aan een beheerder door welke fout het is.",
    )
    NOT_HERE = (
        "not_here",
        "It is not in Claire; nobody looked in the DMS.",
        "Hij staat niet in Claire; in het DMS is niet gekeken.",
        "Search for it in Claire; that looks in the DMS and imports it.",
        "Zoek hem in Claire; dan wordt in het DMS gekeken en wordt hij geïmporteerd.",
    )
