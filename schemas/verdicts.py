"""Why a workorder is or is not in Claire: a closed list, each with what happened and what to do, for the
receptionist who asks."""

# ruff: noqa: E501  a sentence stands on one line

from schemas.coded import Coded


class Verdict(Coded):
    """`en` and `nl` say what is the case, `next_en` and `next_nl` what to do about it. Words in braces are
    filled in with what is known (`schemas.why`). `{once}` says when searching and refreshing work again, and
    is empty where they work; `{held_since}`, `{if_swapped}`, `{older}`, `{perhaps_swapped}` and
    `{where_to_search}` are empty where there is nothing to say.
    """

    def __init__(self, _code: str, en: str, nl: str, next_en: str, next_nl: str) -> None:
        self.en, self.nl = en, nl
        self.next_en, self.next_nl = next_en, next_nl

    IMPORTED = (
        "imported",
        "It is in Claire, with its appointment on {appointment} at branch {affiliate}.",
        "Hij staat in Claire, met de afspraak op {appointment} bij filiaal {affiliate}.",
        "Look on that day at that branch, or press refresh on its page{once}.",
        "Kijk op die dag bij dat filiaal, of klik op Verversen op de pagina van de werkorder{once}.",
    )
    POSSIBLE_SWAP = (
        "possible_swap",
        "It is in Claire, but on {appointment} at branch {affiliate}; day and month may be swapped: perhaps {date} is meant.",
        "Hij staat in Claire, maar op {appointment} bij filiaal {affiliate}; dag en maand zijn mogelijk verwisseld: misschien is {date} bedoeld.",
        "Look on that day; if the date is wrong, correct it in the DMS and press refresh on its page{once}.",
        "Kijk op die dag; klopt de datum niet, verbeter die dan in het DMS en klik op Verversen op de pagina van de werkorder{once}.",
    )
    HELD = (
        "held",
        "It is in Claire, with its appointment on {appointment} at branch {affiliate}. Work on it started on {moment}, so changes in the DMS have not been taken over{held_since}: {fields}.{perhaps_swapped}",
        "Hij staat in Claire, met de afspraak op {appointment} bij filiaal {affiliate}. Het werk is begonnen op {moment}, dus worden wijzigingen in het DMS{held_since} niet overgenomen: {fields}.{perhaps_swapped}",
        "Change it in Claire by hand, or ask an operator to keep importing after work has started.",
        "Pas de werkorder in Claire met de hand aan, of vraag een beheerder om ook na het begin van het werk te blijven importeren.",
    )
    OUTDATED = (
        "outdated",
        "It is in Claire, with its appointment on {appointment} at branch {affiliate}, as it was in the DMS on {moment}. It has changed in the DMS since then: {fields}.{perhaps_swapped}",
        "Hij staat in Claire, met de afspraak op {appointment} bij filiaal {affiliate}, zoals hij op {moment} in het DMS stond. Daarna is hij in het DMS gewijzigd: {fields}.{perhaps_swapped}",
        "{if_swapped}Press refresh on its page{once}.",
        "{if_swapped}Klik op Verversen op de pagina van de werkorder{once}.",
    )
    VANISHED = (
        "vanished",
        "It is in Claire, with its appointment on {appointment} at branch {affiliate}, but the DMS does not have it any more ({noticed}).",
        "Hij staat in Claire, met de afspraak op {appointment} bij filiaal {affiliate}, maar het DMS heeft hem niet meer ({noticed}).",
        "Look in the DMS whether it was deleted or moved to another branch.",
        "Kijk in het DMS of hij verwijderd is of naar een ander filiaal is verplaatst.",
    )
    REJECTED = (
        "rejected",
        "The DMS has it, but it cannot be used. {reason}{older}",
        "Het DMS heeft hem, maar hij is niet bruikbaar. {reason}{older}",
        "Correct it in the DMS, and search for it again{once}.",
        "Verbeter hem in het DMS en zoek hem opnieuw{once}.",
    )
    NEVER_ASKED = (
        "never_asked",
        "The DMS has it on {appointment} at branch {affiliate}, but it has not been imported yet.{perhaps_swapped}",
        "Het DMS heeft hem op {appointment} bij filiaal {affiliate}, maar hij is nog niet geïmporteerd.{perhaps_swapped}",
        "{if_swapped}Search for it in Claire{once}; that imports it.",
        "{if_swapped}Zoek hem in Claire{once}; dan wordt hij geïmporteerd.",
    )
    OUTSIDE_DAYS = (
        "outside_days",
        "The DMS has it on {appointment} at branch {affiliate}, outside the days that are imported without a search.{perhaps_swapped}",
        "Het DMS heeft hem op {appointment} bij filiaal {affiliate}, buiten de dagen die zonder zoeken worden geïmporteerd.{perhaps_swapped}",
        "If the date is wrong, correct it in the DMS. Search for it in Claire{once}; that imports it.",
        "Klopt de datum niet, verbeter die dan in het DMS. Zoek hem in Claire{once}; dan wordt hij geïmporteerd.",
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
        "The DMS has no workorder with this number or plate, but it has {near}.",
        "Het DMS heeft geen werkorder met dit nummer of kenteken, maar wel {near}.",
        "Check the spelling.{where_to_search}",
        "Controleer de schrijfwijze.{where_to_search}",
    )
    NOT_IN_DMS = (
        "not_in_dms",
        "The DMS has no workorder with this number or plate, nor with nearly the same.",
        "Het DMS heeft geen werkorder met dit nummer of kenteken, en ook geen die er sterk op lijkt.",
        "Check in the DMS that it is saved, and that the number or plate is right.",
        "Controleer in het DMS of hij is opgeslagen en of het nummer of kenteken klopt.",
    )
    NOT_SEARCHABLE = (
        "not_searchable",
        "This text can be neither a workorder number nor a license plate.",
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
        "2Drive is not working ({since}) and is left alone for a moment; it is tried again at {until}.",
        "2Drive heeft een storing ({since}) en wordt even met rust gelaten; de volgende poging is om {until}.",
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
        "Search for it in Claire{once}; that looks in the DMS and imports it.",
        "Zoek hem in Claire{once}; dan wordt in het DMS gekeken en wordt hij geïmporteerd.",
    )
