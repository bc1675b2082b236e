"""Words that invented workshop data is made of. Names are common ones, combined at random."""

MAKES = {
    "Volkswagen": ("Golf", "Polo", "Transporter", "ID.3", "Tiguan"),
    "Opel": ("Corsa", "Astra", "Combo", "Mokka"),
    "Peugeot": ("208", "308 SW", "Partner", "5008"),
    "Renault": ("Clio", "Mégane E-Tech", "Kangoo", "Captur"),
    "Citroën": ("C3", "Berlingo", "C5 Aircross"),
    "Škoda": ("Octavia", "Fabia Combi", "Enyaq"),
    "Toyota": ("Yaris", "Corolla Touring Sports", "Proace City"),
    "Volvo": ("V60", "XC40"),
    "BMW": ("320d", "i3", "X1"),
    "DAF": ("XF 480", "LF 230"),
    "Kia": ("Picanto", "Niro"),
}
FIRST_NAMES = (
    "Anna",
    "Bram",
    "Chantal",
    "Dirk",
    "Els",
    "Fatima",
    "Geert",
    "Hilde",
    "Jeroen",
    "Lotte",
    "Mohamed",
)
LAST_NAMES = (
    "Bakker",
    "de Boer",
    "van der Berg",
    "van den Heuvel",
    "Jansen",
    "de Vries",
    "'t Hart",
    "van 't Veld",
    "Claes",
    "Peeters",
    "De Smet",
    "Vandenberghe",
    "Öztürk",
    "El Idrissi",
    "Müller",
    "O'Connor",
    "ter Haar",
    "Smit-Visser",
    "van de Ven",
    "Dubois",
    "Lemaître",
    "op den Kamp",
    "in 't Hout",
    "D'Hondt",
)
COMPANIES = (
    "Bouwbedrijf Voorbeeld B.V.",
    "Transport Fictief NV",
    "Lease & Co",
    "Thuiszorg Proef",
    "Bakkerij Model",
)
STREETS = ("Dorpsstraat", "Kerklaan", "Industrieweg", "Stationsplein", "Molenweg", "Grote Markt")
CITIES = ("Zwolle", "Breda", "Assen", "Gent", "Hasselt", "Mechelen", "Tilburg")
DOMAINS = ("example.com", "example.org", "garage.example", "werkplaats.example.com")
# Description of the labor, its price, and the parts that go with it: code, description, quantity, price.
JOBS: tuple[tuple[str, str, tuple[tuple[str, str, str, str], ...]], ...] = (
    (
        "Grote beurt",
        "285.0000",
        (
            ("OX 188D", "Oliefilter", "1.000", "14.9500"),
            ("5W30-LL", "Motorolie 5W-30", "4.500", "67.5000"),
            ("C 27 009", "Luchtfilter", "1.000", "22.4000"),
        ),
    ),
    ("Kleine beurt", "149.0000", (("OX 188D", "Oliefilter", "1.000", "14.9500"),)),
    ("APK-keuring", "49.9500", ()),
    ("Remblokken voor vervangen", "96.2500", (("1K0 698 151 E", "Remblokset voor", "1.000", "74.1900"),)),
    (
        "Remschijven en -blokken achter",
        "142.5000",
        (
            ("5Q0615601G", "Remschijf", "2.000", "118.0000"),
            ("5Q0698451P", "Remblokset achter", "1.000", "61.7500"),
        ),
    ),
    (
        "Distributieriem vervangen",
        "412.0000",
        (("CT1167WP1", "Distributieset met waterpomp", "1.000", "189.0000"),),
    ),
    ("Winterwissel", "59.0000", (("205/55R16 91H", "Winterband", "4.000", "436.0000"),)),
    ("Airco-onderhoud", "89.0000", (("R1234YF", "Koudemiddel", "0.450", "63.0000"),)),
    ("Diagnose storingslampje", "82.5000", ()),
    ("Ruitenwissers vervangen", "12.5000", (("3 397 007 297", "Wisserset A297S", "1.000", "38.9500"),)),
    ("Klant klaagt over bijgeluid, % speling meten", "0.0000", ()),
    ("Accu vervangen", "35.0000", (("E11-574012068", "Accu 74 Ah", "1.000", "139.0000"),)),
)
OTHER_LINES = (
    ("Text", "Klant wacht in de showroom", "0.0000"),
    ("Milieu", "Milieutoeslag", "2.5000"),
    ("Discount", "Korting vaste klant", "-15.0000"),
    ("Sublet", "Uitlijnen bij derden", "75.0000"),
)
