"""Identifiers whose form says whether they can be real: one that is right, and one like it that is wrong, from a seeded generator.

Written from the sources that are named, apart from shared/text-scan: one mistake cannot pass both. `KINDS` has a row for each type.
"""
import hashlib

DIGITS = "0123456789"
LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"


def digits(rng, count, first=DIGITS):
    return rng.choice(first) + "".join(rng.choice(DIGITS) for _ in range(count - 1))


def pick(rng, alphabet, count):
    return "".join(rng.choice(alphabet) for _ in range(count))


def date(rng, form):
    """A day of birth."""
    return form.format(y=rng.randrange(1945, 2005), m=rng.randrange(1, 13), d=rng.randrange(1, 29))


def weighted(text, weights):
    return sum(int(digit) * weight for digit, weight in zip(text, weights))


def luhn(body):
    """The digit that ISO/IEC 7812-1 annex B puts behind a number."""
    doubled = [int(digit) * (2 if place % 2 == 0 else 1) for place, digit in enumerate(reversed(body))]
    return str(-sum(value // 10 + value % 10 for value in doubled) % 10)


def number(text):
    """Letters as two digits, as ISO 13616 wants it."""
    return int("".join(str(int(c, 36)) for c in text))


def mod11_10(body):
    """ISO 7064 MOD 11,10."""
    product = 10
    for digit in body:
        total = (int(digit) + product) % 10 or 10
        product = total * 2 % 11
    return str((11 - product) % 10)


def other(rng, alphabet, c):
    return rng.choice([x for x in alphabet if x != c])


def spoil_last(rng, value, alphabet=DIGITS):
    return value[:-1] + other(rng, alphabet, value[-1])


def spaced(rng, value, *groups, by=" "):
    """The value in groups, or as it is."""
    if rng.random() < 0.5:
        return value
    out, at = [], 0
    for size in groups:
        out.append(value[at:at + size])
        at += size
    return by.join(out)


def card(rng):
    prefix, length = rng.choice([("4", 16), ("51", 16), ("55", 16), ("2221", 16), ("34", 15), ("37", 15), ("6011", 16), ("3530", 16), ("36", 14)])
    body = prefix + digits(rng, length - 1 - len(prefix))
    return body + luhn(body)


def card_written(rng, value):
    groups = {16: (4, 4, 4, 4), 15: (4, 6, 5), 14: (4, 6, 4)}[len(value)]
    return spaced(rng, value, *groups, by=rng.choice(" -"))


# Lengths and forms of the SWIFT IBAN registry: n digits, a letters, c both.
IBANS = {"DE": "n18", "ES": "n20", "FR": "n10c11n2", "GB": "a4n14", "NL": "a4n10", "IT": "a1n10c12", "CH": "n5c12", "PT": "n21", "BE": "n12",
         "AT": "n16", "SE": "n20", "PL": "n24", "NO": "n11", "IE": "a4n14"}


def iban(rng):
    country, form = rng.choice(sorted(IBANS.items()))
    alphabets, body, count = {"n": DIGITS, "a": LETTERS, "c": DIGITS + LETTERS}, "", ""
    for kind in form:
        if kind.isdigit():
            count += kind
            continue
        body += pick(rng, alphabet, int(count)) if count else ""
        alphabet, count = alphabets[kind], ""
    body += pick(rng, alphabet, int(count))
    return f"{country}{98 - number(body + country + '00') % 97:02}{body}"


def iban_wrong(rng, value):
    return value[:2] + f"{(int(value[2:4]) - 2 + rng.randrange(1, 90)) % 97 + 2:02}" + value[4:]


def ssn(rng):
    """Social Security Administration, randomised since 2011: no area 000, 666 or 900 and above, no group 00, no serial 0000."""
    area = rng.choice([x for x in range(1, 900) if x != 666])
    return f"{area:03}-{rng.randrange(1, 100):02}-{rng.randrange(1, 10000):04}"


def ssn_wrong(rng, value):
    area, group, serial = value.split("-")
    return rng.choice([f"000-{group}-{serial}", f"666-{group}-{serial}", f"{area}-00-{serial}", f"{area}-{group}-0000"])


NIF = "TRWAGMYFPDXBNJZSQVHLCKE"  # Real Decreto 338/1990


def nif(rng):
    body = digits(rng, 8)
    return body + NIF[int(body) % 23]


def nie(rng):
    first = rng.randrange(3)
    body = digits(rng, 7)
    return "XYZ"[first] + body + NIF[int(f"{first}{body}") % 23]


def my_number(rng):
    """Ministry of Internal Affairs, Order 85 of 2014, article 5."""
    body = digits(rng, 11)
    rest = weighted(body, (6, 5, 4, 3, 2, 7, 6, 5, 4, 3, 2)) % 11
    return body + str(0 if rest <= 1 else 11 - rest)


def resident(rng):
    """GB 11643-1999."""
    region = rng.choice("110101 310115 440305 330106 510104 420111 610113 320505".split())
    body = region + date(rng, "{y}{m:02}{d:02}") + f"{rng.randrange(1, 999):03}"
    return body + "10X98765432"[weighted(body, [2 ** (17 - place) % 11 for place in range(17)]) % 11]


def ipv4(rng):
    return ".".join(str(part) for part in (rng.choice([10, 100, 172, 192, 203]), rng.randrange(256), rng.randrange(256), rng.randrange(1, 255)))


def ipv4_wrong(rng, value):
    parts = value.split(".")
    parts[rng.randrange(1, 4)] = str(rng.randrange(256, 1000))
    return ".".join(parts)


BASE58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"


def bitcoin(rng):
    """Base58Check: https://en.bitcoin.it/wiki/Base58Check_encoding."""
    body = b"\0" + bytes(rng.randrange(1, 256) for _ in range(20))
    value, out = int.from_bytes(body + hashlib.sha256(hashlib.sha256(body).digest()).digest()[:4], "big"), ""
    while value:
        value, rest = divmod(value, 58)
        out = BASE58[rest] + out
    return "1" + out


# type: (make, spoil, write, words that stand before it, by language)
KINDS = {
    "CREDIT_CARD": (card, spoil_last, card_written, {"en": "card", "es": "tarjeta", "ja": "カード番号", "zh": "卡号"}),
    "IBAN_CODE": (iban, iban_wrong, lambda rng, value: spaced(rng, value, *[4] * -(-len(value) // 4)),
                  {"en": "account", "es": "cuenta", "ja": "口座", "zh": "账户"}),
    "US_SSN": (ssn, ssn_wrong, None, {"en": "SSN", "es": "seguro social", "ja": "SSN", "zh": "SSN"}),
    "ES_NIF": (nif, lambda rng, value: spoil_last(rng, value, NIF), None, {"en": "DNI", "es": "NIF", "ja": "NIF", "zh": "NIF"}),
    "ES_NIE": (nie, lambda rng, value: spoil_last(rng, value, NIF), None, {"en": "NIE", "es": "NIE", "ja": "NIE", "zh": "NIE"}),
    "JP_MY_NUMBER": (my_number, spoil_last, lambda rng, value: spaced(rng, value, 4, 4, 4),
                     {"en": "My Number", "es": "My Number", "ja": "マイナンバー", "zh": "个人编号（My Number）"}),
    "CN_RESIDENT_ID": (resident, lambda rng, value: spoil_last(rng, value, DIGITS + "X"), None,
                       {"en": "resident ID", "es": "ID", "ja": "身分証番号", "zh": "身份证号"}),
    "IP_ADDRESS": (ipv4, ipv4_wrong, None, {"en": "server", "es": "servidor", "ja": "サーバー", "zh": "服务器"}),
    "CRYPTO": (bitcoin, lambda rng, value: spoil_last(rng, value, BASE58), None, {"en": "wallet", "es": "billetera", "ja": "ウォレット", "zh": "钱包"}),
}
