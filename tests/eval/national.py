"""National identifiers, as in identifiers.py. Each function cites the rule that it follows."""
from identifiers import LETTERS, date, digits, luhn, mod11_10, pick, spaced, spoil_last, weighted


def retry(rng, make):
    """Bodies without a check digit are passed over, as their authorities do."""
    while True:
        value = make(rng)
        if value:
            return value


def npi(rng):
    """US CMS: Luhn over 80840 and the number."""
    body = digits(rng, 9, "12")
    return body + luhn("80840" + body)


def aba(rng):
    """American Bankers Association: weights 3, 7, 1; Federal Reserve districts 01 to 12."""
    body = f"{rng.randrange(1, 13):02}" + digits(rng, 6)
    return body + str(-weighted(body, (3, 7, 1, 3, 7, 1, 3, 7)) % 10)


def sin(rng):
    """Canada: Luhn."""
    body = digits(rng, 8, "1234567")
    return body + luhn(body)


def nhs(rng):
    """NHS Data Dictionary: modulus 11."""
    body = digits(rng, 9, "4679")
    check = 11 - weighted(body, range(10, 1, -1)) % 11
    return None if check == 10 else body + str(check % 11)


def steuer_id(rng):
    """§ 139b AO: of the first ten digits one stands twice, one is missing; ISO 7064 MOD 11,10."""
    order = rng.sample("0123456789", 9)
    body = order + [rng.choice(order)]
    rng.shuffle(body)
    return None if body[0] == "0" else "".join(body) + mod11_10(body)


def de_vat(rng):
    body = digits(rng, 8, "123456789")
    return "DE" + body + mod11_10(body)


def hetu(rng):
    """Finland, Väestörekisterikeskus: modulus 31."""
    birth, serial = date(rng, "{d:02}{m:02}{y}"), f"{rng.randrange(2, 900):03}"
    birth, sign = birth[:4] + birth[6:], "A" if birth[4] == "2" else "-"
    return f"{birth}{sign}{serial}" + "0123456789ABCDEFHJKLMNPRSTUVWXY"[int(birth + serial) % 31]


def personnummer(rng):
    """Skatteverket SKV 704: Luhn over ten digits."""
    body = date(rng, "{y}{m:02}{d:02}")[2:] + f"{rng.randrange(1, 999):03}"
    return body[:6] + "-" + body[6:] + luhn(body)


def pesel(rng):
    """Poland: weights 1, 3, 7, 9; months of the 21st century plus 20."""
    year, month, day = map(int, date(rng, "{y} {m} {d}").split())
    body = f"{year % 100:02}{month + 20 * (year >= 2000):02}{day:02}" + digits(rng, 4)
    return body + str(-weighted(body, (1, 3, 7, 9, 1, 3, 7, 9, 1, 3)) % 10)


def fiscal_code(rng):
    """Italy, D.M. 23 December 1976: values by odd and even places."""
    odd = dict(zip("0123456789" + LETTERS, [1, 0, 5, 7, 9, 13, 15, 17, 19, 21] + [1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12,
                                                                               14, 16, 10, 22, 25, 24, 23]))
    body = pick(rng, "BCDFGLMNPRSTVZ", 6) + f"{rng.randrange(45, 100)}{rng.choice('ABCDEHLMPRST')}{rng.randrange(1, 29):02}"
    body += rng.choice("ABCDEFGHIL") + f"{rng.randrange(101, 999)}"
    total = sum(odd[c] if place % 2 == 0 else int(c, 36) - 10 * c.isalpha() for place, c in enumerate(body))
    return body + LETTERS[total % 26]


def nir(rng):
    """France, INSEE: 97 less the rest by 97."""
    body = rng.choice("12") + f"{rng.randrange(45, 100)}{rng.randrange(1, 13):02}{rng.randrange(1, 20):02}{rng.randrange(1, 400):03}{rng.randrange(1, 400):03}"
    return body + f"{97 - int(body) % 97:02}"


def nir_wrong(rng, value):
    return value[:-2] + f"{(int(value[-2:]) + rng.randrange(1, 96)) % 97 + 1:02}"


def siret(rng):
    """France: Luhn, over the first nine digits too."""
    body = digits(rng, 8, "345789")
    body += luhn(body) + f"{rng.randrange(1, 99):04}"
    return body + luhn(body)


def cpf(rng):
    """Receita Federal: two digits modulo 11."""
    body = digits(rng, 9)
    for first in (10, 11):
        body += str(-weighted(body, range(first, 1, -1)) % 11 % 10)
    return None if len(set(body)) == 1 else f"{body[:3]}.{body[3:6]}.{body[6:9]}-{body[9:]}"


def cnpj(rng):
    """Receita Federal: two digits modulo 11."""
    body = digits(rng, 8) + "0001"
    for weights in ((5, 4, 3, 2, 9, 8, 7, 6, 5, 4, 3, 2), (6, 5, 4, 3, 2, 9, 8, 7, 6, 5, 4, 3, 2)):
        body += str(-weighted(body, weights) % 11 % 10)
    return f"{body[:2]}.{body[2:5]}.{body[5:8]}/{body[8:12]}-{body[12:]}"


def za_id(rng):
    """South Africa: day of birth, sequence, citizenship, Luhn."""
    body = date(rng, "{y}{m:02}{d:02}")[2:] + digits(rng, 4) + rng.choice("01") + "8"
    return body + luhn(body)


def tckn(rng):
    """Turkey, law 5490: tenth and eleventh digit."""
    body = [int(c) for c in digits(rng, 9, "123456789")]
    tenth = (7 * sum(body[::2]) - sum(body[1::2])) % 10
    return "".join(map(str, body)) + f"{tenth}{(sum(body) + tenth) % 10}"


def abn(rng):
    """Australian Business Register: modulus 89."""
    body = digits(rng, 9)
    for lead in range(10, 100):
        text = f"{lead}{body}"
        if (weighted(text, (10, 1, 3, 5, 7, 9, 11, 13, 15, 17, 19)) - 10) % 89 == 0:
            return text
    return None


def acn(rng):
    """Australian Securities and Investments Commission: weights 8 to 1."""
    body = "00" + digits(rng, 6)
    return body + str(-weighted(body, range(8, 0, -1)) % 10)


def medicare(rng):
    """Services Australia: weights 1, 3, 7, 9; the tenth digit counts issues."""
    body = digits(rng, 8, "23456")
    return body + str(weighted(body, (1, 3, 7, 9, 1, 3, 7, 9)) % 10) + str(rng.randrange(1, 6))


def medicare_wrong(rng, value):
    return spoil_last(rng, value[:9]) + value[9]


def aadhaar(rng):
    """UIDAI: Verhoeff's scheme, from the dihedral group itself."""
    times = lambda a, b: (a + b) % 5 if a < 5 and b < 5 else (a + b - 5) % 5 + 5 if a < 5 else (a - b) % 5 + 5 if b < 5 else (a - b) % 5
    step, body = (1, 5, 7, 6, 2, 8, 3, 0, 9, 4), digits(rng, 11, "23456789")

    def valid(text):
        total = 0
        for place, digit in enumerate(map(int, reversed(text))):
            for _ in range(place % 8):
                digit = step[digit]
            total = times(total, digit)
        return total == 0
    return next(body + c for c in "0123456789" if valid(body + c))


def nric(rng):
    """Singapore: weights 2, 7, 6, 5, 4, 3, 2."""
    kind, body = rng.choice("STFG"), digits(rng, 7)
    total = weighted(body, (2, 7, 6, 5, 4, 3, 2)) + 4 * (kind in "TG")
    return kind + body + ("JZIHGFEDCBA" if kind in "ST" else "XWUTRQPNMLK")[total % 11]


def thai(rng):
    """Thailand, Department of Provincial Administration: kind, province, district, serial; modulus 11."""
    body = digits(rng, 1, "12345678") + rng.choice("10 12 20 30 40 50 57 60 70 80 90 95".split()) + digits(rng, 9, "0")
    return body + str((11 - weighted(body, range(13, 1, -1)) % 11) % 10)


def brn(rng):
    """Korea, National Tax Service: weights 1, 3, 7, 1, 3, 7, 1, 3, 5."""
    body = f"{rng.randrange(101, 700)}{rng.randrange(10, 90)}{digits(rng, 4)}"
    total = weighted(body, (1, 3, 7, 1, 3, 7, 1, 3, 5)) + int(body[8]) * 5 // 10
    return f"{body[:3]}-{body[3:5]}-{body[5:]}{-total % 10}"


def taiwan(rng):
    """Taiwan, Household Registration: letter as two digits, weights 1, 9, 8, ... 1, 1."""
    letter, body = rng.choice("ABCDEFGHJKLMNPQRSTUVXY"), digits(rng, 8, "12")
    value = 10 + "ABCDEFGHJKLMNPQRSTUVXYWZIO".index(letter)
    return letter + body + str(-(value // 10 + value % 10 * 9 + weighted(body, range(8, 0, -1))) % 10)


def hong_kong(rng):
    """Hong Kong identity card: modulus 11, a space for the missing letter."""
    letter, body = rng.choice(LETTERS), digits(rng, 6)
    total = 36 * 9 + (ord(letter) - 55) * 8 + weighted(body, range(7, 1, -1))
    return f"{letter}{body}({'0123456789A'[-total % 11]})"


def hong_kong_wrong(rng, value):
    return spoil_last(rng, value[:-1]) + ")"


def simple(make, spoil=spoil_last, write=None, **words):
    return (lambda rng: retry(rng, make), spoil, write, words)


def letters(alphabet=LETTERS):
    return lambda rng, value: spoil_last(rng, value, alphabet)


KINDS = {
    "US_NPI": simple(npi, en="NPI"),
    "ABA_ROUTING_NUMBER": simple(aba, en="routing number"),
    "CA_SIN": simple(sin, write=lambda rng, value: spaced(rng, value, 3, 3, 3), en="social insurance number"),
    "UK_NHS": simple(nhs, write=lambda rng, value: spaced(rng, value, 3, 3, 4), en="NHS number"),
    "DE_TAX_ID": simple(steuer_id, de="Steuer-ID"),
    "DE_VAT_ID": simple(de_vat, de="USt-IdNr."),
    "FI_PERSONAL_IDENTITY_CODE": simple(hetu, letters("0123456789ABCDEFHJKLMNPRSTUVWXY"), fi="henkilötunnus"),
    "SE_PERSONNUMMER": simple(personnummer, sv="personnummer"),
    "PL_PESEL": simple(pesel, pl="PESEL"),
    "IT_FISCAL_CODE": simple(fiscal_code, letters(), it="codice fiscale"),
    "FR_NIR": simple(nir, nir_wrong, lambda rng, value: spaced(rng, value, 1, 2, 2, 2, 3, 3, 2), fr="numéro de sécurité sociale"),
    "FR_SIRET": simple(siret, fr="SIRET"),
    "BR_CPF": simple(cpf, pt="CPF"),
    "BR_CNPJ": simple(cnpj, pt="CNPJ"),
    "ZA_ID_NUMBER": simple(za_id, en="South African ID number"),
    "TR_NATIONAL_ID": simple(tckn, tr="TC kimlik no"),
    "AU_ABN": simple(abn, write=lambda rng, value: spaced(rng, value, 2, 3, 3, 3), en="ABN"),
    "AU_ACN": simple(acn, write=lambda rng, value: spaced(rng, value, 3, 3, 3), en="ACN"),
    "AU_MEDICARE": simple(medicare, medicare_wrong, lambda rng, value: spaced(rng, value, 4, 5, 1), en="Medicare number"),
    "IN_AADHAAR": simple(aadhaar, write=lambda rng, value: spaced(rng, value, 4, 4, 4), en="Aadhaar", hi="आधार"),
    "SG_NRIC_FIN": simple(nric, letters(), en="NRIC"),
    "TH_TNIN": simple(thai, th="เลขประจำตัวประชาชน", en="Thai national ID"),
    "KR_BRN": simple(brn, ko="사업자등록번호"),
    "TW_NATIONAL_ID": simple(taiwan, zh="身分證字號"),
    "HK_ID": simple(hong_kong, hong_kong_wrong, en="HKID", zh="香港身份證"),
}
