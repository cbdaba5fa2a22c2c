"""Reads how much and how many a text says: 13 drones, 1,3 млрд евро, ۸۰۰ میلیون, 16亿.

Dates, years, clock times, ordinals and the numbers in names (Su-35) say when or which, and are
left out. Works on folded text (``service.text.fold``), where Turkish ı is i and ZWNJ a space.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from service.text import fold, starts_word

Span = tuple[int, int]

# Words that multiply the number before them. Whole words, but for those that end in *.
_SCALES = {
    1e12: "trillion* trln trn трлн триллион* трильйон* تریلیون تريليون 万亿 萬億",
    1e9: "billion billions bln bn миллиард* млрд мільярд* میلیارد ملیارد مليار مليارات مليارا "
    "miliard* mld mrd milliarde* milliard milliards mil_millones mil_milhões bilhão bilhões "
    "milyar* מיליארד מיליארדי अरब बिलियन 十亿",
    1e8: "亿 億",
    1e7: "करोड़",
    1e6: "million* mln mn млн миллион* мільйон* میلیون مليون مليونا ملايين milion* mio "
    "millones millón milhões milhão milyon* מיליון מיליוני मिलियन 百万",
    1e5: "लाख",
    1e4: "万 萬",
    1e3: "thousand* тысяч* тыс тисяч* тис هزار ألف آلاف ألفا tysi* tys tausend mille mil mila "
    "bin bini bine binden binin אלף אלפי हज़ार हजार 千",
}
# Month names; those that end in * are stems. The Persian year's are here as well.
_MONTHS = """
    jan feb mar apr may jun jul aug sep sept oct nov dec january february march april june july
    august september october november december januar februar märz mai juni juli oktober dezember
    январ* феврал* марта март апрел* мая май мае июн* июл* август* сентябр* октябр* ноябр* декабр*
    січн* лютого лютому березн* квітн* травн* червн* липн* серпн* вересн* жовтн* листопад* грудн*
    styczni* styczeń luty lutego lutym marzec marca marcu kwietni* maja maju czerwca czerwcu
    lipca lipcu sierpnia sierpniu wrześni* październik* listopad* grudnia grudniu
    janvier février mars avril juin juillet août septembre octobre novembre décembre
    enero febrero marzo abril mayo junio julio agosto septiembre setiembre octubre noviembre
    diciembre gennaio febbraio aprile maggio giugno luglio settembre ottobre dicembre
    janeiro fevereiro março maio junho julho setembro outubro novembro dezembro
    ocak şubat mart nisan mayıs haziran temmuz ağustos eylül ekim kasım aralık
    yanvar* fevral* aprel* iyun* iyul* avqust* sentyabr* oktyabr* noyabr* dekabr*
    ינואר פברואר מרץ אפריל מאי יוני יולי אוגוסט ספטמבר אוקטובר נובמבר דצמבר
    जनवरी फरवरी मार्च अप्रैल मई जून जुलाई अगस्त सितंबर अक्टूबर नवंबर दिसंबर
    يناير فبراير مارس أبريل إبريل مايو يونيو يوليو أغسطس سبتمبر أكتوبر نوفمبر ديسمبر
    كانون شباط آذار نيسان أيار حزيران تموز آب أيلول تشرين
    ژانویه فوریه آوریل مه می ژوئن ژوئیه جولای اوت آگوست سپتامبر اکتبر نوامبر دسامبر
    فروردین اردیبهشت خرداد تیر مرداد شهریور مهر آبان آذر دی بهمن اسفند
"""


def _words(listed: str) -> str:
    """Return a pattern for listed words, the longest first; * opens an end, _ is a space."""
    patterns = []
    for word in sorted(fold(listed).split(), key=len, reverse=True):
        text = re.escape(word.removesuffix("*")).replace("_", " ")
        # Chinese goes on without a space; an Indian vowel sign is no letter, but no end either.
        end = r"\w*" if word.endswith("*") else "" if word > "\u3040" else r"(?![\w\u0900-\u0963])"
        patterns.append(text + end)
    return "|".join(patterns)


_FACTORS = tuple(_SCALES)
_SCALE = re.compile(
    r"[ \u2009\u202f-]?(?:" + "|".join(f"({_words(listed)})" for listed in _SCALES.values()) + ")"
)
_MONTH = _words(_MONTHS)
_MONTH_AFTER = re.compile(
    rf"(?:st|nd|rd|th|\.|º|er)?(?: ?[-–—] ?\d{{1,2}}\.?)?,? ?(?:of |de |d'|ב)?(?:{_MONTH})"
)
_MONTH_BEFORE = re.compile(rf"(?<!\w)(?:{_MONTH})\.?,? ?(?:the |\d{{1,2}} ?[-–—] ?)?\Z")
_LONGEST_MONTH = 20

_THREES = r"\d{1,3}(?:[ ,.'\u066c\u2009\u202f]\d{3})+(?!\d)"
_NUMBER = re.compile(rf"(?:{_THREES})(?:[.,\u066b]\d{{1,2}}(?!\d))?|\d+(?:[.,\u066b/]\d+)?")
_DATE = re.compile(r"\d{1,4}([./-])\d{1,2}\1\d{1,4}")
_SEPARATORS = re.compile(r"[ ,.'\u066c\u066b\u2009\u202f]")
_LETTERS = re.compile(r"-?[^\W\d_]+")
_HOURS_AFTER = re.compile(r" ?(?:[ap]\.?m(?!\w)|uhr(?!\w)|h\d\d)")
_HOURS_BEFORE = re.compile(r"(?<!\w)(?:ore|saat|godz\.?|ساعت|الساعه|בשעה) \Z")
_LONGEST_HOURS = 8
# Letters right after a number that leave it a number: "25km", "60k".
_UNIT = re.compile(r"(?:[kcm]?m|k?g|t|[kmg]wh?|k|к?м|к?г|т|[кмг]вт)\Z")
_THOUSANDS, _MILLIONS = frozenset("kк"), frozenset("mм")
# What follows a date, a time or a rank.
_NOT_AMOUNTS = frozenset("年月日号號时時点點分届屆°:")
_ARABIC_SCRIPT = range(0x0600, 0x0700)
_PERSIAN_DIGITS = range(0x06F0, 0x06FA)
_YEARS, _PERSIAN_YEARS = range(1900, 2061), range(1290, 1451)
_ZEROS = "0٠۰०"
_ORDINAL_LETTERS = 3
_YEAR_DIGITS, _DAY_DIGITS, _DAYS = 4, 2, 31
# A longer number counts nothing; it is a code.
_LONGEST = 15


@dataclass(frozen=True, slots=True)
class _Amount:
    value: float
    factor: float
    start: int
    end: int


def numbers(folded: str, taken: Sequence[Span] = ()) -> list[tuple[float, int]]:
    """Return the amounts of a folded text in order, each with where it starts.

    ``taken`` are the places of names, whose numbers are no amounts. A number with its scale is
    one amount (1.3 billion is 1.3e9), and so is one that goes on in a smaller scale (1亿2000万).
    Rounded to nine digits, so that 1100 million and 1.1 billion are equal.
    """
    found: list[_Amount] = []
    dates = [match.span() for match in _DATE.finditer(folded)]
    for amount in _amounts(folded, [*taken, *dates]):
        before = found[-1] if found else None
        if before and before.factor > amount.factor > 1 and _adjoin(folded, before, amount):
            both = before.value + amount.value
            found[-1] = _Amount(both, amount.factor, before.start, amount.end)
        else:
            found.append(amount)
    return [(float(f"{amount.value:.9g}"), amount.start) for amount in found if amount.value > 1]


def _adjoin(text: str, first: _Amount, second: _Amount) -> bool:
    return text[first.end : second.start].strip() in ("", "و", "and")


def _amounts(text: str, taken: Sequence[Span]) -> Iterator[_Amount]:
    for match in _NUMBER.finditer(text):
        start, end = match.span()
        if any(first < end and start < last for first, last in taken):
            continue
        digits = match.group()
        if len(digits) > _LONGEST or not _stands_alone(text, start):
            continue
        scale = _SCALE.match(text, end)
        if scale:
            factor = _FACTORS[(scale.lastindex or 1) - 1]
            yield _Amount(_value(digits) * factor, factor, start, scale.end())
        elif not _says_when_or_which(text, start, end, digits):
            factor = _short_scale(text, start, end)
            yield _Amount(_value(digits) * factor, factor, start, end)


def _stands_alone(text: str, start: int) -> bool:
    """Tell whether a number is no part of a name (Su-35, G7) or of a longer sign (+3, 第5)."""
    if start and text[start - 1] in "+第:/.,":
        return False
    hyphen = start > 1 and text[start - 1] in "-–"
    if hyphen and text[start - 2].isdigit():
        return True
    return starts_word(text, start - 1 if hyphen else start)


def _value(digits: str) -> float:
    """Return the value of digits of any script with separators of thousands or a decimal one."""
    if re.fullmatch(rf"{_THREES}(?:[.,\u066b]\d{{1,2}})?", digits) and digits[0] not in _ZEROS:
        threes = re.match(_THREES, digits)
        whole = threes.end() if threes else 0
        rest = digits[whole + 1 :]
        return float(_SEPARATORS.sub("", digits[:whole]) + (f".{rest}" if rest else ""))
    return float(re.sub(r"[,\u066b/]", ".", digits))


def _short_scale(text: str, start: int, end: int) -> float:
    """Return what "k" or, of money, "m" after a number stand for: $400m, 60k."""
    if end >= len(text) or (end + 1 < len(text) and text[end + 1].isalnum()):
        return 1.0
    if text[end] in _THOUSANDS:
        return 1e3
    return 1e6 if text[end] in _MILLIONS and start and text[start - 1] in "$€£" else 1.0


def _says_when_or_which(text: str, start: int, end: int, digits: str) -> bool:
    """Tell whether a number is a year, a day of a month, a clock time or a rank."""
    if text[end : end + 1] in _NOT_AMOUNTS or (digits[0] in _ZEROS and digits.isdigit()):
        return True
    if "/" in digits and ord(digits[0]) not in _PERSIAN_DIGITS:
        return True
    if _is_clock_time(text, start, end) or _is_ordinal(text, end):
        return True
    return digits.isdigit() and (
        _is_year(digits) or (_could_be_of_date(digits) and _beside_month(text, start, end))
    )


def _is_clock_time(text: str, start: int, end: int) -> bool:
    before = text[max(0, start - _LONGEST_HOURS) : start]
    return bool(_HOURS_AFTER.match(text, end) or _HOURS_BEFORE.search(before))


def _is_year(digits: str) -> bool:
    years = _PERSIAN_YEARS if ord(digits[0]) in _PERSIAN_DIGITS else ()
    return len(digits) == _YEAR_DIGITS and (int(digits) in _YEARS or int(digits) in years)


def _could_be_of_date(digits: str) -> bool:
    return len(digits) == _YEAR_DIGITS or (len(digits) <= _DAY_DIGITS and int(digits) <= _DAYS)


def _is_ordinal(text: str, end: int) -> bool:
    """Tell whether letters make the number a rank: 5th, 10-й; not where they are a unit."""
    letters = _LETTERS.match(text, end)
    if letters is None:
        return False
    run = letters.group()
    if ord(run[-1]) in _ARABIC_SCRIPT or run[0] > "\u3040":
        return False
    if run[0] == "-":
        return len(run) <= _ORDINAL_LETTERS and "а" <= run[1] <= "я"
    return _UNIT.match(run) is None


def _beside_month(text: str, start: int, end: int) -> bool:
    if _MONTH_AFTER.match(text, end):
        return True
    return _MONTH_BEFORE.search(text[max(0, start - _LONGEST_MONTH) : start]) is not None
