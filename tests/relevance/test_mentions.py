"""Each script's word rules, with the terms of config/topic.toml as they are shipped."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service.records import Mention
from service.relevance.mentions import MentionFinder, fold
from service.settings import Settings
from service.wiring.models import mention_finder

BOTH = {"russia", "iran"}


@pytest.fixture(scope="module")
def finder(shipped_settings: Settings) -> MentionFinder:
    return mention_finder(shipped_settings.topic)


def _found(finder: MentionFinder, text: str) -> list[tuple[str, str]]:
    return [(mention.side, mention.text) for mention in finder.find(text, "title")]


def _sides(finder: MentionFinder, text: str) -> set[str]:
    return {side for side, _ in _found(finder, text)}


@pytest.mark.parametrize(
    "text",
    [
        "Russia and Iran sign a gas deal",
        "Russia's envoy in Tehran's embassy",
        "RUSSIAN JETS FOR IRANIANS",
        "pro-Russian, anti-Iranian: a Moscow-Tehran row",
        "S-400s, and Shaheds",
        "Putin calls Pezeshkian",
        "Россия и Иран договорились",
        "между Россией и Ираном",
        "в российско-иранских отношениях",
        "Иранцы едут в Россию",
        "Москвой и Тегераном",
        "РОССИЯ — ИРАН",
        "Росія та Іран",
        "між Росією та Іраном",
        "російські ракети для Ірану",
        "Rosja i Iran",
        "Rosji z Iranem",
        "rosyjskich i irańskich",
        "Russlands Botschafter in Teheran",
        "russisch-iranische Übung",
        "La Russie et l'Iran",
        "les Russes à Téhéran",
        "l’accord russo-iranien",
        "Rusia e Irán",
        "ministros ruso e iraní",
        "La Russia e l'Iran",
        "Mosca, colloqui con Teheran",
        "A Rússia e o Irã",
        "acordo da Rússia com o Irão",
        "Rusiyanın və İranın nazirləri",
        "Moskvada Tehran barədə",
        "रूस और ईरान",
        "रूसी और ईरानी मंत्री",
        "मॉस्को में तेहरान के दूत",
        "ロシアとイランが合意",
        "モスクワでテヘランの",
        "俄罗斯与伊朗",
        "莫斯科和德黑兰",
        "俄羅斯對伊朗",
        # By those who stand for a side: leaders, cities, companies, aircraft, "our country".
        "وزیر امور خارجه کشورمان راهی مسکو شد",
        "پوتین: رئیسی با ما موافق است",
        "بوتين ورئيسي يبحثان الملف",
        "زنگنه: نفت را به روس‌ها می‌دهیم",
        "نفتکش‌های روس در بندر انزلی",
        "یاک-۱۳۰ها به اصفهان رسیدند",
        "لوکوئیل از میدان آب تیمور رفت",
        "Зариф и Лавров поговорили",
        "Ил-76 сел в Мехрабаде",
        "Дума ратифицировала договор с Исламской Республикой",
        "Zarif and Lavrov meet in Moscow",
        "Putin, Raisi talk by phone",
        "Soyuz lifts off from Vostochny for the Islamic Republic",
        "Irańscy instruktorzy na Krymie",
        "Moskwa i rozmowy w Teheranie",
        "Zwischen Moskau und der Islamischen Republik",
        "Kreml Tehrana məktub göndərib",
        "Il Parlamento russo e la Repubblica islamica",
        "雅克-130抵达阿米拉巴德港",
        # The languages of which only the country, its people, capital and leaders are listed.
        "Ryssland och Iran",
        "Ryska? Nej, rysk-iranska samtal",
        "Rusland en de Iraanse minister",
        "Rusland og de iranske droner",
        "Venäjä ja iranilaiset",
        "Rusko a Írán podepsaly smlouvu",
        "Rusko a Irán",
        "Oroszország és az iráni elnök",
        "Rusia și iranienii",
        "Русия и Иран",
        "Русија и Техеран",
        "Rusija i iranski predsjednik",
        "Η Ρωσία και το Ιράν",
        "ΡΩΣΙΑ ΚΑΙ ΙΡΑΝ",
        "რუსეთი და ირანი",
        "Ռուսաստանը և Իրանի նախագահը",
        "Ресей мен Иран",
        "Rossiya va Eronning vazirlari",
        "روس اور ایران کے درمیان معاہدہ",
        "রাশিয়া ও ইরানের চুক্তি",
        "Rusia dan Iran",
        "Nước Nga và Iran",
        "러시아와 이란의 협정",
        "푸틴, 테헤란 방문",
        "Urusi na Iran",
        "د روسیې او ایران",
        "ڕووسیا و ئێران",
        "Rûsya û Îran",
    ],
)
def test_both_sides_are_found_in_every_language(finder: MentionFinder, text: str) -> None:
    assert _sides(finder, text) == BOTH
    assert finder.names_both(text)


@pytest.mark.parametrize(
    "text",
    [
        # Names of others, and words, that hold a side's name or most of it.
        "A ship in the Persian Gulf",
        "Persian cats and Farsi poems",
        "Ukrainian, Bahrainian and Tiranian players",
        "From Tirana to Iraq",
        "Mirani and Guiranian",
        "Bruce Russell of Prussia",
        "Prussian blue and ambrosia",
        "Belorussian and Byelorussian",
        "Cyrus on papyrus",
        "Rasputin's ghost",
        "Muscovy ducks and Moscovium",
        "Muscovite",
        "Kyivan Rus",
        "Kievan Rus",
        "Valentino Rossi and Rousseau",
        "Jean-Jacques Russo",
        # Slavic: stems within other words.
        "тиран и тирания в Тиране",
        "лавровый лист и росси",
        "кремний и крем",
        "белорусы и Пруссия",
        "подмосковье",
        "тиран і тиранія",
        "rosnący popyt na rosę",
        "Białoruś",
        # Romance: ordinary words.
        "eles irão sem ira",
        "irá amanhã",
        "peruano en Andalusia",
        "iranzo",
        "Brusel y brusa",
        # Turkic.
        "virüs ve Beyrut",
        "tiran",
        # Arabic and Persian: the name is part of another word.
        "بروس لي وكروس",
        "ويران كردن",
        "ویرانه‌ها و دیران",
        "نيران",
        "سفير بيلاروسيا",
        "هیئت بلاروسی در بلاروس",  # Belarus in Persian begins with three letters like prefixes
        # Hebrew.
        "טיראן ותיראנה",
        "עירוסיהם",
        "פרוסיה וביילורוסיה",
        "השר הבלרוסי",
        # Hindi: a vowel sign makes it another word.
        "रूसो का दर्शन और रूसा योजना",
        "हैरान",
        # Chinese and Japanese.
        "俄亥俄国民警卫队",
        "白俄罗斯",
        "白俄羅斯總統",
        "伊斯兰教",
        "以伊斯兰为主",
        "アイランドとアイルランド",
        "プロシアとアンブロシア",
        "白ロシア",
        # Words that a neighbour's term could have taken for a name.
        "قطار عبر بحر قزوين",  # Arabic for the Caspian holds the city of Qazvin
        "أشجار القرم في مسقط",  # mangroves, not the Crimea
        "دور رئيسي ومهم",  # "main", as the name Raisi is written
        "عامل مهم ورئيسي",
        "شورای ولایتی",
        "هي شيراز",
        "نوواک جوکوویچ قهرمان شد",
        "توني كروس وبروس",
        "نوفاك ديوكوفيتش بطلاً",
        "ٹونی کروس کے گول",
        "جمهوری اسلامی پاکستان",
        "A glass of Shiraz",
        "Islamic Republic of Mauritania",
        "The Japanese Red Army",
        "Novak Djokovic and Daniil Medvedev",
        "Stalin, chief minister of Tamil Nadu",
        "zarif bir elbise",
        "sırıkla atlama",
        "idarə rəisi ilə görüş",
        "onun vilayəti",
        "15. dubna",
        "barevná ruska",
        "új irány, irányít a barátom iránt",
        "Piotr Nowak i Novak",
        "Моника Росси и Новак Джокович",
        "스타링크 이란성 쌍둥이",
        "‘사랑’이란 무엇인가",
        "테헤란로의 회사",
        "スターリンクの衛星",
        "英ポンドのスターリング",
        "泥石流",
        "目击者和见证者",
        "“见证者”",
        "俄亥俄代表访俄亥俄州",
        "俄亥俄议员与江苏军区，比赛帕尔马",
        "非洲联盟-2025",
        "披露軍事文件，暴露政府",
        "প্রাশিয়া রাজ্য",
        "Chị Nga và anh Minh",
        "Moskowitz",
    ],
)
def test_what_only_looks_like_a_name_is_passed_over(finder: MentionFinder, text: str) -> None:
    assert _found(finder, text) == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("RUSYA'NIN İRAN’A", [("russia", "RUSYA"), ("iran", "İRAN")]),
        ("rusya ıran", [("russia", "rusya"), ("iran", "ıran")]),
        ("IRAN'IN RUSYA'DAN", [("iran", "IRAN"), ("russia", "RUSYA")]),
        ("İranlılar Rusyadan", [("iran", "İranlılar"), ("russia", "Rusyadan")]),
        ("Tahran'daki Moskova'lı", [("iran", "Tahran"), ("russia", "Moskova")]),
    ],
)
def test_turkish_dots_and_apostrophes(
    finder: MentionFinder, text: str, expected: list[tuple[str, str]]
) -> None:
    assert _found(finder, text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "إيران وروسيا",
        "وإيران فروسيا",
        "لإيران ولروسيا",
        "الإيرانية والروسية",
        "بالإيرانيين وبالروسية",
        "ايران و روسيا",
        "إيـــران وروسـيا",
        "إِيرَانُ ورُوسِيَا",
        "كإيران وكروسيا",
    ],
)
def test_arabic_prefixes_marks_and_spellings(finder: MentionFinder, text: str) -> None:
    assert _sides(finder, text) == BOTH


def test_an_arabic_with_russia_is_not_taken_for_prussia(finder: MentionFinder) -> None:
    # بروسيا is "with Russia" in the news, and Prussia in history books.
    assert _sides(finder, "ممر يربط إيران بروسيا عبر بحر قزوين") == BOTH


@pytest.mark.parametrize(
    "text",
    [
        "רוסיה ואיראן",
        "איראן ורוסיה",
        "בין רוסיה לאיראן",
        "שברוסיה ושמאיראן",
        "הרוסי והאיראני",
        "כאיראן כרוסיה",
        "יחסי רוסיה-איראן",
        "יחסי רוסיה־איראן",
        "רוּסְיָה אִירָאן",
    ],
)
def test_hebrew_prefixes_and_hyphens(finder: MentionFinder, text: str) -> None:
    assert _sides(finder, text) == BOTH


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("ایرانی‌ها و روس‌ها", [("iran", "ایرانی"), ("russia", "روس‌ها")]),
        ("روسیه و ایران", [("russia", "روسیه"), ("iran", "ایران")]),
        ("روسيه و ايران", [("russia", "روسيه"), ("iran", "ايران")]),
        ("«كرملين» و تهران", [("russia", "كرملين"), ("iran", "تهران")]),
        ("جمهوری‌اسلامی", [("iran", "جمهوری‌اسلامی")]),
    ],
)
def test_persian_joiners_and_letter_variants(
    finder: MentionFinder, text: str, expected: list[tuple[str, str]]
) -> None:
    assert _found(finder, text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("俄罗斯和白俄罗斯", [("russia", "俄罗斯")]),
        ("白俄罗斯总统访问伊朗", [("iran", "伊朗")]),
        ("白俄外长访问伊朗", [("iran", "伊朗")]),
        ("俄伊关系", [("russia", "俄伊"), ("iran", "俄伊")]),
        ("S-400导弹交付伊朗", [("russia", "S-400"), ("iran", "伊朗")]),
        (
            "伊朗从俄罗斯获得Su-35战机",
            [("iran", "伊朗"), ("russia", "俄罗斯"), ("russia", "Su-35")],
        ),
    ],
)
def test_chinese_compounds_and_latin_beside_them(
    finder: MentionFinder, text: str, expected: list[tuple[str, str]]
) -> None:
    assert _found(finder, text) == expected


def test_latin_inside_a_longer_latin_word_is_not_let_through_by_chinese(
    finder: MentionFinder,
) -> None:
    assert _found(finder, "在XIran导弹") == []


@pytest.mark.parametrize(
    ("text", "start", "end"),
    [
        # The folded text is shorter than the original: marks and quotes fold to nothing.
        ("«„“ Russia", 4, 10),
        ("إِيــرَانُ", 0, 9),
        ("\u200d\u200dРоссия.", 2, 8),
        # Lower case of İ has two characters in Python, one when folded.
        ("İİİ Rusya", 4, 9),
        ("İ İran", 2, 6),
    ],
)
def test_offsets_point_into_the_text_as_it_was_written(
    finder: MentionFinder, text: str, start: int, end: int
) -> None:
    (mention,) = finder.find(text, "summary")
    assert (mention.start, mention.end, mention.field) == (start, end, "summary")
    assert mention.text == text[start:end]


def test_of_overlapping_names_the_longest_is_told_once(finder: MentionFinder) -> None:
    (mention,) = finder.find("Islamic Republic of Iran", "title")
    assert mention == Mention("iran", "country", "Islamic Republic of Iran", "title", 0, 24)


def test_a_mention_is_never_of_the_kind_that_means_another(finder: MentionFinder) -> None:
    found = finder.find("Kyivan Rus, 白俄罗斯, プロシア, Russia", "title")
    assert [(mention.kind, mention.text) for mention in found] == [("country", "Russia")]


@pytest.mark.parametrize(
    "text",
    [
        "Mos\u00adkau",  # a soft hyphen, which German outlets put into long words
        "Mos\u200bcow",
        "\ufeffMoscow",
        "\u200fموسكو\u200e",
    ],
)
def test_marks_that_no_reader_sees_part_no_name(finder: MentionFinder, text: str) -> None:
    assert _sides(finder, text) == {"russia"}


def test_half_a_surrogate_pair_is_read_past(finder: MentionFinder) -> None:
    # JSON may hold one ("\\ud83d"), and so may a command line with broken bytes.
    text = "Russia \ud83d Iran"
    assert finder.names_both(text)
    assert _found(finder, text) == [("russia", "Russia"), ("iran", "Iran")]


def test_nothing_is_found_in_nothing(finder: MentionFinder) -> None:
    assert finder.find("", "title") == []
    assert not finder.names_both("")


def test_one_side_alone_is_not_both_however_often(finder: MentionFinder) -> None:
    assert not finder.names_both("Russia, Moscow, Putin, Kremlin, Россия, 俄罗斯")


def test_a_term_of_two_sides_counts_for_each() -> None:
    finder = MentionFinder({"a": {"c": ["Axis"]}, "b": {"c": ["Axis", "axis"]}})
    assert finder.names_both("The axis")
    assert Counter(mention.side for mention in finder.find("The axis", "t")) == {"a": 1, "b": 1}


WORDS = """Russia Iran Иран Россией إيران بروسيا רוסיה ואיראן 俄伊 白俄罗斯 伊朗 ایران‌ها रूसी
İran Rusya’nın Iranian S-400 イランの Σ ς ß ﬁ İ ı ’ « ״ . x 3 الروس و"""
GLUE = ["", " ", "\n", "\u200c", "\u200d", "\u00a0", "\u0640", "\u0651", "\u0301"]
PIECES = st.sampled_from([*WORDS.split(), *GLUE])
TEXTS = st.one_of(st.text(max_size=60), st.lists(PIECES, max_size=15).map("".join))


@given(TEXTS)
@settings(max_examples=120, deadline=None)
def test_mentions_lie_in_order_within_the_text_and_say_what_stands_there(
    finder: MentionFinder, text: str
) -> None:
    mentions = finder.find(text, "title")
    assert [m.start for m in mentions] == sorted(m.start for m in mentions)
    for mention in mentions:
        assert 0 <= mention.start < mention.end <= len(text)
        assert text[mention.start : mention.end] == mention.text
    for side in finder.sides:
        spans = [(m.start, m.end) for m in mentions if m.side == side]
        assert all(end <= start for (_, end), (start, _) in pairwise(spans))


@given(TEXTS)
@settings(max_examples=120, deadline=None)
def test_the_fast_path_agrees_with_the_full_search(finder: MentionFinder, text: str) -> None:
    assert finder.names_both(text) == (_sides(finder, text) == BOTH)


@given(TEXTS)
def test_a_folded_text_folds_to_itself(text: str) -> None:
    assert fold(fold(text)) == fold(text)
