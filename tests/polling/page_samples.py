"""Web pages for the tests of ``polling.pages``, every word of them written for these."""

from __future__ import annotations

from collections.abc import Mapping

# A title, and the paragraphs of the article under it.
ARTICLES: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "en": (
        "Iran and Russia agree on a railway loan",
        (
            "Iran and Russia signed a loan agreement on Monday for the railway between Rasht and "
            "Astara, the missing link of a corridor to the Gulf.",
            "The money is to be paid in four parts, the first of them in spring. Engineers of "
            "both countries have been measuring the marshes along the coast since autumn.",
            "Officials in Tehran said the trains would carry grain and steel. Nobody would say "
            "when the first one is to leave.",
        ),
    ),
    "ru": (
        "Россия и Иран договорились о кредите на железную дорогу",
        (
            "Россия и Иран подписали в понедельник соглашение о кредите на строительство "
            "железной дороги между Рештом и Астарой, недостающего звена коридора к заливу.",
            "Деньги поступят четырьмя частями, первая из них весной. Инженеры двух стран с осени "
            "измеряют болота вдоль берега.",
            "В Тегеране сообщили, что поезда повезут зерно и сталь. Когда отправится первый из "
            "них, никто не говорит.",
        ),
    ),
    "fa": (
        "توافق ایران و روسیه بر سر وام راه‌آهن",
        (
            "ایران و روسیه روز دوشنبه قرارداد وامی را برای ساخت راه‌آهن رشت به آستارا امضا "
            "کردند؛ این خط حلقه گمشده کریدوری است که به خلیج فارس می‌رسد.",
            "پول در چهار بخش پرداخت می‌شود و نخستین بخش آن در بهار خواهد بود. مهندسان دو کشور از "
            "پاییز زمین‌های باتلاقی کنار ساحل را اندازه می‌گیرند.",
            "مسئولان در تهران گفتند قطارها گندم و فولاد خواهند برد. هیچ کس نگفت نخستین قطار چه "
            "زمانی به راه می‌افتد.",
        ),
    ),
    "ar": (
        "إيران وروسيا تتفقان على قرض لسكة الحديد",
        (
            "وقعت إيران وروسيا يوم الاثنين اتفاق قرض لبناء سكة الحديد بين رشت وأستارا، وهي "
            "الحلقة المفقودة في ممر يصل إلى الخليج.",
            "سيدفع المال على أربع دفعات تكون أولاها في الربيع. ويقيس مهندسون من البلدين منذ "
            "الخريف المستنقعات الممتدة على طول الساحل.",
            "وقال مسؤولون في طهران إن القطارات ستنقل القمح والفولاذ. ولم يقل أحد متى سينطلق "
            "القطار الأول من المحطة.",
        ),
    ),
    "de": (
        "Iran und Russland einigen sich auf Kredit für Bahnstrecke",
        (
            "Iran und Russland haben am Montag einen Kredit für die Bahnstrecke zwischen Rascht "
            "und Astara vereinbart, das fehlende Stück eines Korridors zum Golf.",
            "Das Geld soll in vier Teilen fließen, der erste davon im Frühjahr. Ingenieure "
            "beider Länder vermessen seit dem Herbst die Sümpfe an der Küste.",
            "In Teheran hieß es, die Züge sollten Getreide und Stahl befördern. Wann der erste "
            "fährt, wollte niemand sagen.",
        ),
    ),
    "fr": (
        "L'Iran et la Russie s'accordent sur un prêt ferroviaire",
        (
            "L'Iran et la Russie ont signé lundi un accord de prêt pour la voie ferrée entre "
            "Racht et Astara, le chaînon manquant d'un corridor vers le Golfe.",
            "L'argent sera versé en quatre parts, la première au printemps. Des ingénieurs des "
            "deux pays mesurent depuis l'automne les marais de la côte.",
            "À Téhéran, on assure que les trains porteront du blé et de l'acier. Personne ne "
            "veut dire quand partira le premier.",
        ),
    ),
    "es": (
        "Irán y Rusia acuerdan un préstamo para el ferrocarril",
        (
            "Irán y Rusia firmaron el lunes un préstamo para el ferrocarril entre Rasht y "
            "Astara, el tramo que falta de un corredor hacia el Golfo.",
            "El dinero llegará en cuatro partes, la primera en primavera. Ingenieros de ambos "
            "países miden desde el otoño los pantanos de la costa.",
            "En Teherán se dijo que los trenes llevarán trigo y acero. Nadie quiso decir cuándo "
            "saldrá el primero de ellos.",
        ),
    ),
    "pl": (
        "Iran i Rosja uzgodniły kredyt na linię kolejową",
        (
            "Iran i Rosja podpisały w poniedziałek umowę kredytową na budowę linii kolejowej "
            "między Resztem a Astarą, brakującego odcinka korytarza do Zatoki.",
            "Pieniądze mają wpłynąć w czterech częściach, pierwsza wiosną. Inżynierowie obu "
            "krajów od jesieni mierzą bagna wzdłuż wybrzeża.",
            "W Teheranie powiedziano, że pociągi będą wozić zboże i stal. Nikt nie chciał "
            "powiedzieć, kiedy ruszy pierwszy.",
        ),
    ),
    "tr": (
        "İran ve Rusya demiryolu kredisinde anlaştı",
        (
            "İran ve Rusya, Reşt ile Astara arasındaki demiryolu için pazartesi günü bir kredi "
            "anlaşması imzaladı; hat, Körfez'e uzanan koridorun eksik halkası.",
            "Para dört parça hâlinde, ilki ilkbaharda ödenecek. İki ülkenin mühendisleri "
            "sonbahardan beri kıyıdaki bataklıkları ölçüyor.",
            "Tahran'daki yetkililer trenlerin tahıl ve çelik taşıyacağını söyledi. İlk trenin ne "
            "zaman kalkacağını kimse söylemedi.",
        ),
    ),
    "zh": (
        "伊朗与俄罗斯就铁路贷款达成协议",
        (
            "伊朗与俄罗斯周一签署贷款协议，用于修建拉什特至阿斯塔拉的铁路，这是通往海湾的走廊中缺少的一段。",
            "款项将分四次支付，第一笔在春天到位。两国的工程师从秋天起就在沿岸的沼泽地里进行测量。",
            "德黑兰的官员说，列车将运送粮食和钢材。没有人愿意说第一趟列车何时开出。",
        ),
    ),
}

NAVIGATION = (
    "<header><nav><ul><li><a href='/'>Home</a></li><li><a href='/world'>World</a></li>"
    "<li><a href='/login'>Log in</a></li><li><a href='/subscribe'>Subscribe now</a></li></ul>"
    "</nav></header>"
)
FOOTER = (
    "<footer><p>About us | Contact | Newsletter</p></footer>"
    "<div id='cookie-banner' class='cookie-consent'><p>We use cookies. Accept all cookies?</p>"
    "<button>OK</button></div>"
)

# What stands on a wall: its title, then what it says.
CHALLENGES: Mapping[str, tuple[str, str]] = {
    "en": ("Just a moment...", "Checking your browser before you can go on. It takes a moment."),
    "ru": ("Проверка", "Проверяем ваш браузер. Пожалуйста, подождите несколько секунд."),
    "fa": ("صبر کنید", "برای دیدن این صفحه جاوا اسکریپت را فعال کنید و دوباره بیایید."),
    "ar": ("تحقق", "أثبت أنك لست روبوتا قبل أن تتابع إلى الموقع."),
    "de": ("Prüfung", "Ihr Browser wird überprüft. Das dauert nur einige Sekunden."),
    "fr": ("Contrôle", "Veuillez activer JavaScript et recharger la page pour entrer."),
    "es": ("Control", "Estamos comprobando su navegador. Espere unos segundos, por favor."),
    "pl": ("Kontrola", "Potwierdź, że jesteś człowiekiem, zanim wejdziesz na stronę."),
    "tr": ("Kontrol", "Robot olmadığınızı doğrulayın, sonra sayfa açılacak."),
    "zh": ("验证", "正在检查您的浏览器，请等待几秒钟。"),
}
PARKED: Mapping[str, tuple[str, str]] = {
    "en": ("feed.example", "The domain feed.example may be yours: this domain is for sale."),
    "ru": ("feed.example", "Этот домен продаётся. Оставьте заявку, и мы ответим."),
    "fa": ("feed.example", "این دامنه به فروش می‌رسد. برای خرید با ما تماس بگیرید."),
    "ar": ("feed.example", "هذا النطاق معروض للبيع. اترك لنا رسالة بعرضك."),
    "de": ("feed.example", "Diese Domain steht zum Verkauf. Schreiben Sie uns Ihr Angebot."),
    "fr": ("feed.example", "Ce domaine est à vendre. Écrivez-nous votre offre."),
    "es": ("feed.example", "Este dominio está en venta. Escríbanos con su oferta."),
    "pl": ("feed.example", "Ta domena jest na sprzedaż. Napisz do nas ze swoją ofertą."),
    "tr": ("feed.example", "Bu alan adı satılıktır. Teklifinizi bize yazın."),
    "zh": ("feed.example", "此域名出售，请与我们联系并提出报价。"),
}
MISSING: Mapping[str, tuple[str, str]] = {
    "en": ("Outlet", "Sorry, the page you are looking for has moved or was never here."),
    "ru": ("Издание", "Страница не найдена. Возможно, она переехала или её удалили."),
    "fa": ("رسانه", "صفحه مورد نظر یافت نشد. شاید نشانی آن عوض شده باشد."),
    "ar": ("الصحيفة", "عذرا، الصفحة التي تبحث عنها ليست هنا أو تغير عنوانها."),
    "de": ("Zeitung", "Die Seite wurde nicht gefunden. Vielleicht ist sie umgezogen."),
    "fr": ("Journal", "Cette page n'existe pas, ou elle a changé d'adresse."),
    "es": ("Diario", "Página no encontrada. Quizá haya cambiado de dirección."),
    "pl": ("Gazeta", "Nie znaleziono strony. Być może zmieniła adres."),
    "tr": ("Gazete", "Aradığınız sayfa taşınmış ya da silinmiş olabilir."),
    "zh": ("报纸", "抱歉，您访问的页面已经移走或者从未存在。"),
}
LOGINS: Mapping[str, tuple[str, str]] = {
    "en": ("Outlet", "Please sign in. Your address and your password are all we need."),
    "ru": ("Издание", "Войдите, чтобы продолжить. Нужны только адрес и пароль."),
    "fa": ("رسانه", "لطفا وارد شوید. تنها نشانی و رمز خود را بنویسید."),
    "ar": ("الصحيفة", "يرجى تسجيل الدخول بعنوانك وكلمة السر."),
    "de": ("Zeitung", "Bitte melden Sie sich an. Es genügen Adresse und Kennwort."),
    "fr": ("Journal", "Veuillez vous connecter avec votre adresse et votre mot de passe."),
    "es": ("Diario", "Debe iniciar sesión con su dirección y su clave."),
    "pl": ("Gazeta", "Musisz się zalogować. Wystarczy adres i hasło."),
    "tr": ("Gazete", "Lütfen giriş yapın. Adresiniz ve şifreniz yeterli."),
    "zh": ("报纸", "请先登录，只需要您的地址和密码。"),
}
CONSENTS: Mapping[str, tuple[str, str]] = {
    "en": ("Outlet", "We and our partners store things on your device. Do you agree to it?"),
    "ru": ("Издание", "Мы используем файлы cookie, чтобы сайт работал. Вы согласны?"),
    "fa": ("رسانه", "ما از کوکی‌ها برای کار سایت استفاده می‌کنیم. آیا می‌پذیرید؟"),
    "ar": ("الصحيفة", "نحن نستخدم ملفات تعريف الارتباط كي يعمل الموقع. هل توافق؟"),
    "de": ("Zeitung", "Wir verwenden Cookies, damit die Seite läuft. Sind Sie einverstanden?"),
    "fr": ("Journal", "Nous utilisons des cookies pour faire marcher ce site. D'accord ?"),
    "es": ("Diario", "Utilizamos cookies para que el sitio funcione. ¿Está de acuerdo?"),
    "pl": ("Gazeta", "Używamy plików cookie, aby strona działała. Czy się zgadzasz?"),
    "tr": ("Gazete", "Sitenin çalışması için çerezleri kullanıyoruz. Kabul ediyor musunuz?"),
    "zh": ("报纸", "我们使用 Cookie 让网站正常运行，您是否同意？"),
}
PAYWALLS: Mapping[str, str] = {
    "en": "Subscribe to continue reading. The first month costs one euro.",
    "ru": "Оформите подписку, чтобы дочитать статью до конца.",
    "fa": "متن کامل ویژه مشترکان است.",
    "ar": "هذا المقال للمشتركين فقط.",
    "de": "Abonnieren, um weiterzulesen. Der erste Monat kostet einen Euro.",
    "fr": "Article réservé aux abonnés. Le premier mois coûte un euro.",
    "es": "Suscríbete para seguir leyendo. El primer mes cuesta un euro.",
    "pl": "Wykup dostęp, aby czytać dalej.",
    "tr": "Okumaya devam etmek için abone olun.",
    "zh": "订阅后继续阅读全文。",
}


def page(title: str, body: str, language: str = "en", head: str = "") -> str:
    return (
        f'<!DOCTYPE html>\n<html lang="{language}"><head><meta charset="utf-8">'
        f"<title>{title}</title>{head}</head><body>{body}</body></html>"
    )


def paragraphs(texts: tuple[str, ...] | list[str]) -> str:
    return "".join(f"<p>{text}</p>" for text in texts)


def article_page(language: str, *more: str, head: str = "", parts: int = 3) -> str:
    """Return an article between navigation and footer, with ``more`` markup at its end."""
    title, texts = ARTICLES[language]
    body = f"<main><article><h1>{title}</h1>{paragraphs(texts[:parts])}{''.join(more)}</article>"
    return page(f"{title} | Outlet", f"{NAVIGATION}{body}</main>{FOOTER}", language, head)


def wall(shown: tuple[str, str], language: str = "en") -> str:
    title, text = shown
    return page(title, f"<div class='box'><h2>{title}</h2><p>{text}</p></div>", language)


def title_of(language: str) -> str:
    return ARTICLES[language][0]


def text_of(language: str) -> str:
    return "\n".join(ARTICLES[language][1])
