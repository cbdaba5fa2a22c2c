"""The words by which titles are taken apart: labels, phrases, words of addresses, outlets.

All are compared levelled (see ``level``); commas part them. They are written by language, in the
order English, Russian, Ukrainian, Persian, Arabic, Polish, Chinese and Japanese, German, French,
Spanish, Turkish, others; a language that lacks a word has no such label that is safe to trust.
"""

from __future__ import annotations

import re
import unicodedata
from enum import StrEnum


class ReportKind(StrEnum):
    """What a page is: a report, or something that a story must not be grown around."""

    NEWS = "news"
    LIVE = "live"
    ROUNDUP = "round-up"
    MEDIA = "media"
    OPINION = "opinion"


# Letters that Unicode's own folding leaves apart: Turkish i, the Arabic and Persian yeh and kaf.
_STRAY = str.maketrans({"İ": "i", "I": "i", "ı": "i", "ي": "ی", "ك": "ک", "ـ": "", "\u200c": " "})
_NO_WORD = re.compile(r"[\W_]+")


def level(text: str) -> str:
    """Return the words of a text for comparing: no case, no accents, no punctuation."""
    plain = unicodedata.normalize("NFKD", text.translate(_STRAY)).casefold().translate(_STRAY)
    kept = "".join(letter for letter in plain if unicodedata.category(letter) != "Mn")
    return " ".join(_NO_WORD.sub(" ", kept).split())


def listed(text: str) -> frozenset[str]:
    """Return the levelled entries of a list parted by commas."""
    return frozenset(level(entry) for entry in text.split(",") if entry.strip())


# --- labels that titles set off, language by language ----------------------------------------

URGENT = listed(
    """
    breaking, breaking news, just in, update, updated, alert, urgent, flash, exclusive,
    developing, wrapup, rpt, refile, corrected, correction, recast, revealed, pictured, brief,
    factbox, newsalert,
    срочно, молния, эксклюзив, обновлено, обновляется, важно, новость часа, терміново, ексклюзив,
    оновлено, оновлюється, важливо, блискавка,
    فوری, خبر فوری, اختصاصی, تکمیلی, لحظاتی پیش, عاجل, خبر عاجل, حصري, خاص, عاجل جدا, هام,
    pilne, z ostatniej chwili, aktualizacja, tylko u nas,
    快讯, 突发, 独家, 最新, 更新, 快訊, 突發, 獨家, 重磅, 速報, 独自,
    eilmeldung, eil, exklusiv, alerte, alerte info, alerte infos, flash info, exclusif,
    info exclusive, mise à jour, última hora, urgente, exclusiva, exclusivo, actualización,
    alerta, son dakika, flaş, özel, özel haber, son dakika haberi, acil, güncelleme, ultim'ora,
    esclusiva, just nu, dernière minute
    """
)
LABELS: dict[ReportKind, frozenset[str]] = {
    ReportKind.LIVE: listed(
        """
        live, live updates, live update, live blog, liveblog, live coverage, live now, live news,
        live latest, as it happened, live ticker, liveticker, newsticker, newsblog, live story,
        онлайн, хроника, хроника событий, текстовая трансляция, онлайн-трансляция, лайв, наживо,
        хроніка, хроніка подій, текстова трансляція, онлайн-трансляція,
        زنده, پوشش زنده, گزارش زنده, لحظه به لحظه, مباشر, تغطية مباشرة, لحظة بلحظة,
        na żywo, relacja, relacja na żywo, relacja live,
        直播, 图文直播, 文字直播, 滚动, 實時, 实时,
        im liveticker, im live-blog, en direct, direct, le direct, en vivo, en directo, directo,
        minuto a minuto, canlı, canlı anlatım, canlı blog, canlı gelişmeler, diretta, in diretta,
        ao vivo
        """
    ),
    ReportKind.ROUNDUP: listed(
        """
        briefing, daily briefing, recap, roundup, round-up, at a glance, digest, newsletter,
        week ahead, the week ahead, market talk, morning bid, the papers, the morning after,
        firstft, up first, what we know today, week in review, news in brief, in brief,
        top stories,
        дайджест, главное за день, итоги дня, итоги недели, итоги, обзор прессы, главное,
        дайджест новин, підсумки дня, підсумки, огляд преси, головне, зведення,
        مرور اخبار, اخبار کوتاه, سرخط خبرها, بسته خبری, موجز الأخبار, حصاد اليوم, جولة الصحافة,
        przegląd prasy, podsumowanie, podsumowanie dnia, skrót dnia, prasówka,
        一周要闻, 要闻速览, 新闻早餐, 早间新闻, 晚间新闻, 今日要闻, 盘点, 联播快讯,
        presseschau, morgenbriefing, kurz notiert, kurzmeldungen, tagesrückblick, der überblick,
        revue de presse, l'essentiel, le récap, le brief, ce qu'il faut retenir, les titres,
        resumen, resumen del día, titulares, claves del día, günün özeti, haftanın özeti,
        basın özeti, manşetler, bülten, rassegna stampa
        """
    ),
    ReportKind.MEDIA: listed(
        """
        watch, watch live, live stream, livestream, video, videos, photo, photos, pictures,
        in photos, in pictures, gallery, photo gallery, podcast, listen, audio, infographic,
        cartoon,
        видео, фото, фото и видео, инфографика, подкаст, фоторепортаж, галерея, карикатура,
        прямая трансляция, прямой эфир, відео, інфографіка, прямий ефір,
        ویدئو, ویدیو, فیلم, عکس, عکس ها, تصاویر, گزارش تصویری, اینفوگرافی, اینفوگرافیک, پادکست,
        کاریکاتور, موشن گرافی, موشن گرافیک, ببینید, پخش زنده, فيديو, بالفيديو, شاهد, بالصور, صور,
        ألبوم صور, بودكاست, إنفوغراف, إنفوجرافيك, كاريكاتير, بث مباشر, بالفيديو والصور,
        wideo, zdjęcia, galeria, fotorelacja, film,
        视频, 組圖, 组图, 图集, 图片, 图解, 高清图, 播客, 音频, 漫画, 微视频, 短视频, 影片, 動画,
        写真,
        fotos, bilder, bildergalerie, fotostrecke, infografik, karikatur, vidéo, vidéos,
        en images, diaporama, infographie, vídeo, vídeos, foto, galería, en imágenes, pódcast,
        infografía, galeri, foto galeri, fotoğraflar, karikatür
        """
    ),
    ReportKind.OPINION: listed(
        """
        opinion, analysis, commentary, editorial, op-ed, column, comment, viewpoint, perspective,
        letters, letter, explainer, explained, insight, breakingviews, heard on the street,
        мнение, колонка, аналитика, анализ, комментарий, разбор, авторская колонка, думка, аналіз,
        аналітика, коментар, розбір,
        یادداشت, تحلیل, سرمقاله, دیدگاه, مقاله, تفسیر, رأي, مقال, تحليل, افتتاحية, وجهة نظر,
        قراءة,
        opinia, komentarz, analiza, felieton, publicystyka,
        评论, 社论, 观点, 时评, 快评, 锐评, 分析, 新闻分析, 专栏, 社评, 评论员文章, 国际观察,
        評論, 社論,
        kommentar, meinung, analyse, leitartikel, kolumne, gastbeitrag, éditorial, édito, tribune,
        chronique, point de vue, décryptage, opinión, análisis, columna, tribuna, görüş,
        analiz haber, yorum, köşe yazısı, analisi, commento
        """
    ),
}
KIND_OF = {label: kind for kind, labels in LABELS.items() for label in labels}

# --- phrases that tell the kind wherever they stand, and words of addresses -------------------

PHRASES: dict[ReportKind, frozenset[str]] = {
    ReportKind.LIVE: listed(
        """
        live updates, live blog, liveblog, live coverage, live ticker, liveticker, live briefing,
        newsticker, newsblog, as it happened,
        текстовая трансляция, онлайн-трансляция, хроника дня, текстова трансляція,
        онлайн-трансляція, хроніка дня,
        پوشش زنده, گزارش زنده, لحظه به لحظه, لحظة بلحظة, تغطية مباشرة, تغطية مستمرة,
        تحديثات مباشرة,
        relacja na żywo, relacja live, minuta po minucie,
        图文直播, 文字直播, 滚动更新, 实时更新, 持续更新, 滚动播报,
        suivez en direct, suivez notre direct, minuto a minuto, dakika dakika, canlı anlatım,
        canlı blog, son dakika gelişmeleri
        """
    ),
    ReportKind.ROUNDUP: listed(
        """
        morning briefing, evening briefing, daily briefing, weekly briefing, monday briefing,
        tuesday briefing, wednesday briefing, thursday briefing, friday briefing,
        saturday briefing, sunday briefing, up first briefing, news roundup, daily roundup,
        weekly roundup, market roundup, roundup market talk, list of key events, war at a glance,
        top news of the, things to know today,
        главное за день, главное за неделю, главное за сутки, главное за ночь, главное за утро,
        итоги дня, итоги недели, обзор прессы, обзор сми, главные новости, главные события,
        коротко о главном, что произошло за, головне за день, головне за добу, головне за ніч,
        головне за тиждень, підсумки дня, підсумки тижня, огляд преси, головні новини,
        مرور اخبار, مهم ترین اخبار, مهمترین اخبار, مهم ترین رویدادهای, سرخط خبرها, سرخط اخبار,
        صفحه اول روزنامه, صفحه نخست روزنامه, أبرز الأخبار, أبرز العناوين, أهم الأخبار,
        موجز الأخبار, أبرز عناوين, حصاد اليوم, عناوين الصحف, جولة الصحافة, نشرة الأخبار,
        podsumowanie dnia, podsumowanie tygodnia, przegląd prasy, przegląd wydarzeń,
        najważniejsze wydarzenia, najważniejsze informacje,
        联播快讯, 一周要闻, 一周回顾, 要闻速览, 新闻早餐, 新闻简报, 新闻汇总, 要闻回顾, 每日新闻,
        die nacht im überblick, der tag im überblick, das wichtigste vom, das wichtigste am,
        presseschau, wochenrückblick, tagesrückblick, revue de presse, le point sur la situation,
        l'essentiel de l'actualité, resumen de noticias, noticias del día, noticias de hoy,
        resumen de la semana, günün özeti, haftanın özeti, günün manşetleri, basın özeti,
        öne çıkan haberler
        """
    ),
    ReportKind.MEDIA: listed(
        """
        photo essay, photo gallery,
        фоторепортаж,
        گزارش تصویری,
        fotorelacja, bildergalerie, fotostrecke, diaporama
        """
    ),
    ReportKind.OPINION: listed(
        """
        the guardian view on, the observer view on, the telegraph view on, the times view on
        """
    ),
}
_SEGMENTS_OF = {
    ReportKind.LIVE: """
        live live-news live-blog liveblog liveblogs live-updates livestory liveticker live-ticker
        newsticker amp_liveblog en-direct en-vivo directo na-zywo relacja-na-zywo canli-anlatim
        """,
    ReportKind.ROUNDUP: """
        newsletters newsletter briefing digest roundup press-review revue-de-presse presseschau
        """,
    ReportKind.MEDIA: """
        video videos gallery galleries photo photos photogallery picture pictures in-pictures
        slideshow podcast podcasts watch multimedia infographics infographic wideo galeria
        fotogaleria foto fotos bildergalerie diaporama galeri foto-galeri video-galeri
        photoreport fotoreportage photostory cartoons
        """,
    ReportKind.OPINION: """
        opinion opinions commentisfree comment commentary column columns columnists editorial
        editorials op-ed opeds analysis views viewpoints perspective letters mneniya mnenie opinie
        komentarze felietony analizy meinung kommentare kolumne kolumnen idees tribunes
        chroniques columnas tribuna yazarlar kose-yazilari yorum gorus
        """,
}
SEGMENTS = {segment: kind for kind, words in _SEGMENTS_OF.items() for segment in words.split()}
LIVE_SLUG = re.compile(
    r"live-?(?:updates|blog|ticker|coverage)|relacja-na-zywo|minuto-a-minuto|-live(?:\.html?)?$"
)

# --- outlets ---------------------------------------------------------------------------------

# Agencies stand before a title for their report ("Reuters: ..."), others for what they did.
AGENCIES = listed(
    """
    reuters, ap, associated press, afp, bloomberg, dpa, pap, efe, ansa, xinhua, tass, ria novosti,
    interfax, irna, isna, ilna, tasnim, fars, mehr, anadolu, unian, ukrinform, apa,
    тасс, риа новости, интерфакс, рейтер, ройтерс, униан, укринформ, уніан, укрінформ,
    ایرنا, ایسنا, ایلنا, تسنیم, رویترز, رويترز, الأناضول, وكالة تسنيم,
    新华社, 路透社, 路透, 法新社, 中新社, 塔斯社, ロイター, 共同通信, 時事通信
    """
)
OUTLETS = AGENCIES | listed(
    """
    bbc, bbc news, bbc world service, cnn, cnbc, msnbc, nbc, nbc news, abc, abc news, cbs,
    cbs news, fox news, npr, pbs, espn, axios, politico, the hill, newsweek, variety, forbes,
    fortune, the new york times, nyt, the washington post, wapo, the wall street journal, wsj,
    usa today, los angeles times, financial times, ft, the economist, the guardian, the telegraph,
    the times, the independent, daily mail, sky news, itv news, ap news, business insider,
    the verge, wired, ars technica, cnet, msn, yahoo, yahoo finance, tradingview, marketwatch,
    barrons, al jazeera, al arabiya, al mayadeen, al monitor, middle east eye, the new arab,
    arab news, the national, gulf news, gulf today, khaleej times, the times of israel,
    the jerusalem post, jerusalem post, haaretz, ynet, i24news, iran international, press tv,
    tehran times, tabnak, entekhab, hamshahri, khabar online, radio farda, ifp news, iranwire, rt,
    sputnik, the moscow times, meduza, kommersant, vedomosti, izvestia, lenta, gazeta, rbc,
    rossiyskaya gazeta, novaya gazeta, novaya gazeta europe, kyiv post, ukrainska pravda,
    the kyiv independent, kyiv independent, euromaidan press, rfe rl, radio free europe, dw,
    deutsche welle, der spiegel, spiegel, die zeit, faz, tagesschau, zdf, n tv,
    süddeutsche zeitung, france 24, le monde, le figaro, libération, rfi, bfmtv, tf1 info,
    euronews, el país, el mundo, abc españa, infobae, la vanguardia, corriere della sera,
    la repubblica, onet, interia, wp, tvn24, polsat news, rmf24, rmf, tvp info, rzeczpospolita,
    gazeta wyborcza, wyborcza, przegląd sportowy onet, bankier, pudelek, business insider polska,
    hürriyet, daily sabah, habertürk, ntv, trt, trt haber, trt world, bbc türkçe, cgtn,
    global times, china daily, south china morning post, scmp, the straits times, cna,
    channel newsasia, nikkei asia, nhk, japan times, the hindu, ndtv, times of india,
    hindustan times, defense news, defense one, the war zone, oilprice, gcaptain, azernews,
    eurasianet, oc media, civil ge, pr newswire, business wire, globenewswire,
    риа, известия, коммерсантъ, коммерсант, ведомости, рбк, лента ру, газета ру,
    российская газета, мк, медуза, би би си, русская служба би би си, настоящее время,
    радио свобода, украинская правда, українська правда, бі бі сі, радіо свобода,
    خبرآنلاین, تابناک, همشهری آنلاین, عصر ایران, ایران اینترنشنال, بی بی سی فارسی, رادیو فردا,
    یورونیوز, خبرگزاری فارس, خبرگزاری مهر, خبرگزاری تسنیم, باشگاه خبرنگاران جوان, الجزيرة,
    العربية, الجزيرة نت, سكاي نيوز عربية, الشرق الأوسط, روسيا اليوم, بي بي سي عربي, الميادين,
    فرانس 24, اليوم السابع,
    新华网, 人民网, 人民日报, 央视新闻, 新闻联播, 环球网, 环球时报, 中新网, 观察者网, 参考消息,
    德国之声, 纽约时报中文网, 联合早报, 凤凰网, 新浪, 搜狐, 网易, 腾讯新闻, bbc 中文,
    yahoo ニュース, dメニューニュース, 時事ドットコム, 日本経済新聞, 朝日新聞, 読売新聞,
    nhk ニュース,
    tbs news dig
    """
)
FILLERS = listed(
    """
    the, news, world, business, sport, sports, online, com, net, english, persian, arabic,
    russian, chinese, türkçe, arabi, afrique, mundo, brasil, español, línea, polska, wiadomości,
    wydarzenia, biznes, film, w, pl, tv, agency, politics, europe, middle, east, africa, asia, us,
    uk, india, markets, opinion, haber, haberleri, actualité, info,
    новости,
    news agency,
    фото,
    fa, ru, ir,
    عربي, فارسی, عربية,
    中文网, 中文, ニュース
    """
)
DOMAIN = re.compile(r"(?:www\.)?[\w-]+(?:\.[\w-]+)*\.(?:[a-z]{2,4}|[A-Z]{2,3}|COM|INFO)")
