"""Made-up material for planted.py: nobody's addresses, numbers and keys, but of the right form."""

from __future__ import annotations

import base64
import random
import string

Draw = random.Random

FIRST = [
    "ana",
    "ben",
    "carla",
    "dmitri",
    "elif",
    "farid",
    "grace",
    "hugo",
    "ines",
    "jonas",
    "kavya",
    "luca",
    "mona",
    "nils",
    "olga",
    "pavel",
]
LAST = [
    "abel",
    "brandt",
    "costa",
    "dubois",
    "ellis",
    "fischer",
    "garcia",
    "hansen",
    "ito",
    "jensen",
    "kaya",
    "lopez",
    "moreau",
    "novak",
]
HOSTS = ["example.org", "mail.example.com", "posteo.example", "uni.example.edu", "firma.example.de"]

GREETINGS = (
    "Hi.", "Hello.", "Hey!", "Good morning.", "Thanks!", "Thank you.", "Ok.", "Bye.", "Hello you!",
    "Good evening.", "Yes.", "You're welcome.", "Hi there!", "Sure.", "Goodbye!", "Hey there.",
)  # fmt: skip

CARDS = (("4", 16), ("51", 16), ("55", 16), ("34", 15), ("37", 15), ("6011", 16))
"""How card numbers begin, and how many digits they have (ISO/IEC 7812)."""

ACCENTED = (
    "Le café à côté de l'église était fermé.",
    "Die Straße führt über die Brücke zum Bäcker.",
    "El niño cogió un autobús al año siguiente.",
    "Está à disposição em três dias úteis.",
    "The résumé said ‘naïve’, and the price was £20.",
)

REFUSALS = (
    "As an AI language model, I cannot help with that request.",
    "I'm sorry, but as an AI I don't have access to that information.",
    "I'm sorry, but I can't assist with that.",
    "As a large language model, I am not able to give an opinion on this.",
    "My knowledge cutoff is September 2021, so I can't answer this question.",
)

FOREIGN = (
    "Das hängt davon ab, wie lange die Lieferung unterwegs war und wer sie angenommen hat.",
    "Cela dépend du moment où la commande a été passée et de la personne qui l'a reçue.",
    "Eso depende de cuándo se hizo el pedido y de quién lo recibió en la puerta de casa.",
    "Questo dipende da quando è stato fatto l'ordine e da chi lo ha ricevuto alla porta.",
    "To zależy od tego, kiedy złożono zamówienie i kto je odebrał przy drzwiach domu.",
)


def email(draw: Draw) -> str:
    """A sentence with an e-mail address."""
    sign = draw.choice("._-")
    number = draw.choice(("", str(draw.randrange(100))))
    address = f"{draw.choice(FIRST)}{sign}{draw.choice(LAST)}{number}@{draw.choice(HOSTS)}"
    return draw.choice(("Write to {}.", "My address is {}", "({})", "cc {} please,")).format(
        address
    )


def phone(draw: Draw) -> str:
    """A sentence with a telephone number of one of several countries."""
    d = "".join(draw.choices(string.digits, k=7))
    ways = (
        f"+1 415 {draw.randint(200, 999)} {d[:4]}",
        f"(212) {draw.randint(200, 999)}-{d[:4]}",
        f"+44 20 7{d[:3]} {d[3:]}",
        f"+49 30 {draw.randint(2, 9)}{d}",
        f"+33 1 4{d[0]} {d[1:3]} {d[3:5]} {d[5:]}",
        f"+34 91{d[0]} {d[1:4]} {d[4:]}",
    )
    said = draw.choice(("Call me at {}.", "My number is {},", "Phone: {}", "Reach us on {} today."))
    return said.format(draw.choice(ways))


def card(draw: Draw) -> str:
    """A sentence with a card number that passes the Luhn check (ISO/IEC 7812-1, annex B)."""
    start, length = draw.choice(CARDS)
    digits = start + "".join(draw.choices(string.digits, k=length - len(start) - 1))
    digits += next(c for c in string.digits if luhn(digits + c))
    if length == 16 and draw.random() < 0.7:
        sign = draw.choice(" -")
        digits = sign.join(digits[i : i + 4] for i in range(0, 16, 4))
    return draw.choice(("The card is {}.", "Charge {} please,", "card number {}")).format(digits)


def luhn(digits: str) -> bool:
    """Whether the last digit checks the others."""
    doubled = [int(c) * (1 + (i % 2)) for i, c in enumerate(reversed(digits))]
    return sum(n - 9 if n > 9 else n for n in doubled) % 10 == 0


def iban(draw: Draw) -> str:
    """A sentence with an IBAN whose check digits are right (ISO 13616: mod 97 is 1)."""
    country, length = draw.choice(
        (("DE", 22), ("FR", 27), ("ES", 24), ("IT", 27), ("NL", 18), ("GB", 22))
    )
    letters = {"NL": "INGB", "GB": "WEST", "IT": "X"}.get(country, "")
    account = letters + "".join(draw.choices(string.digits, k=length - 4 - len(letters)))
    number = int("".join(str(int(c, 36)) for c in f"{account}{country}00"))
    whole = f"{country}{98 - number % 97:02d}{account}"
    if draw.random() < 0.5:
        whole = " ".join(whole[i : i + 4] for i in range(0, len(whole), 4))
    return draw.choice(("Pay to {}.", "IBAN: {}", "our account is {} since May,")).format(whole)


def api_key(draw: Draw) -> str:
    """A sentence with a key of one of several providers' forms."""

    def some(count: int, letters: str = string.ascii_letters + string.digits) -> str:
        return "".join(draw.choices(letters, k=count))

    upper = string.ascii_uppercase + string.digits
    key = draw.choice(
        (
            f"sk-proj-{some(48)}",
            f"ghp_{some(36)}",
            f"AKIA{some(16, upper)}",
            f"AIza{some(35)}",
            f"xoxb-{some(12, string.digits)}-{some(12, string.digits)}-{some(24)}",
            f"hf_{some(34, string.ascii_letters)}",
            f"sk_live_{some(24)}",
        )
    )
    return draw.choice(("Use {} for it.", "api_key = '{}'", "export TOKEN={}")).format(key)


def private_key(draw: Draw) -> str:
    """A block that looks like a private key; its bytes are chance."""
    kind = draw.choice(("RSA ", "EC ", "OPENSSH ", ""))
    body = base64.encodebytes(draw.randbytes(240)).decode().strip()
    return f"-----BEGIN {kind}PRIVATE KEY-----\n{body}\n-----END {kind}PRIVATE KEY-----"


def markup(draw: Draw) -> str:
    """Remains of a web page."""
    return draw.choice(
        (
            '<div class="post"><p>',
            '<a href="https://www.example.org/more">more</a>',
            "</p><br/><br/>",
            "&nbsp;&amp;&nbsp;",
            '<span style="color:red">new</span>',
        )
    )


def template_mark(draw: Draw) -> str:
    """What a rendered prompt leaves behind."""
    return draw.choice(
        (
            "<|im_end|>",
            "<|im_start|>assistant",
            "[/INST]",
            "</s>",
            "<|eot_id|>",
            "<end_of_turn>",
            "\n### Response:\n",
            "<|endoftext|>",
        )
    )


def placeholder(draw: Draw) -> str:
    """Something that was to be filled in."""
    return draw.choice(
        (
            "Dear [INSERT NAME],",
            "Hello {customer_name},",
            "Regards, <YOUR NAME>",
            "Lorem ipsum dolor sit amet, consectetur adipiscing elit.",
            "on {{date}},",
            "[Your Company]",
        )
    )
