from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service.stories.headlines import ReportKind, headline, is_live, kind
from service.stories.labels import KIND_OF, OUTLETS, URGENT

DEAL = "Moscow and Tehran sign gas deal"
LIVE, ROUNDUP = ReportKind.LIVE, ReportKind.ROUNDUP
MEDIA, OPINION, NEWS = ReportKind.MEDIA, ReportKind.OPINION, ReportKind.NEWS

# --- what is left of a title -----------------------------------------------------------------


@pytest.mark.parametrize(
    "suffix",
    [
        " - Reuters",
        " | Al Jazeera",
        " – BBC News",
        " — The New York Times",
        " - Bloomberg.com",
        " - www.harbour.example.com",
        " - Wyborcza.pl",
        " - INTERIA.PL",
        " - Wydarzenia w INTERIA.PL",
        " - Sky News World",
        " | ТАСС",
        " — Коммерсантъ",
        " - УНІАН",
        " | ایرنا",
        " - الجزيرة",
        " - 新华网",
        " - ロイター",
        "（新华社）",
        " (Reuters)",
        " [AFP]",
        " – video - CNN",
    ],
)
def test_an_outlets_name_at_the_end_is_no_part_of_the_title(suffix: str) -> None:
    assert headline(DEAL + suffix) == DEAL


@pytest.mark.parametrize(
    ("title", "outlet"),
    [
        (DEAL + " - Harbour Post", "Harbour Post"),
        (DEAL + " | The Harbour Post", "Harbour Post (world)"),
        (DEAL + " – HARBOUR POST News", "Harbour Post: Middle East"),
        ("Harbour Post: " + DEAL, "Harbour Post"),
        (DEAL + " — Северный вестник", "Северный Вестник"),
    ],
)
def test_the_outlet_that_is_given_is_known_by_its_name(title: str, outlet: str) -> None:
    assert headline(title, outlet) == DEAL
    assert headline(title) == title


@pytest.mark.parametrize(
    ("title", "left"),
    [
        ("BREAKING: " + DEAL, DEAL),
        ("BREAKING NEWS | " + DEAL, DEAL),
        ("[BREAKING] " + DEAL, DEAL),
        ("UPDATE 2-" + DEAL, DEAL),
        ("WRAPUP 11-" + DEAL, DEAL),
        ("Exclusive-" + DEAL, DEAL),
        ("Exclusive: " + DEAL + " - Reuters", DEAL),
        ("Reuters: " + DEAL, DEAL),
        ("LIVE: BREAKING: " + DEAL, DEAL),
        (DEAL + ": Live updates", DEAL),
        (DEAL + " – business live", DEAL),
        (DEAL + " – in pictures", DEAL),
        (DEAL + " (Podcast)", DEAL),
        ("Opinion | " + DEAL, DEAL),
        ("Срочно: Иран получил самолёты", "Иран получил самолёты"),
        ("Молния! Иран получил самолёты", "Иран получил самолёты"),
        ("ТАСС: Иран получил самолёты", "Иран получил самолёты"),
        ("Иран получил самолёты (ВИДЕО)", "Иран получил самолёты"),
        ("Терміново: Іран отримав літаки", "Іран отримав літаки"),
        ("فوری/ ایران جنگنده تحویل گرفت", "ایران جنگنده تحویل گرفت"),
        ("فوری | ایران جنگنده تحویل گرفت", "ایران جنگنده تحویل گرفت"),
        ("ایران جنگنده تحویل گرفت (+عکس)", "ایران جنگنده تحویل گرفت"),
        ("ایران جنگنده تحویل گرفت +فیلم", "ایران جنگنده تحویل گرفت"),
        ("عاجل | إيران تتسلم طائرات", "إيران تتسلم طائرات"),
        ("عاجل.. إيران تتسلم طائرات", "إيران تتسلم طائرات"),
        ("بالفيديو: إيران تتسلم طائرات", "إيران تتسلم طائرات"),
        ("PILNE: Iran odebrał samoloty", "Iran odebrał samoloty"),
        ("[PILNE] Iran odebrał samoloty [WIDEO]", "Iran odebrał samoloty"),
        ("快讯：伊朗接收苏-35战机", "伊朗接收苏-35战机"),
        ("【突发】伊朗接收苏-35战机", "伊朗接收苏-35战机"),
        ("EILMELDUNG: Iran erhält Kampfjets", "Iran erhält Kampfjets"),
        ("+++ EIL +++ Iran erhält Kampfjets", "Iran erhält Kampfjets"),
        ("ALERTE INFO - L’Iran reçoit des avions", "L’Iran reçoit des avions"),
        ("ÚLTIMA HORA: Irán recibe aviones", "Irán recibe aviones"),
        ("SON DAKİKA: İran uçakları teslim aldı", "İran uçakları teslim aldı"),
        ("SON DAKIKA | İran uçakları teslim aldı", "İran uçakları teslim aldı"),
    ],
)
def test_labels_at_either_end_are_no_part_of_the_title(title: str, left: str) -> None:
    assert headline(title) == left


@pytest.mark.parametrize(
    "title",
    [
        DEAL,
        "Su-35 jets land - Lavrov",
        "Jets have landed — minister",
        "Tehran: no talks before sanctions end",
        "BBC: licence fee to rise",
        "Live-action film opens in Tehran",
        "Update of nuclear code agreed",
        "Two killed on M-4 road – reports",
        "Rasht-Astara railway to open in May",
        "Iran, Russia | a long alliance",
        "Iran in talks with St.Petersburg",
        "Oil falls on talks - S.Korea",
        "Watch sales rise in Tehran",
        "Видео испытаний показали в Тегеране",
        "Иран – Россия: итог переговоров в Москве",
        "ایران: مذاکره نمی‌کنیم",
        "إيران: لن نتفاوض",
        "伊朗：不会谈判",
        "Tuesday Briefing",
        "Live updates",
        "国际联播快讯",
        "Reuters",
        "",
    ],
)
def test_what_may_be_part_of_the_event_stays(title: str) -> None:
    assert headline(title) == title


def test_spaces_are_levelled() -> None:
    assert headline("  Moscow and\u00a0Tehran \n sign gas deal  ") == DEAL


# --- kinds -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("title", "expected"),
    [
        ("Iran war live: Tehran says talks are over", LIVE),
        ("Iran war live news: Tehran says talks are over", LIVE),
        ("Live updates: Tehran says talks are over", LIVE),
        ("LIVE: Tehran says talks are over", LIVE),
        ("Tehran says talks are over: Live updates - CNBC", LIVE),
        ("Tehran talks, jets and gas – live", LIVE),
        ("Tehran talks as it happened: deal at midnight", LIVE),
        ("Gulf live briefing: Tehran says talks are over", LIVE),
        ("Онлайн: переговоры в Тегеране", LIVE),
        ("Переговоры в Тегеране. Текстовая трансляция", LIVE),
        ("Наживо: переговори в Тегерані", LIVE),
        ("لحظه به لحظه با مذاکرات تهران", LIVE),
        ("لحظه‌به‌لحظه با مذاکرات تهران", LIVE),
        ("مباشر: المفاوضات في طهران", LIVE),
        ("المفاوضات في طهران لحظة بلحظة", LIVE),
        ("Wojna w Zatoce. 40. dzień. Relacja na żywo", LIVE),
        ("直播：德黑兰会谈", LIVE),
        ("德黑兰会谈进展 滚动更新", LIVE),
        ("Gespräche in Teheran im Liveticker: Einigung nahe", LIVE),
        ("EN DIRECT, Iran : les négociations reprennent", NEWS),
        ("EN DIRECT | Iran : les négociations reprennent", LIVE),
        ("Negociaciones en Teherán, minuto a minuto", LIVE),
        ("CANLI ANLATIM | Tahran görüşmeleri", LIVE),
        ("Russia-Iran week at a glance: deals and drills", ROUNDUP),
        ("Your Monday Briefing: talks in Tehran", ROUNDUP),
        ("Tuesday Briefing", ROUNDUP),
        ("Gulf Recap: talks, jets, gas", ROUNDUP),
        ("Главное за день: переговоры и газ", ROUNDUP),
        ("Обзор прессы: что пишут о переговорах", ROUNDUP),
        ("Головне за добу: переговори і газ", ROUNDUP),
        ("مرور اخبار مهم امروز", ROUNDUP),
        ("أبرز الأخبار اليوم", ROUNDUP),
        ("Przegląd prasy: rozmowy w Teheranie", ROUNDUP),
        ("国际联播快讯", ROUNDUP),
        ("Presseschau: Stimmen zu Teheran", ROUNDUP),
        ("Revue de presse : Téhéran à la une", ROUNDUP),
        ("Resumen de noticias de hoy", ROUNDUP),
        ("Günün özeti: Tahran görüşmeleri", ROUNDUP),
        ("Watch: jets land near Hamadan", MEDIA),
        ("Watch live: minister speaks in Tehran", MEDIA),
        ("Jets land near Hamadan – video", MEDIA),
        ("Jets over Hamadan – in pictures", MEDIA),
        ("What the deal means (Podcast)", MEDIA),
        ("Видео: самолёты сели под Хамаданом", MEDIA),
        ("Відео: літаки сіли під Хамаданом", MEDIA),
        ("گزارش تصویری/ فرود جنگنده‌ها در همدان", MEDIA),
        ("فیلم/ فرود جنگنده‌ها در همدان", MEDIA),
        ("شاهد.. هبوط الطائرات في همدان", MEDIA),
        ("视频：战机降落哈马丹", MEDIA),
        ("Video: Jets landen bei Hamadan", MEDIA),
        ("VIDÉO. Les avions se posent à Hamadan", NEWS),
        ("VIDÉO : les avions se posent à Hamadan", MEDIA),
        ("Opinion | The price of the deal", OPINION),
        ("The price of the deal | Editorial", OPINION),
        ("Analysis: what the deal changes", OPINION),
        ("Harbour Post opinion: what the deal changes", OPINION),
        ("Мнение: чего стоит сделка", OPINION),
        ("Думка: чого варта угода", OPINION),
        ("یادداشت/ بهای توافق", OPINION),
        ("تحليل: ثمن الصفقة", OPINION),
        ("Komentarz: cena umowy", OPINION),
        ("Cena umowy z Iranem [OPINIA]", OPINION),
        ("社论：协议的代价", OPINION),
        ("东路日报社论：协议的代价", OPINION),
        ("Kommentar: Der Preis des Abkommens", OPINION),
        ("Éditorial : le prix de l’accord", OPINION),
        ("Análisis: el precio del acuerdo", OPINION),
        ("GÖRÜŞ - Anlaşmanın bedeli", OPINION),
        # News, although the words are there.
        (DEAL, NEWS),
        ("How people live: a day in Tehran", NEWS),
        ("Refugees not paid enough to live on, says union", NEWS),
        ("Pentagon press briefing: no talks planned", NEWS),
        ("Venezuela briefing leaves lawmakers questioning what is ahead", NEWS),
        ("Video shows jets landing near Hamadan", NEWS),
        ("Hamadan crash video: pilot survived", NEWS),
        ("ایران جنگنده تحویل گرفت (+فیلم)", NEWS),
        ("Jets land near Hamadan [WIDEO]", NEWS),
        ("Election would hurt the economy, analysis shows", NEWS),
        ("Suspect streamed the attack live", NEWS),
        ("BREAKING: " + DEAL, NEWS),
        ("", NEWS),
    ],
)
def test_the_kind_of_a_report_stands_in_its_title(title: str, expected: ReportKind) -> None:
    assert kind(title) is expected


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://news.example/world/live/2026/aug/18/gulf", LIVE),
        ("https://news.example/news/liveblog/2026/8/18/gulf", LIVE),
        ("https://news.example/world/gulf-talks-live-updates", LIVE),
        ("https://news.example/world/gulf-talks-live.html", LIVE),
        ("https://news.example/newsletters/evening/gulf", ROUNDUP),
        ("https://news.example/video/2026/gulf", MEDIA),
        ("https://tube.example/watch/?v=1", MEDIA),
        ("https://news.example/opinion/gulf", OPINION),
        ("https://news.example/commentisfree/2026/gulf", OPINION),
        ("https://news.example/video-games/gulf", NEWS),
        ("https://news.example/opinion", NEWS),
        ("https://news.example/lives-lost", NEWS),
        ("https://alive.example/talks", NEWS),
        ("https://[broken", NEWS),
        ("", NEWS),
    ],
)
def test_the_kind_of_a_report_stands_in_its_address(url: str, expected: ReportKind) -> None:
    assert kind(DEAL, "", url) is expected


def test_a_label_that_opens_the_summary_tells_the_kind_and_a_link_to_a_live_blog_does_not() -> None:
    assert kind(DEAL, "Analysis: the price of the deal is high.") is OPINION
    assert kind(DEAL, "• Live updates: talks are over") is NEWS
    assert kind(DEAL, "Live updates: talks are over") is NEWS


def test_a_page_about_many_events_is_that_before_anything_else() -> None:
    assert kind("Opinion | Live updates: talks are over") is LIVE
    assert kind("Podcast: The week ahead – briefing") is ROUNDUP
    assert is_live("Iran war live: talks are over")
    assert is_live(DEAL, "https://news.example/live/1")
    assert not is_live(DEAL)


# --- anything at all -------------------------------------------------------------------------

TITLES = st.lists(
    st.sampled_from([*sorted(KIND_OF)[:60], *sorted(URGENT)[:20], *sorted(OUTLETS)[:20]])
    | st.sampled_from(
        [": ", " - ", " | ", "/ ", ".. ", " [", "] ", " (", ")", "！", "：", "+", "UPDATE 2-"]
    )
    | st.text(max_size=8),
    max_size=12,
).map("".join)


@given(TITLES | st.text(st.characters(exclude_categories=()), max_size=60), st.text(max_size=10))
@settings(max_examples=400, deadline=None)
def test_whatever_is_taken_off_the_rest_is_a_part_of_the_title(title: str, outlet: str) -> None:
    left = headline(title, outlet)
    assert left in " ".join(title.split())
    assert bool(left) == bool(title.split())
    assert kind(title, title, title) in ReportKind


@pytest.mark.parametrize("piece", ["Live: ", "(", "+", " - ", "a - ", "[x] ", "直播：", " "])
def test_a_title_without_end_takes_no_time(piece: str) -> None:
    title = piece * 50_000
    assert headline(title) in " ".join(title.split())
    assert kind(title) in ReportKind
